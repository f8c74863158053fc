/*
 * What reviewers said of decisions: confirmed, or a false positive, with a note, by whom and when.
 * A SQLite database of its own, apart from the journal, which a group of reviewers may write. A struct review_marks owns its handle;
 * a mark's texts are valid until the next call.
 * Whatever fails is told by csp_review_marks_error.
 */
#ifndef CSP_REVIEW_MARKS_H
#define CSP_REVIEW_MARKS_H

#include <stdint.h>

#include "span.h"

struct review_marks;

struct review_mark {
	struct span decision; /* id */
	struct span verdict;  /* "confirmed" or "false-positive" */
	struct span note;     /* may be empty */
	struct span reviewer; /* a user's name */
	int64_t time;         /* seconds since 1970 */
};

enum review_marks_result {
	REVIEW_MARKS_OK,
	REVIEW_MARKS_NONE, /* no such file, or no mark for this decision */
	REVIEW_MARKS_FAILED
};

/*
 * To write, the file is made where it is missing, mode 0660: its folder decides who reviews. To read, a file that is missing, or not yet
 * made, gives REVIEW_MARKS_NONE. After REVIEW_MARKS_FAILED *out may still be there, for its error.
 */
enum review_marks_result csp_review_marks_open(struct review_marks **out, const char *path,
					       bool write);
void csp_review_marks_close(struct review_marks *marks); /* NULL is allowed */

/* All of them or none, in one transaction; a later mark takes the place of an earlier one, which is kept. */
enum review_marks_result csp_review_marks_add(struct review_marks *marks,
					      const struct review_mark *items, size_t count);

/* The last mark of a decision. */
enum review_marks_result csp_review_marks_find(struct review_mark *out, struct review_marks *marks,
					       struct span decision);

const char *csp_review_marks_error(const struct review_marks *marks); /* for a person */

#endif
