/*
 * One file of a configuration: opened with care, read whole.
 * The text lives in the reader's scratch memory until the reading of the configuration ends.
 * A file that is not there, is no regular file, may be written by others, is too large or is not UTF-8 is
 * an error that has been reported when csp_conf_file_read gives false.
 */
#ifndef CSP_CONF_FILE_H
#define CSP_CONF_FILE_H

#include <sys/stat.h>

#include "conf_report.h"

struct conf_file {
	const char *name; /* as errors name it */
	struct span text; /* without a byte order mark */
	dev_t device;     /* which file it is, however it was called */
	ino_t inode;      /* 0: it could not be opened */
};

/* Who names the file: file and line of the @include or of the setting; NULL and 0 for the first file. */
struct conf_origin {
	const char *file;
	unsigned line;
};

#define CONF_FILE_MAX  ((size_t)16 << 20) /* bytes */
#define CONF_TOTAL_MAX ((size_t)64 << 20)

bool csp_conf_file_read(struct conf_file *out, struct conf_reader *reader, struct span path,
			struct conf_origin origin);

/* A relative path starts at the folder of the file that names it; false: no memory. */
bool csp_conf_file_path(struct span *out, struct conf_reader *reader, const char *file,
			struct span path);

#endif
