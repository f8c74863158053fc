/*
 * A folder of a configuration: the files that it stands for.
 * Their paths live in the reader's scratch memory.
 * A folder that cannot be read is an error that has been reported when the result is CONF_FOLDER_FAILED.
 */
#ifndef CSP_CONF_FOLDER_H
#define CSP_CONF_FOLDER_H

#include "conf_file.h"

enum conf_folder { CONF_FOLDER_NONE, CONF_FOLDER_READ, CONF_FOLDER_FAILED };

/* The files of the folder whose names end in ".conf" and begin with no dot, by name. CONF_FOLDER_NONE: the path is no folder's. */
enum conf_folder csp_conf_folder_read(struct spans *out, struct conf_reader *reader,
				      struct span path, struct conf_origin origin);

#endif
