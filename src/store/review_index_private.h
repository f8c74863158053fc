/*
 * What the parts of the index share: its tables, its prepared statements, and the numbers that stand for texts.
 * A decision's number is its time in milliseconds since 1970, then 15 bits of its id: numbers are in the order of time.
 * Texts that come often are kept once: words (names of rules and the like) have small numbers, other texts a keyed hash for theirs.
 */
#ifndef CSP_REVIEW_INDEX_PRIVATE_H
#define CSP_REVIEW_INDEX_PRIVATE_H

#include "review_query.h"
#include "sql.h"

#define REVIEW_NUMBER_BITS 15 /* below the milliseconds */

enum review_statement {
	ADD_WORD,
	ADD_TEXT,
	ADD_ADDRESS,
	ADD_ORIGIN,
	ADD_SUBJECT,
	ADD_NORMAL,
	FIND_ID,
	ADD_DECISION,
	ADD_VERDICT,
	ADD_OUTCOME,
	SAVE_FILE,
	GET_DECISION,
	GET_VERDICTS,
	GET_OUTCOMES,
	GET_CUSTOMER,
	GET_ORIGIN,
	STATEMENTS
};

struct review_index {
	sqlite3 *database;
	char *path;
	bool marked; /* the marks are there, as a database of that name */
	int code;    /* of the last failure; SQLITE_OK: errno */
	int error;
	unsigned char key[16];
	json_t *words; /* text: number */
	sqlite3_stmt *statements[STATEMENTS];
};

enum review_index_result csp_review_index_result(struct review_index *index, int code);

/* A prepared statement, ready to be bound; NULL when it cannot be had, which the index keeps as its failure. */
sqlite3_stmt *csp_review_index_statement(struct review_index *index, enum review_statement which);

/* 63 bits that stand for a text. */
sqlite3_int64 csp_review_index_hash(const struct review_index *index, struct span text);

int csp_review_index_load_words(struct review_index *index); /* a code */

/*
 * To be stepped and finalised: number, own, id, and the numbers of rule, disposition, sender, action, would-action, category,
 * language, customer and origin of each verdict. NULL when nothing can pass, or it failed, which is in the index's code.
 */
sqlite3_stmt *csp_review_index_facts_statement(struct review_index *index,
					       const struct review_query *query);

/* A record of a journal's file, a decision or an outcome, and where it stands. */
struct review_place {
	sqlite3_int64 file;
	uint64_t offset;
	size_t length;
};

/* *added is the decision's number; 0 when it was known already, which *known tells, or is an outcome. Gives a code. */
int csp_review_index_add(sqlite3_int64 *added, bool *known, struct review_index *index,
			 const json_t *record, struct review_place place);

#endif
