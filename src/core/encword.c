#include "encword.h"

#include "charset.h"

#include <stdint.h>
#include <string.h>

#define CHARSET_LABEL_MAX 75 /* an encoded-word is no longer than this, and its label shorter */

struct word {
	struct span label;
	char encoding; /* 'b' or 'q' */
	struct span text;
	size_t end; /* behind the word */
	bool broken;
};

struct decoder {
	struct buf *out;
	bool *undecodable;
	struct span body;
	struct buf bytes; /* of the neighbouring words so far, in the charset below */
	bool pending;
	struct span label;
	const struct charset *charset; /* NULL: not on the list */
	size_t next_end; /* where "?=" was last found: each is looked for once, or a thousand
			    words without an end would cost a thousand passes */
};

static struct span from(struct span text, size_t at)
{
	return csp_span_slice(text, at, text.len);
}

/* The first `first` `second` at or after `at`; text.len when there is none. */
static size_t find_pair(struct span text, size_t at, const char pair[2])
{
	while (at < text.len) {
		at += csp_span_find(from(text, at), pair[0]);
		if (at + 1 < text.len && text.data[at + 1] == pair[1])
			return at;
		at++;
	}
	return text.len;
}

static bool is_label_char(char c)
{
	return c > ' ' && c < 0x7f && c != '?' && c != '=' && c != '"';
}

static size_t label_length(struct span text)
{
	size_t len = 0;

	while (len < text.len && len < CHARSET_LABEL_MAX && is_label_char(text.data[len]))
		len++;
	return len;
}

static size_t length_to_blank(struct span text)
{
	size_t blank = csp_span_find(text, ' ');
	size_t tab = csp_span_find(csp_span_slice(text, 0, blank), '\t');

	return tab < blank ? tab : blank;
}

/*
 * The text of a word may hold blanks, which careless senders write, but no other "=?". A word without an
 * end goes up to the next blank or word: some reader decodes it, so that is how it is judged.
 */
static void find_text(struct word *out, struct decoder *decoder, size_t at)
{
	struct span body = decoder->body;

	if (decoder->next_end < at)
		decoder->next_end = find_pair(body, at, "?=");
	out->text = csp_span_slice(body, at, decoder->next_end);
	out->end = decoder->next_end + 2;
	size_t nested = find_pair(out->text, 0, "=?");
	out->broken = decoder->next_end == body.len || nested < out->text.len;
	if (out->broken) {
		out->text.len = length_to_blank(csp_span_slice(out->text, 0, nested));
		out->end = at + out->text.len;
	}
}

/* "=?" stands at `open`; false when no word begins there. */
static bool find_word(struct word *out, struct decoder *decoder, size_t open)
{
	struct span body = decoder->body;
	size_t at = open + 2;

	out->label = csp_span_slice(body, at, at + label_length(from(body, at)));
	at += out->label.len;
	if (out->label.len == 0 || at + 2 >= body.len || body.data[at] != '?' ||
	    body.data[at + 2] != '?' || !csp_ascii_is_alpha(body.data[at + 1]))
		return false;
	out->encoding = csp_ascii_lower(body.data[at + 1]);
	if (out->encoding != 'b' && out->encoding != 'q') {
		*decoder->undecodable = true;
		return false;
	}
	find_text(out, decoder, at + 3);
	return true;
}

/* The byte that "=XY" stands for; negative when this is none. */
static int hex_byte(struct span text)
{
	if (text.len < 3 || text.data[0] != '=')
		return -1;
	int high = csp_ascii_hex_value(text.data[1]);
	int low = csp_ascii_hex_value(text.data[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* `out` has room for text.len bytes. */
static size_t decode_q(char *out, bool *bad, struct span text)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		int byte = c == '=' ? hex_byte(from(text, i)) : -1;
		if (byte >= 0) {
			c = (char)byte;
			i += 2;
		} else if (c == '=') {
			*bad = true;
		} else if (c == '_') {
			c = ' ';
		}
		out[len++] = c;
	}
	return len;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (csp_ascii_is_digit(c))
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Missing padding is forgiven: it hides nothing. What stands behind padding is not seen by readers who stop there. */
static size_t decode_base64(char *out, bool *bad, struct span text)
{
	uint32_t bits = 0;
	bool padded = false;
	unsigned count = 0; /* bits not yet written: 0, 6, 4 or 2 */
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		int value = base64_value(c);
		if (value >= 0) {
			*bad = *bad || padded;
			bits = bits << 6 | (uint32_t)value;
			count += 6;
		} else if (c == '=') {
			*bad = *bad || count == 6;
			count = 0;
			padded = true;
		} else if (c != ' ' && c != '\t') {
			*bad = true;
		}
		if (count >= 8) {
			count -= 8;
			out[len++] = (char)(bits >> count & 0xff);
		}
	}
	*bad = *bad || count == 6;
	return len;
}

/* A guess may read well and still not be what the sender meant. */
static bool convert(struct buf *out, const struct charset *charset, struct span bytes)
{
	if (charset)
		return csp_charset_to_utf8(out, charset, bytes);
	csp_charset_guess(out, bytes);
	return false;
}

static void flush(struct decoder *decoder)
{
	if (!decoder->pending)
		return;
	if (!convert(decoder->out, decoder->charset, csp_buf_span(&decoder->bytes)))
		*decoder->undecodable = true;
	csp_buf_reset(&decoder->bytes);
	decoder->pending = false;
}

static void add_word(struct decoder *decoder, const struct word *word)
{
	const struct charset *charset = csp_charset_find(word->label);
	bool same = charset ? charset == decoder->charset
			    : csp_span_equal_nocase(word->label, decoder->label);

	if (!same)
		flush(decoder);
	char *room = csp_buf_room(&decoder->bytes, word->text.len);
	if (!room) {
		decoder->out->failed = true;
		return;
	}
	bool bad = word->broken;
	decoder->bytes.len += word->encoding == 'q' ? decode_q(room, &bad, word->text)
						    : decode_base64(room, &bad, word->text);
	if (bad)
		*decoder->undecodable = true;
	decoder->charset = charset;
	decoder->label = word->label;
	decoder->pending = true;
}

/* Blanks between two words belong to their encoding and vanish. */
static void add_plain(struct decoder *decoder, size_t begin, size_t end, bool word_follows)
{
	struct span plain = csp_span_slice(decoder->body, begin, end);

	if (decoder->pending && word_follows && csp_span_trim(plain).len == 0)
		return;
	flush(decoder);
	if (!csp_charset_guess(decoder->out, plain))
		*decoder->undecodable = true;
}

/* False when a word was left that there is no more room for in *words. */
static bool decode_words(struct decoder *decoder, size_t *words)
{
	struct span body = decoder->body;
	size_t plain = 0; /* where what was not yet taken begins */
	size_t open = find_pair(body, 0, "=?");

	while (open < body.len) {
		struct word word;
		size_t next = open + 2;
		if (find_word(&word, decoder, open)) {
			if (*words == 0)
				break;
			--*words;
			add_plain(decoder, plain, open, true);
			add_word(decoder, &word);
			plain = next = word.end;
		}
		open = find_pair(body, next, "=?");
	}
	add_plain(decoder, plain, body.len, false);
	return open == body.len;
}

/* Controls that are no white space, and the bidirectional overrides: some readers leave them out, others turn with them. */
static bool misleads(struct span here)
{
	unsigned char byte = (unsigned char)here.data[0];

	if (byte < 0x80)
		return byte == 0x7f || (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r');
	if (byte == 0xc2 && here.len > 1)
		return (unsigned char)here.data[1] < 0xa0 && (unsigned char)here.data[1] != 0x85;
	return csp_span_starts_with(here, SPAN_LIT("\xe2\x80\xad")) ||
	       csp_span_starts_with(here, SPAN_LIT("\xe2\x80\xae"));
}

/*
 * What opens an encoded-word, with any label: some reader decodes a second time, or more leniently. The cost is linear,
 * for the next word's own '?' ends the search at the latest.
 */
static bool opens_word(struct span here)
{
	if (!csp_span_starts_with(here, SPAN_LIT("=?")))
		return false;
	here = from(here, 2);
	here = from(here, csp_span_find(here, '?'));
	return here.len >= 3 && here.data[2] == '?' && strchr("bBqQ", here.data[1]);
}

/* Does the decoded text, which is valid UTF-8, still say something else to some reader? */
static bool is_ambiguous(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (csp_ascii_is_alpha(c) || c == ' ')
			continue;
		if (misleads(from(text, i)) || opens_word(from(text, i)))
			return true;
	}
	return false;
}

bool csp_encword_decode_some(struct buf *out, bool *undecodable, struct span unfolded,
			     size_t *words)
{
	struct decoder decoder = {.out = out, .undecodable = undecodable, .body = unfolded};
	size_t start = out->len;

	csp_buf_init(&decoder.bytes, unfolded.len + 1);
	bool all = decode_words(&decoder, words);
	csp_buf_dispose(&decoder.bytes);
	if (is_ambiguous(csp_span_slice(csp_buf_span(out), start, out->len)))
		*undecodable = true;
	return all;
}

void csp_encword_decode(struct buf *out, bool *undecodable, struct span unfolded)
{
	size_t words = SIZE_MAX;

	csp_encword_decode_some(out, undecodable, unfolded, &words);
}
