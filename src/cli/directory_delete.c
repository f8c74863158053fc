#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "directory_update.h"
#include "directory_verb.h"
#include "import.h"
#include "version.h"

#define DELETE_ARENA ((size_t)256 << 20)
#define DELETE_TEXT  ((size_t)256 << 20)

static const char help[] =
	"Usage: csp-milterctl directory delete [OPTION]... KEY\n"
	"Take away a customer or a partner by its id (or a partner's alias), or the\n"
	"exclusion of a domain. What is gone is printed as 'directory put' takes it back.\n"
	"The status is 1 when there was nothing.\n"
	"\n"
	"      --source NAME      only what this source says; else what every one says\n"
	"      --type TYPE        customer, partner or exclusion, where KEY is several\n"
	"      --wait             while an import changes the directory, wait\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"  -h, --help             this text\n";

static const char *const type_names[] = {
	[STATEMENT_CUSTOMER] = "customer",
	[STATEMENT_PARTNER] = "partner",
	[STATEMENT_EXCLUSION] = "exclusion",
};
#define TYPE_COUNT (sizeof(type_names) / sizeof(*type_names))

/* What is to go, and the lines that say what it was. */
struct removal {
	struct place *place;
	struct span source; /* empty: every one */
	bool wanted[TYPE_COUNT];
	struct span ids[TYPE_COUNT]; /* empty: KEY is no such thing */
	struct buf lines;
	struct arena arena;
};

/* ---- what there is ---- */

static bool is_meant(const struct removal *removal, struct span source)
{
	return removal->source.len == 0 || csp_span_equal(removal->source, source);
}

static enum found find_party(struct removal *removal, enum statement_type type, struct span id)
{
	bool customer = type == STATEMENT_CUSTOMER;
	struct directory_statements statements;
	enum found found =
		csp_directory_statements(&statements, removal->place->read, &removal->arena,
					 customer ? ENTRY_CUSTOMER : ENTRY_PARTNER, id);

	for (size_t i = 0; found == FOUND && i < statements.count; i++) {
		if (!is_meant(removal, statements.items[i].source))
			continue;
		csp_directory_show_line(&removal->lines, &statements.items[i]);
		removal->ids[type] = id;
	}
	return found;
}

static enum found find_parties(struct removal *removal, struct span key)
{
	struct directory_read *read = removal->place->read;
	const struct partner *partner = NULL;
	char buffer[IMPORT_ID_MAX];
	enum found found = NOT_FOUND;
	struct span id;

	if (!csp_import_id(&id, buffer, key))
		return NOT_FOUND;
	if (!csp_arena_copy(&removal->arena, &id, id))
		return COULD_NOT_TELL;
	if (removal->wanted[STATEMENT_CUSTOMER])
		found = find_party(removal, STATEMENT_CUSTOMER, id);
	if (found == COULD_NOT_TELL || !removal->wanted[STATEMENT_PARTNER])
		return found;
	found = csp_directory_partner(&partner, read, &removal->arena, id);
	return found == FOUND ? find_party(removal, STATEMENT_PARTNER, partner->id) : found;
}

static enum found find_exclusion(struct removal *removal, struct span key)
{
	struct spans sources;
	struct span domain;
	enum mailbox_result result = csp_domain_canonical(&domain, &removal->arena, key);

	if (!removal->wanted[STATEMENT_EXCLUSION] || result == MAILBOX_INVALID ||
	    result == MAILBOX_NULL)
		return NOT_FOUND;
	if (result != MAILBOX_OK)
		return COULD_NOT_TELL;
	enum found found =
		csp_directory_exclusion(&sources, removal->place->read, &removal->arena, domain);
	for (size_t i = 0; found == FOUND && i < sources.count; i++) {
		if (!is_meant(removal, sources.items[i]))
			continue;
		csp_directory_show_exclusion(&removal->lines, sources.items[i], domain);
		removal->ids[STATEMENT_EXCLUSION] = domain;
	}
	return found;
}

/* ---- taking it away ---- */

static int none(const char *key)
{
	csp_cli_error("'%s' is nobody's id and no excluded domain, or not of this source", key);
	return 1;
}

static int several(const char *key)
{
	return csp_cli_usage("directory delete",
			     "'%s' is more than one thing: say which with --type customer, partner "
			     "or exclusion",
			     key);
}

/* STATEMENT_EXCLUSION + 1 when there is none or more than one, which has been told in *status. */
static size_t find_one(int *status, struct removal *removal, const char *key)
{
	size_t one = TYPE_COUNT, count = 0;

	*status = EX_OK;
	if (find_parties(removal, csp_span_from(key)) == COULD_NOT_TELL ||
	    find_exclusion(removal, csp_span_from(key)) == COULD_NOT_TELL) {
		*status = csp_cli_directory_status(DIRECTORY_FAILED, removal->place->path);
		return TYPE_COUNT;
	}
	for (size_t type = 0; type < TYPE_COUNT; type++) {
		if (removal->ids[type].len == 0)
			continue;
		one = type;
		count++;
	}
	if (count != 1)
		*status = count == 0 ? none(key) : several(key);
	return count == 1 ? one : TYPE_COUNT;
}

/* What is printed first and then not removed does no harm; the other way round it would be lost. */
static int remove_one(struct removal *removal, struct directory_update *update, const char *key)
{
	const char *path = removal->place->path;
	bool gone = false;
	int status = csp_cli_directory_status(
		csp_directory_read_begin(&removal->place->read, removal->place->directory), path);
	size_t type = status == EX_OK ? find_one(&status, removal, key) : TYPE_COUNT;

	if (status == EX_OK)
		status = csp_place_print(&removal->lines);
	csp_directory_read_end(removal->place->read);
	removal->place->read = NULL;
	if (status != EX_OK) {
		csp_directory_update_abort(update);
		return status;
	}
	status = csp_cli_directory_status(
		csp_directory_update_remove(&gone, update, (enum statement_type)type,
					    removal->ids[type], removal->source),
		path);
	if (status != EX_OK || !gone)
		csp_cli_error("nothing was changed");
	return status == EX_OK && !gone ? 1 : status;
}

static int delete (struct removal *removal, const char *key, bool wait)
{
	struct directory_update *update;
	int status = csp_place_update(
		&update, removal->place,
		&(struct update_settings){.now = (int64_t)time(NULL), .wait = wait});

	if (status != EX_OK)
		return status;
	csp_arena_init(&removal->arena, DELETE_ARENA);
	csp_buf_init(&removal->lines, DELETE_TEXT);
	status = remove_one(removal, update, key);
	csp_buf_dispose(&removal->lines);
	csp_arena_dispose(&removal->arena);
	return status;
}

static bool take_type(struct removal *removal, const char *name)
{
	bool known = !name;

	for (size_t type = 0; type < TYPE_COUNT; type++) {
		removal->wanted[type] = !name || strcmp(name, type_names[type]) == 0;
		known = known || removal->wanted[type];
	}
	return known;
}

int csp_directory_verb_delete(int argc, char **argv)
{
	const char *source = NULL, *type = NULL;
	bool wait = false;
	const struct part_option options[] = {
		{"source", &source, NULL},
		{"type", &type, NULL},
		{"wait", NULL, &wait},
		{NULL, NULL, NULL},
	};
	struct part part = {"directory delete", help, options, .most = 1};
	struct removal removal = {.place = &part.place};
	int status;

	if (!csp_part_begin(&status, &part, argc, argv))
		return status;
	if (part.argument_count == 0)
		return csp_cli_usage(part.name, "which KEY? A party's id or an excluded domain");
	if (!take_type(&removal, type))
		return csp_cli_usage(part.name, "'%s' is none of customer, partner and exclusion",
				     type);
	status = csp_part_source(&removal.source, &part, source);
	if (status == EX_OK)
		status = csp_place_find(&part.place);
	if (status == EX_OK)
		status = csp_place_open(&part.place, true);
	if (status == EX_OK)
		status = delete (&removal, part.arguments[0], wait);
	csp_place_dispose(&part.place);
	return status;
}
