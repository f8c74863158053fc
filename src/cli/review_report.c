#include "review_report.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "html.h"
#include "opt.h"
#include "outfile.h"
#include "report_chart.h"
#include "report_page.h"
#include "review_list.h"
#include "version.h"
#include "view.h"
#include "when.h"

#define PAGE_MAX   ((size_t)256 << 20)
#define TOP        20  /* rows of a table */
#define UNREVIEWED 500 /* messages that are listed */
#define DAYS       30
#define DAY        86400
#define SHORT_ID   16

static const struct {
	enum review_stats_by by;
	const char *heading, *key;
} tables[] = {
	{BY_RULE, "Rules", "Rule"},
	{BY_FROM, "Senders", "From"},
	{BY_CUSTOMER, "Customers", "Customer"},
	{BY_SENDER, "Kinds of sender", "Sender"},
	{BY_CATEGORY, "Categories", "Category"},
	{BY_LANGUAGE, "Languages of what decided", "Language"},
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

struct report {
	struct review_stats *stats[TABLES], *days;
	struct review_stats_row total;
	struct window unreviewed;
	bool more; /* unreviewed ones than are listed */
};

/* ---- what is in it ---- */

static bool report_init(struct report *report)
{
	bool ok = true;

	*report = (struct report){.days = csp_review_stats_new(BY_DAY)};
	csp_window_init(&report->unreviewed, 0);
	for (size_t i = 0; i < TABLES; i++) {
		report->stats[i] = csp_review_stats_new(tables[i].by);
		ok = ok && report->stats[i];
	}
	return ok && report->days;
}

static void report_dispose(struct report *report)
{
	for (size_t i = 0; i < TABLES; i++)
		csp_review_stats_free(report->stats[i]);
	csp_review_stats_free(report->days);
	csp_window_dispose(&report->unreviewed);
}

static bool count_fact(void *context, const struct review_fact *fact)
{
	struct report *report = context;

	for (size_t i = 0; i < TABLES; i++) {
		if (!csp_review_stats_add(report->stats[i], fact))
			return false;
	}
	return csp_review_stats_add(report->days, fact);
}

/* Every decision is of one day. */
static void sum_up(struct report *report)
{
	size_t count = 0;
	const struct review_stats_row *rows = csp_review_stats_rows(report->days, &count);

	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; c < REVIEW_COUNTS; c++)
			report->total.counts[c] += rows[i].counts[c];
	}
}

static int gather(struct report *report, const struct review_call *call,
		  const struct review_source *source)
{
	struct review_counts counts = {0};
	struct review_call listed = *call;
	int status = csp_review_source_facts(&counts, source, call, count_fact, report);

	if (status != EX_OK)
		return status;
	sum_up(report);
	listed.filter.notable = true;
	listed.unreviewed = true;
	listed.reviewed = false;
	listed.page = 1;
	status = csp_review_collect(&report->unreviewed, &counts, &listed, source, UNREVIEWED);
	report->more = counts.more;
	csp_review_tell_damage(&counts);
	return status;
}

/* ---- the page ---- */

static void write_hash(struct buf *out, const char *text)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char base64[sodium_base64_ENCODED_LEN(sizeof(hash), sodium_base64_VARIANT_ORIGINAL)];

	(void)crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	csp_html(out, sodium_bin2base64(base64, sizeof(base64), hash, sizeof(hash),
					sodium_base64_VARIANT_ORIGINAL));
}

/* The page allows itself its own style and script, each by its hash, and nothing else: what mail says cannot run. */
static void write_head(struct buf *out)
{
	csp_html(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "base-uri 'none'; form-action 'none'; style-src 'sha256-");
	write_hash(out, csp_report_css);
	csp_html(out, "'; script-src 'sha256-");
	write_hash(out, csp_report_js);
	csp_html(out, "'\">\n<meta name=\"viewport\" content=\"width=device-width, "
		      "initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
		      "<title>csp-milter: decisions</title>\n<style>");
	csp_html(out, csp_report_css);
	csp_html(out, "</style>\n</head>\n<body>\n");
}

static void write_time(struct buf *out, int64_t seconds)
{
	char text[WHEN_TEXT_SIZE];

	csp_view_append_time(out, csp_when_format(text, seconds));
}

static void write_period(struct buf *out, const struct review_call *call)
{
	csp_html(out, "<header>\n<h1>Decisions of csp-milter</h1>\n<p class=\"soft\">");
	if (call->filter.since > 0) {
		csp_html(out, "From ");
		write_time(out, call->filter.since);
		csp_html(out, " to ");
	} else {
		csp_html(out, "All up to ");
	}
	write_time(out, call->filter.until < call->now ? call->filter.until : call->now);
	csp_html(out, ". Written by csp-milterctl " CSP_VERSION ".</p>\n</header>\n");
}

static void write_rate(struct buf *out, const struct review_stats_row *row)
{
	double wrong = csp_review_stats_wrong(row);

	if (wrong >= 0)
		csp_buf_append_format(out, "%.1f %%", 100 * wrong);
	else
		csp_buf_append_char(out, '-');
}

static void write_tile(struct buf *out, const char *class, uint64_t count, const char *what)
{
	csp_buf_append_format(out, "<div class=\"tile %s\"><b>", class);
	csp_html_count(out, count);
	csp_buf_append_format(out, "</b>%s</div>\n", what);
}

static void write_tiles(struct buf *out, const struct report *report)
{
	const uint64_t *counts = report->total.counts;

	csp_html(out, "<div class=\"tiles\">\n");
	write_tile(out, "", counts[COUNT_MESSAGES], "messages");
	write_tile(out, "pass", counts[COUNT_PASS], "recipients passed");
	write_tile(out, "flag", counts[COUNT_FLAG], "flagged");
	write_tile(out, "block", counts[COUNT_BLOCK], "blocked");
	write_tile(out, "tempfail", counts[COUNT_TEMPFAIL], "put off for later");
	write_tile(out, "would", counts[COUNT_WOULD], "would have been, by rules not enforced");
	write_tile(out, "", counts[COUNT_CONFIRMED] + counts[COUNT_FALSE_POSITIVE],
		   "messages reviewed");
	csp_html(out, "<div class=\"tile\"><b>");
	write_rate(out, &report->total);
	csp_html(out, "</b>of those were wrong</div>\n</div>\n");
}

static void write_days(struct buf *out, const struct report *report)
{
	size_t count = 0;
	const struct review_stats_row *rows = csp_review_stats_rows(report->days, &count);

	csp_html(out, "<section>\n<h2>Recipients whose mail was not just passed</h2>\n");
	csp_report_chart(out, rows, count);
	csp_html(out, "</section>\n");
}

/* What never happened needs no column. */
static bool has_column(const struct report *report, enum review_count count)
{
	return count <= COUNT_BLOCK || (count <= COUNT_WOULD && report->total.counts[count] > 0);
}

static void write_row(struct buf *out, const struct report *report,
		      const struct review_stats_row *row)
{
	csp_html(out, "<tr><td class=\"key\"><bdi>");
	csp_html_text(out, row->key);
	csp_html(out, "</bdi></td>");
	for (size_t i = 0; i < REVIEW_COUNTS; i++) {
		if (!has_column(report, (enum review_count)i))
			continue;
		csp_html(out, "<td class=\"n\">");
		csp_html_count(out, row->counts[i]);
		csp_html(out, "</td>");
	}
	csp_html(out, "<td class=\"n\">");
	write_rate(out, row);
	csp_html(out, "</td></tr>\n");
}

static void write_headings(struct buf *out, const struct report *report, size_t index)
{
	csp_buf_append_format(out,
			      "<section>\n<h2>%s</h2>\n<div class=\"scroll\"><table>\n"
			      "<thead><tr><th>%s</th>",
			      tables[index].heading, tables[index].key);
	for (size_t i = 0; i < REVIEW_COUNTS; i++) {
		if (has_column(report, (enum review_count)i))
			csp_buf_append_format(out, "<th class=\"n\">%s</th>",
					      csp_review_count_name((enum review_count)i));
	}
	csp_html(out, "<th class=\"n\">wrong</th></tr></thead>\n<tbody>\n");
}

static void write_table(struct buf *out, const struct report *report, size_t index)
{
	size_t count = 0;
	const struct review_stats_row *rows = csp_review_stats_rows(report->stats[index], &count);

	write_headings(out, report, index);
	for (size_t i = 0; i < count && i < TOP; i++)
		write_row(out, report, &rows[i]);
	csp_html(out, "</tbody>\n</table></div>\n");
	if (count > TOP) {
		csp_html(out, "<p class=\"soft\">The first of ");
		csp_html_count(out, count);
		csp_html(out, ".</p>\n");
	}
	csp_html(out, "</section>\n");
}

/* The class of a result is one of the page's own words. */
static const char *class_of(const struct gravest *gravest, struct span result)
{
	static const char *const classes[] = {"pass", "flag", "block", "tempfail"};
	int weight = csp_review_weight(gravest->disposition);

	if (csp_span_starts_with(result, SPAN_LIT("would ")))
		return "would";
	return weight < 0 ? "pass" : classes[weight];
}

static void write_message(struct buf *out, struct buf *result, const json_t *record)
{
	struct gravest gravest = csp_review_gravest(record);
	size_t recipients = json_array_size(json_object_get(record, "recipients"));

	csp_buf_reset(result);
	csp_view_append_result(result, record);
	csp_html(out, "<tr><td class=\"t\">");
	csp_view_append_time(out, csp_review_text(record, "time"));
	csp_html(out, "</td><td><code>");
	csp_html_text(out, csp_span_slice(csp_review_text(record, "decision"), 0, SHORT_ID));
	csp_buf_append_format(out, "</code></td><td><span class=\"result %s\">",
			      class_of(&gravest, csp_buf_span(result)));
	csp_html_text(out, csp_buf_span(result));
	const struct span cells[] = {gravest.rule, csp_review_origin(record),
				     csp_review_text(gravest.recipient, "address"),
				     csp_review_text(record, "subject")};
	csp_html(out, "</span></td>");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		csp_html(out, "<td class=\"key\"><bdi>");
		csp_html_text(out, cells[i]);
		csp_html(out, "</bdi>");
		if (i == 2 && recipients > 1)
			csp_buf_append_format(out, " +%zu", recipients - 1);
		csp_html(out, "</td>");
	}
	csp_html(out, "</tr>\n");
}

static void write_unreviewed(struct buf *out, const struct report *report)
{
	const struct window *window = &report->unreviewed;
	struct buf result;

	csp_html(out, "<section>\n<h2>Not reviewed yet</h2>\n<p class=\"soft\">");
	if (report->more)
		csp_buf_append_format(out, "The last %zu of them. ", window->count);
	csp_html(out, window->count ? "<code>csp-milterctl review show</code> with the decision's "
				      "id says why; <code>csp-milterctl review mark</code> takes "
				      "it off this list.</p>\n"
				    : "None.</p>\n");
	if (window->count > 0) {
		csp_buf_init(&result, PAGE_MAX);
		csp_html(out, "<div class=\"scroll\"><table id=\"unreviewed\">\n<thead><tr>"
			      "<th>Time</th><th>Decision</th><th>Result</th><th>Rule</th>"
			      "<th>From</th><th>To</th><th>Subject</th></tr></thead>\n<tbody>\n");
		for (size_t i = window->count; i > 0; i--)
			write_message(out, &result, csp_window_at(window, i - 1));
		csp_html(out, "</tbody>\n</table></div>\n");
		if (csp_buf_failed(&result))
			out->failed = true;
		csp_buf_dispose(&result);
	}
	csp_html(out, "</section>\n");
}

static void write_page(struct buf *out, const struct report *report, const struct review_call *call)
{
	write_head(out);
	write_period(out, call);
	csp_html(out, "<main>\n");
	write_tiles(out, report);
	write_days(out, report);
	csp_html(out, "<div class=\"columns\">\n");
	for (size_t i = 0; i < TABLES; i++)
		write_table(out, report, i);
	csp_html(out, "</div>\n");
	write_unreviewed(out, report);
	csp_html(out, "</main>\n<script>");
	csp_html(out, csp_report_js);
	csp_html(out, "</script>\n</body>\n</html>\n");
}

static int put(const struct buf *page, const char *name)
{
	struct outfile file;
	int status = csp_outfile_open(&file, name);

	if (status != EX_OK)
		return status;
	bool written = fwrite(page->data, 1, page->len, file.stream) == page->len;
	return csp_outfile_close(&file, written ? EX_OK : EX_IOERR);
}

int csp_review_report(struct review_call *call, const struct review_source *source)
{
	struct report report;
	struct buf page;
	int status = report_init(&report) && sodium_init() >= 0 ? EX_OK : csp_cli_no_memory();

	csp_buf_init(&page, PAGE_MAX);
	if (call->filter.since == INT64_MIN)
		call->filter.since = call->now - (int64_t)DAYS * DAY;
	if (status == EX_OK)
		status = gather(&report, call, source);
	if (status == EX_OK)
		write_page(&page, &report, call);
	if (status == EX_OK)
		status = csp_buf_failed(&page) ? csp_cli_no_memory() : put(&page, call->output);
	csp_buf_dispose(&page);
	report_dispose(&report);
	return status;
}
