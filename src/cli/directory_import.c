#include <limits.h>
#include <string.h>
#include <sysexits.h>

#include "directory_load.h"
#include "version.h"

static const char help[] =
	"Usage: csp-milterctl directory import [OPTION]... FILE...\n"
	"Put what the FILEs say into the customer directory ('-' is standard input). All\n"
	"of them go in together, and mail sees them with the next message. A party that\n"
	"is named replaces what its source said of it before; other sources and other\n"
	"parties stay as they are.\n"
	"\n"
	"      --source NAME      where the facts come from; every fact keeps it. Needed\n"
	"                         unless every row names its own\n"
	"      --format FORMAT    jsonl, partner-center-json, customers-csv,\n"
	"                         subscriptions-csv or products-csv; else it is seen from\n"
	"                         the file\n"
	"      --partner ID       for files that name none: the partner who exported them\n"
	"      --role ROLE        and its role: direct-bill, indirect-provider or\n"
	"                         indirect-reseller\n"
	"      --customer ID      for documents that name none: the customer\n"
	"      --cloud CLOUD      of customers that come without one: commercial, us-gov\n"
	"                         or china\n"
	"      --replace          what the source said of parties that are not named now\n"
	"                         is gone, unless a row is refused\n"
	"      --replace-all      what every source said is gone: the directory is built\n"
	"                         anew, unless a row is refused. A packed directory wants\n"
	"                         this\n"
	"      --dry-run          do everything but the change itself\n"
	"      --wait             while another import changes the directory, wait\n"
	"      --rejects FILE     refused rows go to this new file, as JSON Lines\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             the summary as one JSON object, csp-milter/import/2\n"
	"  -h, --help             this text\n"
	"\n"
	"Refused rows are printed as FILE:LINE and why; the rest goes in, and the status\n"
	"is 1.\n";

/* The options' texts; what they mean goes into a struct load. */
struct call {
	const char *source, *format, *partner, *role, *customer, *cloud, *rejects;
	bool replace, replace_all, as_json;
	char partner_id[IMPORT_ID_MAX], customer_id[IMPORT_ID_MAX];
};

static int check_source(const struct call *call, struct load *load)
{
	if (call->replace && call->replace_all)
		return csp_cli_usage(load->verb, "either --replace or --replace-all");
	if (call->replace && !call->source)
		return csp_cli_usage(load->verb,
				     "--replace needs --source: whose facts are replaced?");
	if (call->replace)
		load->mode = UPDATE_REPLACE;
	if (call->replace_all)
		load->mode = UPDATE_REPLACE_ALL;
	return EX_OK;
}

static int check_partner(struct call *call, struct load *load)
{
	struct import_settings *settings = &load->settings;

	if (!call->partner != !call->role)
		return csp_cli_usage(load->verb, "--partner and --role go together");
	if (call->role && !csp_role_find(&settings->role, csp_span_from(call->role)))
		return csp_cli_usage(
			load->verb,
			"'%s' is no role: direct-bill, indirect-provider or indirect-reseller",
			call->role);
	if (call->partner &&
	    !csp_import_id(&settings->partner, call->partner_id, csp_span_from(call->partner)))
		return csp_cli_usage(load->verb, "'%s' is no partner's id", call->partner);
	return EX_OK;
}

static int check_rest(struct call *call, struct load *load)
{
	static const struct span names[] = {SPAN_INIT("commercial"), SPAN_INIT("us-gov"),
					    SPAN_INIT("china")};
	const struct spans clouds = {names, sizeof(names) / sizeof(*names)};
	struct import_settings *settings = &load->settings;

	settings->cloud = csp_span_from(call->cloud);
	if (call->cloud && !csp_spans_hold(clouds, settings->cloud))
		return csp_cli_usage(load->verb, "'%s' is no cloud: commercial, us-gov or china",
				     call->cloud);
	if (call->customer &&
	    !csp_import_id(&settings->customer, call->customer_id, csp_span_from(call->customer)))
		return csp_cli_usage(load->verb, "'%s' is no customer's id", call->customer);
	if (call->format && !csp_import_format_find(&settings->format, csp_span_from(call->format)))
		return csp_cli_usage(load->verb, "'%s' is no format: %s", call->format,
				     csp_import_format_names());
	if (load->file_count == 0)
		return csp_cli_usage(load->verb, "which FILE? '-' is standard input");
	return EX_OK;
}

static int check_call(struct call *call, struct load *load)
{
	int status = check_source(call, load);

	if (status == EX_OK)
		status = check_partner(call, load);
	return status == EX_OK ? check_rest(call, load) : status;
}

/* A partner of record without an entry has no domain to write from: all its mail would be another's. */
static void look_for_partner(const struct load *load)
{
	struct span id = load->settings.partner;
	const struct partner *partner;
	struct directory_read *read;
	struct arena arena;

	if (id.len == 0 || load->dry_run ||
	    csp_directory_read_begin(&read, load->place->directory) != DIRECTORY_OK)
		return;
	csp_arena_init(&arena, (size_t)16 << 20);
	if (csp_directory_partner(&partner, read, &arena, id) == NOT_FOUND)
		csp_cli_error(
			"the partner %.*s is not in the directory yet: nobody can write as it",
			SPAN_ARG(id));
	csp_arena_dispose(&arena);
	csp_directory_read_end(read);
}

static int run(struct load *load, const struct call *call)
{
	int status = EX_OK, closed;

	if (call->rejects)
		status = csp_rejects_open(&load->rejects, call->rejects);
	if (status == EX_OK)
		status = csp_load_run(load);
	closed = csp_rejects_close(&load->rejects);
	if (load->rejects.count > 0)
		csp_cli_error("refused rows are in %s", call->rejects);
	if (status != EX_OK)
		return status;
	look_for_partner(load);
	status = csp_load_print(load, call->as_json);
	return closed == EX_OK ? status : closed;
}

int csp_directory_verb_import(int argc, char **argv)
{
	struct call call = {.source = NULL};
	struct load load = {.verb = "directory import", .mode = UPDATE_UPSERT};
	const struct part_option options[] = {
		{"source", &call.source, NULL},
		{"format", &call.format, NULL},
		{"partner", &call.partner, NULL},
		{"role", &call.role, NULL},
		{"customer", &call.customer, NULL},
		{"cloud", &call.cloud, NULL},
		{"replace", NULL, &call.replace},
		{"replace-all", NULL, &call.replace_all},
		{"dry-run", NULL, &load.dry_run},
		{"wait", NULL, &load.wait},
		{"rejects", &call.rejects, NULL},
		{"json", NULL, &call.as_json},
		{NULL, NULL, NULL},
	};
	struct part part = {load.verb, help, options, .most = INT_MAX};
	int status;

	if (!csp_part_begin(&status, &part, argc, argv))
		return status;
	load.place = &part.place;
	part.place.wants_products = true;
	load.files = part.arguments;
	load.file_count = part.argument_count;
	status = csp_part_source(&load.settings.source, &part, call.source);
	if (status == EX_OK)
		status = check_call(&call, &load);
	if (status == EX_OK)
		status = run(&load, &call);
	csp_place_dispose(&part.place);
	return status;
}
