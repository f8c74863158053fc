/*
 * Checks of single texts of a configuration, for schema tables: domains, networks, sockets, names, replies.
 * A canonical form that a check puts in place lives in the configuration's arena.
 * A text that is wrong has been reported, with what would be right, when a check gives false.
 */
#ifndef CSP_CONF_CHECK_H
#define CSP_CONF_CHECK_H

#include "schema.h"

schema_check csp_check_domain_pattern; /* "example.com", ".example.com"; put into canonical form */
schema_check csp_check_domain;         /* "example.com" alone; put into canonical form */
schema_check csp_check_field_name;     /* RFC 5322 section 2.2 */
schema_check csp_check_flag_header;    /* a field name that begins with "X-" */
schema_check csp_check_name;           /* small letters, digits, '-' */
schema_check csp_check_path;           /* absolute */
schema_check csp_check_path_or_none;   /* absolute, or empty */
schema_check csp_check_socket_path;    /* absolute, and short enough for sun_path */
schema_check csp_check_milter_socket;  /* "unix:/path", "inet:port@host", "inet6:port@host" */
schema_check csp_check_separators;
schema_check csp_check_facility;
schema_check csp_check_url;
schema_check csp_check_account; /* a user's or a group's name */
schema_check csp_check_address; /* "local@domain", or empty; put into canonical form */

schema_store csp_store_cstr;    /* const char * */
schema_store csp_store_mode;    /* mode_t, from "0660" */
schema_store csp_store_network; /* into a struct proofs, one after the other */

schema_choice csp_choice_category; /* those of the configuration that is being read */
schema_choice csp_choice_mode;
schema_choice csp_choice_cloud;

/* An address of a sender: "local@domain", or "@domain" for a whole domain. */
bool csp_check_sender(struct mailbox *out, const struct schema_place *place, struct span text);

#endif
