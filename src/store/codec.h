/*
 * How the directory's values are packed: a version, the payload, and a checksum over table, key and both.
 * Writers append to the caller's buf; what a reader takes points into the value it was given.
 * Taking past the end sets `failed` and gives empty values from then on; nothing is read outside the value.
 */
#ifndef CSP_CODEC_H
#define CSP_CODEC_H

#include <stdint.h>

#include "arena.h"
#include "buf.h"

/* Part of every checksum: a value that strays into another table is not believed there. */
enum codec_table {
	TABLE_META,
	TABLE_DOMAINS,
	TABLE_ADDRESSES,
	TABLE_CUSTOMERS,
	TABLE_PARTNERS,
	TABLE_ALIASES,
	TABLE_COUNT
};

#define CODEC_VERSION  1
#define CODEC_ID_MAX   64  /* bytes of a party's id */
#define CODEC_NAME_MAX 511 /* bytes of a domain, an address or an alias: what LMDB takes as a key */

/* A party's id as it is stored, a GUID in 16 bytes; in the buffer. Empty for an id that is empty or too long. */
struct span csp_codec_pack_id(char buffer[1 + CODEC_ID_MAX], struct span id);

/* Writing: begin (empties the buf), any number of pieces, seal. */
void csp_codec_begin(struct buf *out);
void csp_codec_number(struct buf *out, uint64_t number);
void csp_codec_time(struct buf *out, int64_t time); /* eight bytes */
void csp_codec_text(struct buf *out, struct span text);
void csp_codec_fixed(struct buf *out, uint64_t number,
		     unsigned bytes);               /* big-endian: sorts as it counts */
void csp_codec_id(struct buf *out, struct span id); /* as csp_codec_pack_id; fails the buf when it
						       cannot */
void csp_codec_seal(struct buf *out, enum codec_table table, struct span key);

struct codec_reader {
	struct span rest;
	bool failed;
};

/* False unless the value was sealed for this table and key, byte for byte, by this version. */
bool csp_codec_open(struct codec_reader *out, enum codec_table table, struct span key,
		    struct span value);
uint64_t csp_codec_take_number(struct codec_reader *reader);
int64_t csp_codec_take_time(struct codec_reader *reader);
uint64_t csp_codec_take_fixed(struct codec_reader *reader, unsigned bytes);
struct span csp_codec_take_text(struct codec_reader *reader);
struct span csp_codec_take_bytes(struct codec_reader *reader, uint64_t len);
struct span csp_codec_take_packed_id(struct codec_reader *reader); /* as csp_codec_id wrote it */

/* A number that counts items which follow, each at least a byte: never more than there are bytes. */
size_t csp_codec_take_count(struct codec_reader *reader);

/* The id as text, in the arena; false when memory is short or it is no packed id. */
bool csp_codec_unpack_id(struct span *out, struct arena *arena, struct span packed);

#endif
