/*
 * From a message to its decision: authors, classification, directory, rules, plan, in this order.
 * The decision and all it points to live in the message's arena; the snapshot must outlive it.
 * Short memory gives NULL; a directory that cannot tell is part of the decision (the failure policy was applied).
 */
#ifndef CSP_DECIDE_H
#define CSP_DECIDE_H

#include "directory.h"
#include "snapshot.h"

struct decide_context {
	struct snapshot *snapshot;
	struct directory *directory; /* NULL: could not be opened */
	struct span id;
	struct timespec now;
	struct span host;
	bool looks; /* note for every rule what it comes to (recipient.looks), also for who just passes */
};

const struct decision *csp_decide(const struct decide_context *context,
				  const struct message *message);

/* Is mail of this client judged at all. */
bool csp_decide_is_outbound(const struct outbound *outbound, const struct client *client);

/* Makes an id of the clock and of random bytes. */
void csp_decision_id_make(char out[DECISION_ID_SIZE + 1], struct timespec now);

#endif
