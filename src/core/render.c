#include "render.h"

#include "encword.h"

#define FIELD_MAX   ((size_t)4 << 20)
#define MAILBOX_MAX 4096

void csp_render_field(struct buf *out, const struct message *message, struct span name)
{
	size_t at = 0;
	const struct field *field = csp_message_next_field(message, &at, name);
	struct buf unfolded;
	bool ignored = false;

	if (!field)
		return;
	csp_buf_init(&unfolded, FIELD_MAX);
	csp_header_unfold(&unfolded, &ignored, field->body);
	csp_encword_decode(out, &ignored, csp_buf_span(&unfolded));
	if (csp_buf_failed(&unfolded))
		out->failed = true;
	csp_buf_dispose(&unfolded);
}

void csp_render_mailbox(struct buf *out, const struct mailbox *mailbox)
{
	struct arena arena;
	struct span text;

	csp_arena_init(&arena, MAILBOX_MAX);
	if (csp_mailbox_format(&text, &arena, mailbox))
		csp_buf_append(out, text);
	else
		out->failed = true;
	csp_arena_dispose(&arena);
}

struct date {
	int64_t year;
	unsigned month, day;
};

/*
 * The civil date of a day counted from 1970-01-01, in the Gregorian calendar without end. Years are
 * counted from March, so that the leap day is the last of its year.
 */
static struct date date_of_day(int64_t day)
{
	int64_t shifted = day + 719468; /* from 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	unsigned day_of_era = (unsigned)(shifted - era * 146097);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * day_of_year + 2) / 153; /* March is 0 */
	struct date date = {
		.year = (int64_t)year_of_era + era * 400 + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = day_of_year - (153 * month + 2) / 5 + 1,
	};

	return date;
}

void csp_render_time(struct buf *out, struct timespec time)
{
	int64_t seconds = time.tv_sec;
	int64_t day = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
	unsigned of_day = (unsigned)(seconds - day * 86400);
	struct date date = date_of_day(day);

	csp_buf_append_format(out, "%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ", (long long)date.year,
			      date.month, date.day, of_day / 3600, of_day / 60 % 60, of_day % 60,
			      (unsigned)(time.tv_nsec / 1000000));
}

void csp_render_reply(struct buf *out, const struct plan *plan)
{
	if (!plan->reply_code.len)
		return;
	csp_buf_append(out, plan->reply_code);
	csp_buf_append_char(out, ' ');
	csp_buf_append(out, plan->reply_enhanced);
	csp_buf_append_char(out, ' ');
	csp_buf_append(out, plan->reply_text);
}

const char *csp_author_field_name(enum author_field field)
{
	static const char *const names[] = {
		[AUTHOR_FROM] = "from",
		[AUTHOR_SENDER] = "sender",
		[AUTHOR_REVERSE_PATH] = "reverse-path",
		[AUTHOR_RESENT_FROM] = "resent-from",
		[AUTHOR_RESENT_SENDER] = "resent-sender",
	};

	return names[field];
}

const char *csp_party_name(enum party party)
{
	static const char *const names[] = {"other", "vendor", "partner", "unknown"};

	return names[party];
}

struct span csp_render_category(const struct decision *decision)
{
	if (!decision->classification->known)
		return SPAN_LIT("");
	return decision->categories->names[decision->classification->category];
}

void csp_render_methods(struct json *json, unsigned methods)
{
	csp_json_key(json, "proven_by");
	csp_json_array(json);
	for (unsigned i = 0; i < AUTH_METHOD_COUNT; i++) {
		if (methods & (1U << i))
			csp_json_text(json, csp_span_from(csp_auth_method_name(
						    (enum auth_method)(1U << i))));
	}
	csp_json_array_end(json);
}

void csp_render_authentication(struct json *json, const struct authentication *authentication)
{
	csp_json_key(json, "authentication");
	if (!authentication->settings) {
		csp_json_null(json);
		return;
	}
	csp_json_object(json);
	csp_json_key(json, "trusted_hop");
	csp_json_bool(json, authentication->hop);
	csp_json_number_at(json, "fields", (int64_t)authentication->fields);
	csp_json_number_at(json, "unreadable", (int64_t)authentication->unreadable);
	csp_json_texts_at(json, "dkim", authentication->dkim.items, authentication->dkim.count);
	csp_json_text_or_null_at(json, "spf", authentication->spf);
	csp_json_object_end(json);
}

void csp_render_marks(struct json *json, unsigned marks)
{
	csp_json_key(json, "marks");
	csp_json_array(json);
	for (unsigned i = 0; i < MARK_COUNT; i++) {
		if (marks & (1U << i))
			csp_json_text(json, csp_span_from(csp_mark_name((enum mark)(1U << i))));
	}
	csp_json_array_end(json);
}
