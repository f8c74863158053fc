#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "counters.h"
#include "daemon.h"
#include "directory_view.h"
#include "lookup.h"
#include "timing.h"
#include "version.h"

#define STATS_MAX ((size_t)1 << 20)

static void write_time_at(struct json *json, const char *name, time_t time)
{
	char text[sizeof("2026-11-23T10:00:00Z")];
	struct tm parts;
	size_t len = 0;

	if (time && gmtime_r(&time, &parts))
		len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	csp_json_text_or_null_at(json, name, (struct span){text, len});
}

static void write_bool_at(struct json *json, const char *name, bool value)
{
	csp_json_key(json, name);
	csp_json_bool(json, value);
}

/* The directory as the next message would find it. */
struct view {
	bool known; /* it could be read */
	struct directory_stats stats;
	struct arena arena;
};

static enum directory_result read_directory(struct view *view, struct directory *directory)
{
	struct directory_read *read;
	enum directory_result result = csp_directory_read_begin(&read, directory);

	if (result != DIRECTORY_OK)
		return result;
	result = csp_directory_stats(&view->stats, read, &view->arena);
	csp_directory_read_end(read);
	view->known = result == DIRECTORY_OK;
	return result;
}

static void write_number_if(struct json *json, const char *name, bool known, int64_t number)
{
	csp_json_key(json, name);
	if (known)
		csp_json_number(json, number);
	else
		csp_json_null(json);
}

static void write_view(struct json *json, const struct view *view, const struct conf *conf)
{
	const struct directory_stats *stats = &view->stats;
	int64_t now = (int64_t)time(NULL);
	int64_t age = now > stats->updated ? now - stats->updated : 0;

	write_number_if(json, "state", view->known, (int64_t)stats->state);
	write_number_if(json, "customers", view->known, (int64_t)stats->customers);
	write_number_if(json, "partners", view->known, (int64_t)stats->partners);
	write_time_at(json, "updated", view->known ? (time_t)stats->updated : 0);
	write_number_if(json, "age", view->known, age);
	write_bool_at(json, "too_old", view->known && csp_lookup_is_old(conf, stats->updated, now));
}

static void write_directory(struct json *json, struct daemon *daemon, const struct conf *conf)
{
	struct open_directory *open = csp_filter_take_directory(&daemon->filter);
	enum directory_result result = daemon->watch.result;
	struct view view = {.known = false};

	csp_arena_init(&view.arena, STATS_MAX);
	if (open) {
		enum directory_result found = read_directory(&view, open->directory);
		result = found != DIRECTORY_OK ? found : result;
	}
	csp_json_key(json, "directory");
	csp_json_object(json);
	csp_json_text_at(json, "path", csp_span_from(open ? open->path : conf->directory));
	write_view(json, &view, conf);
	csp_json_text_or_null_at(
		json, "error",
		csp_span_from(result == DIRECTORY_OK ? "" : csp_directory_strerror(result)));
	csp_json_object_end(json);
	csp_arena_dispose(&view.arena);
	csp_filter_give_directory(&daemon->filter, open);
}

static void write_journal(struct json *json, const struct daemon *daemon)
{
	struct journal_state state;

	csp_journal_get_state(daemon->filter.journal, &state);
	csp_json_key(json, "journal");
	csp_json_object(json);
	csp_json_text_at(json, "path", csp_span_from(daemon->journal_path));
	write_bool_at(json, "healthy", state.healthy);
	csp_json_text_or_null_at(json, "error",
				 csp_span_from(state.error ? strerror(state.error) : ""));
	csp_json_number_at(json, "appended", (int64_t)state.appended);
	csp_json_number_at(json, "failed", (int64_t)state.failed);
	csp_json_number_at(json, "commits", (int64_t)state.commits);
	csp_json_object_end(json);
}

static int64_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int64_t count = -3; /* ".", ".." and the folder's own */

	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count;
}

static void write_descriptors(struct json *json)
{
	struct rlimit limit = {0};

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	csp_json_key(json, "descriptors");
	csp_json_object(json);
	csp_json_number_at(json, "open", count_descriptors());
	csp_json_number_at(json, "limit", (int64_t)limit.rlim_cur);
	csp_json_object_end(json);
}

void csp_daemon_write_errors(const struct daemon *daemon, struct json *json)
{
	csp_json_key(json, "errors");
	csp_json_array(json);
	for (size_t i = 0; i < daemon->reload.error_count; i++)
		csp_json_text(json, csp_span_from(daemon->reload.errors[i]));
	csp_json_array_end(json);
}

static void write_reload(struct json *json, const struct daemon *daemon)
{
	csp_json_key(json, "reload");
	if (!daemon->reload.time) {
		csp_json_null(json);
		return;
	}
	csp_json_object(json);
	write_time_at(json, "time", daemon->reload.time);
	write_bool_at(json, "ok", daemon->reload.ok);
	csp_daemon_write_errors(daemon, json);
	csp_json_object_end(json);
}

bool csp_daemon_write_status(void *context, struct json *json)
{
	struct daemon *daemon = context;
	struct snapshot *snapshot = csp_snapshot_slot_acquire(daemon->filter.slot);
	const struct conf *conf = csp_snapshot_conf(snapshot);

	csp_json_text_at(json, "version", SPAN_LIT(CSP_VERSION));
	csp_json_number_at(json, "pid", getpid());
	write_time_at(json, "started", daemon->started);
	csp_json_number_at(json, "uptime", (int64_t)(time(NULL) - daemon->started));
	write_bool_at(json, "draining", atomic_load(&daemon->filter.draining));
	csp_json_text_at(json, "configuration", csp_span_from(daemon->options.conf_path));
	csp_json_text_at(json, "socket", csp_span_from(daemon->fixed[FIXED_SOCKET]));
	csp_json_text_at(json, "mode", csp_span_from(csp_mode_name(conf->mode)));
	csp_json_text_at(json, "policy", csp_span_from(conf->digest));
	write_directory(json, daemon, conf);
	write_journal(json, daemon);
	write_descriptors(json);
	write_reload(json, daemon);
	csp_json_key(json, "counters");
	csp_counters_write(json);
	csp_json_key(json, "times");
	csp_timings_write(json);
	csp_json_key(json, "rules");
	csp_tally_write(csp_snapshot_tally(snapshot), json);
	csp_snapshot_release(snapshot);
	return true;
}
