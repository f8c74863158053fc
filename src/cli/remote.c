#include "remote.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "opt.h"
#include "verb.h"
#include "version.h"

#define ANSWER_MAX     ((size_t)2 << 20)
#define ANSWER_SECONDS 60 /* a reload may have many phrases to compile */
#define CONTROL_SCHEMA "csp-milter/control/1"

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_METRICS };

struct call {
	const char *verb;
	const char *conf_path;
	const char *socket; /* NULL: the configuration says */
	enum format format;
	bool done; /* help was asked for */
};

static const char status_usage[] =
	"Usage: csp-milterctl status [-c FILE | --socket PATH] [--json | --prometheus]\n"
	"What the running daemon is doing.\n"
	"\n"
	"  -c, --config FILE  the configuration that names the control socket\n"
	"                     (" CSP_CONF_PATH ")\n"
	"      --socket PATH  the control socket itself\n"
	"      --json         the answer as it is, one JSON object\n"
	"      --prometheus   as metrics for Prometheus\n"
	"  -h, --help         print this and exit\n";

static const char reload_usage[] =
	"Usage: csp-milterctl reload [-c FILE | --socket PATH]\n"
	"Have the running daemon read its configuration anew; a wrong one is refused\n"
	"(exit 78).\n"
	"\n"
	"  -c, --config FILE  the configuration that names the control socket\n"
	"                     (" CSP_CONF_PATH ")\n"
	"      --socket PATH  the control socket itself\n"
	"  -h, --help         print this and exit\n";

static bool takes_format(const struct call *call)
{
	return strcmp(call->verb, "status") == 0;
}

static int take_option(struct call *call, int option, const char *word)
{
	switch (option) {
	case 'c':
		call->conf_path = optarg;
		return EX_OK;
	case 's':
		call->socket = optarg;
		return EX_OK;
	case 'j':
	case 'p':
		if (!takes_format(call))
			break;
		call->format = option == 'j' ? FORMAT_JSON : FORMAT_METRICS;
		return EX_OK;
	case 'h':
		call->done = true;
		(void)fputs(takes_format(call) ? status_usage : reload_usage, stdout);
		return EX_OK;
	default:
		break;
	}
	return csp_cli_usage(call->verb, "'%s' is no option, or lacks its value", word);
}

static int read_call(struct call *call, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},         {"prometheus", no_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int status = EX_OK;

	*call = (struct call){.verb = argv[0], .conf_path = CSP_CONF_PATH};
	optind = 1;
	opterr = 0;
	for (int option; status == EX_OK && !call->done &&
			 (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;)
		status = take_option(call, option, argv[optind - 1]);
	if (status == EX_OK && !call->done && optind < argc)
		return csp_cli_usage(call->verb, "'%s' is not expected", argv[optind]);
	return status;
}

/* The path of the control socket, to be freed. */
static int find_socket(char **out, const struct call *call)
{
	struct conf *conf = NULL;

	if (call->socket) {
		*out = strdup(call->socket);
		return *out ? EX_OK : EX_OSERR;
	}
	int status = csp_cli_conf_status(
		csp_conf_read(&conf, call->conf_path, csp_cli_report_conf, NULL));
	if (status != EX_OK)
		return status;
	*out = strdup(conf->milter.control_socket);
	csp_conf_free(conf);
	return *out ? EX_OK : EX_OSERR;
}

static int explain_connect(const char *path, int error)
{
	if (error == ENOENT || error == ECONNREFUSED) {
		csp_cli_error("csp-milter is not running: nobody listens at %s", path);
		return EX_UNAVAILABLE;
	}
	csp_cli_error("%s: %s", path, strerror(error));
	return error == EACCES || error == EPERM ? EX_NOPERM : EX_UNAVAILABLE;
}

static int connect_to(int *out, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = ANSWER_SECONDS};

	if (strlen(path) >= sizeof(address.sun_path))
		return explain_connect(path, ENAMETOOLONG);
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return explain_connect(path, errno);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;
		(void)close(fd);
		return explain_connect(path, error);
	}
	*out = fd;
	return EX_OK;
}

static bool send_request(int fd, const char *verb)
{
	char request[32];
	int len = snprintf(request, sizeof(request), "%s\n", verb);

	return len > 0 && (size_t)len < sizeof(request) &&
	       send(fd, request, (size_t)len, MSG_NOSIGNAL) == len;
}

static bool receive_answer(struct buf *out, int fd)
{
	char piece[4096];

	for (;;) {
		ssize_t got = recv(fd, piece, sizeof(piece), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 && out->len && !csp_buf_failed(out);
		csp_buf_append(out, (struct span){piece, (size_t)got});
	}
}

static json_t *parse_answer(const struct buf *text)
{
	json_t *answer = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES, NULL);
	const char *schema = json_string_value(json_object_get(answer, "schema"));

	if (schema && strcmp(schema, CONTROL_SCHEMA) == 0)
		return answer;
	json_decref(answer);
	return NULL;
}

/* One question, one answer; the text stays for those who want it as it is. */
static int ask(json_t **answer, struct buf *text, const struct call *call, const char *path)
{
	int fd = -1;
	int status = connect_to(&fd, path);

	if (status != EX_OK)
		return status;
	bool heard = send_request(fd, call->verb) && receive_answer(text, fd);
	(void)close(fd);
	*answer = heard ? parse_answer(text) : NULL;
	if (*answer)
		return EX_OK;
	csp_cli_error("%s: no answer that can be read", path);
	return EX_UNAVAILABLE;
}

static int print_errors(const json_t *answer)
{
	const json_t *errors = json_object_get(answer, "errors");

	for (size_t i = 0; i < json_array_size(errors); i++) {
		const char *text = json_string_value(json_array_get(errors, i));
		(void)fprintf(stderr, "%s\n", text ? text : "?");
	}
	return EX_CONFIG;
}

static int show(const struct call *call, const struct buf *text, const json_t *answer)
{
	bool shown = true;

	if (!takes_format(call)) {
		if (!json_is_true(json_object_get(answer, "ok"))) {
			csp_cli_error("the daemon keeps its old configuration:");
			return print_errors(answer);
		}
		return EX_OK;
	}
	if (!json_is_true(json_object_get(answer, "ok"))) {
		(void)print_errors(answer);
		return EX_SOFTWARE;
	}
	if (call->format == FORMAT_JSON)
		shown = fwrite(text->data, 1, text->len, stdout) == text->len;
	else if (call->format == FORMAT_METRICS)
		shown = csp_remote_show_metrics(answer);
	else
		shown = csp_remote_show_status(answer);
	return shown && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int run(int argc, char **argv)
{
	struct call call;
	struct buf text;
	json_t *answer = NULL;
	char *path = NULL;
	int status = read_call(&call, argc, argv);

	if (status != EX_OK || call.done)
		return status;
	csp_buf_init(&text, ANSWER_MAX);
	status = find_socket(&path, &call);
	if (status == EX_OK)
		status = ask(&answer, &text, &call, path);
	if (status == EX_OK)
		status = show(&call, &text, answer);
	json_decref(answer);
	csp_buf_dispose(&text);
	free(path);
	return status;
}

int csp_verb_status(int argc, char **argv)
{
	return run(argc, argv);
}

int csp_verb_reload(int argc, char **argv)
{
	return run(argc, argv);
}
