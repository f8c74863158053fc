/*
 * A JSON writer (RFC 8259) on a buf: one value after another, commas put in by itself.
 * It owns nothing; the buf is the caller's, and its failure is the writer's.
 * Any bytes may be given as text: what is not UTF-8 is written as U+FFFD, and control characters,
 * DEL to U+009F, U+2028, U+2029 and bidirectional controls are escaped, so that a record is always one line that parses.
 */
#ifndef CSP_JSON_H
#define CSP_JSON_H

#include <stdint.h>

#include "buf.h"

struct json {
	struct buf *out;
	bool need_comma;
};

void csp_json_init(struct json *json, struct buf *out);
void csp_json_object(struct json *json); /* opens */
void csp_json_object_end(struct json *json);
void csp_json_array(struct json *json);
void csp_json_array_end(struct json *json);
void csp_json_key(struct json *json, const char *name);
void csp_json_text(struct json *json, struct span text);
void csp_json_number(struct json *json, int64_t number);
void csp_json_bool(struct json *json, bool value);
void csp_json_null(struct json *json);

/* A key and its value in one call. */
void csp_json_text_at(struct json *json, const char *name, struct span text);
void csp_json_texts_at(struct json *json, const char *name, const struct span *items, size_t count);
void csp_json_number_at(struct json *json, const char *name, int64_t number);
void csp_json_text_or_null_at(struct json *json, const char *name,
			      struct span text); /* empty gives null */

#endif
