/*
 * The days of a report as bars: an SVG that needs no style but the page's, and no script.
 * It goes to the caller's buf, whose failure is the only one.
 */
#ifndef CSP_REPORT_CHART_H
#define CSP_REPORT_CHART_H

#include "buf.h"
#include "review_stats.h"

/* rows: those of BY_DAY, in their order; days without any are gaps. Of more than 120 days months are shown. */
void csp_report_chart(struct buf *out, const struct review_stats_row *rows, size_t count);

#endif
