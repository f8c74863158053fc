#include "text.h"

#include "charset.h"
#include "utf8.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define DOTLESS_I 0x131

/*
 * Text is normalised in pieces of at most so many UTF-16 units, split where no letter is torn apart. Only a
 * piece without any such place (a hundred accents on one letter) is split anywhere: putting accents in
 * order costs the square of their number, and a hostile subject may not.
 */
#define PIECE_SIZE  128
#define FOLDED_SIZE 512 /* a piece that grows beyond it is cut in half */

enum class {
	CLASS_LETTER,
	CLASS_SIGN, /* goes on with a word, but starts none */
	CLASS_NUMBER,
	CLASS_OTHER,
};

enum place { IN_GAP, IN_WORD, IN_UNSPACED, IN_NUMBER };

struct writer {
	struct buf *out;
	char bytes[512];
	size_t len;
	bool keeps_numbers; /* as words of their own, in ASCII digits */
	enum place place;
	bool number; /* in the gap since the last word */
};

struct piece {
	UChar units[PIECE_SIZE];
	int32_t len;
	int32_t most; /* units that are folded at once: fewer since a piece grew beyond FOLDED_SIZE */
	const UNormalizer2 *folder;
	struct writer *writer;
};

bool csp_text_is_unspaced(uint32_t rune)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x0e01, 0x0eff},   /* Thai, Lao */
		{0x1000, 0x109f},   /* Myanmar */
		{0x1780, 0x17ff},   /* Khmer */
		{0x2e80, 0x2fdf},   /* radicals of Han */
		{0x3005, 0x3007},   /* iteration marks of Han */
		{0x3040, 0x30ff},   /* Hiragana, Katakana */
		{0x31f0, 0x31ff},   /* Katakana */
		{0x3400, 0x4dbf},   /* Han */
		{0x4e00, 0x9fff},   /* Han */
		{0xf900, 0xfaff},   /* Han */
		{0x20000, 0x3fffd}, /* Han */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && rune >= ranges[i].first; i++) {
		if (rune <= ranges[i].last)
			return true;
	}
	return false;
}

static void write_out(struct writer *writer)
{
	csp_buf_append(writer->out, (struct span){writer->bytes, writer->len});
	writer->len = 0;
}

/* Room for a gap and a character. */
static void make_room(struct writer *writer)
{
	if (writer->len + 8 > sizeof(writer->bytes))
		write_out(writer);
}

static void end_gap(struct writer *writer)
{
	writer->bytes[writer->len++] = ' ';
	if (writer->number) {
		writer->bytes[writer->len++] = '#';
		writer->bytes[writer->len++] = ' ';
	}
	writer->number = false;
}

/* A number ends a word and a word a number: "Office365" is "Office 365". So it is where scripts meet. */
static void go_to(struct writer *writer, enum place place)
{
	if (writer->place != place)
		end_gap(writer);
	writer->place = place;
}

static void put_letter(struct writer *writer, uint32_t rune)
{
	go_to(writer, csp_text_is_unspaced(rune) ? IN_UNSPACED : IN_WORD);
	writer->len += csp_utf8_encode(writer->bytes + writer->len, rune);
}

static void put_sign(struct writer *writer, uint32_t rune)
{
	if (writer->place != IN_WORD && writer->place != IN_UNSPACED)
		return;
	writer->len += csp_utf8_encode(writer->bytes + writer->len, rune);
}

static void put_number(struct writer *writer, int32_t digit)
{
	if (writer->keeps_numbers && digit >= 0) {
		go_to(writer, IN_NUMBER);
		writer->bytes[writer->len++] = (char)('0' + digit);
	} else {
		writer->place = IN_GAP;
		writer->number = !writer->keeps_numbers;
	}
}

static void put(struct writer *writer, enum class class, uint32_t rune)
{
	switch (class) {
	case CLASS_LETTER:
		put_letter(writer, rune);
		break;
	case CLASS_SIGN:
		put_sign(writer, rune);
		break;
	case CLASS_NUMBER:
		put_number(writer, u_charDigitValue((UChar32)rune));
		break;
	case CLASS_OTHER:
		writer->place = IN_GAP;
		break;
	}
}

/* Most readers leave them out, so that a word with one in it is still the word. */
static bool is_control(uint32_t rune)
{
	bool white_space = (rune >= '\t' && rune <= '\r') || rune == 0x85;

	return !white_space && (rune < ' ' || (rune >= 0x7f && rune < 0xa0));
}

static void put_ascii(struct writer *writer, char c)
{
	if (csp_ascii_is_alpha(c)) {
		go_to(writer, IN_WORD);
		writer->bytes[writer->len++] = csp_ascii_lower(c);
	} else if (csp_ascii_is_digit(c)) {
		put_number(writer, c - '0');
	} else if (c == '#') {
		put_number(writer, -1);
	} else if (!is_control((unsigned char)c)) {
		writer->place = IN_GAP;
	}
}

/* Letters by the run: most text is nothing else. */
static size_t put_ascii_word(struct writer *writer, struct span text)
{
	char *bytes = writer->bytes + writer->len;
	size_t room = sizeof(writer->bytes) - writer->len;
	size_t len = 0;

	while (len < text.len && len < room && csp_ascii_is_alpha(text.data[len])) {
		bytes[len] = csp_ascii_lower(text.data[len]);
		len++;
	}
	writer->len += len;
	return len;
}

static void write_ascii(struct writer *writer, struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		make_room(writer);
		put_ascii(writer, text.data[at++]);
		if (writer->place == IN_WORD)
			at += put_ascii_word(writer, csp_span_slice(text, at, text.len));
	}
}

static bool is_between(uint32_t rune, uint32_t first, uint32_t last)
{
	return rune >= first && rune <= last;
}

/* Case-folded letters of the scripts that most subjects are written in, which need not be looked up. */
static bool is_common_letter(uint32_t rune)
{
	if (rune < 0x600)
		return is_between(rune, 0x430, 0x45f) || is_between(rune, 0x5d0, 0x5ea);
	if (rune < 0x4e00)
		return is_between(rune, 0x621, 0x63f) || is_between(rune, 0x641, 0x64a);
	return is_between(rune, 0x4e00, 0x9fa5) || is_between(rune, 0xac00, 0xd7a3);
}

/*
 * Marks without which a word is still the word: accents that NFKC could not make part of a letter, enclosing
 * marks, the vowel signs and points of Arabic and Hebrew; and tatweel, which only draws a word out.
 */
static bool is_dropped(uint32_t rune)
{
	static const struct {
		uint16_t first, last;
	} ranges[] = {
		{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x05bf, 0x05bf},
		{0x05c1, 0x05c2}, {0x05c4, 0x05c5}, {0x05c7, 0x05c7}, {0x0610, 0x061a},
		{0x0640, 0x0640}, {0x064b, 0x065f}, {0x0670, 0x0670}, {0x06d6, 0x06dc},
		{0x06df, 0x06e4}, {0x06e7, 0x06e8}, {0x06ea, 0x06ed}, {0x08ca, 0x08e1},
		{0x08e3, 0x08ff}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
		{0xa66f, 0xa672}, {0xfe20, 0xfe2f},
	};
	size_t low = 0;
	size_t high = sizeof(ranges) / sizeof(ranges[0]);

	if (is_between(rune, 0x2100, 0xa66e) || is_between(rune, 0x0370, 0x0482) || rune < 0x0300)
		return false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (rune > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof(ranges) / sizeof(ranges[0]) && rune >= ranges[low].first;
}

static enum class classify(uint32_t rune) {
	if (is_common_letter(rune)) return CLASS_LETTER;
	uint32_t category = U_MASK(u_charType((UChar32)rune));

	/* Letters that look like apostrophes and accents, and are written for them. */
	if (is_between(rune, 0x2b9, 0x2ff)) return CLASS_OTHER;
	if (category & U_GC_L_MASK) return CLASS_LETTER;
	if (category & U_GC_M_MASK) return CLASS_SIGN;
	return category & U_GC_N_MASK ? CLASS_NUMBER : CLASS_OTHER;
}

static uint32_t next_rune(const UChar *units, int32_t *at)
{
	uint32_t lead = units[(*at)++];

	if ((lead & 0xfc00) != 0xd800)
		return lead;
	return 0x10000 + ((lead & 0x3ff) << 10 | (units[(*at)++] & 0x3ffU));
}

static void append_rune(UChar *units, int32_t *len, uint32_t rune)
{
	if (rune >= 0x10000) {
		units[(*len)++] = (UChar)(0xd7c0 + (rune >> 10));
		rune = 0xdc00 | (rune & 0x3ff);
	}
	units[(*len)++] = (UChar)rune;
}

/* White letters in black discs and squares, which NFKC leaves as symbols. */
static uint32_t open_disc(uint32_t rune)
{
	static const uint32_t alphabets[] = {0x1f150, 0x1f170};

	for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
		if (is_between(rune, alphabets[i], alphabets[i] + 25))
			return 'a' + (rune - alphabets[i]);
	}
	return rune;
}

/* Takes out what is dropped. True when anything was: what stood around it may now make one letter. */
static bool drop(UChar *units, int32_t *len)
{
	int32_t kept = 0;

	/* Most text has nothing to drop. */
	while (kept < *len && (units[kept] == ' ' || is_common_letter(units[kept])))
		kept++;
	for (int32_t at = kept; at < *len;) {
		uint32_t rune = next_rune(units, &at);
		rune = rune == DOTLESS_I ? 'i' : open_disc(rune);
		if (is_common_letter(rune) || (!is_dropped(rune) && !is_control(rune)))
			append_rune(units, &kept, rune);
	}
	bool dropped = kept < *len;
	*len = kept;
	return dropped;
}

/* Goes on with a word by the run, as with ASCII; gives the place behind it. */
static int32_t put_word(struct writer *writer, const UChar *units, int32_t at, int32_t len)
{
	const bool unspaced = writer->place == IN_UNSPACED;
	const char *last = writer->bytes + sizeof(writer->bytes) - 8;
	char *to = writer->bytes + writer->len;

	while (at < len && to <= last && is_common_letter(units[at]) &&
	       csp_text_is_unspaced(units[at]) == unspaced)
		to += csp_utf8_encode(to, units[at++]);
	writer->len = (size_t)(to - writer->bytes);
	return at;
}

static void write_folded(struct writer *writer, const UChar *units, int32_t len)
{
	for (int32_t at = 0; at < len;) {
		uint32_t rune = next_rune(units, &at);
		make_room(writer);
		if (rune < 0x80)
			put_ascii(writer, (char)rune);
		else
			put(writer, classify(rune), rune);
		if (writer->place == IN_WORD || writer->place == IN_UNSPACED)
			at = put_word(writer, units, at, len);
	}
}

static void write_again(struct piece *piece, const UChar *units, int32_t len, UErrorCode *status)
{
	UChar folded[FOLDED_SIZE];

	len = unorm2_normalize(piece->folder, units, len, folded, FOLDED_SIZE, status);
	if (U_SUCCESS(*status))
		write_folded(piece->writer, folded, len);
}

static void write_units(struct piece *piece, int32_t len, UErrorCode *status)
{
	UChar folded[FOLDED_SIZE];

	len = unorm2_normalize(piece->folder, piece->units, len, folded, FOLDED_SIZE, status);
	if (U_FAILURE(*status))
		return;
	if (drop(folded, &len))
		write_again(piece, folded, len, status);
	else
		write_folded(piece->writer, folded, len);
}

static bool is_trail(UChar unit)
{
	return (unit & 0xfc00) == 0xdc00;
}

/* The last place in the first `len` units that joins nothing; when there is none, the end of a character. */
static int32_t split_place(const struct piece *piece, int32_t len)
{
	for (int32_t at = len - 1; at > 0; at--) {
		int32_t behind = at;
		if (!is_trail(piece->units[at]) &&
		    unorm2_hasBoundaryBefore(piece->folder,
					     (UChar32)next_rune(piece->units, &behind)))
			return at;
	}
	return len < piece->len && is_trail(piece->units[len]) ? len - 1 : len;
}

static void flush(struct piece *piece, int32_t len)
{
	UErrorCode status = U_ZERO_ERROR;

	if (len > piece->most)
		len = split_place(piece, piece->most);
	write_units(piece, len, &status);
	while (status == U_BUFFER_OVERFLOW_ERROR && len > 2) {
		status = U_ZERO_ERROR;
		piece->most = len / 2 + 1;
		len = split_place(piece, piece->most);
		write_units(piece, len, &status);
	}
	if (U_FAILURE(status))
		piece->writer->out->failed = true;
	piece->len -= len;
	memmove(piece->units, piece->units + len, (size_t)piece->len * sizeof(UChar));
}

/* The most bytes of text that fill at most `room` units and tear no character apart. */
static size_t fitting_length(struct span text, size_t room)
{
	size_t len = room < text.len ? room : text.len;

	for (size_t i = 0; i < 3 && len > 1 && len < text.len; i++) {
		if (((unsigned char)text.data[len] & 0xc0) != 0x80)
			break;
		len--;
	}
	return len;
}

/* What is no UTF-8 becomes U+FFFD: a character that is no letter. */
static size_t fill(struct piece *piece, struct span text)
{
	size_t len = fitting_length(text, (size_t)(PIECE_SIZE - piece->len));
	UErrorCode status = U_ZERO_ERROR;
	int32_t units;

	u_strFromUTF8WithSub(piece->units + piece->len, PIECE_SIZE - piece->len, &units, text.data,
			     (int32_t)len, 0xfffd, NULL, &status);
	if (U_FAILURE(status))
		piece->writer->out->failed = true;
	else
		piece->len += units;
	return len;
}

static void write_unicode(struct piece *piece, struct span text)
{
	while (text.len) {
		text = csp_span_slice(text, fill(piece, text), text.len);
		if (text.len)
			flush(piece, split_place(piece, piece->len));
	}
	while (piece->len)
		flush(piece, piece->len);
}

static bool is_all_controls(struct span ascii)
{
	for (size_t i = 0; i < ascii.len; i++) {
		if (!is_control((unsigned char)ascii.data[i]))
			return false;
	}
	return true;
}

/*
 * Bytes up to the next long run of ASCII, which is written faster without ICU. Controls alone keep nothing apart: the parts of a
 * letter may stand on both sides of them.
 */
static size_t unicode_length(struct span text)
{
	const size_t long_run = 16;
	size_t at = 0;

	while (at < text.len) {
		size_t run = csp_span_ascii_length(csp_span_slice(text, at, text.len));
		if (run >= long_run && !is_all_controls(csp_span_slice(text, at, at + run)))
			break;
		at += run;
		while (at < text.len && (unsigned char)text.data[at] >= 0x80)
			at++;
	}
	return at;
}

/* The last ASCII character before others goes with them: an accent may follow it. */
static size_t plain_length(struct span text)
{
	size_t len = csp_span_ascii_length(text);

	return len && len < text.len ? len - 1 : len;
}

static void write_text(struct writer *writer, struct span utf8)
{
	UErrorCode status = U_ZERO_ERROR;
	struct piece piece = {.writer = writer,
			      .most = PIECE_SIZE,
			      .folder = unorm2_getNFKCCasefoldInstance(&status)};

	if (U_FAILURE(status)) {
		writer->out->failed = true;
		return;
	}
	while (utf8.len) {
		size_t len = plain_length(utf8);
		write_ascii(writer, csp_span_slice(utf8, 0, len));
		utf8 = csp_span_slice(utf8, len, utf8.len);
		len = unicode_length(utf8);
		write_unicode(&piece, csp_span_slice(utf8, 0, len));
		utf8 = csp_span_slice(utf8, len, utf8.len);
	}
	make_room(writer);
	end_gap(writer);
	write_out(writer);
}

void csp_text_normalise(struct buf *out, struct span utf8)
{
	struct writer writer = {.out = out};

	write_text(&writer, utf8);
}

void csp_text_normalise_name(struct buf *out, struct span utf8)
{
	struct writer writer = {.out = out, .keeps_numbers = true};

	write_text(&writer, utf8);
}

bool csp_text_warm_up(void)
{
	UErrorCode status = U_ZERO_ERROR;
	UIDNA *idna = uidna_openUTS46(UIDNA_DEFAULT, &status);

	if (U_FAILURE(status))
		return false;
	uidna_close(idna);
	unorm2_getNFKCCasefoldInstance(&status);
	return U_SUCCESS(status) && csp_charset_warm_up();
}
