#include "opt.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "when.h"

#define MESSAGE_MAX 2048

/* What a message quotes may come from a file: nothing in it may speak to the terminal. */
__attribute__((format(printf, 2, 0))) static void print_message(const char *prefix,
								const char *format, va_list args)
{
	char text[MESSAGE_MAX];

	if (vsnprintf(text, sizeof(text), format, args) < 0)
		return;
	for (char *at = text; *at; at++) {
		if ((*at > '\0' && *at < ' ') || *at == '\x7f')
			*at = '?';
	}
	fprintf(stderr, "%s%s\n", prefix, text);
}

void csp_cli_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message("csp-milterctl: ", format, args);
	va_end(args);
}

int csp_cli_usage(const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message("csp-milterctl: ", format, args);
	va_end(args);
	fprintf(stderr, "Try 'csp-milterctl %s%s--help'.\n", verb, *verb ? " " : "");
	return EX_USAGE;
}

int csp_cli_no_memory(void)
{
	csp_cli_error("out of memory");
	return EX_OSERR;
}

void csp_cli_report_conf(void *context, const struct conf_error *error)
{
	(void)context;
	if (error->line)
		fprintf(stderr, "%s:%u: %s\n", error->file, error->line, error->text);
	else
		fprintf(stderr, "%s: %s\n", error->file, error->text);
}

int csp_cli_conf_status(enum conf_result result)
{
	switch (result) {
	case CONF_OK:
		return EX_OK;
	case CONF_UNREADABLE:
		return EX_NOINPUT;
	case CONF_WRONG:
		return EX_CONFIG;
	case CONF_NO_MEMORY:
		break;
	}
	csp_cli_error("out of memory");
	return EX_OSERR;
}

int csp_cli_directory_status(enum directory_result result, const char *path)
{
	if (result == DIRECTORY_OK)
		return EX_OK;
	csp_cli_error("%s: %s", path, csp_directory_strerror(result));
	switch (result) {
	case DIRECTORY_OK:
		break;
	case DIRECTORY_MISSING:
		return EX_NOINPUT;
	case DIRECTORY_FORBIDDEN:
		return EX_NOPERM;
	case DIRECTORY_BUSY:
	case DIRECTORY_LOCKED:
		return EX_TEMPFAIL;
	case DIRECTORY_EXHAUSTED:
		return EX_OSERR;
	case DIRECTORY_INCOMPATIBLE:
	case DIRECTORY_REFUSED:
		return EX_DATAERR;
	case DIRECTORY_FULL:
	case DIRECTORY_FAILED:
		break;
	}
	return EX_IOERR;
}

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 'd':
		return 86400;
	case 'h':
		return 3600;
	case 'm':
		return 60;
	default:
		return 0;
	}
}

/* "7d": seconds before now. Nine digits of days still fit. */
static bool parse_age(int64_t *out, struct span text)
{
	struct span digits = csp_span_slice(text, 0, text.len ? text.len - 1 : 0);
	int64_t unit = text.len ? unit_seconds(text.data[text.len - 1]) : 0;
	int64_t number = 0;

	if (!unit || digits.len == 0 || digits.len > 9)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (!csp_ascii_is_digit(digits.data[i]))
			return false;
		number = number * 10 + (digits.data[i] - '0');
	}
	*out = number * unit;
	return true;
}

bool csp_cli_parse_time(int64_t *out, const char *text, int64_t now)
{
	int64_t age;

	if (parse_age(&age, csp_span_from(text))) {
		*out = now - age;
		return true;
	}
	return csp_when_parse(out, csp_span_from(text));
}
