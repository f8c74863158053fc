/*
 * The text of one file, copied into a conf_source: @include replaced by the file it names, numbers made safe.
 * Everything belongs to the source and its reader.
 * What libconfig's scanner would stumble over, or would take for something else than it looks like, is reported with its line.
 */
#ifndef CSP_CONF_JOIN_H
#define CSP_CONF_JOIN_H

#include "conf_source.h"

#define CONF_INCLUDE_DEPTH 8
#define CONF_NESTING_MAX   16 /* brackets in brackets */

/* False: an error that makes parsing senseless (an open bracket, text or comment). */
bool csp_conf_join(struct conf_source *source, const struct conf_file *file);

#endif
