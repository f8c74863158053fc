#include "remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "report.h"

#define TEXT_MAX ((size_t)1 << 20)

/* ---- what the answer says ---- */

static const json_t *find(const json_t *answer, const char *group, const char *name)
{
	return json_object_get(group ? json_object_get(answer, group) : answer, name);
}

static struct span text_of(const json_t *value)
{
	return json_is_string(value)
		       ? (struct span){json_string_value(value), json_string_length(value)}
		       : SPAN_LIT("");
}

static int64_t number_of(const json_t *value)
{
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
}

/* ---- a table for a person ---- */

static void begin_row(struct buf *out, const char *name)
{
	csp_buf_append_format(out, "%-16s ", name);
}

static void add_text_row(struct buf *out, const char *name, struct span text)
{
	begin_row(out, name);
	csp_report_append_safe(out, text);
	csp_buf_append_char(out, '\n');
}

static void add_duration(struct buf *out, int64_t seconds)
{
	csp_buf_append_format(out, "%" PRId64 " d %02" PRId64 ":%02" PRId64 ":%02" PRId64,
			      seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
			      seconds % 60);
}

static void add_uptime(struct buf *out, const json_t *answer)
{
	begin_row(out, "up");
	add_duration(out, number_of(find(answer, NULL, "uptime")));
	csp_buf_append(out, SPAN_LIT(" since "));
	csp_report_append_safe(out, text_of(find(answer, NULL, "started")));
	csp_buf_append_char(out, '\n');
}

static void add_update(struct buf *out, const json_t *answer)
{
	begin_row(out, "");
	if (json_is_true(find(answer, "directory", "too_old")))
		csp_buf_append(out, SPAN_LIT("TOO OLD: "));
	csp_buf_append(out, SPAN_LIT("updated "));
	csp_report_append_safe(out, text_of(find(answer, "directory", "updated")));
	csp_buf_append(out, SPAN_LIT(", "));
	add_duration(out, number_of(find(answer, "directory", "age")));
	csp_buf_append(out, SPAN_LIT(" ago\n"));
}

static void add_directory(struct buf *out, const json_t *answer)
{
	struct span error = text_of(find(answer, "directory", "error"));

	begin_row(out, "directory");
	if (error.len) {
		csp_buf_append(out, SPAN_LIT("FAULT: "));
		csp_report_append_safe(out, error);
		csp_buf_append_char(out, '\n');
		begin_row(out, "");
	}
	if (json_is_integer(find(answer, "directory", "state")))
		csp_buf_append_format(
			out, "state %" PRId64 ", %" PRId64 " customers, %" PRId64 " partners, ",
			number_of(find(answer, "directory", "state")),
			number_of(find(answer, "directory", "customers")),
			number_of(find(answer, "directory", "partners")));
	csp_report_append_safe(out, text_of(find(answer, "directory", "path")));
	csp_buf_append_char(out, '\n');
	if (json_is_integer(find(answer, "directory", "age")))
		add_update(out, answer);
}

static void add_journal(struct buf *out, const json_t *answer)
{
	begin_row(out, "journal");
	if (!json_is_true(find(answer, "journal", "healthy"))) {
		csp_buf_append(out, SPAN_LIT("FAULT: "));
		csp_report_append_safe(out, text_of(find(answer, "journal", "error")));
		csp_buf_append(out, SPAN_LIT(", "));
	}
	csp_buf_append_format(out, "%" PRId64 " records, %" PRId64 " failed, ",
			      number_of(find(answer, "journal", "appended")),
			      number_of(find(answer, "journal", "failed")));
	csp_report_append_safe(out, text_of(find(answer, "journal", "path")));
	csp_buf_append_char(out, '\n');
}

static void add_reload(struct buf *out, const json_t *answer)
{
	const json_t *errors = find(answer, "reload", "errors");

	begin_row(out, "last reload");
	if (!json_is_object(json_object_get(answer, "reload"))) {
		csp_buf_append(out, SPAN_LIT("none\n"));
		return;
	}
	csp_report_append_safe(out, text_of(find(answer, "reload", "time")));
	csp_buf_append(out, json_is_true(find(answer, "reload", "ok"))
				    ? SPAN_LIT(", done\n")
				    : SPAN_LIT(", REFUSED: the old configuration stays\n"));
	for (size_t i = 0; i < json_array_size(errors); i++)
		add_text_row(out, "", text_of(json_array_get(errors, i)));
}

static void add_counters(struct buf *out, const json_t *answer)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(answer, "counters"), name, value)
	{
		begin_row(out, name);
		csp_buf_append_format(out, "%" PRId64 "\n", number_of(value));
	}
}

static void add_rules(struct buf *out, const json_t *answer)
{
	size_t i;
	const json_t *rule;

	json_array_foreach(json_object_get(answer, "rules"), i, rule)
	{
		begin_row(out, i ? "" : "rules");
		csp_report_append_safe(out, text_of(json_object_get(rule, "name")));
		csp_buf_append_format(
			out, ": matched %" PRId64 ", would have %" PRId64 ", done %" PRId64 "\n",
			number_of(json_object_get(rule, "matched")),
			number_of(json_object_get(rule, "would")),
			number_of(json_object_get(rule, "done")));
	}
}

/* The first step that so large a share of all took at most; 0: they took longer. */
static int64_t step_of(const json_t *timing, double share)
{
	int64_t count = number_of(json_object_get(timing, "count"));
	size_t i;
	const json_t *step;

	json_array_foreach(json_object_get(timing, "steps"), i, step)
	{
		if ((double)number_of(json_array_get(step, 1)) >= share * (double)count)
			return number_of(json_array_get(step, 0));
	}
	return 0;
}

static void add_step(struct buf *out, const char *what, int64_t microseconds)
{
	csp_buf_append(out, csp_span_from(what));
	if (microseconds == 0)
		csp_buf_append(out, SPAN_LIT(" more than 10 s"));
	else if (microseconds < 1000)
		csp_buf_append_format(out, " up to %" PRId64 " µs", microseconds);
	else
		csp_buf_append_format(out, " up to %g ms", (double)microseconds / 1000);
}

static void add_times(struct buf *out, const json_t *answer)
{
	const char *name;
	json_t *timing;
	const char *row = "times";

	json_object_foreach(json_object_get(answer, "times"), name, timing)
	{
		if (number_of(json_object_get(timing, "count")) == 0)
			continue;
		begin_row(out, row);
		row = "";
		csp_report_append_safe(out, csp_span_from(name));
		add_step(out, ": half", step_of(timing, 0.5));
		add_step(out, ", 99 %", step_of(timing, 0.99));
		add_step(out, ", all", step_of(timing, 1));
		csp_buf_append_char(out, '\n');
	}
}

static bool print(struct buf *out)
{
	bool printed = !csp_buf_failed(out) && fwrite(out->data, 1, out->len, stdout) == out->len;

	csp_buf_dispose(out);
	return printed;
}

bool csp_remote_show_status(const json_t *answer)
{
	struct buf out;

	csp_buf_init(&out, TEXT_MAX);
	begin_row(&out, "csp-milter");
	csp_report_append_safe(&out, text_of(find(answer, NULL, "version")));
	csp_buf_append_format(&out, ", process %" PRId64 "%s\n",
			      number_of(find(answer, NULL, "pid")),
			      json_is_true(find(answer, NULL, "draining")) ? ", ending" : "");
	add_uptime(&out, answer);
	add_text_row(&out, "configuration", text_of(find(answer, NULL, "configuration")));
	add_text_row(&out, "socket", text_of(find(answer, NULL, "socket")));
	add_text_row(&out, "mode", text_of(find(answer, NULL, "mode")));
	add_text_row(&out, "policy", text_of(find(answer, NULL, "policy")));
	add_directory(&out, answer);
	add_journal(&out, answer);
	begin_row(&out, "descriptors");
	csp_buf_append_format(&out, "%" PRId64 " of %" PRId64 "\n",
			      number_of(find(answer, "descriptors", "open")),
			      number_of(find(answer, "descriptors", "limit")));
	add_reload(&out, answer);
	add_counters(&out, answer);
	add_times(&out, answer);
	add_rules(&out, answer);
	return print(&out);
}

/* ---- metrics ---- */

struct metric {
	const char *group; /* in the answer; NULL: the answer itself */
	const char *name;  /* there */
	const char *metric;
	const char *type;
	const char *help;
};

static const struct metric metrics[] = {
	{NULL, "uptime", "uptime_seconds", "gauge", "Seconds since the start."},
	{"directory", "state", "directory_state", "gauge",
	 "Number of the directory's last update."},
	{"directory", "customers", "directory_customers", "gauge", "Customers in the directory."},
	{"directory", "partners", "directory_partners", "gauge", "Partners in the directory."},
	{"directory", "age", "directory_age_seconds", "gauge",
	 "Seconds since the directory's last update."},
	{"journal", "appended", "journal_records_total", "counter", "Records that were written."},
	{"journal", "failed", "journal_failed_total", "counter", "Records that were not."},
	{"journal", "commits", "journal_commits_total", "counter", "Groups of records written."},
	{"descriptors", "open", "descriptors_open", "gauge", "Open files of the process."},
	{"descriptors", "limit", "descriptors_limit", "gauge", "Open files that it may have."},
	{"counters", "sessions", "sessions_total", "counter", "Connections of the MTA."},
	{"counters", "sessions_open", "sessions_open", "gauge", "Connections that are open."},
	{"counters", "messages", "messages_total", "counter", "Decisions made."},
	{"counters", "not_outbound", "not_outbound_total", "counter",
	 "Messages that were not judged, by outbound."},
	{"counters", "old_directory", "old_directory_total", "counter",
	 "Messages that met a directory older than directory.max_age."},
	{"counters", "reloads", "reloads_total", "counter", "Configurations put into effect."},
	{"counters", "reloads_failed", "reloads_failed_total", "counter",
	 "Configurations refused."},
};

#define VALUES_MAX 7

static const struct labelled {
	const char *metric;
	const char *label;
	const char *prefix; /* of the counters that are its values */
	const char *help;
	const char *values[VALUES_MAX];
} labelled[] = {
	{"answers_total",
	 "action",
	 "",
	 "Answers given to the MTA.",
	 {"accepted", "flagged", "split", "redirected", "quarantined", "tempfailed", "rejected"}},
	{"would_total",
	 "action",
	 "would_",
	 "What monitor mode did not do.",
	 {"flag", "split", "redirect", "quarantine", "tempfail", "reject"}},
	{"faults_total",
	 "kind",
	 "fault_",
	 "Messages that met a fault of ours.",
	 {"directory", "journal", "resources"}},
};

static void begin_metric(struct buf *out, const char *metric, const char *type, const char *help)
{
	csp_buf_append_format(out, "# HELP csp_milter_%s %s\n# TYPE csp_milter_%s %s\n", metric,
			      help, metric, type);
}

static void add_metric(struct buf *out, const char *metric, const char *type, const char *help,
		       int64_t value)
{
	begin_metric(out, metric, type, help);
	csp_buf_append_format(out, "csp_milter_%s %" PRId64 "\n", metric, value);
}

static void add_labelled(struct buf *out, const json_t *answer, const struct labelled *group)
{
	begin_metric(out, group->metric, "counter", group->help);
	for (size_t i = 0; i < VALUES_MAX && group->values[i]; i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "%s%s", group->prefix, group->values[i]);
		csp_buf_append_format(out, "csp_milter_%s{%s=\"%s\"} %" PRId64 "\n", group->metric,
				      group->label, group->values[i],
				      number_of(find(answer, "counters", name)));
	}
}

static void add_rule_metrics(struct buf *out, const json_t *answer)
{
	static const char *const kinds[] = {"would", "done"};
	size_t i;
	const json_t *rule;

	begin_metric(out, "rule_recipients_total", "counter",
		     "Recipients that a rule decided on, or would have.");
	json_array_foreach(json_object_get(answer, "rules"), i, rule)
	{
		for (size_t j = 0; j < 2; j++) {
			struct span name = text_of(json_object_get(rule, "name"));
			csp_buf_append_format(out,
					      "csp_milter_rule_recipients_total{rule=\"%.*s\","
					      "outcome=\"%s\"} %" PRId64 "\n",
					      SPAN_ARG(name), kinds[j],
					      number_of(json_object_get(rule, kinds[j])));
		}
	}
}

static void add_histograms(struct buf *out, const json_t *answer)
{
	static const char *const helps[][2] = {
		{"decision", "From the end of a message to its decision."},
		{"record", "From a decision to its record, on disk where it must be."},
		{"answer", "From the end of a message to the answer."}};

	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		const json_t *timing = find(answer, "times", helps[i][0]);
		int64_t count = number_of(json_object_get(timing, "count"));
		char metric[64];
		size_t at;
		const json_t *step;

		(void)snprintf(metric, sizeof(metric), "%s_seconds", helps[i][0]);
		begin_metric(out, metric, "histogram", helps[i][1]);
		json_array_foreach(json_object_get(timing, "steps"), at, step)
		{
			csp_buf_append_format(out, "csp_milter_%s_bucket{le=\"%g\"} %" PRId64 "\n",
					      metric,
					      (double)number_of(json_array_get(step, 0)) / 1e6,
					      number_of(json_array_get(step, 1)));
		}
		csp_buf_append_format(out,
				      "csp_milter_%s_bucket{le=\"+Inf\"} %" PRId64
				      "\ncsp_milter_%s_sum %.6f\ncsp_milter_%s_count %" PRId64 "\n",
				      metric, count, metric,
				      (double)number_of(json_object_get(timing, "sum")) / 1e6,
				      metric, count);
	}
}

bool csp_remote_show_metrics(const json_t *answer)
{
	struct buf out;

	csp_buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		add_metric(&out, metrics[i].metric, metrics[i].type, metrics[i].help,
			   number_of(find(answer, metrics[i].group, metrics[i].name)));
	for (size_t i = 0; i < sizeof(labelled) / sizeof(labelled[0]); i++)
		add_labelled(&out, answer, &labelled[i]);
	add_rule_metrics(&out, answer);
	add_histograms(&out, answer);
	add_metric(&out, "directory_up", "gauge", "1 while the directory can be read.",
		   json_is_null(find(answer, "directory", "error")));
	add_metric(&out, "directory_too_old", "gauge",
		   "1 while the directory is older than directory.max_age.",
		   json_is_true(find(answer, "directory", "too_old")));
	add_metric(&out, "journal_up", "gauge", "1 while decisions can be recorded.",
		   json_is_true(find(answer, "journal", "healthy")));
	add_metric(&out, "enforcing", "gauge", "1 in enforce mode, 0 in monitor mode.",
		   csp_span_equal(text_of(find(answer, NULL, "mode")), SPAN_LIT("enforce")));
	return print(&out);
}
