#include "directory_load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "directory_packed.h"
#include "version.h"

#define NICE_VALUE 10

/* ---- what is told while it goes on ---- */

static const char *name_of(const char *file)
{
	return strcmp(file, "-") == 0 ? "stdin" : file;
}

static void say_refused(struct load *load, const char *file, uint64_t line, const char *why,
			struct span row)
{
	csp_progress_clear(&load->progress);
	if (load->rejects.stream)
		csp_rejects_add(&load->rejects, file, line, why, row);
	else
		fprintf(stderr, "%s:%" PRIu64 ": %s\n", file, line, why);
}

static void say_warning(struct load *load, const char *file, uint64_t line, const char *what)
{
	csp_progress_clear(&load->progress);
	fprintf(stderr, "%s:%" PRIu64 ": warning: %s\n", file, line, what);
}

static void reading_refused(void *context, const char *file, uint64_t line, const char *why,
			    struct span row)
{
	say_refused(context, file, line, why, row);
}

static void reading_warned(void *context, const char *file, uint64_t line, const char *what)
{
	say_warning(context, file, line, what);
}

static void reading_progress(void *context, const struct import_counts *counts, uint64_t done)
{
	struct load *load = context;
	char rows[48];

	snprintf(rows, sizeof(rows), "%" PRIu64 " rows", counts->rows);
	csp_progress_show(&load->progress, "reading", load->bytes_before + done, load->bytes_total,
			  rows);
}

/* Its row is in the file no more. */
static void storing_refused(void *context, struct place_in_import place, const char *why)
{
	struct load *load = context;

	load->counts.refused++;
	say_refused(load, name_of(load->files[place.file]), place.line, why, SPAN_LIT(""));
}

static void storing_warned(void *context, struct place_in_import place, const char *what)
{
	struct load *load = context;

	say_warning(load, name_of(load->files[place.file]), place.line, what);
}

static void storing_progress(void *context, uint64_t done, uint64_t total)
{
	struct load *load = context;

	csp_progress_show(&load->progress, load->dry_run ? "checking" : "storing", done, total, "");
}

/* ---- one file ---- */

static int file_status(const struct load *load, enum import_result result,
		       enum directory_result failure, const char *file)
{
	switch (result) {
	case IMPORT_OK:
		return EX_OK;
	case IMPORT_UNREADABLE:
		csp_cli_error("%s: %s", file, strerror(errno));
		return EX_NOINPUT;
	case IMPORT_UNKNOWN_FORMAT:
		csp_cli_error("%s: neither JSON nor CSV with a header row that is known", file);
		return EX_DATAERR;
	case IMPORT_NOT_UTF8:
		csp_cli_error("%s: damaged UTF-16: save it as CSV UTF-8", file);
		return EX_DATAERR;
	case IMPORT_NEEDS_PARTNER:
		csp_cli_error("%s: it does not say whose customers these are: name the partner who "
			      "exported it with --partner and --role",
			      file);
		return EX_USAGE;
	case IMPORT_NEEDS_SOURCE:
		csp_cli_error("%s: it does not say where its facts come from: name it with "
			      "--source",
			      file);
		return EX_USAGE;
	case IMPORT_DIRECTORY:
		return csp_cli_directory_status(failure, load->place->path);
	case IMPORT_NO_MEMORY:
		break;
	}
	return csp_cli_no_memory();
}

static int open_file(FILE **out, const char *file)
{
	*out = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
	if (*out)
		return EX_OK;
	csp_cli_error("%s: %s", file, strerror(errno));
	return EX_NOINPUT;
}

static void close_file(struct load *load)
{
	if (load->stream && load->stream != stdin)
		fclose(load->stream);
	load->stream = NULL;
}

static int not_alone(const struct load *load, const char *file)
{
	return csp_cli_usage(load->verb,
			     "%s: a packed directory holds all sources, replaces everything, and "
			     "is imported alone: give --replace-all, no --source and no other FILE",
			     file);
}

/* The first file is open already: what was read of it to see what it is must not be lost. */
static int load_file(struct load *load, uint32_t number)
{
	const char *file = load->files[number];
	enum directory_result failure = DIRECTORY_OK;
	bool first = load->stream != NULL;
	int status = first ? EX_OK : open_file(&load->stream, file);

	if (status != EX_OK)
		return status;
	if (!first && csp_packed_begins(load->stream)) {
		close_file(load);
		return not_alone(load, file);
	}
	const struct import_file input = {load->stream, name_of(file), number};
	enum import_result result =
		csp_import_file(&load->counts, &failure, load->update, &input, &load->settings);
	csp_progress_clear(&load->progress);
	status = file_status(load, result, failure, name_of(file));
	close_file(load);
	return status;
}

/* For the bar. What is no regular file has no size that is known before its end. */
static int measure_files(struct load *load)
{
	bool known = true;
	struct stat status;

	for (int i = 0; i < load->file_count; i++) {
		const char *file = load->files[i];
		int code =
			strcmp(file, "-") == 0 ? fstat(STDIN_FILENO, &status) : stat(file, &status);
		if (code != 0) {
			csp_cli_error("%s: %s", name_of(file), strerror(errno));
			return EX_NOINPUT;
		}
		known = known && S_ISREG(status.st_mode);
		load->bytes_total += (uint64_t)status.st_size;
	}
	if (!known)
		load->bytes_total = 0;
	return EX_OK;
}

static int load_files(struct load *load)
{
	int status = EX_OK;
	struct stat size;

	for (int i = 0; i < load->file_count && status == EX_OK; i++) {
		status = load_file(load, (uint32_t)i);
		if (load->bytes_total && stat(load->files[i], &size) == 0)
			load->bytes_before += (uint64_t)size.st_size;
	}
	return status;
}

/* ---- one change ---- */

static bool took_nothing(const struct load *load)
{
	const struct import_counts *counts = &load->counts;

	return counts->customers + counts->partners + counts->exclusions == 0;
}

/*
 * Whom a refused row was about is not known, and where a quote never ends it is all the rest of a
 * file: what is not named then may be named there, and must not lose its protection.
 */
static int check_refused(struct load *load)
{
	if (load->counts.refused == 0 || load->mode == UPDATE_UPSERT)
		return EX_OK;
	if (load->mode == UPDATE_REPLACE_ALL) {
		csp_cli_error("rows were refused, and with --replace-all what they say would be "
			      "lost: mend them or take them out");
		return EX_DATAERR;
	}
	csp_cli_error("rows were refused, so nothing is taken away: what this source has said of "
		      "parties that are not named stays");
	load->mode = UPDATE_UPSERT;
	csp_directory_update_keep_unnamed(load->update);
	return EX_OK;
}

/* What an empty file would replace is more likely an export that failed than a business that ended. */
static int check_taken(struct load *load)
{
	if (load->strict && load->counts.refused > 0)
		return EX_DATAERR;
	if (load->mode != UPDATE_UPSERT && took_nothing(load)) {
		csp_cli_error("there is nothing in what was given, and it would replace %s",
			      load->mode == UPDATE_REPLACE ? "all that this source has said"
							   : "the whole directory");
		return EX_DATAERR;
	}
	int status = csp_rejects_check(&load->rejects);
	return status == EX_OK ? check_refused(load) : status;
}

/* Nothing taken is nothing to commit: the directory keeps its state. */
static int finish(struct load *load)
{
	struct directory_update *update = load->update;

	load->update = NULL;
	if (took_nothing(load)) {
		csp_directory_update_abort(update);
		return EX_OK;
	}
	enum directory_result result = csp_directory_update_finish(&load->found, update);
	csp_progress_clear(&load->progress);
	return csp_cli_directory_status(result, load->place->path);
}

static struct update_settings settings_of(struct load *load)
{
	const struct conf *conf = load->place->conf;
	struct update_settings settings = {
		.mode = load->mode,
		.replaced = load->settings.source,
		.now = (int64_t)time(NULL),
		.dry_run = load->dry_run,
		.wait = load->wait,
		/* What is refused only while it is stored is too late for check_refused. */
		.strict = load->strict || load->mode != UPDATE_UPSERT,
		.tenant_domains = load->settings.tenant_domains,
		.report = {storing_refused, storing_warned, storing_progress, load},
	};

	if (conf)
		settings.single_partner_clouds = conf->single_partner_clouds;
	return settings;
}

/* What is taken without asking the lists may give a whole mail provider to one customer. */
static void warn_without_conf(const struct load *load)
{
	if (!load->place->conf)
		csp_cli_error(
			"warning: %s cannot be used, and there is no -c: which mail domains "
			"are public and which are a cloud's, what the products are called and "
			"what separates addresses is not known",
			CSP_CONF_PATH);
}

static int load_update(struct load *load)
{
	struct update_settings settings = settings_of(load);

	warn_without_conf(load);
	int status = csp_place_update(&load->update, load->place, &settings);

	if (status == EX_OK)
		status = load_files(load);
	if (status == EX_OK)
		status = check_taken(load);
	if (status == EX_OK)
		status = finish(load);
	csp_directory_update_abort(load->update);
	load->update = NULL;
	return status;
}

/* ---- a packed directory ---- */

static enum directory_result read_packed(void *context, const struct update_settings *settings)
{
	struct load *load = context;

	load->outcome =
		csp_packed_read(&load->found, load->place->directory, load->stream, settings);
	return load->outcome == DIRECTORY_REFUSED ? DIRECTORY_OK : load->outcome;
}

static int load_packed(struct load *load, const char *file)
{
	struct update_settings settings = settings_of(load);

	if (load->file_count > 1 || load->mode != UPDATE_REPLACE_ALL || load->settings.source.len)
		return not_alone(load, file);
	load->packed = true;
	int status = csp_place_begin(load->place, &settings, read_packed, load);
	csp_progress_clear(&load->progress);
	if (load->outcome != DIRECTORY_REFUSED)
		return status;
	csp_cli_error("%s: a packed directory of another version, or it is damaged or ends early",
		      file);
	return EX_DATAERR;
}

/* By its first byte: every table begins with a title. */
static bool may_be_json(FILE *stream)
{
	int c = getc(stream);

	if (c != EOF)
		(void)ungetc(c, stream);
	return c != EOF && strchr("{[ \t\r\n\xef", c) != NULL;
}

static int load_objects(struct load *load)
{
	if (may_be_json(load->stream))
		return load_update(load);
	csp_cli_error("%s: no JSON object", name_of(load->files[0]));
	return EX_DATAERR;
}

static int load_opened(struct load *load)
{
	int status = measure_files(load);

	if (status == EX_OK)
		status = open_file(&load->stream, load->files[0]);
	if (status != EX_OK)
		return status;
	if (load->strict)
		status = load_objects(load);
	else if (csp_packed_begins(load->stream))
		status = load_packed(load, name_of(load->files[0]));
	else
		status = load_update(load);
	close_file(load);
	return status;
}

/* ---- the directory ---- */

/*
 * A dry run must not make a directory: who makes it owns it, and that may be the wrong user. It
 * works on an empty one beside the place instead.
 */
static bool make_scratch(struct load *load, char *scratch, size_t size)
{
	struct stat status;

	scratch[0] = '\0';
	if (!load->dry_run || stat(load->place->path, &status) == 0 || errno != ENOENT)
		return true;
	int len = snprintf(scratch, size, "%s.dry-run.XXXXXX", load->place->path);
	if (len > 0 && (size_t)len < size && mkdtemp(scratch)) {
		load->place->path = scratch;
		return true;
	}
	scratch[0] = '\0';
	return false;
}

static void remove_scratch(const char *scratch)
{
	DIR *folder = scratch[0] ? opendir(scratch) : NULL;
	struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder)))
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	(void)rmdir(scratch);
}

static void take_settings(struct load *load)
{
	const struct conf *conf = load->place->conf;

	load->settings.report =
		(struct import_report){reading_refused, reading_warned, reading_progress, load};
	load->settings.address_separators = load->place->address_separators;
	if (!conf)
		return;
	load->settings.public_domains = conf->pack.public_domains;
	load->settings.tenant_domains = conf->pack.tenant_domains;
	if (load->place->snapshot) {
		load->settings.products = csp_snapshot_products;
		load->settings.products_context = load->place->snapshot;
	}
}

int csp_load_run(struct load *load)
{
	char scratch[4096];
	struct place *place = load->place;
	int status = csp_place_find(place);

	if (status != EX_OK)
		return status;
	/* Mail goes first: a big import keeps a processor busy for a minute. */
	(void)setpriority(PRIO_PROCESS, 0, NICE_VALUE);
	csp_progress_init(&load->progress);
	take_settings(load);
	if (!make_scratch(load, scratch, sizeof(scratch))) {
		csp_cli_error("%s: %s", place->path, strerror(errno));
		return EX_CANTCREAT;
	}
	status = csp_place_open(place, true);
	if (status == EX_OK)
		status = load_opened(load);
	if (status != EX_OK)
		csp_cli_error("nothing was changed");
	/* LMDB removes nothing when it closes, so its files may go first. */
	remove_scratch(scratch);
	return status;
}
