/*
 * A file that keeps a compiled set of literals from one start to the next (phrase_cache.h).
 * It owns nothing. A file that somebody else could have written is not read.
 */
#ifndef CSP_PHRASE_FILE_H
#define CSP_PHRASE_FILE_H

#include "phrase_cache.h"

struct phrase_file {
	const char *path;
};

/*
 * The file must outlive the cache; an empty path keeps nothing. What is read belongs to root or to the process's user, and is
 * writable for its owner alone; what is written takes the file's place whole, and only in a folder of the process's user.
 */
struct phrase_cache csp_phrase_file(struct phrase_file *file);

#endif
