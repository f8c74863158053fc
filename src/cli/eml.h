/*
 * A message file (.eml, or one message of an mbox) as the message that an MTA would show the filter.
 * What is read goes to the message's arena; the descriptor is the caller's.
 * Reading stops at the empty line that ends the header section, or behind the message's limits.
 */
#ifndef CSP_EML_H
#define CSP_EML_H

#include "message.h"

enum eml_result { EML_OK, EML_READ_ERROR, EML_NO_MEMORY }; /* READ_ERROR: see errno */

enum eml_result csp_eml_read(struct message *message, int fd);

/* "<path>" in the message's arena, as MTAs write paths; one that begins with '<' stays as it is. */
bool csp_eml_path(struct span *out, struct message *message, struct span path);

/* The only mailbox that all From fields name, as a path; false when there is not exactly one, or memory is short. */
bool csp_eml_author_path(struct span *out, struct message *message);

#endif
