#include "text.h"

#include "charset.h"
#include "utf8.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>

#define DOTLESS_I 0x131
#define TATWEEL   0x640

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
	CLASS_DROPPED,
};

struct writer {
	struct buf *out;
	char bytes[512];
	size_t len;
	bool in_word;
	bool number; /* in the run since the last word */
};

struct piece {
	UChar units[PIECE_SIZE];
	int32_t len;
	const UNormalizer2 *folder;
	struct writer *writer;
};

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

static void put_rune(struct writer *writer, uint32_t rune)
{
	make_room(writer);
	if (!writer->in_word)
		end_gap(writer);
	writer->in_word = true;
	writer->len += csp_utf8_encode(writer->bytes + writer->len, rune);
}

static void put(struct writer *writer, enum class class, uint32_t rune)
{
	switch (class) {
	case CLASS_LETTER:
		put_rune(writer, rune);
		break;
	case CLASS_SIGN:
		if (writer->in_word)
			put_rune(writer, rune);
		break;
	case CLASS_NUMBER:
		writer->in_word = false;
		writer->number = true;
		break;
	case CLASS_OTHER:
		writer->in_word = false;
		break;
	case CLASS_DROPPED:
		break;
	}
}

static void put_ascii(struct writer *writer, char c)
{
	if (csp_ascii_is_alpha(c))
		put_rune(writer, (uint32_t)csp_ascii_lower(c));
	else
		put(writer, csp_ascii_is_digit(c) || c == '#' ? CLASS_NUMBER : CLASS_OTHER, 0);
}

static bool is_between(uint32_t rune, uint32_t first, uint32_t last)
{
	return rune >= first && rune <= last;
}

/* Marks without which a word is still the word: accents that NFKC could not make part of a letter, and
 * the vowel signs and points of Arabic and Hebrew. */
static bool is_dropped_mark(uint32_t rune)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05c7}, {0x0610, 0x061a},
		{0x064b, 0x065f}, {0x0670, 0x0670}, {0x06d6, 0x06ed}, {0x08ca, 0x08ff},
		{0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (rune <= ranges[i].last)
			return rune >= ranges[i].first;
	}
	return false;
}

static enum class classify(uint32_t rune) {
	uint32_t category = U_MASK(u_charType((UChar32)rune));

	if (category & U_GC_L_MASK){
		/* Letters that look like apostrophes and accents, and are written for them. */
		if (is_between(rune, 0x2b9, 0x2ff)) return CLASS_OTHER;
		return rune == TATWEEL ? CLASS_DROPPED : CLASS_LETTER;}
if (category & U_GC_M_MASK) return is_dropped_mark(rune) || category & U_GC_ME_MASK ? CLASS_DROPPED
										    : CLASS_SIGN;
return category & U_GC_N_MASK || rune == '#' ? CLASS_NUMBER : CLASS_OTHER;
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

/* Takes out what is dropped. True when anything was: what stood around it may now make one letter. */
static bool drop(UChar *units, int32_t *len)
{
	int32_t kept = 0;

	for (int32_t at = 0; at < *len;) {
		uint32_t rune = next_rune(units, &at);
		if (rune == DOTLESS_I)
			rune = 'i';
		if (rune < 0x80 || classify(rune) != CLASS_DROPPED)
			append_rune(units, &kept, rune);
	}
	bool dropped = kept < *len;
	*len = kept;
	return dropped;
}

static void write_folded(struct writer *writer, const UChar *units, int32_t len)
{
	for (int32_t at = 0; at < len;) {
		uint32_t rune = next_rune(units, &at);
		if (rune < 0x80)
			put_ascii(writer, (char)rune);
		else
			put(writer, classify(rune), rune);
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

	write_units(piece, len, &status);
	while (status == U_BUFFER_OVERFLOW_ERROR && len > 2) {
		status = U_ZERO_ERROR;
		len = split_place(piece, len / 2 + 1);
		write_units(piece, len, &status);
	}
	if (U_FAILURE(status))
		piece->writer->out->failed = true;
	piece->len -= len;
	memmove(piece->units, piece->units + len, (size_t)piece->len * sizeof(UChar));
}

static void add_rune(struct piece *piece, uint32_t rune)
{
	if (piece->len + 2 > PIECE_SIZE)
		flush(piece, split_place(piece, piece->len));
	append_rune(piece->units, &piece->len, rune);
}

/* ASCII goes straight to the writer, but for the last character before others: an accent may follow it. */
static struct span write_ascii(struct writer *writer, struct span text)
{
	size_t len = csp_span_ascii_length(text);

	if (len < text.len && len > 0)
		len--;
	for (size_t i = 0; i < len; i++)
		put_ascii(writer, text.data[i]);
	return csp_span_slice(text, len, text.len);
}

static void write_unicode(struct writer *writer, struct span text)
{
	UErrorCode status = U_ZERO_ERROR;
	struct piece piece = {.writer = writer};

	piece.folder = unorm2_getNFKCCasefoldInstance(&status);
	if (U_FAILURE(status)) {
		writer->out->failed = true;
		return;
	}
	while (text.len) {
		uint32_t rune;
		size_t len = csp_utf8_decode(&rune, text);
		add_rune(&piece, len ? rune : ' ');
		text = csp_span_slice(text, len ? len : 1, text.len);
	}
	while (piece.len)
		flush(&piece, piece.len);
}

void csp_text_normalise(struct buf *out, struct span utf8)
{
	struct writer writer = {.out = out};
	struct span rest = write_ascii(&writer, utf8);

	if (rest.len)
		write_unicode(&writer, rest);
	make_room(&writer);
	end_gap(&writer);
	write_out(&writer);
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
