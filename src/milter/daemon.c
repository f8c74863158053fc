#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "callbacks.h"
#include "counters.h"
#include "lifecycle.h"
#include "log.h"
#include "notify.h"
#include "probe.h"
#include "version.h"

#define PROBE_MS        2000 /* that the own socket may take to answer */
#define BACKLOG         1024
#define DESCRIPTORS_MAX 65536
#define PACKET_MAX                                                                                 \
	((size_t)1 << 20) /* Postfix sends header fields of up to 60,000 bytes and more */
#define DAEMON_UMASK 027

/* ---- the configuration ---- */

static void report(void *context, const struct conf_error *error)
{
	struct daemon *daemon = context;
	char text[1024];

	if (error->line)
		(void)snprintf(text, sizeof(text), "%s:%u: %s", error->file, error->line,
			       error->text);
	else
		(void)snprintf(text, sizeof(text), "%s: %s", error->file, error->text);
	csp_log(LOG_ERR, "%s", text);
	if (daemon->reload.error_count == RELOAD_ERRORS_MAX)
		return;
	char *copy = strdup(text);
	if (copy)
		daemon->reload.errors[daemon->reload.error_count++] = copy;
}

static void forget_errors(struct daemon *daemon)
{
	while (daemon->reload.error_count)
		free(daemon->reload.errors[--daemon->reload.error_count]);
}

static const char *const fixed_names[FIXED_COUNT] = {
	[FIXED_SOCKET] = "milter.socket",      [FIXED_MODE] = "milter.socket_mode",
	[FIXED_GROUP] = "milter.socket_group", [FIXED_USER] = "milter.user",
	[FIXED_TIMEOUT] = "milter.timeout",    [FIXED_CONTROL] = "milter.control_socket",
};

static void describe_fixed(char out[FIXED_COUNT][FIXED_SIZE], const struct conf_milter *conf)
{
	(void)snprintf(out[FIXED_SOCKET], FIXED_SIZE, "%s", conf->socket);
	(void)snprintf(out[FIXED_MODE], FIXED_SIZE, "%04o", (unsigned)conf->socket_mode);
	(void)snprintf(out[FIXED_GROUP], FIXED_SIZE, "%s", conf->socket_group);
	(void)snprintf(out[FIXED_USER], FIXED_SIZE, "%s", conf->user);
	(void)snprintf(out[FIXED_TIMEOUT], FIXED_SIZE, "%u", conf->timeout);
	(void)snprintf(out[FIXED_CONTROL], FIXED_SIZE, "%s", conf->control_socket);
}

static int exit_status(enum conf_result result)
{
	switch (result) {
	case CONF_OK:
		return EX_OK;
	case CONF_UNREADABLE:
		return EX_NOINPUT;
	case CONF_WRONG:
		return EX_CONFIG;
	case CONF_NO_MEMORY:
	default:
		return EX_OSERR;
	}
}

int csp_daemon_read_conf(struct daemon *daemon)
{
	/* Unicode data of somebody's choice would be read in the place of the library's own. */
	(void)unsetenv("ICU_DATA");
	int status = exit_status(
		csp_snapshot_new(&daemon->first, daemon->options.conf_path, report, daemon));
	forget_errors(daemon);
	if (status != EX_OK)
		return status;
	const struct conf *conf = csp_snapshot_conf(daemon->first);
	csp_log_set_facility(conf->syslog_facility);
	describe_fixed(daemon->fixed, &conf->milter);
	if (!csp_listener_parse(&daemon->listener, conf->milter.socket)) {
		csp_log(LOG_ERR, "milter.socket: %s", daemon->listener.error);
		return EX_CONFIG;
	}
	return csp_identity_find(&daemon->identity, &conf->milter);
}

/* ---- opening ---- */

/* Out of descriptors libmilter spins without a word. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	rlim_t wanted = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	if (limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		csp_log(LOG_WARNING, "the number of open files cannot be raised: %s",
			strerror(errno));
}

static int open_listener(struct daemon *daemon, const struct conf *conf)
{
	const struct listener_settings settings = {
		.mode = conf->milter.socket_mode,
		.owner = daemon->identity.user,
		.group = daemon->identity.socket_group,
		.backlog = BACKLOG,
	};

	(void)smfi_settimeout((int)conf->milter.timeout);
	(void)smfi_setmaxdatasize(PACKET_MAX);
	if (!csp_callbacks_register(&daemon->filter)) {
		csp_log(LOG_ERR, "libmilter does not take the filter");
		return EX_SOFTWARE;
	}
	int status = csp_listener_open(&daemon->listener, &settings);
	if (status != EX_OK)
		csp_log(LOG_ERR, "milter.socket: %s", daemon->listener.error);
	return status;
}

static int open_control(struct daemon *daemon)
{
	int error = csp_control_open(&daemon->control, daemon->fixed[FIXED_CONTROL]);

	if (!error)
		return EX_OK;
	csp_log(LOG_ERR, "milter.control_socket: %s: %s", daemon->fixed[FIXED_CONTROL],
		error == EADDRINUSE ? "another daemon listens there" : strerror(error));
	return error == EADDRINUSE                 ? EX_UNAVAILABLE
	       : error == EACCES || error == EPERM ? EX_NOPERM
						   : EX_CANTCREAT;
}

static int open_journal(struct daemon *daemon, const struct conf *conf)
{
	daemon->journal_path = strdup(conf->journal.path);
	if (!daemon->journal_path)
		return EX_OSERR;
	daemon->filter.journal = csp_journal_open(daemon->journal_path, conf->journal.timeout);
	if (daemon->filter.journal)
		return EX_OK;
	int error = errno;
	csp_log(LOG_ERR, "journal.path: %s: %s", conf->journal.path,
		error == ELOOP    ? "is a symbolic link"
		: error == EINVAL ? "is no regular file"
		: error == EPERM  ? "belongs to another user"
				  : strerror(error));
	return error == EACCES || error == EPERM ? EX_NOPERM : EX_CANTCREAT;
}

/*
 * The listener comes first: a second daemon ends there, before it could touch the journal of the
 * first. The journal comes after the change of the user, so that it can be reopened later.
 */
static int open_all(struct daemon *daemon, const struct conf *conf)
{
	int status = open_listener(daemon, conf);

	if (status == EX_OK)
		status = csp_identity_become(&daemon->identity);
	if (status == EX_OK)
		status = open_control(daemon);
	if (status == EX_OK)
		status = open_journal(daemon, conf);
	if (status == EX_OK)
		csp_watch_look(&daemon->watch, &daemon->filter, conf);
	return status;
}

static void remove_sockets(struct daemon *daemon)
{
	csp_control_close(&daemon->control, daemon->fixed[FIXED_CONTROL]);
	csp_listener_remove(&daemon->listener);
}

int csp_daemon_open(struct daemon *daemon)
{
	const struct conf *conf = csp_snapshot_conf(daemon->first);

	daemon->control.fd = -1;
	daemon->started = time(NULL);
	(void)umask(DAEMON_UMASK);
	csp_lifecycle_block_signals();
	raise_descriptors();
	daemon->filter.tcp = daemon->listener.tcp;
	if (!csp_filter_init(&daemon->filter))
		return EX_OSERR;
	int status = open_all(daemon, conf);
	if (status != EX_OK) {
		remove_sockets(daemon);
		return status;
	}
	daemon->filter.slot = csp_snapshot_slot_new(daemon->first);
	return daemon->filter.slot ? EX_OK : EX_OSERR;
}

/* ---- reloading ---- */

static void warn_of_fixed(struct daemon *daemon, const struct conf *conf)
{
	char wanted[FIXED_COUNT][FIXED_SIZE];

	describe_fixed(wanted, &conf->milter);
	for (int i = 0; i < FIXED_COUNT; i++)
		if (strcmp(wanted[i], daemon->fixed[i]) != 0)
			csp_log(LOG_WARNING, "%s: \"%s\" stays until the next start",
				fixed_names[i], daemon->fixed[i]);
}

static bool reopen_journal(struct daemon *daemon, const char *path)
{
	int error = csp_journal_reopen(daemon->filter.journal, path);

	if (error)
		csp_log(LOG_ERR, "journal: %s: %s; the old file stays in use",
			path ? path : daemon->journal_path, strerror(error));
	return error == 0;
}

/* A configuration whose journal cannot be opened is refused, so it comes before the change. */
static bool move_journal(struct daemon *daemon, const struct conf *conf)
{
	const struct conf_error error = {.file = conf->journal.path,
					 .text = "cannot be opened as the journal"};

	csp_journal_set_timeout(daemon->filter.journal, conf->journal.timeout);
	if (strcmp(conf->journal.path, daemon->journal_path) == 0) {
		(void)reopen_journal(daemon, NULL);
		return true;
	}
	char *path = strdup(conf->journal.path);
	if (path && reopen_journal(daemon, path)) {
		free(daemon->journal_path);
		daemon->journal_path = path;
		return true;
	}
	free(path);
	report(daemon, &error);
	return false;
}

static void tell_status(const struct conf *conf)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "mode %s, policy %s", csp_mode_name(conf->mode),
		       conf->digest);
	csp_notify_status(text);
}

static bool put_into_effect(struct daemon *daemon, struct snapshot *next)
{
	const struct conf *conf = csp_snapshot_conf(next);

	if (!move_journal(daemon, conf)) {
		csp_snapshot_release(next);
		return false;
	}
	warn_of_fixed(daemon, conf);
	csp_log_set_facility(conf->syslog_facility);
	csp_watch_look(&daemon->watch, &daemon->filter, conf);
	csp_log(LOG_NOTICE, "reloaded: mode=%s policy=%s", csp_mode_name(conf->mode), conf->digest);
	tell_status(conf);
	csp_snapshot_slot_replace(daemon->filter.slot, next);
	return true;
}

/* The configuration anew, and the journal reopened; false: it was refused, and the old one stays. */
static bool reload(struct daemon *daemon)
{
	struct snapshot *next = NULL;

	csp_notify_reloading();
	forget_errors(daemon);
	daemon->reload.time = time(NULL);
	if (csp_snapshot_new(&next, daemon->options.conf_path, report, daemon) == CONF_OK)
		daemon->reload.ok = put_into_effect(daemon, next);
	else
		daemon->reload.ok = false;
	if (!next)
		(void)reopen_journal(daemon, NULL);
	if (!daemon->reload.ok)
		csp_log(LOG_ERR, "reload refused; the old configuration stays");
	csp_counter_add(daemon->reload.ok ? COUNTER_RELOADS : COUNTER_RELOADS_FAILED, 1);
	csp_notify_ready();
	return daemon->reload.ok;
}

/* ---- running ---- */

static void on_reload(void *context)
{
	(void)reload(context);
}

static void on_reopen(void *context)
{
	struct daemon *daemon = context;

	if (reopen_journal(daemon, NULL))
		csp_log(LOG_INFO, "journal reopened");
}

/*
 * The watchdog hears of us only while a mail server would: that the process runs, and this thread with it, says nothing of
 * that. Asked four times as often as it wants to hear.
 */
static void tell_watchdog(struct daemon *daemon)
{
	long wanted = csp_notify_watchdog_ms();
	time_t now = time(NULL);

	if (wanted == 0 || (now >= daemon->probed && (now - daemon->probed) * 4000 < wanted))
		return;
	daemon->probed = now;
	if (csp_probe_answers(&daemon->listener, PROBE_MS))
		csp_notify_alive();
	else
		csp_log(LOG_ERR, "the own socket does not answer; the watchdog is not told");
}

static void on_tick(void *context)
{
	struct daemon *daemon = context;

	tell_watchdog(daemon);
	struct snapshot *snapshot = csp_snapshot_slot_acquire(daemon->filter.slot);

	csp_watch_look(&daemon->watch, &daemon->filter, csp_snapshot_conf(snapshot));
	csp_snapshot_release(snapshot);
}

static unsigned drain_seconds(void *context)
{
	struct daemon *daemon = context;
	struct snapshot *snapshot = csp_snapshot_slot_acquire(daemon->filter.slot);
	unsigned seconds = csp_snapshot_conf(snapshot)->milter.drain;

	csp_snapshot_release(snapshot);
	return seconds;
}

static bool control_reload(void *context, struct json *json)
{
	struct daemon *daemon = context;

	if (reload(daemon))
		return true;
	csp_daemon_write_errors(daemon, json);
	return false;
}

static void log_ready(struct daemon *daemon)
{
	struct snapshot *snapshot = csp_snapshot_slot_acquire(daemon->filter.slot);
	const struct conf *conf = csp_snapshot_conf(snapshot);

	csp_log(LOG_NOTICE, "csp-milter " CSP_VERSION " ready: socket=%s mode=%s policy=%s",
		daemon->fixed[FIXED_SOCKET], csp_mode_name(conf->mode), conf->digest);
	tell_status(conf);
	csp_snapshot_release(snapshot);
	csp_notify_ready();
}

int csp_daemon_run(struct daemon *daemon)
{
	const struct lifecycle lifecycle = {
		.filter = &daemon->filter,
		.control = &daemon->control,
		.reload = on_reload,
		.reopen = on_reopen,
		.tick = on_tick,
		.drain_seconds = drain_seconds,
		.context = daemon,
	};

	daemon->control.context = daemon;
	daemon->control.status = csp_daemon_write_status;
	daemon->control.reload = control_reload;
	int status = EX_OSERR;
	int error = csp_lifecycle_start();
	if (error) {
		csp_log(LOG_ERR, "libmilter cannot be started: %s", strerror(error));
	} else {
		log_ready(daemon);
		status = csp_lifecycle_run(&lifecycle);
	}
	remove_sockets(daemon);
	csp_journal_close(daemon->filter.journal);
	csp_log(LOG_NOTICE, "csp-milter ended");
	return status;
}
