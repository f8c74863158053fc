/*
 * A directory in a folder of its own, for the tests: short ways to put and to ask.
 * The folder and what is in it are removed by directory_files_remove.
 * Whatever fails fails the test.
 */
#ifndef DIRECTORY_FILES_H
#define DIRECTORY_FILES_H

#include "../check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "directory_edit.h"
#include "directory_private.h"

struct directory_files {
	char folder[64]; /* holds the directory and nothing else */
	char path[96];
	char data[128], lock[128], writer[128];
	struct directory *directory; /* open for writing; NULL when closed */
	struct directory_read *read;
	struct arena arena;
};

static inline void directory_files_open(struct directory_files *files)
{
	assert_int_equal(csp_directory_open(&files->directory, files->path, true), DIRECTORY_OK);
	/* What a crash of the machine leaves is not what these tests are about. */
	assert_int_equal(mdb_env_set_flags(files->directory->env, MDB_NOSYNC, 1), 0);
}

static inline void directory_files_make(struct directory_files *files)
{
	memset(files, 0, sizeof(*files));
	strcpy(files->folder, "/tmp/csp-directory-XXXXXX");
	assert_non_null(mkdtemp(files->folder));
	assert_int_equal(chmod(files->folder, 0755), 0);
	snprintf(files->path, sizeof(files->path), "%s/directory", files->folder);
	snprintf(files->data, sizeof(files->data), "%s/data.mdb", files->path);
	snprintf(files->lock, sizeof(files->lock), "%s/lock.mdb", files->path);
	snprintf(files->writer, sizeof(files->writer), "%s/writer.lock", files->path);
	csp_arena_init(&files->arena, (size_t)16 << 20);
	directory_files_open(files);
}

static inline void directory_files_close(struct directory_files *files)
{
	csp_directory_close(files->directory);
	files->directory = NULL;
}

static inline void directory_files_remove(struct directory_files *files)
{
	directory_files_close(files);
	csp_arena_dispose(&files->arena);
	unlink(files->data);
	unlink(files->lock);
	unlink(files->writer);
	unlink(files->path);
	rmdir(files->path);
	assert_int_equal(rmdir(files->folder), 0);
}

static inline struct edit *directory_files_begin_with(struct directory_files *files,
						      const char *source,
						      const struct update_settings *settings)
{
	struct edit *edit;

	assert_int_equal(edit_begin_with(&edit, files->directory, csp_span_from(source), settings),
			 DIRECTORY_OK);
	if (!edit)
		abort();
	return edit;
}

static inline struct edit *directory_files_begin(struct directory_files *files, const char *source)
{
	const struct update_settings settings = {.now = 1795428000};

	return directory_files_begin_with(files, source, &settings);
}

/* A customer with one domain (".x" for sub-domains too) and one partner ("" for none). */
static inline enum directory_result put_customer(struct edit *write, const char *id,
						 const char *domain, const char *partner)
{
	bool subdomains = domain[0] == '.';
	struct directory_name name = {csp_span_from(subdomains ? domain + 1 : domain), subdomains};
	struct relation relation = {
		.partner = csp_span_from(partner),
		.role = ROLE_DIRECT_BILL,
		.from = INT64_MIN,
		.until = INT64_MAX,
	};
	struct customer_entry entry = {
		.customer = {.id = csp_span_from(id),
			     .name = SPAN_LIT("Customer"),
			     .cloud = SPAN_LIT(""),
			     .relations = &relation,
			     .relation_count = *partner ? 1 : 0},
		.domains = &name,
		.domain_count = *domain ? 1 : 0,
	};

	return edit_put_customer(write, &entry);
}

static inline enum directory_result put_address(struct edit *write, const char *id,
						const char *address)
{
	struct span key = csp_span_from(address);
	struct customer_entry entry = {
		.customer = {.id = csp_span_from(id), .name = SPAN_LIT(""), .cloud = SPAN_LIT("")},
		.addresses = {&key, 1},
	};

	return edit_put_customer(write, &entry);
}

/* A partner with one domain, one bounce domain and one alias; "" for none. */
static inline enum directory_result put_partner(struct edit *write, const char *id,
						const char *domain, const char *bounce,
						const char *alias)
{
	bool subdomains = domain[0] == '.';
	struct directory_name name = {csp_span_from(subdomains ? domain + 1 : domain), subdomains};
	struct span bounce_name = csp_span_from(bounce), alias_name = csp_span_from(alias);
	struct partner_entry entry = {
		.partner = {.id = csp_span_from(id),
			    .name = SPAN_LIT("Partner"),
			    .contact = SPAN_LIT("")},
		.domains = &name,
		.domain_count = *domain ? 1 : 0,
		.bounce_domains = {&bounce_name, *bounce ? 1 : 0},
		.aliases = {&alias_name, *alias ? 1 : 0},
	};

	return edit_put_partner(write, &entry);
}

static inline void directory_files_read(struct directory_files *files)
{
	assert_int_equal(csp_directory_read_begin(&files->read, files->directory), DIRECTORY_OK);
}

static inline void directory_files_read_end(struct directory_files *files)
{
	csp_directory_read_end(files->read);
	files->read = NULL;
}

/* What a look-up gives, as text: ids with blanks between, "-" not found, "excluded", "?" could not tell. */
static inline void append_found(struct buf *out, enum found found, size_t count)
{
	if (found == COULD_NOT_TELL)
		csp_buf_append(out, SPAN_LIT("?"));
	else if (found == NOT_FOUND)
		csp_buf_append(out, SPAN_LIT("-"));
	else
		assert_true(count > 0);
}

static inline void ask_customers(struct buf *out, struct directory_files *files,
				 const char *address)
{
	struct span key = csp_span_from(address), local, domain;
	struct customers customers;

	csp_buf_reset(out);
	if (!csp_span_split(&local, &domain, key, '@'))
		domain = key;
	enum found found =
		csp_directory_find_customers(&customers, files->read, &files->arena, key, domain);
	if (found == NOT_FOUND && customers.excluded)
		csp_buf_append(out, SPAN_LIT("excluded "));
	append_found(out, found, customers.count);
	for (size_t i = 0; i < customers.count; i++) {
		if (i)
			csp_buf_append_char(out, ' ');
		csp_buf_append(out, customers.items[i].id);
	}
}

static inline void ask_partners(struct buf *out, struct directory_files *files, const char *domain,
				bool reverse_path)
{
	struct partners partners;

	csp_buf_reset(out);
	enum found found = csp_directory_find_partners(&partners, files->read, &files->arena,
						       csp_span_from(domain), reverse_path);
	append_found(out, found, partners.count);
	for (size_t i = 0; i < partners.count; i++) {
		if (i)
			csp_buf_append_char(out, ' ');
		csp_buf_append(out, partners.items[i]->id);
	}
}

#define CHECK_CUSTOMERS(files, address, expected)                                                  \
	do {                                                                                       \
		struct buf check_out;                                                              \
		csp_buf_init(&check_out, 65536);                                                   \
		ask_customers(&check_out, (files), (address));                                     \
		CHECK_SPAN((address), csp_buf_span(&check_out), csp_span_from(expected));          \
		csp_buf_dispose(&check_out);                                                       \
	} while (0)

#define CHECK_PARTNERS(files, domain, reverse_path, expected)                                      \
	do {                                                                                       \
		struct buf check_out;                                                              \
		csp_buf_init(&check_out, 65536);                                                   \
		ask_partners(&check_out, (files), (domain), (reverse_path));                       \
		CHECK_SPAN((domain), csp_buf_span(&check_out), csp_span_from(expected));           \
		csp_buf_dispose(&check_out);                                                       \
	} while (0)

#define OK(call)      assert_int_equal((call), DIRECTORY_OK)
#define REFUSED(call) assert_int_equal((call), DIRECTORY_REFUSED)

#endif
