/*
 * The inside of a classifier and of its scratch, for the files that build and use them.
 * Both own what they point to, but for the pack and what the settings point to.
 * Nothing here can fail.
 */
#ifndef CSP_CLASSIFIER_H
#define CSP_CLASSIFIER_H

#include "classify.h"
#include "expressions.h"
#include "phrases.h"

/* Why a field is looked at. */
enum watch_role { WATCH_TEXT, WATCH_ONCE, WATCH_TAG };

struct watch {
	struct span name;
	enum watch_role role;
	size_t index; /* of the text field, of the tag, or its own among WATCH_ONCE */
};

#define NAME_LENGTHS 64 /* longer names share the last place */

struct product_ref {
	const struct product *product;
};

struct classifier {
	const struct pack *pack;
	struct classify_settings settings;
	struct phrases *phrases;
	struct expressions *expressions;
	struct product_ref *products; /* sorted by name, then as the packs have them */
	struct watch *watches;        /* sorted by the length of the name */
	size_t watch_count;
	size_t watch_start[NAME_LENGTHS + 1];
};

/* Stamps are times of this scratch: a thing was seen in this field, or in this message, or before. */
struct stamps {
	uint64_t *phrases, *expressions, *products, *entries, *fields;
};

struct classify_scratch {
	struct phrase_scan *scan;
	struct expression_scan *expression_scan;
	struct buf unfolded, decoded, normal, folded, changed; /* changed: see lookalike.h */
	uint64_t now;
	uint64_t *memory;
	struct stamps stamps;
};

/* The watches for fields of a name are among watch_start[place] to watch_start[place + 1]. */
static inline size_t csp_watch_place(struct span name)
{
	return name.len < NAME_LENGTHS ? name.len : NAME_LENGTHS - 1;
}

/* The first product of that name: packs of several languages may each name it. NULL when there is none. */
const struct product *csp_classifier_product(const struct classifier *classifier, struct span name);

#endif
