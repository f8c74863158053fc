/*
 * What a message is about: category, products and the evidence for them.
 * A classifier owns its pattern database; the pack and what the settings point to must outlive it. It is
 * immutable and shared by all threads, but every running csp_classify needs a scratch of its own.
 * Building names the phrase that is wrong; classifying gives false when memory is short or the matcher failed.
 */
#ifndef CSP_CLASSIFY_H
#define CSP_CLASSIFY_H

#include "category.h"
#include "pack.h"
#include "phrase_cache.h"
#include "sender.h"

struct classifier;
struct classify_scratch;

struct classify_settings {
	const struct categories *categories;
	struct spans text_fields; /* names of the fields that are read: Subject, Thread-Topic */
	const struct proofs *tag_sources; /* whose tags count */
	struct phrase_cache cache;        /* for building; `get` NULL: none */
};

enum evidence_kind { EVIDENCE_TAG, EVIDENCE_IDENTIFIER, EVIDENCE_PHRASE, EVIDENCE_SENDER };

struct evidence {
	enum evidence_kind kind;
	unsigned category;
	struct span rule;             /* "en/invoice", "microsoft-365-incident", "x-pm-tag" */
	struct span field;            /* name of the field it stands in */
	struct span phrase;           /* as its pack writes it; empty where it is no phrase */
	uint64_t meaning, instead_of; /* of a phrase: as its pack has them */
	bool replaced; /* a phrase that stands instead of it was met: it does not count */
	struct span
		match; /* the text that matched, in the form it was compared in, with the rest of its words */
};

struct classification {
	bool known; /* false: the matcher failed; the rest is not set */
	unsigned category;
	const struct evidence
		*evidence; /* what decided first, then the rest as found; at most EVIDENCE_MAX */
	size_t evidence_count;
	struct spans products; /* each name once */
	struct spans lists;    /* named lists the message is on */
	unsigned marks;
};

#define EVIDENCE_MAX 32

struct classifier_error {
	struct span text; /* the phrase that is refused */
	const char *why;
};

/* Needs no arena; compiling 10,000 phrases takes a fraction of a second. */
bool csp_classifier_new(struct classifier **out, struct classifier_error *error,
			const struct pack *pack, const struct classify_settings *settings);
void csp_classifier_free(struct classifier *classifier);

bool csp_classify_scratch_new(struct classify_scratch **out, const struct classifier *classifier);
void csp_classify_scratch_free(struct classify_scratch *scratch);

/* The result lives in message->arena and points into the classifier and its pack. `sender` is what the authors are to nobody in particular. */
void csp_classify(struct classification *out, const struct classifier *classifier,
		  struct classify_scratch *scratch, const struct message *message,
		  const struct authors *authors, const struct sender *sender);

/* The products that a text outside of any message names (an offer's name), each once and at most `max` of them. */
struct product_names {
	struct span *items; /* the caller's */
	size_t count, max;
};
bool csp_classifier_products(struct product_names *out, const struct classifier *classifier,
			     struct classify_scratch *scratch, struct span text);

/* How the products named stand to a customer (design: csp > unlisted > direct; none named: unknown). */
enum product_class { PRODUCT_CSP, PRODUCT_UNLISTED, PRODUCT_DIRECT, PRODUCT_UNKNOWN };
enum product_class csp_classifier_product_class(const struct classifier *classifier,
						struct spans products,
						const struct customer *customer, int64_t now);
const char *csp_product_class_name(enum product_class class);

#endif
