#include "score.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "report.h"

#define NAME_SIZE 24

struct counts {
	uint64_t of[CATEGORIES_MAX][CATEGORIES_MAX]; /* [expected][found] */
};

struct language {
	char name[NAME_SIZE];
	size_t name_len;
	uint64_t lines;
	struct counts counts;
};

struct score {
	const struct categories *categories;
	struct counts counts;
	struct language *languages;
	size_t language_count;
};

bool csp_score_new(struct score **out, const struct categories *categories)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return false;
	(*out)->categories = categories;
	return true;
}

void csp_score_free(struct score *score)
{
	if (!score)
		return;
	free(score->languages);
	free(score);
}

static bool add_language(struct score *score, struct span name)
{
	size_t count = score->language_count;
	struct language *grown, *language;

	if (count == SCORE_LANGUAGES_MAX)
		return false;
	grown = realloc(score->languages, (count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	score->languages = grown;
	language = &grown[score->language_count++];
	*language = (struct language){.name_len = name.len};
	for (size_t i = 0; i < name.len; i++)
		language->name[i] = name.data[i];
	return true;
}

static struct language *language_of(struct score *score, struct span name)
{
	name = csp_span_slice(csp_span_trim(name), 0, NAME_SIZE);
	for (size_t i = 0; i < score->language_count; i++) {
		struct language *language = &score->languages[i];

		if (csp_span_equal((struct span){language->name, language->name_len}, name))
			return language;
	}
	return add_language(score, name) ? &score->languages[score->language_count - 1] : NULL;
}

bool csp_score_add(struct score *score, unsigned expected, unsigned found, struct span language)
{
	struct language *own;

	score->counts.of[expected][found]++;
	if (language.len == 0)
		return true;
	own = language_of(score, language);
	if (!own)
		return false;
	own->lines++;
	own->counts.of[expected][found]++;
	return true;
}

struct interval csp_score_interval(uint64_t right, uint64_t count)
{
	const double z = 1.959963984540054;
	double n = (double)count, share, middle, half;

	if (count == 0)
		return (struct interval){0, 1};
	share = (double)right / n;
	middle = share + z * z / (2 * n);
	half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
	return (struct interval){fmax(0, (middle - half) / (1 + z * z / n)),
				 fmin(1, (middle + half) / (1 + z * z / n))};
}

static uint64_t count_expected(const struct counts *counts, unsigned category)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < CATEGORIES_MAX; i++)
		sum += counts->of[category][i];
	return sum;
}

static uint64_t count_found(const struct counts *counts, unsigned category)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < CATEGORIES_MAX; i++)
		sum += counts->of[i][category];
	return sum;
}

static void append_share(struct buf *out, uint64_t right, uint64_t count)
{
	struct interval interval = csp_score_interval(right, count);

	if (count == 0)
		csp_buf_append_format(out, "  %-22s", "-");
	else
		csp_buf_append_format(out, "  %.3f [%.3f, %.3f] ", (double)right / (double)count,
				      interval.low, interval.high);
}

/* A column's width is at least that of a count. */
static void append_name(struct buf *out, struct span name)
{
	csp_report_append_safe(out, name);
	for (size_t i = name.len; i < 16; i++)
		csp_buf_append_char(out, ' ');
}

static void write_confusion(struct buf *out, const struct score *score)
{
	const struct categories *categories = score->categories;

	csp_buf_append(out, SPAN_LIT("expected \\ found"));
	for (unsigned i = 0; i < categories->count; i++)
		csp_buf_append_format(out, "  %12.*s", SPAN_ARG(categories->names[i]));
	csp_buf_append_char(out, '\n');
	for (unsigned i = 0; i < categories->count; i++) {
		append_name(out, categories->names[i]);
		for (unsigned j = 0; j < categories->count; j++)
			csp_buf_append_format(out, "  %12" PRIu64, score->counts.of[i][j]);
		csp_buf_append_char(out, '\n');
	}
}

static void write_category(struct buf *out, const struct counts *counts, unsigned category,
			   struct span name)
{
	uint64_t expected = count_expected(counts, category);
	uint64_t found = count_found(counts, category);
	uint64_t right = counts->of[category][category];

	append_name(out, name);
	csp_buf_append_format(out, "  %7" PRIu64 "  %7" PRIu64 "  %7" PRIu64, expected, found,
			      right);
	append_share(out, right, expected);
	append_share(out, right, found);
	/* The last column is padded like the others. */
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->len--;
	csp_buf_append_char(out, '\n');
}

static void write_heading(struct buf *out, const char *first)
{
	csp_buf_append_format(out, "%s%-16s  %7s  %7s  %7s  %-22s  %s\n", first, "category",
			      "lines", "found", "right", "recall", "precision");
}

static int by_name(const void *a, const void *b)
{
	const struct language *one = a, *other = b;

	return csp_span_compare((struct span){one->name, one->name_len},
				(struct span){other->name, other->name_len});
}

static void write_language(struct buf *out, const struct language *language,
			   const struct categories *categories)
{
	for (unsigned i = 0; i < categories->count; i++) {
		if (count_expected(&language->counts, i) + count_found(&language->counts, i) == 0)
			continue;
		append_name(out, (struct span){language->name, language->name_len});
		csp_buf_append(out, SPAN_LIT("  "));
		write_category(out, &language->counts, i, categories->names[i]);
	}
}

static void write_languages(struct buf *out, const struct score *score)
{
	size_t shown = 0;

	if (score->language_count > 1)
		qsort(score->languages, score->language_count, sizeof(*score->languages), by_name);
	for (size_t i = 0; i < score->language_count; i++) {
		if (score->languages[i].lines < SCORE_LANGUAGE_MIN)
			continue;
		if (shown++ == 0) {
			csp_buf_append_char(out, '\n');
			write_heading(out, "language          ");
		}
		write_language(out, &score->languages[i], score->categories);
	}
}

void csp_score_write(struct buf *out, const struct score *score)
{
	write_confusion(out, score);
	csp_buf_append_char(out, '\n');
	write_heading(out, "");
	for (unsigned i = 0; i < score->categories->count; i++)
		write_category(out, &score->counts, i, score->categories->names[i]);
	write_languages(out, score);
}
