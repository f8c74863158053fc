#include "conf_join.h"

#include <stdint.h>
#include <string.h>

/* A file on its way into the joined text, and the one that includes it. */
struct input {
	const struct input *parent;
	const struct conf_file *file;
	unsigned depth;
	size_t brackets; /* that were open where it begins: it cannot close them */
	size_t at;
	unsigned line;
	bool line_start; /* nothing but blanks since the last newline */
};

struct bracket {
	char open;
	struct conf_origin origin;
};

struct joiner {
	struct conf_source *source;
	struct bracket brackets[CONF_NESTING_MAX];
	size_t depth;
	size_t slot; /* where a closing bracket may move up to, in the joined text; SIZE_MAX: nowhere */
	bool broken;
};

static bool join_file(struct joiner *joiner, struct input *input);

static char peek(const struct input *input, size_t ahead)
{
	size_t at = input->at + ahead;

	return at < input->file->text.len ? input->file->text.data[at] : '\0';
}

static bool ended(const struct input *input)
{
	return input->at >= input->file->text.len;
}

static void copy(struct joiner *joiner, struct input *input, size_t count)
{
	struct span text = csp_span_slice(input->file->text, input->at, input->at + count);

	csp_buf_append(&joiner->source->text, text);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != '\n')
			continue;
		input->line++;
		joiner->source->line++;
	}
	input->at += text.len;
}

static void complain(struct joiner *joiner, const struct input *input, unsigned line,
		     const char *text)
{
	csp_conf_error(joiner->source->reader, input->file->name, line, "%s", text);
	joiner->broken = true;
}

static void skip_line(struct joiner *joiner, struct input *input)
{
	size_t count = 0;

	while (input->at + count < input->file->text.len && peek(input, count) != '\n')
		count++;
	copy(joiner, input, count);
}

static void skip_comment(struct joiner *joiner, struct input *input)
{
	unsigned line = input->line;
	size_t count = 2;

	while (input->at + count < input->file->text.len &&
	       !(peek(input, count) == '*' && peek(input, count + 1) == '/'))
		count++;
	if (input->at + count >= input->file->text.len)
		complain(joiner, input, line, "this comment is never ended: \"*/\" is missing");
	copy(joiner, input, count + 2);
}

static bool is_hex(char c)
{
	return csp_ascii_is_digit(c) || (csp_ascii_lower(c) >= 'a' && csp_ascii_lower(c) <= 'f');
}

/* Bytes of the escape at the input's place; 0: libconfig would keep the backslash, or end the text at it. */
static size_t escape_length(const struct input *input)
{
	char c = peek(input, 1);

	if (c != '\0' && strchr("abfnrtv\\\"", c))
		return 2;
	if ((c == 'x' || c == 'X') && is_hex(peek(input, 2)) && is_hex(peek(input, 3)) &&
	    !(peek(input, 2) == '0' && peek(input, 3) == '0'))
		return 4;
	return 0;
}

static void skip_text(struct joiner *joiner, struct input *input)
{
	unsigned line = input->line;

	copy(joiner, input, 1);
	while (!ended(input) && peek(input, 0) != '"') {
		size_t count = peek(input, 0) == '\\' ? escape_length(input) : 1;
		if (peek(input, 0) == '\n') {
			complain(joiner, input, line,
				 "this text is not ended on its line: '\"' is missing");
			return;
		}
		if (!count) {
			csp_conf_error(joiner->source->reader, input->file->name, input->line,
				       "'\\%c' is no escape: a backslash is written '\\\\'",
				       peek(input, 1) >= 0x20 ? peek(input, 1) : ' ');
			count = 1;
		}
		copy(joiner, input, count);
	}
	if (ended(input))
		complain(joiner, input, line, "this text is never ended: '\"' is missing");
	copy(joiner, input, 1);
	joiner->slot = SIZE_MAX;
	if (strchr(" \t\r\n#/", peek(input, 0))) {
		joiner->slot = joiner->source->text.len;
		csp_buf_append_char(&joiner->source->text, ' ');
	}
}

static bool is_name_char(char c)
{
	return csp_ascii_is_alpha(c) || csp_ascii_is_digit(c) || c == '_' || c == '-' || c == '*';
}

static void skip_name(struct joiner *joiner, struct input *input)
{
	size_t count = 1;

	while (is_name_char(peek(input, count)))
		count++;
	copy(joiner, input, count);
}

static unsigned digit_value(char c)
{
	return csp_ascii_is_digit(c) ? (unsigned)(c - '0')
				     : (unsigned)(csp_ascii_lower(c) - 'a') + 10;
}

/* Value of digits; UINT64_MAX when there are none, too many, or something else among them. */
static uint64_t digits_value(struct span digits, bool hex)
{
	uint64_t value = 0;

	if (!digits.len || digits.len > (hex ? 15 : 18))
		return UINT64_MAX;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.data[i];
		if (!csp_ascii_is_digit(c) && !(hex && is_hex(c)))
			return UINT64_MAX;
		value = value * (hex ? 16 : 10) + digit_value(c);
	}
	return value;
}

/* Size of a whole number as it is written, without its sign; UINT64_MAX when it is past counting, or none. */
static uint64_t number_value(struct span text)
{
	bool sign = csp_span_starts_with(text, SPAN_LIT("-")) ||
		    csp_span_starts_with(text, SPAN_LIT("+"));
	bool hex = csp_span_starts_with(text, SPAN_LIT("0x")) ||
		   csp_span_starts_with(text, SPAN_LIT("0X"));

	return digits_value(csp_span_slice(text, hex ? 2 : sign, text.len), hex);
}

static bool is_long(struct span text)
{
	for (size_t i = text.len && !csp_ascii_is_digit(text.data[0]) ? 1 : 0; i < text.len; i++)
		if (!is_hex(text.data[i]) && csp_ascii_lower(text.data[i]) != 'x')
			return false;
	return text.len > 15;
}

/* libconfig cuts a number to 32 bits unless an 'L' follows: put one there, so that the range check sees the number as it was written. */
static void skip_number(struct joiner *joiner, struct input *input)
{
	size_t count = 1;

	while (is_name_char(peek(input, count)) || peek(input, count) == '.')
		count++;
	struct span text = csp_span_slice(input->file->text, input->at, input->at + count);
	while (text.len && (text.data[text.len - 1] == 'L'))
		text.len--;
	uint64_t value = number_value(text);

	if (value == UINT64_MAX && is_long(text)) {
		csp_conf_error(joiner->source->reader, input->file->name, input->line,
			       "a number of %zu digits is larger than any setting takes", text.len);
		csp_buf_append_char(&joiner->source->text, '0');
		input->at += count;
		return;
	}
	copy(joiner, input, count);
	if (value != UINT64_MAX && value > INT32_MAX && text.len == count)
		csp_buf_append_char(&joiner->source->text, 'L');
}

static void open_bracket(struct joiner *joiner, struct input *input)
{
	if (joiner->depth == CONF_NESTING_MAX) {
		complain(joiner, input, input->line, "brackets are nested too deeply");
		input->at = input->file->text.len;
		return;
	}
	joiner->brackets[joiner->depth++] = (struct bracket){
		.open = peek(input, 0), .origin = {input->file->name, input->line}};
	copy(joiner, input, 1);
}

static char closing_of(char open)
{
	return open == '{' ? '}' : open == '(' ? ')' : ']';
}

/*
 * A list's bracket moves up to where its last value ends, in the place of the comma that stands there or of the blank
 * put behind a text that ends its line. Else libconfig would call the comma a syntax error, and the line of a last text the line of
 * the bracket below it.
 */
static void put_closing(struct joiner *joiner, struct input *input, char c)
{
	struct buf *text = &joiner->source->text;

	if (c != '}' && joiner->slot < text->len) {
		text->data[joiner->slot] = c;
		c = ' ';
	}
	csp_buf_append_char(text, c);
	input->at++;
}

/* The first bracket that is wrong is the one to mend: it makes others look wrong. */
static void refuse_closing(struct joiner *joiner, const struct input *input, char c)
{
	struct conf_reader *reader = joiner->source->reader;
	bool first = !joiner->broken;

	joiner->broken = true;
	if (!first)
		return;
	if (joiner->depth == input->brackets) {
		csp_conf_error(reader, input->file->name, input->line,
			       "'%c' closes nothing that was opened", c);
		return;
	}
	const struct bracket *last = &joiner->brackets[joiner->depth - 1];
	csp_conf_error(reader, input->file->name, input->line,
		       "'%c' where '%c' must close the '%c' of %s:%u", c, closing_of(last->open),
		       last->open, last->origin.file, last->origin.line);
}

static void close_bracket(struct joiner *joiner, struct input *input)
{
	char c = peek(input, 0);
	bool open = joiner->depth > input->brackets;

	if (!open || closing_of(joiner->brackets[joiner->depth - 1].open) != c)
		refuse_closing(joiner, input, c);
	if (open)
		joiner->depth--;
	put_closing(joiner, input, c);
}

static bool add_map(struct joiner *joiner, const struct input *input)
{
	struct conf_source *source = joiner->source;
	void *map = source->map;

	if (!csp_arena_grow(&source->reader->scratch, &map, &source->map_cap, source->map_count,
			    sizeof(*source->map))) {
		source->reader->no_memory = true;
		return false;
	}
	source->map = map;
	source->map[source->map_count++] =
		(struct source_lines){source->line, input->file->name, input->line};
	return true;
}

static const char *include_error(const struct input *parent, const struct conf_file *file)
{
	if (parent->depth >= CONF_INCLUDE_DEPTH)
		return "is included too deeply: at most 8 files in one another";
	for (const struct input *up = parent; up; up = up->parent)
		if (up->file->device == file->device && up->file->inode == file->inode)
			return "includes itself, here or by way of other files";
	return NULL;
}

static void include_file(struct joiner *joiner, struct input *input, struct span name)
{
	struct conf_reader *reader = joiner->source->reader;
	struct conf_origin origin = {input->file->name, input->line};
	struct conf_file file;
	struct span path;

	if (!csp_conf_file_path(&path, reader, input->file->name, name) ||
	    !csp_conf_file_read(&file, reader, path, origin))
		return;
	const char *why = include_error(input, &file);
	if (why) {
		csp_conf_error(reader, origin.file, origin.line, "%s %s", file.name, why);
		reader->incomplete = true;
		return;
	}
	struct input inner = {.parent = input,
			      .file = &file,
			      .depth = input->depth + 1,
			      .brackets = joiner->depth,
			      .line = 1,
			      .line_start = true};
	join_file(joiner, &inner);
	add_map(joiner, input);
}

/* The name of an @include that is the only thing on its line; empty when it is written wrong. */
static struct span include_name(struct span line)
{
	struct span rest = csp_span_slice(line, strlen("@include"), line.len);
	struct span name = csp_span_trim(rest);

	if (!csp_span_starts_with(line, SPAN_LIT("@include")) || name.len == rest.len)
		return (struct span){"", 0};
	if (name.len < 3 || name.data[0] != '"')
		return (struct span){"", 0};
	name = csp_span_slice(name, 1, name.len);
	size_t end = csp_span_find(name, '"');
	struct span after = csp_span_trim(csp_span_slice(name, end + 1, name.len));
	bool comment = csp_span_starts_with(after, SPAN_LIT("#")) ||
		       csp_span_starts_with(after, SPAN_LIT("//"));

	if (end == name.len || (after.len && !comment))
		return (struct span){"", 0};
	return csp_span_slice(name, 0, end);
}

static void include(struct joiner *joiner, struct input *input)
{
	struct span line = csp_span_slice(input->file->text, input->at, input->file->text.len);

	line = csp_span_slice(line, 0, csp_span_find(line, '\n'));
	struct span name = input->line_start ? include_name(line) : (struct span){"", 0};
	input->at += line.len;
	if (name.len) {
		include_file(joiner, input, name);
		return;
	}
	joiner->source->reader->incomplete = true;
	csp_conf_error(
		joiner->source->reader, input->file->name, input->line,
		"'@' begins only a line of its own: @include \"file\", and nothing after it");
}

/* Blanks and comments; false: something else begins here. */
static bool skip_blank(struct joiner *joiner, struct input *input)
{
	char c = peek(input, 0), next = peek(input, 1);

	if (strchr(" \t\r\n\f", c)) {
		if (c == '\n')
			input->line_start = true;
		else if (c != ' ' && c != '\t')
			input->line_start = false;
		copy(joiner, input, 1);
		return true;
	}
	if (c == '#' || (c == '/' && next == '/')) {
		skip_line(joiner, input);
		return true;
	}
	if (c == '/' && next == '*') {
		input->line_start = false;
		skip_comment(joiner, input);
		return true;
	}
	return false;
}

static void join_token(struct joiner *joiner, struct input *input)
{
	char c = peek(input, 0);

	if (strchr("[({", c))
		open_bracket(joiner, input);
	else if (strchr("])}", c))
		close_bracket(joiner, input);
	else if (c == '"')
		skip_text(joiner, input);
	else if (csp_ascii_is_digit(c) || c == '-' || c == '+')
		skip_number(joiner, input);
	else if (is_name_char(c))
		skip_name(joiner, input);
	else if (c == '@')
		include(joiner, input);
	else
		copy(joiner, input, 1);
	input->line_start = false;
	if (c != '"')
		joiner->slot = c == ',' ? joiner->source->text.len - 1 : SIZE_MAX;
}

static void report_open(struct joiner *joiner, const struct input *input)
{
	for (size_t i = input->brackets; i < joiner->depth && !joiner->broken; i++)
		csp_conf_error(joiner->source->reader, joiner->brackets[i].origin.file,
			       joiner->brackets[i].origin.line, "this '%c' is never closed",
			       joiner->brackets[i].open);
	joiner->broken |= joiner->depth > input->brackets;
	joiner->depth = input->brackets;
}

/* A file ends with a newline in the joined text, so that its last line is no part of the next file's first. */
static bool join_file(struct joiner *joiner, struct input *input)
{
	if (!add_map(joiner, input))
		return false;
	while (!ended(input))
		if (!skip_blank(joiner, input))
			join_token(joiner, input);
	report_open(joiner, input);
	csp_buf_append_char(&joiner->source->text, '\n');
	joiner->source->line++;
	return true;
}

bool csp_conf_join(struct conf_source *source, const struct conf_file *file)
{
	struct joiner joiner = {.source = source, .slot = SIZE_MAX};
	struct input input = {.file = file, .line = 1, .line_start = true};

	if (!join_file(&joiner, &input))
		return false;
	if (csp_buf_failed(&source->text))
		source->reader->no_memory = true;
	return !joiner.broken && !source->reader->no_memory;
}
