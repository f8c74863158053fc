/*
 * Phrases looked for all at once in text of the normal form (text.h): one database of pure literals, the parts of phrases
 * with a gap among them. Of such a phrase the nearest parts count, of those that do not overlap.
 * A set owns its database and is shared by all threads; every running scan needs a phrase_scan of its own.
 * Building names the phrase that is wrong; scanning gives false when the matcher failed.
 */
#ifndef CSP_PHRASES_H
#define CSP_PHRASES_H

#include "buf.h"
#include "phrase_cache.h"

struct phrases;
struct phrase_scan;

/* A hit inside a longer hit of the same kind but another group does not count; one of a list always does. */
enum phrase_kind { PHRASE_CATEGORY, PHRASE_PRODUCT, PHRASE_LIST };
#define PHRASE_KINDS 3

struct phrase_owner {
	enum phrase_kind kind;
	unsigned index; /* the caller's own */
	unsigned group;
};

struct phrase_source {
	struct span text; /* as written (phrase_form.h) */
	struct phrase_owner owner;
};

struct phrases_error {
	struct span text; /* empty when it is no phrase's fault */
	const char *why;
};

/* Compiling takes most of the time; `cache` may have it done already. */
bool csp_phrases_new(struct phrases **out, struct phrases_error *error,
		     const struct phrase_source *sources, size_t count,
		     const struct phrase_cache *cache);
void csp_phrases_free(struct phrases *phrases);

bool csp_phrase_scan_new(struct phrase_scan **out, const struct phrases *phrases);
void csp_phrase_scan_free(struct phrase_scan *scan);

/* Told of every hit that counts; `match` is the part of the searched text, from the first letter of the phrase to its last. */
typedef void phrase_heard(void *context, const struct phrase_owner *owner, struct span match);
struct phrase_listener {
	phrase_heard *hear;
	void *context;
	unsigned kinds;            /* bit: enum phrase_kind that is asked for */
	phrase_heard *hear_hidden; /* told of those that do not count; NULL: nobody is */
};

/* Past PHRASE_HITS_MAX hits *truncated is set: hits are then compared in portions, so that some may count that should not. */
#define PHRASE_HITS_MAX 1024
bool csp_phrases_find(const struct phrases *phrases, struct phrase_scan *scan, struct span normal,
		      const struct phrase_listener *listener, bool *truncated);

#endif
