#include "report_chart.h"

#include <stdlib.h>

#include "html.h"
#include "when.h"

#define WIDTH       960
#define HEIGHT      220
#define LEFT        56
#define TOP         8
#define BOTTOM      22
#define BARS_MAX    120 /* days; of more there are months */
#define LABELS      8
#define DAY_SECONDS 86400
#define DAY_LENGTH  (sizeof("2026-11-23") - 1)
#define MONTH_LEN   (sizeof("2026-11") - 1)

/* From the bottom of a bar to its top. */
static const enum review_count layers[] = {COUNT_BLOCK, COUNT_FLAG, COUNT_TEMPFAIL, COUNT_WOULD};
enum { LAYERS = sizeof(layers) / sizeof(layers[0]) };

struct bar {
	char name[DAY_LENGTH + 1];
	uint64_t counts[REVIEW_COUNTS];
};

struct chart {
	struct bar *bars;
	size_t count;
	uint64_t top; /* of the axis */
};

static int64_t day_number(struct span day)
{
	int64_t seconds = 0;

	return csp_when_parse(&seconds, day) ? seconds / DAY_SECONDS : 0;
}

static void name_bar(struct bar *bar, int64_t day, size_t length)
{
	char text[WHEN_TEXT_SIZE];
	struct span name = csp_span_slice(csp_when_format(text, day * DAY_SECONDS), 0, length);

	for (size_t i = 0; i < name.len; i++)
		bar->name[i] = name.data[i];
	bar->name[name.len] = '\0';
}

/* Months are named by their first bar; a row is of the last bar whose name it begins with, or of the next. */
static void fill_bars(struct chart *chart, const struct review_stats_row *rows, size_t count,
		      int64_t first, bool months)
{
	size_t length = months ? MONTH_LEN : DAY_LENGTH;
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t day = day_number(rows[i].key);
		struct bar named = {.name = ""};

		name_bar(&named, day, length);
		if (!months)
			at = (size_t)(day - first);
		else if (chart->count > 0 && !csp_span_equal(csp_span_from(chart->bars[at].name),
							     csp_span_from(named.name)))
			at = chart->count;
		if (at >= chart->count)
			chart->count = at + 1;
		for (size_t c = 0; c < REVIEW_COUNTS; c++)
			chart->bars[at].counts[c] += rows[i].counts[c];
		name_bar(&chart->bars[at], day, length);
	}
	for (size_t i = 0; !months && i < chart->count; i++)
		name_bar(&chart->bars[i], first + (int64_t)i, length);
}

static uint64_t height_of(const struct bar *bar)
{
	uint64_t height = 0;

	for (size_t i = 0; i < LAYERS; i++)
		height += bar->counts[layers[i]];
	return height;
}

/* The least of 1, 2, 5, 10, 20 … that is not below. */
static uint64_t round_up(uint64_t highest)
{
	uint64_t unit = 1;

	while (unit * 10 < highest)
		unit *= 10;
	return highest <= unit       ? unit
	       : highest <= unit * 2 ? unit * 2
	       : highest <= unit * 5 ? unit * 5
				     : unit * 10;
}

static double y_of(const struct chart *chart, uint64_t value)
{
	double share = (double)value / (double)chart->top;

	return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
}

static void write_axis(struct buf *out, const struct chart *chart)
{
	for (unsigned i = 0; i <= 2; i++) {
		uint64_t value = chart->top * i / 2;
		double y = y_of(chart, value);

		if (i == 1 && chart->top % 2 != 0)
			continue;
		csp_buf_append_format(out,
				      "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
				      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
				      LEFT, WIDTH, y, y, LEFT - 6, y + 4);
		csp_html_count(out, value);
		csp_html(out, "</text>\n");
	}
}

/* The outer ones stay inside the picture. */
static void write_label(struct buf *out, const struct chart *chart, size_t index, double x)
{
	double step = (double)(WIDTH - LEFT) / (double)chart->count;
	bool last = index + 1 + chart->count / LABELS / 2 >= chart->count;
	const char *anchor = index == 0 ? "start" : last ? "end" : "middle";
	double at = index == 0 ? x : last ? WIDTH : x + step / 2;

	csp_buf_append_format(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", at,
			      HEIGHT - 6, anchor, chart->bars[index].name);
}

static void write_bar(struct buf *out, const struct chart *chart, size_t index)
{
	const struct bar *bar = &chart->bars[index];
	double step = (double)(WIDTH - LEFT) / (double)chart->count;
	double gap = step > 4 ? step * 0.15 : 0;
	double x = LEFT + step * (double)index + gap / 2;
	uint64_t below = 0;

	csp_buf_append_format(out, "<g><title>%s: ", bar->name);
	csp_html_count(out, bar->counts[COUNT_MESSAGES]);
	csp_html(out, " messages");
	for (size_t i = 0; i < LAYERS; i++)
		csp_buf_append_format(out, ", %llu %s", (unsigned long long)bar->counts[layers[i]],
				      csp_review_count_name(layers[i]));
	csp_html(out, "</title>");
	for (size_t i = 0; i < LAYERS; i++) {
		uint64_t count = bar->counts[layers[i]];
		double y = y_of(chart, below + count);

		if (count > 0)
			csp_buf_append_format(
				out,
				"<rect class=\"bar-%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%.1f\"/>",
				csp_review_count_name(layers[i]), x, y, step - gap,
				y_of(chart, below) - y);
		below += count;
	}
	csp_html(out, "</g>\n");
	if (index % (chart->count / LABELS + 1) == 0)
		write_label(out, chart, index, x);
}

static void write_legend(struct buf *out)
{
	csp_html(out, "<ul class=\"legend\">");
	for (size_t i = 0; i < LAYERS; i++)
		csp_buf_append_format(out,
				      "<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\">"
				      "<rect class=\"bar-%s\" width=\"10\" height=\"10\"/></svg> "
				      "%s</li>",
				      csp_review_count_name(layers[i]),
				      layers[i] == COUNT_WOULD ? "would have been, by a rule that "
								 "is not enforced"
							       : csp_review_count_name(layers[i]));
	csp_html(out, "</ul>\n");
}

static void write_chart(struct buf *out, struct chart *chart)
{
	uint64_t highest = 1;

	for (size_t i = 0; i < chart->count; i++)
		highest =
			height_of(&chart->bars[i]) > highest ? height_of(&chart->bars[i]) : highest;
	chart->top = round_up(highest);
	csp_buf_append_format(out,
			      "<div class=\"scroll\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
			      "aria-label=\"Recipients per "
			      "day whose mail was not just passed\">\n",
			      WIDTH, HEIGHT);
	write_axis(out, chart);
	for (size_t i = 0; i < chart->count; i++)
		write_bar(out, chart, i);
	csp_html(out, "</svg></div>\n");
	write_legend(out);
}

void csp_report_chart(struct buf *out, const struct review_stats_row *rows, size_t count)
{
	int64_t first = count > 0 ? day_number(rows[0].key) : 0;
	int64_t days = count > 0 ? day_number(rows[count - 1].key) - first + 1 : 0;
	bool months = days > BARS_MAX;
	size_t room = months ? count : (size_t)days;
	struct chart chart = {.bars = room > 0 ? calloc(room, sizeof(*chart.bars)) : NULL};

	if (count == 0) {
		csp_html(out, "<p class=\"soft\">There is nothing in this time.</p>\n");
		return;
	}
	if (!chart.bars) {
		out->failed = true;
		return;
	}
	fill_bars(&chart, rows, count, first, months);
	write_chart(out, &chart);
	free(chart.bars);
}
