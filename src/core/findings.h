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
};

/*
 * The evidence as it is kept, or NULL. What does not fit is still counted as present; one of each kind and category is kept.
 * The same words of a field speak once for a category, however many packs know them.
 */
struct evidence *csp_findings_add(struct findings *findings, const struct evidence *evidence);

bool csp_findings_speak(const struct findings *findings); /* anything at all was found */

/* Sets category, evidence and MARK_CONFLICTING_EVIDENCE (design: a trusted tag, else the gravest); false when memory is short. */
bool csp_findings_conclude(struct classification *out, const struct findings *findings,
			   const struct categories *categories, struct arena *arena);

#endif
