/*
 * Rules as plain data: what they ask for and what follows, in the order of the configuration.
 * The configuration owns them and all that they point to.
 * Nothing here can fail.
 */
#ifndef CSP_RULE_H
#define CSP_RULE_H

#include "classify.h"
#include "roster.h"

enum disposition {
	DISPOSITION_PASS,
	DISPOSITION_FLAG,
	DISPOSITION_BLOCK,
	DISPOSITION_TEMPFAIL
}; /* TEMPFAIL: a fault of ours */
enum mode { MODE_MONITOR, MODE_ENFORCE };

/* By gravity: of those that a message's recipients ask for, the gravest is the message's (plan.h). */
enum action {
	ACTION_ACCEPT,
	ACTION_FLAG,
	ACTION_SPLIT, /* of a message alone: blocked recipients are taken out */
	ACTION_REDIRECT,
	ACTION_QUARANTINE,
	ACTION_TEMPFAIL,
	ACTION_REJECT,
	ACTION_COUNT
};

#define ROSTERS_MAX      64 /* a bit each */
#define RULE_HEADERS_MAX 64

/* Every set is a bit set over the enum of its name; 0 is absent and matches. */
struct criteria {
	unsigned categories;      /* bit: number of the category */
	unsigned senders;         /* bit: enum sender_kind */
	unsigned proofs;          /* bit: enum proof */
	unsigned product_classes; /* bit: enum product_class */
	unsigned marks;           /* enum mark bits: any of them */
	struct spans lists;       /* any of them */
	enum { ALSO_ANY, ALSO_YES, ALSO_NO } also_direct;
	struct spans clouds;      /* names: "us-gov"; any of them */
	uint64_t author_lists;    /* bit: number of the roster */
	uint64_t recipient_lists; /* the same */
	uint64_t headers;         /* bit: number of the name in struct policy */
	struct proofs client;     /* any of them; none: any client */
	/* What it holds for is good for the sender, so a list of authors must have them all; else one is enough. */
	bool favours;
};

struct reply {
	struct span code;     /* "550" */
	struct span enhanced; /* "5.7.1" */
	struct span text;     /* a template: ${decision} ${rule} ${category} ${help-url} */
};

struct rule {
	struct span name;
	struct criteria match;
	bool has_except;
	struct criteria except;       /* matches: the rule does not */
	enum disposition disposition; /* PASS, FLAG or BLOCK */
	enum action
		action; /* for BLOCK: REJECT, QUARANTINE, REDIRECT or TEMPFAIL; else what follows of itself */
	enum mode mode;
	unsigned
		percent; /* 1 to 99: the share of customers and author domains it is enforced for; 0: all */
	uint64_t salt; /* of its name: which share that is */
	int64_t from,
		until; /* seconds since 1970: enforced from, inclusive, until, exclusive; 0: no end */
	unsigned despite;    /* marks that do not turn its pass into a flag; ~0U for "any" */
	struct reply reply;  /* of REJECT and TEMPFAIL */
	struct span copy_to; /* of FLAG: an address that gets the message too; empty: none */
	struct span file;    /* where it is written */
	unsigned line;
};

struct policy {
	const struct rule *rules;
	size_t rule_count;
	struct spans own_domains; /* patterns as in csp_domain_matches */
	const struct roster *rosters;
	size_t roster_count;
	struct spans headers; /* names of the fields that rules ask for */
	bool redirects;       /* some rule does */
};

/* They ask for nothing, so everything matches. */
bool csp_criteria_are_empty(const struct criteria *criteria);
/* Whatever it matches it decides: no monitor mode, share, dates or exception. */
bool csp_rule_is_always_enforced(const struct rule *rule);

/* Is the rule one of those that a share of a policy's traffic meets: `sample` is a hash of customer and author domain. */
bool csp_rule_takes_sample(const struct rule *rule, uint64_t sample);

const char *csp_disposition_name(enum disposition disposition);
bool csp_disposition_find(enum disposition *out, struct span name);
const char *csp_mode_name(enum mode mode);
const char *csp_action_name(
	enum action
		action); /* "accept", "flag", "split", "redirect", "quarantine", "tempfail", "reject" */

#endif
