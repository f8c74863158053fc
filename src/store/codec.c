#include "codec.h"

#include <sodium.h>
#include <string.h>

#define TAG_SIZE     crypto_shorthash_BYTES
#define GUID_LEN     36
#define GUID_BYTES   16
#define NUMBER_BYTES 10 /* of a 64-bit number, seven bits each */

_Static_assert(TAG_SIZE == 8 && crypto_shorthash_KEYBYTES == 16, "SipHash-2-4");

static void append(struct buf *out, const void *bytes, size_t len)
{
	csp_buf_append(out, (struct span){bytes, len});
}

/*
 * The key's hash becomes half of the key that the payload is hashed with, so that neither has to be
 * copied next to the other. The keys are no secret: this finds damage, it does not keep out a forger.
 */
static void make_tag(unsigned char tag[TAG_SIZE], enum codec_table table, struct span key,
		     struct span bytes)
{
	unsigned char name_key[crypto_shorthash_KEYBYTES] = "csp directory 1";
	unsigned char value_key[crypto_shorthash_KEYBYTES] = "csp directory 1";

	name_key[crypto_shorthash_KEYBYTES - 1] = (unsigned char)table;
	crypto_shorthash(value_key, (const unsigned char *)key.data, key.len, name_key);
	crypto_shorthash(tag, (const unsigned char *)bytes.data, bytes.len, value_key);
}

void csp_codec_begin(struct buf *out)
{
	csp_buf_reset(out);
	csp_buf_append_char(out, CODEC_VERSION);
}

void csp_codec_number(struct buf *out, uint64_t number)
{
	unsigned char bytes[NUMBER_BYTES];
	size_t len = 0;

	for (; number >= 0x80; number >>= 7)
		bytes[len++] = (unsigned char)(number | 0x80);
	bytes[len++] = (unsigned char)number;
	append(out, bytes, len);
}

void csp_codec_time(struct buf *out, int64_t time)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)((uint64_t)time >> (8 * i));
	append(out, bytes, sizeof(bytes));
}

void csp_codec_fixed(struct buf *out, uint64_t number, unsigned bytes)
{
	while (bytes > 0)
		csp_buf_append_char(out, (char)(number >> (8 * --bytes)));
}

void csp_codec_text(struct buf *out, struct span text)
{
	csp_codec_number(out, text.len);
	csp_buf_append(out, text);
}

static bool is_hyphen_place(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

static int hex_value(char c)
{
	if (csp_ascii_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool pack_guid(char out[GUID_BYTES], struct span id)
{
	size_t digits = 0;

	if (id.len != GUID_LEN)
		return false;
	memset(out, 0, GUID_BYTES);
	for (size_t i = 0; i < id.len; i++) {
		int value = hex_value(id.data[i]);
		if (is_hyphen_place(i) ? id.data[i] != '-' : value < 0)
			return false;
		if (is_hyphen_place(i))
			continue;
		out[digits / 2] = (char)((unsigned char)out[digits / 2] << 4 | value);
		digits++;
	}
	return true;
}

/* The first byte is the length of a text, or 0 for a packed GUID. */
struct span csp_codec_pack_id(char buffer[1 + CODEC_ID_MAX], struct span id)
{
	if (id.len == 0 || id.len > CODEC_ID_MAX)
		return SPAN_LIT("");
	buffer[0] = 0;
	if (pack_guid(buffer + 1, id))
		return (struct span){buffer, 1 + GUID_BYTES};
	buffer[0] = (char)id.len;
	memcpy(buffer + 1, id.data, id.len);
	return (struct span){buffer, 1 + id.len};
}

void csp_codec_id(struct buf *out, struct span id)
{
	char buffer[1 + CODEC_ID_MAX];
	struct span packed = csp_codec_pack_id(buffer, id);

	if (packed.len == 0)
		out->failed = true;
	csp_buf_append(out, packed);
}

void csp_codec_seal(struct buf *out, enum codec_table table, struct span key)
{
	unsigned char tag[TAG_SIZE];

	make_tag(tag, table, key, csp_buf_span(out));
	append(out, tag, sizeof(tag));
}

bool csp_codec_open(struct codec_reader *out, enum codec_table table, struct span key,
		    struct span value)
{
	unsigned char tag[TAG_SIZE];

	*out = (struct codec_reader){.rest = SPAN_LIT(""), .failed = true};
	if (value.len < 1 + TAG_SIZE || value.data[0] != CODEC_VERSION)
		return false;
	struct span bytes = csp_span_slice(value, 0, value.len - TAG_SIZE);
	make_tag(tag, table, key, bytes);
	if (memcmp(tag, value.data + bytes.len, TAG_SIZE) != 0)
		return false;
	*out = (struct codec_reader){.rest = csp_span_slice(bytes, 1, bytes.len)};
	return true;
}

static struct span fail(struct codec_reader *reader)
{
	*reader = (struct codec_reader){.rest = SPAN_LIT(""), .failed = true};
	return SPAN_LIT("");
}

struct span csp_codec_take_bytes(struct codec_reader *reader, uint64_t len)
{
	if (len > reader->rest.len)
		return fail(reader);
	struct span piece = csp_span_slice(reader->rest, 0, (size_t)len);
	reader->rest = csp_span_slice(reader->rest, (size_t)len, reader->rest.len);
	return piece;
}

uint64_t csp_codec_take_number(struct codec_reader *reader)
{
	uint64_t number = 0;

	for (size_t i = 0; i < NUMBER_BYTES && i < reader->rest.len; i++) {
		uint64_t byte = (unsigned char)reader->rest.data[i];
		if (i == NUMBER_BYTES - 1 && byte > 1)
			break;
		number |= (byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			csp_codec_take_bytes(reader, i + 1);
			return number;
		}
	}
	fail(reader);
	return 0;
}

int64_t csp_codec_take_time(struct codec_reader *reader)
{
	struct span bytes = csp_codec_take_bytes(reader, 8);
	uint64_t time = 0;

	for (size_t i = 0; i < bytes.len; i++)
		time |= (uint64_t)(unsigned char)bytes.data[i] << (8 * i);
	return (int64_t)time;
}

uint64_t csp_codec_take_fixed(struct codec_reader *reader, unsigned bytes)
{
	struct span digits = csp_codec_take_bytes(reader, bytes);
	uint64_t number = 0;

	for (size_t i = 0; i < digits.len; i++)
		number = number << 8 | (unsigned char)digits.data[i];
	return number;
}

struct span csp_codec_take_text(struct codec_reader *reader)
{
	return csp_codec_take_bytes(reader, csp_codec_take_number(reader));
}

struct span csp_codec_take_packed_id(struct codec_reader *reader)
{
	size_t len = reader->rest.len ? (unsigned char)reader->rest.data[0] : 0;

	if (len > CODEC_ID_MAX)
		return fail(reader);
	return csp_codec_take_bytes(reader, 1 + (len ? len : GUID_BYTES));
}

size_t csp_codec_take_count(struct codec_reader *reader)
{
	uint64_t count = csp_codec_take_number(reader);

	if (count <= reader->rest.len)
		return (size_t)count;
	fail(reader);
	return 0;
}

static bool unpack_guid(struct span *out, struct arena *arena, struct span packed)
{
	char text[GUID_LEN];
	char *at = text;

	for (size_t i = 0; i < GUID_BYTES; i++) {
		unsigned byte = (unsigned char)packed.data[1 + i];
		if (is_hyphen_place((size_t)(at - text)))
			*at++ = '-';
		*at++ = "0123456789abcdef"[byte >> 4];
		*at++ = "0123456789abcdef"[byte & 15];
	}
	return csp_arena_copy(arena, out, (struct span){text, sizeof(text)});
}

bool csp_codec_unpack_id(struct span *out, struct arena *arena, struct span packed)
{
	if (packed.len == 1 + GUID_BYTES && packed.data[0] == 0)
		return unpack_guid(out, arena, packed);
	if (packed.len < 2 || (unsigned char)packed.data[0] != packed.len - 1)
		return false;
	return csp_arena_copy(arena, out, csp_span_slice(packed, 1, packed.len));
}
