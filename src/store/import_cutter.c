#include "import_cutter.h"

#include <string.h>

#define HEAD_MAX (IMPORT_ROW_MAX + 2 * (size_t)TEXTIN_CHUNK)
/* The longest name of a list, and one byte more, so that a longer name is none. */
#define NAME_SIZE 6

void csp_import_cutter_init(struct import_cutter *cutter, struct textin *in)
{
	*cutter = (struct import_cutter){.in = in, .line = 1};
	csp_buf_init(&cutter->head, HEAD_MAX);
}

void csp_import_cutter_dispose(struct import_cutter *cutter)
{
	csp_buf_dispose(&cutter->head);
}

/* ---- taking bytes ---- */

static struct span ready(struct import_cutter *cutter)
{
	if (cutter->head_at < cutter->head.len)
		return csp_span_slice(csp_buf_span(&cutter->head), cutter->head_at,
				      cutter->head.len);
	return csp_textin_ready(cutter->in);
}

static int peek(struct import_cutter *cutter)
{
	struct span piece = ready(cutter);

	return piece.len ? (unsigned char)piece.data[0] : EOF;
}

static uint64_t count_lines(struct span piece)
{
	uint64_t count = 0;

	for (size_t at = csp_span_find(piece, '\n'); at < piece.len;
	     at = csp_span_find(piece, '\n')) {
		piece = csp_span_slice(piece, at + 1, piece.len);
		count++;
	}
	return count;
}

/* Takes len of the bytes that are ready; what is behind the limit of a row is counted, not kept. */
static void take(struct import_cutter *cutter, size_t len)
{
	struct span piece = csp_span_slice(ready(cutter), 0, len);

	cutter->row.len += len;
	if (cutter->keep && cutter->row.len <= IMPORT_ROW_MAX)
		csp_buf_append(&cutter->batch->bytes, piece);
	cutter->line += count_lines(piece);
	if (cutter->head_at < cutter->head.len)
		cutter->head_at += len;
	else
		csp_textin_skip(cutter->in, len);
}

static void skip_blanks(struct import_cutter *cutter, char other)
{
	for (;;) {
		struct span piece = ready(cutter);
		size_t len = 0;
		while (len < piece.len &&
		       (csp_ascii_is_blank(piece.data[len]) || piece.data[len] == other))
			len++;
		if (len > 0)
			take(cutter, len);
		if (len < piece.len || piece.len == 0)
			return;
	}
}

/* ---- rows ---- */

static void begin_row(struct import_cutter *cutter)
{
	cutter->keep = true;
	cutter->row = (struct import_row){.at = cutter->batch->bytes.len, .line = cutter->line};
}

static void forget_row(struct import_cutter *cutter)
{
	cutter->keep = false;
	cutter->batch->bytes.len = cutter->row.at;
}

static void end_row(struct import_cutter *cutter, const char *why)
{
	struct import_batch *batch = cutter->batch;

	cutter->row.why = why;
	if (cutter->row.len > IMPORT_ROW_MAX) {
		forget_row(cutter);
		cutter->row.len = 0;
		if (!why)
			cutter->row.why = "a row of more than 1048576 bytes";
	}
	cutter->keep = false;
	batch->rows[batch->row_count++] = cutter->row;
}

/* Nothing of the rest can be told apart: it is one row, with what was kept of it. */
static void end_early(struct import_cutter *cutter, const char *why)
{
	if (!cutter->keep)
		begin_row(cutter);
	end_row(cutter, why);
	cutter->place = CUT_AT_THE_END;
}

/* Where the text ends, or something stands that cannot. `inside` of a document. */
static void stop(struct import_cutter *cutter, bool inside)
{
	if (peek(cutter) != EOF) {
		end_early(cutter, "no JSON from here on; the rest was not read");
		return;
	}
	cutter->place = CUT_AT_THE_END;
	if (cutter->in->state == TEXTIN_NOT_TEXT)
		end_early(cutter, "half a character of UTF-16; the rest was not read");
	else if (cutter->in->state == TEXTIN_END && inside)
		end_early(cutter, "the file ends in the middle of a document");
}

/* ---- values ---- */

struct scan {
	size_t depth;
	bool in_string, escaped;
	bool ended;
};

/* One piece of a string, list or object from its first byte on; gives how many of the bytes belong to it. */
static size_t scan_string(struct scan *scan, struct span piece, size_t at)
{
	for (; at < piece.len; at++) {
		char c = piece.data[at];
		if (scan->escaped) {
			scan->escaped = false;
		} else if (c == '\\') {
			scan->escaped = true;
		} else if (c == '"') {
			scan->in_string = false;
			return at + 1;
		}
	}
	return at;
}

/* Gives where it stopped: behind a bracket or a quote. */
static size_t scan_plain(struct scan *scan, struct span piece, size_t at)
{
	for (; at < piece.len; at++) {
		switch (piece.data[at]) {
		case '"':
			scan->in_string = true;
			return at + 1;
		case '{':
		case '[':
			scan->depth++;
			return at + 1;
		case '}':
		case ']':
			scan->depth--;
			return at + 1;
		default:
			break;
		}
	}
	return at;
}

static size_t scan_piece(struct scan *scan, struct span piece)
{
	size_t at = 0;

	while (at < piece.len && !scan->ended) {
		size_t from = at;
		at = scan->in_string ? scan_string(scan, piece, at) : scan_plain(scan, piece, at);
		scan->ended = at > from && !scan->in_string && scan->depth == 0;
	}
	return at;
}

static bool take_nested(struct import_cutter *cutter)
{
	struct scan scan = {.depth = 0};

	while (!scan.ended) {
		struct span piece = ready(cutter);
		if (piece.len == 0)
			return false;
		take(cutter, scan_piece(&scan, piece));
	}
	return true;
}

/* A number, a name, or what is neither: whoever reads the row says so. */
static bool take_plain(struct import_cutter *cutter)
{
	static const struct span ends = SPAN_INIT(",]}:[{\"");
	size_t taken = 0;

	for (int c = peek(cutter); c != EOF; c = peek(cutter)) {
		if (csp_ascii_is_blank((char)c) || csp_span_find(ends, (char)c) < ends.len)
			break;
		take(cutter, 1);
		taken++;
	}
	return taken > 0;
}

/* False where there is none, or none that ends. */
static bool take_value(struct import_cutter *cutter)
{
	int c = peek(cutter);

	return c == '{' || c == '[' || c == '"' ? take_nested(cutter) : take_plain(cutter);
}

/* ---- documents ---- */

/* A member's name; *is_list: it is one that the list of a collection has. */
static bool take_name(struct import_cutter *cutter, bool *is_list)
{
	struct scan scan = {.depth = 0};
	char name[NAME_SIZE + 2];
	size_t len = 0;

	while (!scan.ended) {
		struct span piece = ready(cutter);
		if (piece.len == 0)
			return false;
		size_t count = scan_piece(&scan, piece);
		for (size_t i = 0; i < count && len < sizeof(name); i++)
			name[len++] = piece.data[i];
		take(cutter, count);
	}
	struct span quoted = {name, len};
	*is_list = csp_span_equal_nocase(quoted, SPAN_LIT("\"items\"")) ||
		   csp_span_equal_nocase(quoted, SPAN_LIT("\"value\""));
	return true;
}

enum members { MEMBERS_ENDED, MEMBERS_LIST, MEMBERS_BROKEN };

/* The members of an object up to its end, or to the list that makes it a collection. */
static enum members take_members(struct import_cutter *cutter)
{
	for (;;) {
		bool is_list = false;

		skip_blanks(cutter, ',');
		if (peek(cutter) == '}') {
			take(cutter, 1);
			return MEMBERS_ENDED;
		}
		if (peek(cutter) != '"' || !take_name(cutter, &is_list))
			return MEMBERS_BROKEN;
		skip_blanks(cutter, ' ');
		if (peek(cutter) != ':')
			return MEMBERS_BROKEN;
		take(cutter, 1);
		skip_blanks(cutter, ' ');
		if (is_list && peek(cutter) == '[') {
			take(cutter, 1);
			return MEMBERS_LIST;
		}
		if (!take_value(cutter))
			return MEMBERS_BROKEN;
	}
}

static void enter_list(struct import_cutter *cutter, bool in_collection)
{
	cutter->in_collection = in_collection;
	cutter->place = CUT_IN_LIST;
}

/* An object between documents is a row until it turns out to be a collection. */
static void cut_object(struct import_cutter *cutter)
{
	begin_row(cutter);
	take(cutter, 1);
	switch (take_members(cutter)) {
	case MEMBERS_ENDED:
		end_row(cutter, NULL);
		break;
	case MEMBERS_LIST:
		forget_row(cutter);
		enter_list(cutter, true);
		break;
	case MEMBERS_BROKEN:
		stop(cutter, true);
		break;
	}
}

static void cut_value(struct import_cutter *cutter)
{
	begin_row(cutter);
	if (take_value(cutter))
		end_row(cutter, NULL);
	else
		stop(cutter, true);
}

/* Pages that were saved one behind the other have a mark each. */
static void skip_between(struct import_cutter *cutter)
{
	static const struct span mark = SPAN_INIT("\xef\xbb\xbf");

	skip_blanks(cutter, ',');
	for (size_t i = 0; i < mark.len && peek(cutter) == (unsigned char)mark.data[i]; i++)
		take(cutter, 1);
	skip_blanks(cutter, ',');
}

static void cut_between(struct import_cutter *cutter)
{
	skip_between(cutter);
	switch (peek(cutter)) {
	case '{':
		cut_object(cutter);
		break;
	case '[':
		take(cutter, 1);
		enter_list(cutter, false);
		break;
	case '"':
		cut_value(cutter);
		break;
	default:
		stop(cutter, false);
	}
}

static void cut_element(struct import_cutter *cutter)
{
	skip_blanks(cutter, ',');
	switch (peek(cutter)) {
	case ']':
		take(cutter, 1);
		cutter->place = cutter->in_collection ? CUT_IN_OBJECT : CUT_BETWEEN;
		break;
	case EOF:
	case '}':
	case ':':
		stop(cutter, true);
		break;
	default:
		cut_value(cutter);
	}
}

static void cut_rest(struct import_cutter *cutter)
{
	switch (take_members(cutter)) {
	case MEMBERS_ENDED:
		cutter->place = CUT_BETWEEN;
		break;
	case MEMBERS_LIST:
		enter_list(cutter, true);
		break;
	case MEMBERS_BROKEN:
		stop(cutter, true);
		break;
	}
}

/* ---- lines ---- */

static void end_line(struct import_cutter *cutter)
{
	struct import_row *row = &cutter->row;
	struct span text = csp_buf_span(&cutter->batch->bytes);

	if (row->len > IMPORT_ROW_MAX) {
		end_row(cutter, NULL);
		return;
	}
	text = csp_span_trim(csp_span_slice(text, row->at, text.len));
	if (text.len == 0) {
		forget_row(cutter);
		return;
	}
	row->at = (size_t)(text.data - cutter->batch->bytes.data);
	row->len = text.len;
	end_row(cutter, NULL);
}

static void cut_line(struct import_cutter *cutter)
{
	struct span piece;
	size_t end;

	begin_row(cutter);
	do {
		piece = ready(cutter);
		end = csp_span_find(piece, '\n');
		if (end > 0)
			take(cutter, end);
	} while (end == piece.len && piece.len > 0);
	if (!csp_buf_failed(&cutter->batch->bytes))
		end_line(cutter);
	cutter->keep = false;
	if (piece.len == 0)
		stop(cutter, false);
	else
		take(cutter, 1);
}

/* ---- the whole ---- */

static void cut(struct import_cutter *cutter)
{
	if (cutter->lines) {
		cut_line(cutter);
		return;
	}
	switch (cutter->place) {
	case CUT_BETWEEN:
		cut_between(cutter);
		break;
	case CUT_IN_LIST:
		cut_element(cutter);
		break;
	case CUT_IN_OBJECT:
		cut_rest(cutter);
		break;
	case CUT_AT_THE_END:
		break;
	}
}

static enum cut_result end_of(const struct textin *in)
{
	switch (in->state) {
	case TEXTIN_READ_ERROR:
		return CUT_READ_ERROR;
	case TEXTIN_NO_MEMORY:
		return CUT_NO_MEMORY;
	case TEXTIN_OPEN:
	case TEXTIN_END:
	case TEXTIN_NOT_TEXT:
		break;
	}
	return CUT_END;
}

enum cut_result csp_import_cutter_fill(struct import_cutter *cutter, struct import_batch *batch)
{
	cutter->batch = batch;
	cutter->keep = false;
	while (!csp_import_batch_is_full(batch) && cutter->place != CUT_AT_THE_END &&
	       !csp_buf_failed(&batch->bytes))
		cut(cutter);
	batch->done = csp_textin_consumed(cutter->in);
	if (csp_buf_failed(&batch->bytes))
		return CUT_NO_MEMORY;
	return cutter->place == CUT_AT_THE_END ? end_of(cutter->in) : CUT_FULL;
}

/* ---- looking ---- */

static size_t find_text(struct span text, size_t from)
{
	while (from < text.len && csp_ascii_is_blank(text.data[from]))
		from++;
	return from;
}

static bool see(struct cut_look *out, struct span head)
{
	size_t from = find_text(head, 0);
	struct span rest = csp_span_slice(head, from, head.len);
	size_t len = csp_span_find(rest, '\n');
	size_t next = find_text(rest, len);

	out->line = csp_span_trim(csp_span_slice(rest, 0, len));
	out->next = next < rest.len ? (unsigned char)rest.data[next] : EOF;
	return next < rest.len;
}

enum cut_result csp_import_cutter_look(struct cut_look *out, struct import_cutter *cutter)
{
	struct buf *head = &cutter->head;

	while (!see(out, csp_buf_span(head)) && head->len <= IMPORT_ROW_MAX) {
		struct span piece = csp_textin_ready(cutter->in);
		if (piece.len == 0)
			break;
		csp_buf_append(head, piece);
		csp_textin_skip(cutter->in, piece.len);
	}
	if (csp_buf_failed(head))
		return CUT_NO_MEMORY;
	return cutter->in->state == TEXTIN_OPEN || head->len > 0 ? CUT_FULL : end_of(cutter->in);
}
