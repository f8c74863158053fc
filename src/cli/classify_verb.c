#include "verb.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "opt.h"
#include "render.h"
#include "report.h"
#include "score.h"
#include "snapshot.h"
#include "subjects.h"
#include "version.h"

#define MEMORY_MAX ((size_t)64 << 20)
#define SCHEMA     "csp-milter/classification/1"

static const char help[] =
	"Usage: csp-milterctl classify [OPTION]... [FILE]\n"
	"Say what each subject line in FILE (standard input without one, or with -) is\n"
	"about. FILE has one subject a line, or tab-separated values whose header row\n"
	"names a column \"subject\"; columns \"from\", \"category\" and \"language\" are read\n"
	"too. An address in \"from\" is taken as proven.\n"
	"\n"
	"  -c, --config FILE      the configuration\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --tsv              line number, category, products, the rule that decided\n"
	"                         and what it matched, separated by tabs\n"
	"      --json             one JSON object a line, with all evidence\n"
	"      --score            compare with the column \"category\": confusion, recall,\n"
	"                         precision\n"
	"  -h, --help             this text\n";

enum format { FORMAT_TEXT, FORMAT_TSV, FORMAT_JSON, FORMAT_SCORE };
enum { OPT_FORMAT = 256 };

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"tsv", no_argument, NULL, OPT_FORMAT + FORMAT_TSV},
	{"json", no_argument, NULL, OPT_FORMAT + FORMAT_JSON},
	{"score", no_argument, NULL, OPT_FORMAT + FORMAT_SCORE},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct call {
	const char *conf;
	enum format format;
	bool help;
};

/* One classifier at work, and where its results go. */
struct work {
	enum format format;
	const struct conf *conf;
	const struct classifier *classifier;
	struct classify_scratch *scratch;
	struct arena arena;
	struct buf line;
	struct score *score;
	int64_t now;
};

static int output_error(void)
{
	csp_cli_error("the result could not be written: %s", strerror(errno));
	return EX_IOERR;
}

static bool classify(struct classification *out, struct work *work, const struct subject_row *row)
{
	const struct sender_question nobody = {.now = work->now};
	struct span from = row->cell[COLUMN_FROM];
	struct message message;
	struct authors authors;
	struct sender sender;

	csp_arena_reset(&work->arena);
	csp_message_init(&message, &work->arena, work->conf->limits);
	if (!csp_message_add_field(&message, SPAN_LIT("Subject"), row->cell[COLUMN_SUBJECT]) ||
	    (from.len > 0 && !csp_message_add_field(&message, SPAN_LIT("From"), from)) ||
	    !csp_authors_collect(&authors, &message, &work->conf->vendor))
		return false;
	sender = csp_sender_judge(&authors, &message.client, &work->conf->vendor, &nobody);
	/* Whoever writes a sender into the file says that it is the sender. */
	if (from.len > 0)
		sender.proof = PROOF_PROVEN;
	csp_classify(out, work->classifier, work->scratch, &message, &authors, &sender);
	return true;
}

static struct span category_name(const struct work *work, const struct classification *result)
{
	return work->conf->categories.names[result->category];
}

/* Empty when nothing spoke, which makes "other". */
static struct span winning_rule(const struct classification *result)
{
	return result->evidence_count > 0 ? result->evidence[0].rule : SPAN_LIT("");
}

static void append_products(struct buf *out, struct spans products)
{
	for (size_t i = 0; i < products.count; i++) {
		csp_buf_append(out, i > 0 ? SPAN_LIT(",") : SPAN_LIT(""));
		csp_report_append_safe(out, products.items[i]);
	}
}

static void write_text(struct buf *out, const struct work *work,
		       const struct classification *result, const struct subject_row *row)
{
	struct span rule = winning_rule(result);

	csp_buf_append_format(out, "%-13.*s %-26.*s ", SPAN_ARG(category_name(work, result)),
			      SPAN_ARG(rule.len > 0 ? rule : SPAN_LIT("-")));
	csp_report_append_safe(out, row->cell[COLUMN_SUBJECT]);
	csp_buf_append_char(out, '\n');
}

static void write_tsv(struct buf *out, const struct work *work, const struct classification *result,
		      const struct subject_row *row)
{
	csp_buf_append_format(out, "%" PRIu64 "\t%.*s\t", row->line,
			      SPAN_ARG(category_name(work, result)));
	append_products(out, result->products);
	csp_buf_append_char(out, '\t');
	if (result->evidence_count > 0) {
		csp_report_append_safe(out, result->evidence[0].rule);
		csp_buf_append(out, SPAN_LIT(": "));
		csp_report_append_safe(out, csp_span_trim(result->evidence[0].match));
	}
	csp_buf_append_char(out, '\n');
}

static void write_evidence(struct json *json, const struct work *work,
			   const struct evidence *evidence)
{
	csp_json_object(json);
	csp_json_text_at(json, "category", work->conf->categories.names[evidence->category]);
	csp_json_text_at(json, "rule", evidence->rule);
	csp_json_text_at(json, "field", evidence->field);
	if (evidence->phrase.len)
		csp_json_text_at(json, "phrase", evidence->phrase);
	csp_json_text_at(json, "match", evidence->match);
	if (evidence->replaced) {
		csp_json_key(json, "replaced");
		csp_json_bool(json, true);
	}
	csp_json_object_end(json);
}

static void write_json(struct buf *out, const struct work *work,
		       const struct classification *result, const struct subject_row *row)
{
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT(SCHEMA));
	csp_json_number_at(&json, "line", (int64_t)row->line);
	csp_json_text_at(&json, "subject", row->cell[COLUMN_SUBJECT]);
	csp_json_text_at(&json, "category", category_name(work, result));
	csp_json_key(&json, "evidence");
	csp_json_array(&json);
	for (size_t i = 0; i < result->evidence_count; i++)
		write_evidence(&json, work, &result->evidence[i]);
	csp_json_array_end(&json);
	csp_json_texts_at(&json, "products", result->products.items, result->products.count);
	csp_json_texts_at(&json, "lists", result->lists.items, result->lists.count);
	csp_render_marks(&json, result->marks);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

static int print_line(struct work *work, const struct classification *result,
		      const struct subject_row *row)
{
	csp_buf_reset(&work->line);
	if (work->format == FORMAT_TSV)
		write_tsv(&work->line, work, result, row);
	else if (work->format == FORMAT_JSON)
		write_json(&work->line, work, result, row);
	else
		write_text(&work->line, work, result, row);
	if (csp_buf_failed(&work->line))
		return csp_cli_no_memory();
	if (fwrite(work->line.data, 1, work->line.len, stdout) == work->line.len)
		return EX_OK;
	return output_error();
}

static int score_line(struct work *work, const struct classification *result,
		      const struct subject_row *row)
{
	struct span name = csp_span_trim(row->cell[COLUMN_CATEGORY]);
	unsigned expected;

	if (!csp_category_find(&expected, &work->conf->categories, name)) {
		csp_cli_error("line %" PRIu64 ": its category is none of the configuration's",
			      row->line);
		return EX_DATAERR;
	}
	if (!csp_score_add(work->score, expected, result->category, row->cell[COLUMN_LANGUAGE]))
		return csp_cli_no_memory();
	return EX_OK;
}

static int take_row(struct work *work, const struct subject_row *row)
{
	struct classification result;

	if (!classify(&result, work, row))
		return csp_cli_no_memory();
	if (!result.known) {
		csp_cli_error("line %" PRIu64 ": the matcher failed", row->line);
		return EX_SOFTWARE;
	}
	return work->format == FORMAT_SCORE ? score_line(work, &result, row)
					    : print_line(work, &result, row);
}

static int read_error(const char *file)
{
	csp_cli_error("%s: %s", file, strerror(errno));
	return errno == EACCES ? EX_NOPERM : EX_NOINPUT;
}

static int too_long(const struct subject_row *row)
{
	csp_cli_error("line %" PRIu64 " is longer than %zu octets", row->line, SUBJECT_LINE_MAX);
	return EX_DATAERR;
}

static bool lacks_columns(const struct work *work, const struct subjects *subjects)
{
	return work->format == FORMAT_SCORE && !subjects->has[COLUMN_CATEGORY];
}

/* EX_DATAERR is one line's; anything else that is not EX_OK ends the work. */
static int take_result(struct work *work, enum lines_result result, const struct subject_row *row,
		       const char *file)
{
	switch (result) {
	case LINES_LINE:
		return take_row(work, row);
	case LINES_TOO_LONG:
		return too_long(row);
	case LINES_READ_ERROR:
		return read_error(file);
	case LINES_NO_MEMORY:
		return csp_cli_no_memory();
	case LINES_END:
		break;
	}
	return EX_OK;
}

/* A line that cannot be taken is named, and the rest is done all the same. */
static int take_rows(struct work *work, struct subjects *subjects, const char *file)
{
	enum lines_result result;
	struct subject_row row;
	int status = EX_OK;

	while ((result = csp_subjects_next(&row, subjects)) != LINES_END) {
		int taken;

		if (lacks_columns(work, subjects)) {
			csp_cli_error("%s: --score needs a header row with \"subject\" and "
				      "\"category\"",
				      file);
			return EX_DATAERR;
		}
		taken = take_result(work, result, &row, file);
		if (taken != EX_OK && taken != EX_DATAERR)
			return taken;
		status = taken == EX_OK ? status : taken;
	}
	return status;
}

static int print_score(struct work *work)
{
	csp_buf_reset(&work->line);
	csp_score_write(&work->line, work->score);
	if (csp_buf_failed(&work->line))
		return csp_cli_no_memory();
	if (fwrite(work->line.data, 1, work->line.len, stdout) == work->line.len)
		return EX_OK;
	return output_error();
}

static int classify_file(struct work *work, const char *file)
{
	bool is_stdin = strcmp(file, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	struct subjects subjects;
	int status;

	if (fd < 0)
		return read_error(file);
	csp_subjects_init(&subjects, fd);
	status = take_rows(work, &subjects, file);
	csp_subjects_dispose(&subjects);
	if (!is_stdin)
		close(fd);
	if (work->format == FORMAT_SCORE && status == EX_OK)
		status = print_score(work);
	return status;
}

static int work_with(const struct call *call, struct snapshot *snapshot, const char *file)
{
	struct work work = {.format = call->format,
			    .conf = csp_snapshot_conf(snapshot),
			    .classifier = csp_snapshot_classifier(snapshot),
			    .scratch = csp_snapshot_scratch_take(snapshot),
			    .now = (int64_t)time(NULL)};
	int status;

	csp_arena_init(&work.arena, MEMORY_MAX);
	csp_buf_init(&work.line, MEMORY_MAX);
	if (!work.scratch || !csp_score_new(&work.score, &work.conf->categories))
		status = csp_cli_no_memory();
	else
		status = classify_file(&work, file);
	csp_score_free(work.score);
	csp_buf_dispose(&work.line);
	csp_arena_dispose(&work.arena);
	if (work.scratch)
		csp_snapshot_scratch_give(snapshot, work.scratch);
	return status;
}

static int take_option(struct call *call, int option, const char *word)
{
	switch (option) {
	case 'c':
		call->conf = optarg;
		return EX_OK;
	case 'h':
		call->help = true;
		return EX_OK;
	case OPT_FORMAT + FORMAT_TSV:
	case OPT_FORMAT + FORMAT_JSON:
	case OPT_FORMAT + FORMAT_SCORE:
		if (call->format != FORMAT_TEXT)
			return csp_cli_usage("classify", "only one of --tsv, --json and --score");
		call->format = (enum format)(option - OPT_FORMAT);
		return EX_OK;
	default:
		return csp_cli_usage("classify", "'%s' is no option, or lacks its value", word);
	}
}

static int take_options(struct call *call, int argc, char **argv)
{
	int status = EX_OK, option;

	opterr = 0;
	while (status == EX_OK && (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		status = take_option(call, option, argv[optind - 1]);
	if (status == EX_OK && !call->help && argc - optind > 1)
		return csp_cli_usage("classify", "one file at a time");
	return status;
}

int csp_verb_classify(int argc, char **argv)
{
	struct call call = {.conf = CSP_CONF_PATH};
	struct snapshot *snapshot = NULL;
	int status = take_options(&call, argc, argv);

	if (status != EX_OK)
		return status;
	if (call.help)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	status = csp_cli_conf_status(
		csp_snapshot_new(&snapshot, call.conf, csp_cli_report_conf, NULL));
	if (status == EX_OK)
		status = work_with(&call, snapshot, optind < argc ? argv[optind] : "-");
	if (status == EX_OK && fflush(stdout) != 0)
		status = output_error();
	csp_snapshot_release(snapshot);
	return status;
}
