/*
 * What the parts of the verb "directory" share: which directory is meant, and how entries are shown.
 * A struct place owns its configuration until csp_place_dispose; its path points there or into argv.
 * Every failure has been printed by the time a function here returns its exit status.
 */
#ifndef CSP_DIRECTORY_VERB_H
#define CSP_DIRECTORY_VERB_H

#include "directory_view.h"
#include "json.h"
#include "opt.h"

/* One file each; argv[0] is "import" or "get". */
int csp_directory_verb_import(int argc, char **argv);
int csp_directory_verb_get(int argc, char **argv);

struct place {
	const char *conf_path; /* NULL: the default */
	const char *path;      /* of the directory; NULL: the configuration says */
	struct conf *conf;     /* NULL unless it had to be read */
	struct span address_separators;
};

/* Fills in path and separators, from the configuration unless --path alone was given. EX_OK, or a status. */
int csp_place_find(struct place *place);
void csp_place_dispose(struct place *place);

/* Text or JSON to stdout. EX_OK, EX_OSERR when the buf failed, EX_IOERR. */
int csp_place_print(const struct buf *text);

/* A party and what each source says of it: lines of text, or one object. */
void csp_directory_show(struct buf *out, enum entry_type type, struct span id, struct span name,
			const struct directory_statements *statements);
void csp_directory_show_json(struct json *json, struct span id, struct span name,
			     const struct directory_statements *statements);

#endif
