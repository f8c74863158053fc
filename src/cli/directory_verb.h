/*
 * What the parts of the verb "directory" share: their options, which directory is meant, and how entries are shown.
 * A struct place owns what it has read and opened until csp_place_dispose; its path points there or into argv.
 * Every failure has been printed by the time a function here returns its exit status.
 */
#ifndef CSP_DIRECTORY_VERB_H
#define CSP_DIRECTORY_VERB_H

#include "directory_update.h"
#include "directory_view.h"
#include "json.h"
#include "opt.h"
#include "snapshot.h"

/* One file each; argv[0] is the part's name. */
int csp_directory_verb_import(int argc, char **argv);
int csp_directory_verb_get(int argc, char **argv);
int csp_directory_verb_put(int argc, char **argv);
int csp_directory_verb_delete(int argc, char **argv);
int csp_directory_verb_export(int argc, char **argv);
int csp_directory_verb_stats(int argc, char **argv);
int csp_directory_verb_verify(int argc, char **argv);

struct place {
	const char *conf_path;   /* NULL: the default */
	const char *path;        /* of the directory; NULL: the configuration says */
	bool wants_products;     /* a snapshot, not the configuration alone */
	const struct conf *conf; /* NULL when there is none to be read and --path was given */
	struct conf *own_conf;   /* one of these two owns it */
	struct snapshot *snapshot;
	struct span address_separators;
	struct directory *directory;
	struct directory_read *read;
};

/* An option of one part, beside -c, --path and --help, which all have: a text, or a flag. */
struct part_option {
	const char *name;
	const char **text;
	bool *flag;
};

struct part {
	const char *name; /* "directory get" */
	const char *help;
	const struct part_option *options; /* until one without a name */
	int most;                          /* arguments */
	struct place place;
	char **arguments; /* what is no option */
	int argument_count;
};

/* Reads the call. False when there is nothing left to do, with the exit status in *status. */
bool csp_part_begin(int *status, struct part *part, int argc, char **argv);

/* The value of --source; NULL gives the empty span. EX_OK, or EX_USAGE. */
int csp_part_source(struct span *out, const struct part *part, const char *source);

/*
 * Which directory: path and separators, from the configuration. With --path and no -c it does
 * without one where the default cannot be read.
 */
int csp_place_find(struct place *place);
int csp_place_open(struct place *place, bool writable);
int csp_place_read(struct place *place); /* all of it: finds, opens, begins to read */
void csp_place_dispose(struct place *place);

/*
 * Begins to change it, as `begin` does. While another process is at it: waits if the settings say
 * so, and tells; else EX_TEMPFAIL.
 */
typedef enum directory_result place_beginner(void *context, const struct update_settings *settings);
int csp_place_begin(const struct place *place, const struct update_settings *settings,
		    place_beginner *begin, void *context);
int csp_place_update(struct directory_update **out, const struct place *place,
		     const struct update_settings *settings);

/* Text or JSON to stdout. EX_OK, EX_OSERR when the buf failed, EX_IOERR. */
int csp_place_print(const struct buf *text);

/* A party and what each source says of it, as lines of text. */
void csp_directory_show(struct buf *out, enum entry_type type, struct span id, struct span name,
			const struct directory_statements *statements);

/* The members of an entry's object, as an import reads them. */
void csp_directory_show_entry(struct json *json, const struct directory_entry *entry);

/* A line that an import reads, with its source. */
void csp_directory_show_line(struct buf *out, const struct directory_statement *statement);
void csp_directory_show_exclusion(struct buf *out, struct span source, struct span domain);

/* "1 customer", "2 customers". */
void csp_directory_show_count(struct buf *out, uint64_t count, const char *one, const char *many);

#endif
