/*
 * Files into the directory as one change: what "directory import" and "directory put" share.
 * A struct load owns nothing; what it points to is the caller's.
 * Refused rows and every failure have been told by the time an exit status is returned; then nothing is changed.
 */
#ifndef CSP_DIRECTORY_LOAD_H
#define CSP_DIRECTORY_LOAD_H

#include "directory_verb.h"
#include "import.h"
#include "progress.h"
#include "rejects.h"

struct load {
	const char *verb; /* for wrong calls: "directory import" */
	struct place *place;
	char **files; /* "-" is standard input */
	int file_count;
	struct import_settings settings;
	enum update_mode mode;
	bool dry_run, wait;
	bool strict;            /* one refused row, and nothing is changed */
	struct rejects rejects; /* where refused rows go; when it is not open, to stderr */

	/* What came of it. */
	bool packed;
	struct import_counts counts;
	struct update_counts found;

	struct progress progress;
	uint64_t bytes, bytes_before, bytes_total; /* of the files; total 0: not known */
	FILE *stream;
	struct directory_update *update;
	enum directory_result outcome; /* of reading a packed directory */
};

/* Finds and opens the directory, takes settings from the configuration, and does it all. */
int csp_load_run(struct load *load);

/* The summary to stdout; 1 when rows were refused. */
int csp_load_print(const struct load *load, bool as_json);

#endif
