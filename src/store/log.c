#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE     1024
#define QUIET_SECONDS 10

static const struct facility {
	const char *name;
	int number;
} facilities[] = {
	{"auth", LOG_AUTH},     {"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
	{"kern", LOG_KERN},     {"lpr", LOG_LPR},       {"mail", LOG_MAIL},
	{"news", LOG_NEWS},     {"syslog", LOG_SYSLOG}, {"user", LOG_USER},
	{"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},
	{"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
	{"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

/* The facility goes with every line: a reload may change it while others log. */
static struct {
	const char *ident;
	bool to_syslog;
	bool to_stderr;
	atomic_int facility;
} destination = {.ident = "csp-milter", .to_stderr = true};

static const struct facility *find_facility(const char *name)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcmp(name, facilities[i].name) == 0)
			return &facilities[i];
	return NULL;
}

bool csp_log_facility_exists(const char *facility)
{
	return find_facility(facility) != NULL;
}

void csp_log_set_facility(const char *facility)
{
	const struct facility *found = find_facility(facility);

	if (found)
		atomic_store(&destination.facility, found->number);
}

bool csp_log_open(const char *ident, const char *facility, bool to_stderr)
{
	const struct facility *found = find_facility(facility);

	if (!found)
		return false;
	destination.ident = ident;
	destination.to_syslog = !to_stderr;
	destination.to_stderr = to_stderr || isatty(STDERR_FILENO) == 1;
	atomic_store(&destination.facility, found->number);
	openlog(ident, LOG_PID, found->number);
	return true;
}

/* One write for a line, so that lines of several threads do not run into each other. */
static void write_stderr(struct span line)
{
	char text[LINE_SIZE + 64];
	int len = snprintf(text, sizeof(text), "%s: %.*s\n", destination.ident, SPAN_ARG(line));

	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text)) {
		len = sizeof(text) - 1;
		text[len - 1] = '\n';
	}
	ssize_t written = write(STDERR_FILENO, text, (size_t)len);
	(void)written;
}

void csp_log_line(int priority, struct span line)
{
	if (destination.to_syslog)
		syslog(atomic_load(&destination.facility) | priority, "%.*s", SPAN_ARG(line));
	if (destination.to_stderr)
		write_stderr(line);
}

__attribute__((format(printf, 2, 0))) static void log_format(int priority, const char *format,
							     va_list arguments)
{
	char text[LINE_SIZE];
	int len = vsnprintf(text, sizeof(text), format, arguments);

	if (len < 0)
		return;
	struct span line = {text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1};
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	csp_log_line(priority, line);
}

void csp_log(int priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_format(priority, format, arguments);
	va_end(arguments);
}

void csp_log_seldom(atomic_llong *last, int priority, const char *format, ...)
{
	struct timespec now = {0};
	va_list arguments;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	long long before = atomic_load(last);
	if ((before && now.tv_sec - before < QUIET_SECONDS) ||
	    !atomic_compare_exchange_strong(last, &before, now.tv_sec))
		return;
	va_start(arguments, format);
	log_format(priority, format, arguments);
	va_end(arguments);
}
