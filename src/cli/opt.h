/*
 * What all verbs share: messages, exit statuses, reading the configuration.
 * It owns nothing; a configuration belongs to the verb that read it.
 * Every failure has been printed by the time a function here returns it.
 */
#ifndef CSP_OPT_H
#define CSP_OPT_H

#include <stdint.h>
#include <stdio.h>

#include "conf.h"
#include "directory.h"

void csp_cli_error(const char *format, ...)
	__attribute__((format(printf, 1, 2))); /* "csp-milterctl: …" on stderr */

/* A wrong call: the message, then "Try 'csp-milterctl VERB --help'."; gives EX_USAGE. */
int csp_cli_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

int csp_cli_no_memory(void); /* says so; gives EX_OSERR */

void csp_cli_report_conf(void *context,
			 const struct conf_error *error); /* "FILE:LINE: text" on stderr */
int csp_cli_conf_status(enum conf_result result); /* EX_OK, EX_NOINPUT, EX_CONFIG, EX_OSERR */
int csp_cli_directory_status(enum directory_result result,
			     const char *path); /* prints; EX_OK, EX_NOINPUT, EX_NOPERM, … */

/* A point in time: "2026-11-23", "2026-11-23T10:00:00Z", or "7d", "36h", "15m" before now. Seconds since 1970. */
bool csp_cli_parse_time(int64_t *out, const char *text, int64_t now);

#endif
