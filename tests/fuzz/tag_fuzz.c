/*
 * The first byte names the format. Values are UTF-8 without odd blanks and no more than the body can hold; what is JSON
 * to jansson is JSON to us, with the same values, and the other way round but for what we take knowingly.
 */
#include <jansson.h>
#include <string.h>

#include "encword.h"
#include "fuzz.h"
#include "tag.h"
#include "utf8.h"

#define GROWTH  6 /* as in encword_fuzz.c */
#define FORMATS (TAG_LIST_ID + 1)

static bool is_blank(char c)
{
	return csp_ascii_is_blank(c);
}

static void check_value(struct span value)
{
	holds(csp_utf8_is_valid(value));
	for (size_t i = 0; i < value.len; i++) {
		bool inside = i > 0 && i + 1 < value.len && !is_blank(value.data[i - 1]);
		holds(!is_blank(value.data[i]) || (value.data[i] == ' ' && inside));
	}
}

/* All values, each with a NUL behind it. */
static bool read_values(struct buf *out, bool *undecodable, const struct tag_shape *shape,
			struct span body)
{
	struct tag_reader reader;
	struct buf text;
	struct buf value;
	size_t count = 0;

	csp_buf_init(&text, GROWTH * body.len + 1);
	csp_buf_init(&value, GROWTH * body.len + 1);
	bool readable = csp_tag_open(&reader, shape, &text, body);
	while (readable && csp_tag_next(&reader, &value)) {
		check_value(csp_buf_span(&value));
		csp_buf_append(out, csp_buf_span(&value));
		csp_buf_append_char(out, '\0');
		holds(++count <= body.len);
	}
	*undecodable = reader.undecodable;
	holds(!csp_buf_failed(&text) && !csp_buf_failed(&value));
	csp_buf_dispose(&text);
	csp_buf_dispose(&value);
	return readable;
}

/* Blanks as the reader leaves them, written another way: words with one space between. */
static void append_words(struct buf *out, struct span text)
{
	bool begun = false;

	for (size_t i = 0; i < text.len; i++) {
		if (is_blank(text.data[i]))
			continue;
		if (begun && is_blank(text.data[i - 1]))
			csp_buf_append_char(out, ' ');
		csp_buf_append_char(out, text.data[i]);
		begun = true;
	}
	csp_buf_append_char(out, '\0');
}

static void append_text(struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		append_words(out,
			     (struct span){json_string_value(value), json_string_length(value)});
}

static bool has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] < ' ')
			return true;
	}
	return false;
}

static size_t brackets(struct span text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '[' || text.data[i] == '{';
	return count;
}

static void check_object(const json_t *object, struct span values)
{
	const json_t *member = json_object_get(object, "k");
	struct buf expected;
	const json_t *item;
	size_t i;

	csp_buf_init(&expected, 1 << 20);
	append_text(&expected, member);
	json_array_foreach(member, i, item)
	{
		append_text(&expected, item);
	}
	holds(csp_span_equal(csp_buf_span(&expected), values));
	csp_buf_dispose(&expected);
}

/* JSON, but jansson takes no number past a double's and no name with a NUL in it. */
static bool is_beyond_jansson(const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);

	return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static void check_json(bool readable, struct span body, struct span values)
{
	const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
	struct buf text;
	bool undecodable = false;
	json_error_t error;

	csp_buf_init(&text, GROWTH * body.len + 1);
	csp_encword_decode(&text, &undecodable, body);
	struct span json = csp_span_trim(csp_buf_span(&text));
	json_t *any = json_loadb(json.data, json.len, flags, &error);
	if (any && !readable) /* jansson loses a NUL behind a number */
		holds(!json_is_object(any) || brackets(json) > JSCAN_DEPTH_MAX ||
		      csp_span_find(json, '\0') < json.len);
	if (!any && readable)
		holds(has_control(json) || is_beyond_jansson(&error));
	json_decref(any);
	json_t *plain = json_loadb(json.data, json.len, flags | JSON_REJECT_DUPLICATES, &error);
	if (plain && readable)
		check_object(plain, values);
	json_decref(plain);
	csp_buf_dispose(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tag_shape shape = {.key = SPAN_LIT("k"), .position = 2};
	struct span body = input(data, size);
	struct buf values;
	bool undecodable;

	if (!size)
		return 0;
	shape.format = (enum tag_format)(data[0] % FORMATS);
	body = csp_span_slice(body, 1, body.len);
	csp_buf_init(&values, (GROWTH + 1) * size + 1);
	bool readable = read_values(&values, &undecodable, &shape, body);
	holds(!csp_buf_failed(&values));
	holds(readable || shape.format == TAG_JSON);
	if (shape.format == TAG_JSON)
		check_json(readable, body, csp_buf_span(&values));
	csp_buf_dispose(&values);
	return 0;
}
