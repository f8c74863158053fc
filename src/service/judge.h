/*
 * The recipients of one message, judged one by one: which customers may stand behind each, and the gravest verdict of the rules.
 * Verdicts point into the snapshot and the message's arena.
 * Only short memory fails; a directory that cannot tell is part of the verdicts, and the failure policy has spoken.
 */
#ifndef CSP_JUDGE_H
#define CSP_JUDGE_H

#include "asked.h"
#include "lookup.h"
#include "snapshot.h"

/* What is known of the message by then. */
struct judging {
	const struct snapshot *snapshot;
	const struct message *message;
	struct lookup *lookup;
	const struct authors *authors;
	const struct classification *classification;
	const struct asked *asked;
	struct sender sender; /* to nobody in particular */
	unsigned marks;       /* whoever gets it */
	bool own_report;      /* dsn.h */
	bool looks;           /* note for every rule what it comes to, whatever is decided */
	int64_t now;
	const struct recipient *first; /* of the message; set here */
};

/* One recipient for each forward-path of the message, in their order, and one that stands for all past the limit. */
size_t csp_judge_count(const struct message *message);
bool csp_judge_recipients(struct recipient *recipients, struct judging *judging);

#endif
