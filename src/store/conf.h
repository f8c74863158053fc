/*
 * The configuration: csp-milter.conf and the packs it names, read, checked and turned into plain data.
 * A conf owns all memory it points to, until csp_conf_free.
 * Reading gives every error there is, with file and line, through the caller's function; then *out is NULL.
 */
#ifndef CSP_CONF_H
#define CSP_CONF_H

#include <sys/types.h>

#include "category.h"
#include "pack.h"
#include "plan.h"

enum failure_policy {
	FAILURE_TEMPFAIL,
	FAILURE_FLAG_AND_PASS,
	FAILURE_ACCEPT,
	FAILURE_USE /* of an old directory alone: it is no fault */
};

struct conf_milter {
	const char *socket; /* "unix:/path", "inet:port@host", "inet6:port@host" */
	mode_t socket_mode;
	const char *socket_group;   /* "" leaves it */
	const char *user;           /* "" leaves it */
	unsigned timeout;           /* seconds without a word from the MTA */
	unsigned drain;             /* seconds for running messages after SIGTERM */
	const char *control_socket; /* a path */
};

/* Which decisions are recorded: each of these more than the next. */
enum journal_scope {
	SCOPE_ALL,
	SCOPE_CUSTOMERS, /* some recipient went through the rules */
	SCOPE_FLAGGED    /* something was done, or would have been */
};

/* What of addresses and subjects stands in records and in the log. */
enum journal_privacy {
	PRIVACY_FULL,
	PRIVACY_HASHED /* keyed hashes of local parts and subjects */
};

struct conf_journal {
	const char *path;
	enum journal_scope scope;
	unsigned timeout; /* seconds a message waits for its record */
	bool inputs;      /* records hold what decisions were made of */
	enum journal_privacy privacy;
	const char *privacy_key; /* path of the key's file; empty: none */
};

/* Whose mail is judged: that of `clients`, or of all where none are named, but never that of `except`. */
struct outbound {
	struct proofs clients, except;
};

struct conf {
	enum mode mode;
	struct conf_milter milter;
	struct conf_journal journal;
	const char *marks;              /* path of the reviewers' marks */
	const char *index;              /* path of the journal's index; empty: none */
	const char *phrase_cache;       /* path of the compiled phrases; empty: they are not kept */
	const char *directory;          /* folder of the LMDB environment */
	struct span address_separators; /* for csp_mailbox_key */
	unsigned directory_max_age;     /* hours since its last update; 0: no limit */
	const char *syslog_facility;    /* "mail" */
	struct message_limits limits;
	enum failure_policy on_directory_failure, on_journal_failure, on_resource_failure;
	enum failure_policy on_old_directory;
	struct vendor vendor;
	struct outbound outbound;
	struct authentication_settings authentication;
	struct policy policy;
	struct categories categories;
	struct spans single_partner_clouds; /* names */
	struct spans text_fields;
	struct proofs tag_sources;
	struct pack pack;            /* all packs as one */
	struct spans removed_fields; /* what csp_plan_remove_fields asks for */
	unsigned pack_files;
	struct span flag_header; /* "X-CSP-Policy" */
	struct plan_settings plan;
	char digest[17]; /* of all files read, hexadecimal */
};

struct conf_error {
	const char *file;
	unsigned line;    /* 0: the file as a whole */
	const char *text; /* what is wrong and what would be right */
};

typedef void csp_conf_report(void *context, const struct conf_error *error);

enum conf_result { CONF_OK, CONF_UNREADABLE, CONF_WRONG, CONF_NO_MEMORY };

enum conf_result csp_conf_read(struct conf **out, const char *path, csp_conf_report *report,
			       void *context);
void csp_conf_free(struct conf *conf);

#endif
