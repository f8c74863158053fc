/*
 * Subject lines from a file: one a line, or a column of tab-separated values whose header row names it.
 * A row's spans are valid until the next call; the descriptor is the caller's.
 * A line over SUBJECT_LINE_MAX octets is stepped over and said to be so; a failed read leaves errno set.
 */
#ifndef CSP_SUBJECTS_H
#define CSP_SUBJECTS_H

#include "lines.h"

#define SUBJECT_LINE_MAX ((size_t)1 << 20)

enum subject_column { COLUMN_SUBJECT, COLUMN_FROM, COLUMN_CATEGORY, COLUMN_LANGUAGE, COLUMN_COUNT };

struct subjects {
	struct lines lines;
	bool has[COLUMN_COUNT]; /* known after the first row; a plain list has the subject alone */
	size_t place[COLUMN_COUNT];
};

struct subject_row {
	uint64_t line;                  /* in the file, from 1 */
	struct span cell[COLUMN_COUNT]; /* empty where the row has none */
};

void csp_subjects_init(struct subjects *subjects, int fd);
void csp_subjects_dispose(struct subjects *subjects);
enum lines_result csp_subjects_next(struct subject_row *out, struct subjects *subjects);

#endif
