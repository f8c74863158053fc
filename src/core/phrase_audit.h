/*
 * The phrases of a pack held against each other, each searched for in its own words.
 * Needs a scratch of the classifier's; the findings point into the pack.
 * False when memory is short or the matcher failed.
 */
#ifndef CSP_PHRASE_AUDIT_H
#define CSP_PHRASE_AUDIT_H

#include "classify.h"

enum phrase_fault {
	PHRASE_OUTRANKED, /* its own words are taken for a graver category: it never decides */
	PHRASE_IMPLIED, /* of whole words; one of its language and category finds all it finds, and it hides nothing */
	PHRASE_HIDES /* a phrase of another category does not count inside it */
};

struct phrase_finding {
	enum phrase_fault fault;
	const struct phrase *phrase, *other;
};

typedef void phrase_hear(void *context, const struct phrase_finding *finding);

bool csp_phrase_audit(const struct classifier *classifier, struct classify_scratch *scratch,
		      phrase_hear *hear, void *context);

#endif
