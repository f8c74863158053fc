/*
 * Times the reading of hostile and of honest header text: single Subject and From fields, and whole messages at their limits.
 * Everything is made before the clock starts, which is this thread's own processor time; rounds are interleaved.
 * Exit status 0, or 1 when a whole message takes too long or its cost grows faster than its size.
 *
 * usage: headers [-q] [-k NAME] CONF
 *
 * "field" lines: nanoseconds to read one field, the median over rounds, and how many times what it takes to unfold the same
 * bytes. "message" lines: milliseconds from the first field to the decision, without a customer in the directory, for a
 * message at the default limit and at 2, 4 and 8 times that; "growth" is the mean factor of a doubling (2.0 is linear).
 * -k measures one case alone. With -q few rounds are made and nothing but growth is judged: the build need not be a fast one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "addrlist.h"
#include "decide.h"
#include "encword.h"
#include "lookalike.h"
#include "text.h"
#include "timing.h"

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define ARENA_MAX      ((size_t)4 << 30)
#define MEGABYTE       ((size_t)1 << 20)
#define MILLISECONDS   50.0
#define GROWTH         2.5
#define GROWTH_QUICK   3.5
#define ROUNDS_MAX     401
#define FIELDS_A_ROUND 200

enum { SCALES = 4 };

struct work {
	struct snapshot *snapshot;
	struct directory *directory;
	const char *only; /* a case's name; NULL: all */
	bool quick;
};

/* ---- single fields ---- */

struct field_case {
	const char *name;
	void (*read)(struct span body);
	struct span piece;
	size_t size; /* bytes; the piece is repeated */
};

static void read_subject(struct span body)
{
	struct buf decoded, normal, folded, changed;
	bool undecodable = false;

	csp_buf_init(&decoded, 64 * MEGABYTE);
	csp_buf_init(&normal, 64 * MEGABYTE);
	csp_buf_init(&folded, 64 * MEGABYTE);
	csp_buf_init(&changed, 64 * MEGABYTE);
	csp_encword_decode(&decoded, &undecodable, body);
	csp_text_normalise(&normal, csp_buf_span(&decoded));
	if (csp_lookalikes_fold(&folded, &changed, csp_buf_span(&normal), LOOKALIKE_SMALL) ==
	    LOOKALIKE_TWO)
		csp_lookalikes_fold(&folded, &changed, csp_buf_span(&normal), LOOKALIKE_CAPITAL);
	if (csp_buf_failed(&decoded) || csp_buf_failed(&normal) || csp_buf_failed(&folded))
		abort();
	csp_buf_dispose(&decoded);
	csp_buf_dispose(&normal);
	csp_buf_dispose(&folded);
	csp_buf_dispose(&changed);
}

static void read_from(struct span body)
{
	struct addrlist list = {0};
	struct arena arena;

	csp_arena_init(&arena, MEGABYTE);
	if (!csp_addrlist_parse(&list, &arena, body))
		abort();
	csp_arena_dispose(&arena);
}

static void read_nothing(struct span body)
{
	struct buf unfolded;
	bool bare = false;

	csp_buf_init(&unfolded, body.len + 1);
	csp_header_unfold(&unfolded, &bare, body);
	csp_buf_dispose(&unfolded);
}

static const struct field_case field_cases[] = {
	{"subject-plain", read_subject,
	 SPAN_INIT("Your invoice 4711 for Contoso is ready, please pay by Friday"), 60},
	{"subject-encoded", read_subject,
	 SPAN_INIT("=?utf-8?B?UmVjaG51bmcgZsO8ciBNw6Ryeg==?= =?iso-8859-1?Q?=FCber_12,50_EUR?="),
	 74},
	{"subject-cyrillic", read_subject,
	 SPAN_INIT("\xd0\xa1\xd1\x87\xd1\x91\xd1\x82 \xd0\xb7\xd0\xb0 "
		   "\xd0\xbf\xd0\xbe\xd0\xb4\xd0\xbf\xd0\xb8\xd1\x81\xd0\xba\xd1\x83 "),
	 66},
	{"subject-worst-charsets", read_subject, SPAN_INIT("=?koi8-r?q?=C1?= =?koi8-u?q?=C1?= "),
	 998},
	{"subject-worst-accents", read_subject, SPAN_INIT("\xcc\xa3\xcc\x81"), 998},
	{"from-plain", read_from, SPAN_INIT("Contoso Billing <billing@contoso.example>"), 41},
	{"from-encoded", read_from,
	 SPAN_INIT("=?utf-8?Q?Rechnungsstelle_M=C3=BCnchen?= <billing@contoso.example>"), 62},
	{"from-worst-addresses", read_from, SPAN_INIT("a@b.c,"), 998},
	{"from-worst-names", read_from, SPAN_INIT("=?utf-8?q?a=40b=2Ec?= "), 998},
};

static bool is_wanted(const struct work *work, const char *name)
{
	return !work->only || strcmp(work->only, name) == 0;
}

static void fill(struct buf *out, struct span piece, size_t size)
{
	csp_buf_init(out, size + piece.len);
	while (out->len < size)
		csp_buf_append(out, piece);
	if (csp_buf_failed(out))
		abort();
	out->len = size;
}

static double time_field(void (*read)(struct span), struct span body)
{
	double start = now();

	for (size_t i = 0; i < FIELDS_A_ROUND; i++)
		read(body);
	return (now() - start) / FIELDS_A_ROUND;
}

static void measure_fields(const struct work *work)
{
	size_t rounds = work->quick ? 5 : ROUNDS_MAX;
	static double times[COUNT(field_cases)][2][ROUNDS_MAX];
	struct buf bodies[COUNT(field_cases)];

	for (size_t i = 0; i < COUNT(field_cases); i++)
		fill(&bodies[i], field_cases[i].piece, field_cases[i].size);
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < COUNT(field_cases); i++) {
			if (!is_wanted(work, field_cases[i].name))
				continue;
			struct span body = csp_buf_span(&bodies[i]);
			times[i][0][round] = time_field(read_nothing, body);
			times[i][1][round] = time_field(field_cases[i].read, body);
		}
	}
	for (size_t i = 0; i < COUNT(field_cases); i++) {
		if (!is_wanted(work, field_cases[i].name))
			continue;
		double unfold = median(times[i][0], rounds);
		double read = median(times[i][1], rounds);
		printf("field=%s bytes=%zu ns=%.0f unfold=%.0f ratio=%.1f\n", field_cases[i].name,
		       field_cases[i].size, read, unfold, read / unfold);
	}
	for (size_t i = 0; i < COUNT(field_cases); i++)
		csp_buf_dispose(&bodies[i]);
}

/* ---- whole messages ---- */

enum bulk { BULK_BODY, BULK_FIELDS, BULK_RECIPIENTS };

struct message_case {
	const char *name;
	enum bulk bulk;
	const char *field;
	struct span
		piece; /* of the body, or a whole body, or what stands behind a recipient's number */
	size_t size;   /* at the default limit: bytes, fields, recipients */
};

static const struct message_case message_cases[] = {
	{"megabyte-plain", BULK_BODY, "Subject", SPAN_INIT("Your invoice 4711 is ready "),
	 MEGABYTE},
	{"megabyte-letters", BULK_BODY, "Subject", SPAN_INIT("a"), MEGABYTE},
	{"megabyte-encoded", BULK_BODY, "Subject", SPAN_INIT("=?utf-8?q?=C3=BC?= "), MEGABYTE},
	{"megabyte-charsets", BULK_BODY, "Subject", SPAN_INIT("=?koi8-r?q?=C1?= =?koi8-u?q?=C1?= "),
	 MEGABYTE},
	{"megabyte-stateful", BULK_BODY, "Subject",
	 SPAN_INIT("=?iso-2022-jp?b?GyRCQEE?= =?hz?q?=7E=7B?= "), MEGABYTE},
	{"megabyte-open", BULK_BODY, "Subject", SPAN_INIT("=?utf-8?q?a"), MEGABYTE},
	{"megabyte-accents", BULK_BODY, "Subject", SPAN_INIT("\xcc\xa3\xcc\x81"), MEGABYTE},
	{"megabyte-ligatures", BULK_BODY, "Subject", SPAN_INIT("\xef\xb7\xba"), MEGABYTE},
	{"megabyte-lookalikes", BULK_BODY, "Subject", SPAN_INIT("inv\xd0\xbeice 1 "), MEGABYTE},
	{"megabyte-phrases", BULK_BODY, "Subject",
	 SPAN_INIT("renew your certificate subscription, card was declined, "), MEGABYTE},
	{"megabyte-identifiers", BULK_BODY, "Subject", SPAN_INIT("EX12345 MC1 "), MEGABYTE},
	{"megabyte-from", BULK_BODY, "From", SPAN_INIT("a@b.example, "), MEGABYTE},
	{"megabyte-from-groups", BULK_BODY, "From", SPAN_INIT("a:b,"), MEGABYTE},
	{"megabyte-from-comments", BULK_BODY, "From", SPAN_INIT("(a\\)"), MEGABYTE},
	{"megabyte-from-names", BULK_BODY, "From", SPAN_INIT("=?utf-8?q?a=40b=2Ec?= <a@b.c>, "),
	 MEGABYTE},
	{"megabyte-other", BULK_BODY, "X-Other", SPAN_INIT("word "), MEGABYTE},
	{"fields-other", BULK_FIELDS, "X-Other", SPAN_INIT("word"), 10000},
	{"fields-subject", BULK_FIELDS, "Subject", SPAN_INIT("=?koi8-r?q?=C1?= invoice 1"), 10000},
	{"fields-from", BULK_FIELDS, "From", SPAN_INIT("a <a@b.example>"), 10000},
	{"fields-tag", BULK_FIELDS, "X-PM-Tag", SPAN_INIT("invoice"), 10000},
	{"recipients-one-domain", BULK_RECIPIENTS, NULL, SPAN_INIT("@customer.example>"), 50000},
	{"recipients-many-domains", BULK_RECIPIENTS, NULL, SPAN_INIT(".customer.example>"), 50000},
	{"recipients-routed", BULK_RECIPIENTS, NULL, SPAN_INIT("%a@customer.example>"), 50000},
};

static bool add_bulk(struct message *message, const struct message_case *c, size_t count,
		     struct span body)
{
	char path[128];

	if (c->bulk == BULK_BODY)
		return csp_message_add_field(message, csp_span_from(c->field), body);
	for (size_t i = 0; i < count; i++) {
		/* Without an '@' in the piece every recipient has a domain of its own. */
		bool domain = csp_span_find(c->piece, '@') == c->piece.len;
		snprintf(path, sizeof path, "<user%s%zu%.*s", domain ? "@d" : "", i,
			 SPAN_ARG(c->piece));
		bool added =
			c->bulk == BULK_FIELDS
				? csp_message_add_field(message, csp_span_from(c->field), c->piece)
				: csp_message_add_recipient(message, csp_span_from(path));
		if (!added)
			return false;
	}
	return true;
}

static bool is_decided(const struct work *work, struct arena *arena, const struct message_case *c,
		       size_t scale, struct span body)
{
	struct message_limits limits = csp_snapshot_conf(work->snapshot)->limits;
	const struct decide_context context = {
		.snapshot = work->snapshot,
		.directory = work->directory,
		.id = SPAN_LIT("01kb00000000000000000000aa"),
		.now = {.tv_sec = 1781956800},
		.host = SPAN_LIT("mx.example"),
	};
	struct message message;

	limits.header_bytes = 16 * MEGABYTE;
	limits.header_fields = limits.recipients = limits.encoded_words = 1000000;
	csp_message_init(&message, arena, limits);
	message.reverse_path = SPAN_LIT("<billing@vendor.example>");
	return csp_message_add_recipient(&message, SPAN_LIT("<a@customer.example>")) &&
	       add_bulk(&message, c, c->size * scale, body) && csp_decide(&context, &message);
}

/* Milliseconds. The arena is given back outside of the clock, as the daemon does it behind the answer. */
static double time_message(const struct work *work, const struct message_case *c, size_t scale)
{
	struct arena arena;
	struct buf body;

	fill(&body, c->piece, c->bulk == BULK_BODY ? c->size * scale : 0);
	csp_arena_init(&arena, ARENA_MAX);
	double start = now();
	if (!is_decided(work, &arena, c, scale, csp_buf_span(&body)))
		abort();
	double taken = (now() - start) / 1e6;
	csp_arena_dispose(&arena);
	csp_buf_dispose(&body);
	return taken;
}

static bool tell(const struct work *work, const struct message_case *c, const double ms[SCALES])
{
	double growth = 1;

	/* The cube root of eight times. */
	while (growth * growth * growth < ms[SCALES - 1] / ms[0])
		growth += 0.01;
	bool good = growth <= (work->quick ? GROWTH_QUICK : GROWTH) &&
		    (work->quick || ms[0] <= MILLISECONDS);
	printf("message=%s ms=%.2f x2=%.2f x4=%.2f x8=%.2f growth=%.2f%s\n", c->name, ms[0], ms[1],
	       ms[2], ms[3], growth, good ? "" : " TOO MUCH");
	return good;
}

static bool measure_messages(const struct work *work)
{
	static double times[COUNT(message_cases)][SCALES][ROUNDS_MAX];
	size_t rounds = work->quick ? 1 : 21;
	bool good = true;

	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < COUNT(message_cases); i++) {
			if (!is_wanted(work, message_cases[i].name))
				continue;
			for (size_t scale = 0; scale < SCALES; scale++)
				times[i][scale][round] =
					time_message(work, &message_cases[i], (size_t)1 << scale);
		}
	}
	for (size_t i = 0; i < COUNT(message_cases); i++) {
		double ms[SCALES];
		if (!is_wanted(work, message_cases[i].name))
			continue;
		for (size_t scale = 0; scale < SCALES; scale++)
			ms[scale] = median(times[i][scale], rounds);
		good = tell(work, &message_cases[i], ms) && good;
	}
	return good;
}

/* ---- the site: the configuration given, and a directory in which there is nobody ---- */

static void report(void *context, const struct conf_error *error)
{
	(void)context;
	fprintf(stderr, "headers: %s:%u: %s\n", error->file, error->line, error->text);
}

static void remove_directory(const char *folder)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock"};
	char path[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		(void)remove(path);
	}
	(void)rmdir(folder);
}

static bool run(struct work *work, const char *conf)
{
	char folder[] = "/tmp/csp-headers-XXXXXX";

	if (csp_snapshot_new(&work->snapshot, conf, report, NULL) != CONF_OK || !mkdtemp(folder))
		return false;
	bool good = csp_text_warm_up() &&
		    csp_directory_open(&work->directory, folder, true) == DIRECTORY_OK;
	if (good) {
		measure_fields(work);
		good = measure_messages(work);
		csp_directory_close(work->directory);
	}
	csp_snapshot_release(work->snapshot);
	remove_directory(folder);
	return good;
}

static bool parse_options(struct work *work, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "qk:")) != -1) {
		if (letter == 'q')
			work->quick = true;
		else if (letter == 'k')
			work->only = optarg;
		else
			return false;
	}
	return argc - optind == 1;
}

int main(int argc, char **argv)
{
	struct work work = {0};

	if (!parse_options(&work, argc, argv)) {
		fputs("usage: headers [-q] [-k NAME] CONF\n", stderr);
		return EX_USAGE;
	}
	return run(&work, argv[optind]) ? EX_OK : 1;
}
