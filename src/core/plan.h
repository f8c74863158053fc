/*
 * The plan: all verdicts of a message to one thing that the MTA is asked to do.
 * The texts it makes live in the arena.
 * Expanding a template gives false when memory is short; templates were checked when the configuration was read.
 */
#ifndef CSP_PLAN_H
#define CSP_PLAN_H

#include "decision.h"

/* What becomes of a message that is refused to some recipients and not to others. */
enum mixed { MIXED_REJECT, MIXED_SPLIT, MIXED_HOLD };

struct plan_settings {
	enum mixed mixed;
	struct span notify; /* for MIXED_SPLIT: an address that gets what was split */
	struct span help_url;
	struct reply fault_reply; /* for a fault of ours: "451 4.7.1 …" */
};

/*
 * One reply and one header section serve all recipients, so the gravest action is the message's: a fault of ours, then reject,
 * tempfail, quarantine, redirect, split, flag, accept; ties go to the earlier rule, then recipient. What is refused or deferred is so for
 * everybody. What goes on is changed as every recipient's own verdict says: who is redirected is replaced by the contact,
 * who is rejected where the others are not (MIXED_SPLIT) is taken out.
 */
bool csp_plan_make(struct plan *out, struct arena *arena, const struct plan_settings *settings,
		   const struct decision *decision);

/*
 * Adds the removal of the fields that were counted (message.h), where the plan lets the message go on: the first, which is our own
 * header, in any case, the others, which are tags, unless the client is one of the tag sources. They stay the message's.
 */
void csp_plan_remove_fields(struct plan *plan, const struct message *message,
			    const struct proofs *tag_sources);

/*
 * A reply "550 5.7.1 text" taken apart and checked (RFC 5321 section 4.2, RFC 3463): code 4yz or 5yz as `class` says,
 * enhanced code of the same class, printable ASCII, known ${names}, at most REPLY_TEXT_MAX octets.
 * NULL when it is right, else what is wrong with it, for a person.
 */
#define REPLY_TEXT_MAX 400
const char *csp_reply_parse(struct reply *out, struct span text, char class);

#endif
