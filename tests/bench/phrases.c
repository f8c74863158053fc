/*
 * Times the classification of subject lines by 100, 1,000 and 10,000 phrases, taken evenly from the packs of a configuration.
 * The clock is this thread's own processor time; rounds are interleaved. A loop over the same phrases as PCRE2 expressions, one
 * after the other, is the baseline; it gets as many lines as it can read in a moment.
 * Exit status 0, or 1 when 10,000 phrases take more than twice the time of 100.
 *
 * usage: phrases [-q] CONF LINES FOLDER
 *
 * LINES is a file of subject lines; FOLDER gets the phrases as N.txt, for other programs. A line for each number: what building takes
 * (milliseconds, kilobytes), and nanoseconds a line. With -q few rounds are made and nothing is judged.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "classify.h"
#include "conf.h"
#include "text.h"
#include "timing.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define LINES_MAX     100000
#define ROUNDS_MAX    31
#define GROWTH        2.0
#define BASELINE_WORK 200000 /* expressions tried in a round */
#define MEGABYTE      ((size_t)1 << 20)

static const size_t numbers[] = {100, 1000, 10000};

struct lines {
	struct span items[LINES_MAX];
	size_t count;
};

struct contest {
	struct phrase *phrases;
	struct pack pack;
	struct classifier *classifier;
	struct classify_scratch *scratch;
	pcre2_code **expressions;
	double build_ms;
	size_t kilobytes;
	double ns[ROUNDS_MAX], plain_ns[ROUNDS_MAX], jit_ns[ROUNDS_MAX];
};

static size_t memory_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* ---- the baseline ---- */

static void append_expression(struct buf *out, struct span phrase)
{
	csp_buf_append(out, SPAN_LIT("\\b"));
	for (size_t i = 0; i < phrase.len; i++) {
		char c = phrase.data[i];
		if (c == '*')
			csp_buf_append(out, SPAN_LIT("\\w*"));
		else if (c == '#')
			csp_buf_append(out, SPAN_LIT("\\d+"));
		else if (c == '.' || c == ' ')
			csp_buf_append(out, SPAN_LIT("\\W+"));
		else if (c < 0 || csp_ascii_is_alpha(c) || csp_ascii_is_digit(c))
			csp_buf_append_char(out, c);
		else
			csp_buf_append_format(out, "\\%c", c);
	}
}

static pcre2_code *compile(struct span phrase)
{
	struct buf text;
	int error;
	size_t at;

	csp_buf_init(&text, MEGABYTE);
	append_expression(&text, phrase);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.data, text.len,
					 PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &error, &at, NULL);
	csp_buf_dispose(&text);
	return code;
}

static double time_baseline(const struct contest *contest, const struct lines *lines, size_t seed,
			    uint32_t options)
{
	size_t count = contest->pack.phrase_count;
	size_t taken = BASELINE_WORK / count;
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	double start = now();

	for (size_t i = 0; i < taken; i++) {
		struct span line = lines->items[(seed + i) % lines->count];
		for (size_t j = 0; j < count; j++)
			(void)pcre2_match(contest->expressions[j], (PCRE2_SPTR)line.data, line.len,
					  0, options, data, NULL);
	}
	double ns = (now() - start) / (double)taken;
	pcre2_match_data_free(data);
	return ns;
}

/* ---- ours ---- */

static void classify_line(struct contest *contest, struct arena *arena, struct span line)
{
	static const struct vendor nobody = {0};
	struct field field = {.name = SPAN_LIT("Subject"), .body = line};
	struct message message;
	struct authors authors;
	struct sender sender = {.known = true};
	struct classification found;

	csp_message_init(&message, arena,
			 (struct message_limits){
				 .header_bytes = MEGABYTE, .header_fields = 10, .recipients = 1});
	if (!csp_message_add_field(&message, field.name, field.body) ||
	    !csp_authors_collect(&authors, &message, &nobody))
		abort();
	csp_classify(&found, contest->classifier, contest->scratch, &message, &authors, &sender);
	if (!found.known)
		abort();
	csp_arena_reset(arena);
}

static double time_ours(struct contest *contest, const struct lines *lines)
{
	struct arena arena;

	csp_arena_init(&arena, MEGABYTE);
	double start = now();
	for (size_t i = 0; i < lines->count; i++)
		classify_line(contest, &arena, lines->items[i]);
	double ns = (now() - start) / (double)lines->count;
	csp_arena_dispose(&arena);
	return ns;
}

static void write_phrases(const struct pack *pack, const char *folder)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%zu.txt", folder, pack->phrase_count);
	FILE *stream = fopen(path, "w");
	if (!stream)
		abort();
	for (size_t i = 0; i < pack->phrase_count; i++)
		fprintf(stream, "%.*s\n", SPAN_ARG(pack->phrases[i].text));
	if (fclose(stream) != 0)
		abort();
}

static void open_contest(struct contest *contest, const struct conf *conf, size_t number)
{
	const struct classify_settings settings = {.categories = &conf->categories,
						   .text_fields = conf->text_fields};
	struct phrase *phrases = calloc(number, sizeof *phrases);
	struct classifier_error error;

	contest->expressions = calloc(number, sizeof(pcre2_code *));
	if (!phrases || !contest->expressions || conf->pack.phrase_count < number)
		abort();
	for (size_t i = 0; i < number; i++) {
		phrases[i] = conf->pack.phrases[i * conf->pack.phrase_count / number];
		contest->expressions[i] = compile(phrases[i].text);
		if (!contest->expressions[i])
			abort();
	}
	contest->phrases = phrases;
	contest->pack = (struct pack){.phrases = phrases, .phrase_count = number};
	size_t before = memory_used();
	double start = now();
	if (!csp_classifier_new(&contest->classifier, &error, &contest->pack, &settings) ||
	    !csp_classify_scratch_new(&contest->scratch, contest->classifier))
		abort();
	contest->build_ms = (now() - start) / 1e6;
	contest->kilobytes = (memory_used() - before) / 1024;
}

static void close_contest(struct contest *contest)
{
	for (size_t i = 0; i < contest->pack.phrase_count; i++)
		pcre2_code_free(contest->expressions[i]);
	free(contest->expressions);
	csp_classify_scratch_free(contest->scratch);
	csp_classifier_free(contest->classifier);
	free(contest->phrases);
}

static bool run(const struct conf *conf, const struct lines *lines, const char *folder, bool quick)
{
	static struct contest contests[COUNT(numbers)];
	size_t rounds = quick ? 3 : ROUNDS_MAX;
	double ours[COUNT(numbers)];

	for (size_t i = 0; i < COUNT(numbers); i++) {
		open_contest(&contests[i], conf, numbers[i]);
		write_phrases(&contests[i].pack, folder);
	}
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < COUNT(numbers); i++) {
			contests[i].ns[round] = time_ours(&contests[i], lines);
			contests[i].plain_ns[round] =
				time_baseline(&contests[i], lines, round * 997,
					      PCRE2_NO_JIT | PCRE2_NO_UTF_CHECK);
		}
	for (size_t i = 0; i < COUNT(numbers); i++)
		for (size_t j = 0; j < numbers[i]; j++)
			(void)pcre2_jit_compile(contests[i].expressions[j], PCRE2_JIT_COMPLETE);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < COUNT(numbers); i++)
			contests[i].jit_ns[round] =
				time_baseline(&contests[i], lines, round * 997, PCRE2_NO_UTF_CHECK);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		ours[i] = median(contests[i].ns, rounds);
		printf("phrases=%zu build-ms=%.1f kilobytes=%zu ns=%.0f pcre2-ns=%.0f "
		       "pcre2-jit-ns=%.0f\n",
		       numbers[i], contests[i].build_ms, contests[i].kilobytes, ours[i],
		       median(contests[i].plain_ns, rounds), median(contests[i].jit_ns, rounds));
		close_contest(&contests[i]);
	}
	return quick || ours[COUNT(numbers) - 1] <= GROWTH * ours[0];
}

/* The text stays in *text. */
static bool read_lines(struct lines *out, struct buf *text, const char *path)
{
	FILE *stream = fopen(path, "r");
	char line[65536];

	csp_buf_init(text, 64 * MEGABYTE);
	if (!stream)
		return false;
	while (fgets(line, sizeof line, stream))
		csp_buf_append(text, csp_span_from(line));
	fclose(stream);
	struct span rest = csp_buf_span(text);
	struct span head;
	while (out->count < LINES_MAX && rest.len) {
		csp_span_split(&head, &rest, rest, '\n');
		out->items[out->count++] = head;
	}
	return out->count > 0;
}

static void report(void *context, const struct conf_error *error)
{
	(void)context;
	fprintf(stderr, "phrases: %s:%u: %s\n", error->file, error->line, error->text);
}

int main(int argc, char **argv)
{
	static struct lines lines;
	bool quick = argc > 1 && strcmp(argv[1], "-q") == 0;
	char **words = argv + 1 + quick;
	struct conf *conf;
	struct buf text;

	if (argc - quick != 4) {
		fputs("usage: phrases [-q] CONF LINES FOLDER\n", stderr);
		return EX_USAGE;
	}
	if (csp_conf_read(&conf, words[0], report, NULL) != CONF_OK || !csp_text_warm_up() ||
	    !read_lines(&lines, &text, words[1]))
		return EX_NOINPUT;
	bool good = run(conf, &lines, words[2], quick);
	csp_buf_dispose(&text);
	csp_conf_free(conf);
	return good ? EX_OK : 1;
}
