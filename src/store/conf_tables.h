/*
 * The tables of all settings there are: of csp-milter.conf, of a rule and of a pack.
 * They are constant and own nothing.
 * Nothing can fail; the manual page is checked against them by a test.
 */
#ifndef CSP_CONF_TABLES_H
#define CSP_CONF_TABLES_H

#include "schema.h"

extern const struct schema csp_conf_settings[];
extern const struct schema csp_rule_settings[];
extern const struct schema
	csp_client_settings[]; /* a struct proofs: facts of the MTA about its client */
extern const struct schema csp_pack_settings[];

#endif
