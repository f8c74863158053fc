#include "when.h"

#include <stdio.h>
#include <time.h>

#define DAY   ((int64_t)86400)
#define FIRST ((int64_t)-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST  ((int64_t)253402300799) /* 9999-12-31T23:59:59Z */

/* Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static int64_t month_length(int64_t year, int64_t month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Exactly `digits` digits, then `separator` (none when NUL), taken from *rest. */
static bool take_number(int64_t *out, struct span *rest, size_t digits, char separator)
{
	size_t len = digits + (separator ? 1 : 0);

	if (rest->len < len || (separator && rest->data[digits] != separator))
		return false;
	*out = 0;
	for (size_t i = 0; i < digits; i++) {
		if (!csp_ascii_is_digit(rest->data[i]))
			return false;
		*out = *out * 10 + (rest->data[i] - '0');
	}
	*rest = csp_span_slice(*rest, len, rest->len);
	return true;
}

static bool take_date(int64_t *days, struct span *rest)
{
	int64_t year, month, day;

	if (!take_number(&year, rest, 4, '-') || !take_number(&month, rest, 2, '-') ||
	    !take_number(&day, rest, 2, '\0') || year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > month_length(year, month))
		return false;
	*days = days_of(year, month, day);
	return true;
}

static void skip_fraction(struct span *rest)
{
	size_t len = 1;

	if (rest->len < 2 || rest->data[0] != '.' || !csp_ascii_is_digit(rest->data[1]))
		return;
	while (len < rest->len && csp_ascii_is_digit(rest->data[len]))
		len++;
	*rest = csp_span_slice(*rest, len, rest->len);
}

/* Seconds that local time is ahead of UTC. */
static bool take_offset(int64_t *offset, struct span *rest)
{
	int64_t hours, minutes;
	char sign = rest->len ? rest->data[0] : '\0';

	*offset = 0;
	*rest = csp_span_slice(*rest, 1, rest->len);
	if (sign == 'Z' || sign == 'z')
		return true;
	if ((sign != '+' && sign != '-') || !take_number(&hours, rest, 2, ':') ||
	    !take_number(&minutes, rest, 2, '\0') || hours > 23 || minutes > 59)
		return false;
	*offset = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return true;
}

static bool take_time(int64_t *seconds, struct span *rest)
{
	int64_t hour, minute, second, offset;

	if (rest->data[0] != 'T' && rest->data[0] != 't')
		return false;
	*rest = csp_span_slice(*rest, 1, rest->len);
	if (!take_number(&hour, rest, 2, ':') || !take_number(&minute, rest, 2, ':') ||
	    !take_number(&second, rest, 2, '\0') || hour > 23 || minute > 59 || second > 60)
		return false;
	skip_fraction(rest);
	if (!take_offset(&offset, rest))
		return false;
	*seconds = hour * 3600 + minute * 60 + second - offset;
	return true;
}

bool csp_when_parse(int64_t *out, struct span text)
{
	int64_t days, seconds = 0;

	if (!take_date(&days, &text) || (text.len > 0 && !take_time(&seconds, &text)) ||
	    text.len > 0)
		return false;
	*out = days * DAY + seconds;
	return true;
}

struct span csp_when_format(char out[WHEN_TEXT_SIZE], int64_t time)
{
	time_t seconds = (time_t)time;
	struct tm parts;

	out[0] = '\0';
	if (time < FIRST || time > LAST || !gmtime_r(&seconds, &parts))
		return SPAN_LIT("");
	int len = snprintf(out, WHEN_TEXT_SIZE, "%04d", parts.tm_year + 1900);
	size_t year = len > 0 ? (size_t)len : 0;
	return (struct span){out, year + strftime(out + year, WHEN_TEXT_SIZE - year,
						  "-%m-%dT%H:%M:%SZ", &parts)};
}
