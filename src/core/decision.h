/*
 * A decision: everything that was found out about one message, and what the MTA is asked to do.
 * It is made once, by service/decide, lives in the message's arena and is never changed after that.
 * Its three renderers are milter/apply, core/record and core/report; nothing here can fail.
 */
#ifndef CSP_DECISION_H
#define CSP_DECISION_H

#include <time.h>

#include "policy.h"

#define DECISION_SCHEMA  "csp-milter/decision/1"
#define DECISION_ID_SIZE 26

struct recipient {
	struct span address;   /* the forward-path as given */
	struct span canonical; /* as looked up; empty when it could not be read */
	struct span customer;  /* id; empty when none */
	bool judged;           /* went through the rules: sender, proof and product_class are set */
	struct sender sender;
	enum product_class product_class;
	unsigned marks;
	struct verdict verdict;
	struct span
		contact; /* who gets what a rule redirects; empty where there is not exactly one */
	const struct look
		*looks; /* one a rule, for the customer that decided; NULL unless asked for, or it was no plain pass */
	size_t look_count;
};

/* What one recipient's verdict asks for: a redirect that leads nowhere is a reject. */
enum action csp_recipient_action(const struct recipient *recipient);

/* Graver by action, a fault of ours above all; of the same action, by an earlier rule. */
bool csp_recipient_is_graver(const struct recipient *a, const struct recipient *b);

struct plan {
	enum action action;
	struct span rule;       /* of the recipient that decided; empty for accept */
	struct span reply_code; /* "550"; empty unless reject or tempfail */
	struct span reply_enhanced;
	struct span reply_text; /* expanded, ASCII, no '%' doubled */
	struct span
		flag; /* body of the header to add, no leading space; empty for accept, reject and tempfail */
	struct span hold_reason;             /* empty unless the message is held */
	struct spans removed_recipients;     /* forward-paths as given */
	struct spans added_recipients;       /* addresses */
	const struct counted_field *removed; /* all fields of these names are taken out */
	size_t removed_count;
};

struct decision {
	struct span id; /* 26 characters, or "-" */
	struct timespec time;
	enum mode mode;
	struct span host;
	struct span policy_digest;
	uint64_t
		directory_state; /* number of the directory's last update; 0 when it could not be read */
	bool directory_old;      /* it was asked, and is older than the configuration allows */
	const struct message *message;
	const struct authors *authors;
	const struct classification *classification;
	const struct categories *categories;
	unsigned marks; /* of the message and of all recipients */
	const struct recipient *recipients;
	size_t recipient_count;
	bool fault;             /* some recipient could not be judged for a fault of ours */
	struct plan plan;       /* what the MTA is asked: accept under MODE_MONITOR */
	struct plan would_plan; /* the same if the mode were enforce */
};

/* The recipient that asks for the gravest action, of equal ones that of the earlier rule, then the first; NULL without recipients. */
const struct recipient *csp_decision_gravest(const struct decision *decision);

/* A UUIDv7 (RFC 9562 section 5.7) as 26 characters of base32 (Crockford's digits, lower case): sorts by time. */
void csp_decision_id_format(char out[DECISION_ID_SIZE + 1], uint64_t unix_ms,
			    const uint8_t random[10]);

#endif
