/*
 * A group of settings as a table: name, type, range, default, and how each becomes data.
 * Tables are constant; what is read goes into the caller's structure, texts into the configuration's arena.
 * Whatever is wrong (unknown name, type, range, an empty or missing text) has been reported with file and line when a
 * function here gives false; the rest of the group is read all the same.
 */
#ifndef CSP_SCHEMA_H
#define CSP_SCHEMA_H

#include "conf_source.h"

enum schema_type {
	SCHEMA_BOOL,   /* bool */
	SCHEMA_NUMBER, /* unsigned, from min to max */
	SCHEMA_SIZE,   /* the same, size_t */
	SCHEMA_RANGE,  /* unsigned[2]: one number, or [ lowest, highest ] */
	SCHEMA_TEXT,   /* struct span, of min to max bytes */
	SCHEMA_TEXTS, /* struct spans, of min to max texts that all differ; one text alone is taken too */
	SCHEMA_CHOICE,  /* unsigned or an enum: the number of the name */
	SCHEMA_CHOICES, /* unsigned: the set of bits 1 << number */
	SCHEMA_GROUP,   /* a table of its own, read into the same structure */
	SCHEMA_GROUPS   /* a list of groups, each handed to `each` */
};

/* Where a value stands, for whoever reports on it. */
struct schema_place {
	const struct conf_source *source;
	const config_setting_t *setting; /* NULL: it is the default, and stands nowhere */
	const struct schema_place *parent;
	const char *name; /* NULL for an element of a list */
};

struct schema_value {
	struct span text; /* in the configuration's arena */
	unsigned number;  /* of a choice; 0 and 1 of a bool */
	size_t index, count;
};

typedef bool schema_check(const struct schema_place *place,
			  struct span *text); /* may put a canonical form */
typedef bool schema_store(const struct schema_place *place, const struct schema_value *value,
			  void *field);
typedef const char *schema_choice(const struct conf *conf,
				  unsigned number); /* NULL past the last */
typedef bool schema_complete(const struct schema_place *place, void *field);
typedef bool schema_each(const struct schema_place *place, size_t index, size_t count, void *field);

struct schema {
	const char *name; /* NULL ends a table */
	enum schema_type type;
	bool required;
	size_t offset;     /* of the field in the structure */
	unsigned min, max; /* number, bytes or count; max 0: no limit of its own */
	const char
		*fallback; /* when it is absent; texts separated by spaces; NULL leaves the field */
	schema_check *check;        /* every text */
	schema_store *store;        /* instead of the type's own way */
	schema_choice *choice;      /* names of CHOICE and CHOICES */
	const struct schema *group; /* of GROUP and GROUPS */
	schema_each *each;
	schema_complete *complete; /* asked at the end, even when a value was refused */
};

bool csp_schema_read(const struct schema_place *place, const struct schema *table, void *out);

/* "FILE:LINE: the.name: …" */
void csp_schema_error(const struct schema_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool csp_schema_no_memory(const struct schema_place *place); /* notes it; gives false */
struct conf_reader *csp_schema_reader(const struct schema_place *place);
struct conf_origin csp_schema_origin(const struct schema_place *place);

#endif
