/*
 * A file for a result: written beside the one it replaces, which stays as it was until all is on the disk.
 * A struct outfile owns its stream from open to close, except standard output.
 * Failures have been printed when an exit status is returned.
 */
#ifndef CSP_OUTFILE_H
#define CSP_OUTFILE_H

#include <stdio.h>

struct outfile {
	const char *name; /* as given */
	FILE *stream;
	char *target;    /* that is replaced; NULL: the stream is it already */
	char *temporary; /* that is written */
	int code;        /* errno of a write that failed, if the writer knows it */
};

/*
 * "-" is standard output; what is there and no file (a pipe, a device) is written to directly. A link to a file, or to nothing,
 * is refused. Mode 0640 when made.
 */
int csp_outfile_open(struct outfile *out, const char *name);

/* status: how the writing went; unless EX_OK, it is the result and what stood there stays. */
int csp_outfile_close(struct outfile *out, int status);

#endif
