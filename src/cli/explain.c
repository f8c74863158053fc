#include "verb.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "decide.h"
#include "eml.h"
#include "opt.h"
#include "record.h"
#include "report.h"
#include "version.h"

#define MEMORY_MAX ((size_t)256 << 20)
#define HOST_SIZE  256

static const char help[] =
	"Usage: csp-milterctl explain [OPTION]... --rcpt ADDRESS [--rcpt ADDRESS]... FILE\n"
	"Show what the filter would decide about the message in FILE (- is standard\n"
	"input), and why. Nothing is recorded, and the running daemon is not asked.\n"
	"\n"
	"  -c, --config FILE      the configuration\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --from ADDRESS     the reverse-path; '<>' is the null one; without it the\n"
	"                         From field's address\n"
	"      --rcpt ADDRESS     an envelope recipient; may be given more than once\n"
	"      --login NAME       the SASL login of the client\n"
	"      --client IP        the address of the client\n"
	"      --listener NAME    the name of the MTA's listener\n"
	"      --cert-subject S   the subject of the client's verified certificate\n"
	"      --macro NAME=TEXT  a macro of the MTA: auth_authen, client_addr,\n"
	"                         daemon_name, i or cert_subject (with verify=OK); may be\n"
	"                         given more than once\n"
	"      --at TIME          decide as if it were TIME: 2026-11-23, 7d ago, or\n"
	"                         2026-11-23T10:00:00Z\n"
	"      --json             the decision as one JSON object\n"
	"  -h, --help             this text\n";

enum {
	OPT_FROM = 256,
	OPT_RCPT,
	OPT_LOGIN,
	OPT_CLIENT,
	OPT_LISTENER,
	OPT_CERT_SUBJECT,
	OPT_MACRO,
	OPT_AT,
	OPT_JSON
};

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"from", required_argument, NULL, OPT_FROM},
	{"rcpt", required_argument, NULL, OPT_RCPT},
	{"login", required_argument, NULL, OPT_LOGIN},
	{"client", required_argument, NULL, OPT_CLIENT},
	{"listener", required_argument, NULL, OPT_LISTENER},
	{"cert-subject", required_argument, NULL, OPT_CERT_SUBJECT},
	{"macro", required_argument, NULL, OPT_MACRO},
	{"at", required_argument, NULL, OPT_AT},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct call {
	const char *conf;
	const char *from; /* NULL: not given */
	const char **rcpts;
	size_t rcpt_count;
	struct client client;
	struct span macro_cert_subject, macro_verify;
	struct span queue_id;
	struct timespec now;
	bool json, help;
};

static int take_client(struct call *call, struct span text)
{
	if (csp_netaddr_parse(&call->client.address, text))
		return EX_OK;
	return csp_cli_usage("explain", "'%.*s' is no IP address", SPAN_ARG(text));
}

static int take_macro(struct call *call, const char *text)
{
	struct span name, value;

	if (!csp_span_split(&name, &value, csp_span_from(text), '='))
		return csp_cli_usage("explain", "'%s' is not NAME=TEXT", text);
	if (csp_span_starts_with(name, SPAN_LIT("{")) &&
	    csp_span_ends_with_nocase(name, SPAN_LIT("}")))
		name = csp_span_slice(name, 1, name.len - 1);
	if (csp_span_equal(name, SPAN_LIT("client_addr")))
		return take_client(call, value);
	if (csp_span_equal(name, SPAN_LIT("auth_authen")))
		call->client.login = value;
	else if (csp_span_equal(name, SPAN_LIT("daemon_name")))
		call->client.listener = value;
	else if (csp_span_equal(name, SPAN_LIT("cert_subject")))
		call->macro_cert_subject = value;
	else if (csp_span_equal(name, SPAN_LIT("verify")))
		call->macro_verify = value;
	else if (csp_span_equal(name, SPAN_LIT("i")))
		call->queue_id = value;
	else
		return csp_cli_usage("explain", "the filter does not read the macro '%.*s'",
				     SPAN_ARG(name));
	return EX_OK;
}

static int take_time(struct call *call, const char *text)
{
	int64_t seconds;

	if (!csp_cli_parse_time(&seconds, text, (int64_t)call->now.tv_sec))
		return csp_cli_usage("explain", "'%s' is no time", text);
	call->now = (struct timespec){.tv_sec = (time_t)seconds};
	return EX_OK;
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
	case OPT_FROM:
		call->from = optarg;
		return EX_OK;
	case OPT_RCPT:
		call->rcpts[call->rcpt_count++] = optarg;
		return EX_OK;
	case OPT_LOGIN:
		call->client.login = csp_span_from(optarg);
		return EX_OK;
	case OPT_CLIENT:
		return take_client(call, csp_span_from(optarg));
	case OPT_LISTENER:
		call->client.listener = csp_span_from(optarg);
		return EX_OK;
	case OPT_CERT_SUBJECT:
		call->client.cert_subject = csp_span_from(optarg);
		return EX_OK;
	case OPT_MACRO:
		return take_macro(call, optarg);
	case OPT_AT:
		return take_time(call, optarg);
	case OPT_JSON:
		call->json = true;
		return EX_OK;
	default:
		return csp_cli_usage("explain", "'%s' is no option, or lacks its value", word);
	}
}

static int take_options(struct call *call, int argc, char **argv)
{
	int status = EX_OK, option;

	opterr = 0;
	while (status == EX_OK && (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		status = take_option(call, option, argv[optind - 1]);
	if (status != EX_OK || call->help)
		return status;
	if (csp_span_equal(call->macro_verify, SPAN_LIT("OK")))
		call->client.cert_subject = call->macro_cert_subject;
	else if (call->macro_cert_subject.len > 0)
		csp_cli_error("without verify=OK the MTA's cert_subject proves nothing");
	if (call->rcpt_count == 0)
		return csp_cli_usage("explain", "name the envelope recipients with --rcpt");
	if (argc - optind != 1)
		return csp_cli_usage("explain", "name one file, or - for standard input");
	return EX_OK;
}

static void tell_reverse_path(struct span path)
{
	struct buf text;

	csp_buf_init(&text, MEMORY_MAX);
	csp_report_append_safe(&text, path);
	csp_cli_error("taking the From field's address as the reverse-path: %s",
		      csp_buf_cstr(&text));
	csp_buf_dispose(&text);
}

static int set_reverse_path(struct message *message, const struct call *call)
{
	struct span *path = &message->reverse_path;

	if (call->from)
		return csp_eml_path(path, message, csp_span_from(call->from)) ? EX_OK
									      : csp_cli_no_memory();
	if (!csp_eml_author_path(path, message))
		return csp_cli_usage("explain",
				     "the From field does not name exactly one address; name the "
				     "reverse-path with --from");
	tell_reverse_path(*path);
	return EX_OK;
}

static int set_envelope(struct message *message, const struct call *call)
{
	int status = set_reverse_path(message, call);
	struct span path;

	message->client = call->client;
	message->queue_id = call->queue_id;
	for (size_t i = 0; status == EX_OK && i < call->rcpt_count; i++) {
		if (!csp_eml_path(&path, message, csp_span_from(call->rcpts[i])) ||
		    !csp_message_add_recipient(message, path))
			status = csp_cli_no_memory();
	}
	return status;
}

static int file_error(const char *file)
{
	int error = errno;

	csp_cli_error("%s: %s", file, strerror(error));
	return error == EACCES ? EX_NOPERM : EX_NOINPUT;
}

static int read_message(struct message *message, const char *file)
{
	bool is_stdin = strcmp(file, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	enum eml_result result;
	int status = EX_OK;

	if (fd < 0)
		return file_error(file);
	result = csp_eml_read(message, fd);
	if (result == EML_READ_ERROR)
		status = file_error(file);
	else if (result == EML_NO_MEMORY)
		status = csp_cli_no_memory();
	else if (message->field_count == 0)
		csp_cli_error("%s: no header field before the empty line", file);
	if (!is_stdin)
		close(fd);
	return status;
}

static int print_decision(const struct decision *decision, bool json)
{
	struct buf text;
	bool ok;

	csp_buf_init(&text, MEMORY_MAX);
	if (json) {
		csp_record_write(&text, decision, &(struct record_options){.inputs = true});
		csp_buf_append_char(&text, '\n');
	} else {
		csp_report_write(&text, decision);
	}
	ok = !csp_buf_failed(&text) && fwrite(text.data, 1, text.len, stdout) == text.len &&
	     fflush(stdout) == 0;
	csp_buf_dispose(&text);
	if (ok)
		return EX_OK;
	csp_cli_error("the result could not be written");
	return EX_IOERR;
}

static int decide(const struct call *call, struct snapshot *snapshot, const struct message *message)
{
	const char *path = csp_snapshot_conf(snapshot)->directory;
	struct directory *directory = NULL;
	enum directory_result opened = csp_directory_open(&directory, path, false);
	char host[HOST_SIZE] = "";
	struct decide_context context = {.snapshot = snapshot,
					 .directory = directory,
					 .id = SPAN_LIT("-"),
					 .now = call->now,
					 .looks = !call->json};
	const struct decision *decision;
	int status;

	if (opened != DIRECTORY_OK)
		csp_cli_error("%s: %s; deciding as the daemon would without a directory", path,
			      csp_directory_strerror(opened));
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	context.host = csp_span_from(host);
	if (!csp_decide_is_outbound(&csp_snapshot_conf(snapshot)->outbound, &message->client))
		csp_cli_error("the daemon does not judge mail of this client: outbound");
	decision = csp_decide(&context, message);
	if (decision && decision->directory_old)
		csp_cli_error("%s: its last update is longer ago than directory.max_age allows",
			      path);
	status = decision ? print_decision(decision, call->json) : csp_cli_no_memory();
	csp_directory_close(directory);
	return status;
}

static int explain(const struct call *call, struct snapshot *snapshot, const char *file)
{
	struct arena arena;
	struct message message;
	const struct conf *conf = csp_snapshot_conf(snapshot);
	int status;

	csp_arena_init(&arena, MEMORY_MAX);
	csp_message_init(&message, &arena, conf->limits);
	status = csp_message_count_fields(&message, conf->removed_fields.items,
					  conf->removed_fields.count)
			 ? read_message(&message, file)
			 : csp_cli_no_memory();
	if (status == EX_OK)
		status = set_envelope(&message, call);
	if (status == EX_OK)
		status = decide(call, snapshot, &message);
	csp_arena_dispose(&arena);
	return status;
}

static int run(struct call *call, int argc, char **argv)
{
	struct snapshot *snapshot = NULL;
	int status = take_options(call, argc, argv);

	if (status != EX_OK)
		return status;
	if (call->help)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	status = csp_cli_conf_status(
		csp_snapshot_new(&snapshot, call->conf, csp_cli_report_conf, NULL));
	if (status == EX_OK)
		status = explain(call, snapshot, argv[optind]);
	csp_snapshot_release(snapshot);
	return status;
}

int csp_verb_explain(int argc, char **argv)
{
	struct call call = {.conf = CSP_CONF_PATH};
	int status;

	clock_gettime(CLOCK_REALTIME, &call.now);
	call.rcpts = calloc((size_t)argc, sizeof(*call.rcpts));
	if (!call.rcpts)
		return csp_cli_no_memory();
	status = run(&call, argc, argv);
	free(call.rcpts);
	return status;
}
