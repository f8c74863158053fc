/*
 * What the JSON formats share: a row as jansson read it, and how its members become values.
 * Values point into the row's JSON, which lives until the row is over, or into the row's arena.
 * What cannot be meant so refuses the row, as in import_private.h.
 */
#ifndef CSP_IMPORT_JSON_H
#define CSP_IMPORT_JSON_H

#include <jansson.h>

#include "import_private.h"

/* NULL: *out says why. Commas before a closing bracket are forgiven. */
json_t *csp_import_json_load(json_error_t *out, struct arena *arena, struct span text);

static inline struct span csp_import_json_span(const json_t *text)
{
	return (struct span){json_string_value(text), json_string_length(text)};
}

/* One row of our own lines. */
bool csp_import_json_is_own(json_t *row);
enum row_result csp_import_json_own(struct import *import, json_t *row);

/* A member that is looked for; names are compared without case, as some write them all with a capital. */
struct json_member {
	const char *name;
	json_t *value; /* NULL: there is none; read alone, but jansson's functions want it so */
};
void csp_import_json_find(struct json_member *members, size_t count, json_t *object);

/* A text; empty where the member is missing or null. */
enum row_result csp_import_json_text(struct span *out, struct import *import,
				     const struct json_member *member);

/* An id that Partner Center gave: a text or a number. A missing one is empty; what stands in documentation for one is refused. */
enum row_result csp_import_json_id(struct span *out, struct import *import,
				   const struct json_member *member);
enum row_result csp_import_json_needed_id(struct span *out, struct import *import,
					  const struct json_member *member);

/* One row of Partner Center or Graph, an object or a domain. */
enum row_result csp_import_json_rest(struct import *import, json_t *row);

/* For the rows of all REST formats. */
struct customer_entry csp_import_json_customer(struct span id);
enum row_result csp_import_json_exporter(struct relation *out, const struct import *import);
struct relation csp_import_json_relation(struct span partner, enum partner_role role);

enum row_result csp_import_json_subscription(struct import *import, json_t *row);
enum row_result csp_import_json_transfer(struct import *import, json_t *row);

#endif
