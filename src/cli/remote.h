/*
 * The answer of the running daemon to "status" (schema csp-milter/control/1), shown as a table or as metrics.
 * It owns nothing; the answer is the caller's.
 * Each gives false when memory is short or stdout cannot be written.
 */
#ifndef CSP_REMOTE_H
#define CSP_REMOTE_H

#include <jansson.h>
#include <stdbool.h>

bool csp_remote_show_status(const json_t *answer);
bool csp_remote_show_metrics(const json_t *answer); /* Prometheus text format 0.0.4 */

#endif
