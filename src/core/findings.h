/*
 * Findings: the evidence met so far in one message, and the algebra that makes a category of it.
 * The spans belong to the pack or to the message's arena; a struct findings is embedded and needs no disposal.
 * Nothing can fail but the arena, when the result is written.
 */
#ifndef CSP_FINDINGS_H
#define CSP_FINDINGS_H

#include "classify.h"

#define EVIDENCE_KINDS 4

struct findings {
	struct evidence items[EVIDENCE_MAX];
	size_t count;
	unsigned present[EVIDENCE_KINDS]; /* by enum evidence_kind; bit: category */
	unsigned
		firm; /* bit: category; a phrase was met that no other of its field stands instead of */
	uint64_t meanings[CATEGORIES_MAX]; /* of phrases in the field being read, by category */
	uint64_t instead_of;               /* of them all */
};

/*
 * The evidence as it is kept, or NULL. What does not fit is still counted as present; one of each kind and category is kept.
 * The same words of a field speak once for a category, however many packs know them.
 */
struct evidence *csp_findings_add(struct findings *findings, const struct evidence *evidence);

bool csp_findings_speak(const struct findings *findings); /* anything at all was found */

/* A field was read: which of its phrases another stands instead of is known. */
void csp_findings_end_field(struct findings *findings, struct span field);

/* All was read. Those phrases count no longer, unless the message names a product: then it is about that. */
void csp_findings_end(struct findings *findings, bool names_product);

/* Sets category, evidence and MARK_CONFLICTING_EVIDENCE (design: a trusted tag, else the gravest); false when memory is short. */
bool csp_findings_conclude(struct classification *out, const struct findings *findings,
			   const struct categories *categories, struct arena *arena);

#endif
