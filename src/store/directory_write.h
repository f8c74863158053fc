/*
 * Changing the directory: one transaction for one source; nothing is visible before commit, and then all of it.
 * A struct directory_write is the caller's until commit or abort, which both end it; entries are copied.
 * After any result but OK and REFUSED the transaction can only be aborted.
 */
#ifndef CSP_DIRECTORY_WRITE_H
#define CSP_DIRECTORY_WRITE_H

#include "directory.h"
#include "directory_entry.h"

struct directory_write;

#define DIRECTORY_SOURCE_MAX 64 /* bytes of a source's name */

/* Waits for another writer to end. now: seconds since 1970. REFUSED: no name for a source. */
enum directory_result csp_directory_write_begin(struct directory_write **out,
						struct directory *directory, struct span source,
						int64_t now);

/*
 * A party replaces what its source said of it before; put twice in one transaction, its facts add
 * up. Ids are lower case and of printable ASCII, names canonical; an ended customer keeps none of
 * the source's relations.
 */
enum directory_result csp_directory_put_customer(struct directory_write *write,
						 const struct customer_entry *entry);
enum directory_result csp_directory_put_partner(struct directory_write *write,
						const struct partner_entry *entry);
enum directory_result csp_directory_put_exclusion(struct directory_write *write,
						  struct span domain);

/* After REFUSED: why. After OK: the first name put that another party claims too, or empty. Valid until the next put. */
const char *csp_directory_write_why(const struct directory_write *write);
struct span csp_directory_write_shared(const struct directory_write *write);

enum directory_result csp_directory_commit(struct directory_write *write);
void csp_directory_abort(struct directory_write *write); /* NULL is allowed */

#endif
