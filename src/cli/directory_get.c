#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "directory_verb.h"
#include "import.h"
#include "report.h"
#include "version.h"

#define GET_ARENA ((size_t)256 << 20)
#define GET_TEXT  ((size_t)256 << 20)

static const char help[] =
	"Usage: csp-milterctl directory get KEY [OPTION]...\n"
	"What the directory says of an address, a domain, or a party's id (or alias):\n"
	"which entry answers, and what each source says of the party. The status is 1\n"
	"when nothing is found.\n"
	"\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             one JSON object (schema csp-milter/directory-get/1)\n"
	"  -h, --help             this text\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"path", required_argument, NULL, 'p'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct call {
	struct place place;
	const char *key;
	bool as_json, help;
};

/* One question and its answer. All of it lives in the arena. */
struct answer {
	struct directory_read *read;
	struct arena arena;
	struct span canonical; /* as looked up */
	struct customers customers;
	struct partners partners;
	const struct customer *customer; /* found by id; NULL when not */
	const struct partner *partner;
};

static bool is_known(const struct answer *answer)
{
	return answer->customers.count > 0 || answer->partners.count > 0 || answer->customer ||
	       answer->partner;
}

static enum found ask_domain(struct answer *answer, struct span address_key, struct span domain)
{
	enum found found = csp_directory_find_customers(&answer->customers, answer->read,
							&answer->arena, address_key, domain);

	if (found == COULD_NOT_TELL)
		return found;
	return csp_directory_find_partners(&answer->partners, answer->read, &answer->arena, domain,
					   true);
}

static enum found ask_address(struct answer *answer, struct span text, struct span separators)
{
	struct mailbox mailbox;
	enum mailbox_result result = csp_mailbox_parse(&mailbox, &answer->arena, text);

	if (result != MAILBOX_OK)
		return result == MAILBOX_NO_MEMORY ? COULD_NOT_TELL : NOT_FOUND;
	if (!csp_mailbox_key(&answer->canonical, &answer->arena, &mailbox, separators))
		return COULD_NOT_TELL;
	return ask_domain(answer, answer->canonical, mailbox.domain);
}

static enum found ask_id(struct answer *answer, struct span text)
{
	char buffer[IMPORT_ID_MAX];
	struct span id;

	if (!csp_import_id(&id, buffer, text))
		return NOT_FOUND;
	if (!csp_arena_copy(&answer->arena, &id, id))
		return COULD_NOT_TELL;
	enum found found =
		csp_directory_customer(&answer->customer, answer->read, &answer->arena, id);
	if (found != COULD_NOT_TELL)
		found = csp_directory_partner(&answer->partner, answer->read, &answer->arena, id);
	if (answer->customer || answer->partner)
		answer->canonical = id;
	return found;
}

/* What is no address can be an id and a domain; an id is what more people mean by it. */
static enum found ask(struct answer *answer, struct span text, struct span separators)
{
	if (csp_span_find(text, '@') < text.len)
		return ask_address(answer, text, separators);
	enum found found = ask_id(answer, text);
	if (found == COULD_NOT_TELL || is_known(answer))
		return found;
	enum mailbox_result result = csp_domain_canonical(&answer->canonical, &answer->arena, text);
	if (result != MAILBOX_OK)
		return result == MAILBOX_NO_MEMORY ? COULD_NOT_TELL : NOT_FOUND;
	return ask_domain(answer, SPAN_LIT(""), answer->canonical);
}

/* Called for every party of the answer. */
struct shower {
	struct buf *out;
	struct json *json; /* NULL: text */
};

static bool show(struct shower *shower, struct answer *answer, enum entry_type type, struct span id,
		 struct span name)
{
	struct directory_statements statements;

	if (csp_directory_statements(&statements, answer->read, &answer->arena, type, id) != FOUND)
		return false;
	if (shower->json)
		csp_directory_show_json(shower->json, id, name, &statements);
	else
		csp_directory_show(shower->out, type, id, name, &statements);
	return true;
}

static bool show_customers(struct shower *shower, struct answer *answer)
{
	const struct customers *customers = &answer->customers;

	for (size_t i = 0; i < customers->count; i++) {
		const struct customer *customer = &customers->items[i];
		if (!show(shower, answer, ENTRY_CUSTOMER, customer->id, customer->name))
			return false;
	}
	return !answer->customer ||
	       show(shower, answer, ENTRY_CUSTOMER, answer->customer->id, answer->customer->name);
}

static bool show_partners(struct shower *shower, struct answer *answer)
{
	const struct partners *partners = &answer->partners;

	for (size_t i = 0; i < partners->count; i++) {
		const struct partner *partner = partners->items[i];
		if (!show(shower, answer, ENTRY_PARTNER, partner->id, partner->name))
			return false;
	}
	return !answer->partner ||
	       show(shower, answer, ENTRY_PARTNER, answer->partner->id, answer->partner->name);
}

static bool write_json(struct buf *out, struct answer *answer, const char *key)
{
	struct json json;
	struct shower shower = {out, &json};

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT("csp-milter/directory-get/1"));
	csp_json_text_at(&json, "key", csp_span_from(key));
	csp_json_text_or_null_at(&json, "canonical", answer->canonical);
	csp_json_text_or_null_at(&json, "found_under", answer->customers.key);
	csp_json_key(&json, "excluded");
	csp_json_bool(&json, answer->customers.excluded);
	csp_json_number_at(&json, "state", (int64_t)csp_directory_state(answer->read));
	csp_json_key(&json, "customers");
	csp_json_array(&json);
	if (!show_customers(&shower, answer))
		return false;
	csp_json_array_end(&json);
	csp_json_key(&json, "partners");
	csp_json_array(&json);
	if (!show_partners(&shower, answer))
		return false;
	csp_json_array_end(&json);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
	return true;
}

static void write_headline(struct buf *out, const struct answer *answer, const char *key)
{
	struct span asked = answer->canonical.len ? answer->canonical : csp_span_from(key);

	csp_report_append_safe(out, asked);
	if (answer->customers.excluded) {
		csp_buf_append(out, SPAN_LIT(": excluded by "));
		csp_report_append_safe(out, answer->customers.key);
	} else if (answer->customers.count > 0) {
		csp_buf_append(out, SPAN_LIT(": a customer's, found under "));
		csp_report_append_safe(out, answer->customers.key);
	} else if (answer->partners.count > 0) {
		csp_buf_append(out, SPAN_LIT(": a partner's"));
	} else if (!is_known(answer)) {
		csp_buf_append(out, SPAN_LIT(": not in the directory"));
	}
	csp_buf_append_char(out, '\n');
}

static bool write_text(struct buf *out, struct answer *answer, const char *key)
{
	struct shower shower = {out, NULL};

	write_headline(out, answer, key);
	return show_customers(&shower, answer) && show_partners(&shower, answer);
}

static int print_answer(struct answer *answer, const struct call *call)
{
	struct buf text;

	csp_buf_init(&text, GET_TEXT);
	bool told = call->as_json ? write_json(&text, answer, call->key)
				  : write_text(&text, answer, call->key);
	int status = told ? csp_place_print(&text)
			  : csp_cli_directory_status(DIRECTORY_FAILED, call->place.path);
	csp_buf_dispose(&text);
	if (status == EX_OK && !is_known(answer))
		return 1;
	return status;
}

static int get_from(struct directory *directory, const struct call *call)
{
	struct answer answer = {.canonical = SPAN_LIT(""), .customers = {.key = SPAN_LIT("")}};
	int status = csp_cli_directory_status(csp_directory_read_begin(&answer.read, directory),
					      call->place.path);

	if (status != EX_OK)
		return status;
	csp_arena_init(&answer.arena, GET_ARENA);
	if (ask(&answer, csp_span_from(call->key), call->place.address_separators) ==
	    COULD_NOT_TELL)
		status = csp_cli_directory_status(DIRECTORY_FAILED, call->place.path);
	else
		status = print_answer(&answer, call);
	csp_arena_dispose(&answer.arena);
	csp_directory_read_end(answer.read);
	return status;
}

static int take_options(struct call *call, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			call->place.conf_path = optarg;
		else if (option == 'p')
			call->place.path = optarg;
		else if (option == 'j')
			call->as_json = true;
		else if (option == 'h')
			call->help = true;
		else
			return csp_cli_usage("directory get",
					     "'%s' is no option, or lacks its value",
					     argv[optind - 1]);
	}
	call->key = argv[optind];
	if (!call->help && argc - optind != 1)
		return csp_cli_usage("directory get",
				     "one KEY: an address, a domain or a party's id");
	return EX_OK;
}

int csp_directory_verb_get(int argc, char **argv)
{
	struct directory *directory = NULL;
	struct call call = {.key = NULL};
	int status = take_options(&call, argc, argv);

	if (status != EX_OK)
		return status;
	if (call.help)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	status = csp_place_find(&call.place);
	if (status == EX_OK)
		status = csp_cli_directory_status(
			csp_directory_open(&directory, call.place.path, false), call.place.path);
	if (status == EX_OK)
		status = get_from(directory, &call);
	csp_directory_close(directory);
	csp_place_dispose(&call.place);
	return status;
}
