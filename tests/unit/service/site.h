/*
 * A site for the tests of the service: a configuration, and a directory of customers, in a folder of its own.
 * site_make opens what the caller closes with site_remove, which removes the folder, too.
 * Whatever fails fails the test.
 */
#ifndef SITE_H
#define SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../store/directory_edit.h"
#include "decide.h"

#define NOW 1781956800 /* 2026-06-20T12:00:00Z */

#define SPANS(...)                                                                                 \
	((struct spans){(const struct span[]){__VA_ARGS__},                                        \
			sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span)})

struct site {
	char folder[64];
	char conf[128];
	char data[128];
	struct snapshot *snapshot;
	struct directory *directory;
	unsigned max_age;          /* for site_configure */
	const char *old_directory; /* NULL: "use" */
};

static const char site_conf[] =
	"mode = \"%s\";\n"
	"own_domains = [ \"gateway.example\" ];\n"
	"vendor = { domains = [ \"vendor.example\" ]; };\n"
	"failure = { directory = \"%s\"; old_directory = \"%s\"; };\n"
	"directory = { max_age = %u; };\n"
	"classification = { packs = [ \"pack.conf\" ]; };\n"
	"rules = (\n"
	" { name = \"partner-of-record\"; sender = \"partner-of-record\"; despite = \"any\"; "
	"disposition = \"pass\"; },\n"
	" { name = \"subscription\"; category = \"subscription\"; disposition = \"block\"; "
	"action = \"reject\"; reply = \"550 5.7.1 no (${decision})\"; },\n"
	" { name = \"general\"; disposition = \"pass\"; }\n"
	");\n";

static const char site_pack[] = "phrases = ( { category = \"subscription\"; meaning = \"invoice\"; "
				"phrases = [ \"invoice\" ]; } );\n";

static inline void site_write(const struct site *site, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", site->folder, name);
	FILE *stream = fopen(path, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static inline void site_no_report(void *context, const struct conf_error *error)
{
	(void)context;
	fail_msg("%s:%u: %s", error->file, error->line, error->text);
}

static inline void site_folder(struct site *site)
{
	memset(site, 0, sizeof(*site));
	strcpy(site->folder, "site-test-XXXXXX");
	assert_non_null(mkdtemp(site->folder));
	snprintf(site->conf, sizeof(site->conf), "%s/site.conf", site->folder);
	snprintf(site->data, sizeof(site->data), "%s/data", site->folder);
}

static inline void site_configure(struct site *site, const char *mode, const char *failure)
{
	char conf[2048];

	snprintf(conf, sizeof(conf), site_conf, mode, failure,
		 site->old_directory ? site->old_directory : "use", site->max_age);
	site_write(site, "site.conf", conf);
	site_write(site, "pack.conf", site_pack);
	csp_snapshot_release(site->snapshot);
	assert_int_equal(csp_snapshot_new(&site->snapshot, site->conf, site_no_report, NULL),
			 CONF_OK);
}

static inline void site_put_partner(struct edit *write, struct span id, struct span domain)
{
	const struct directory_name name = {.name = domain};
	const struct partner_entry entry = {
		.partner = {.id = id, .name = id, .proofs = {.logins = {&id, 1}}},
		.domains = &name,
		.domain_count = 1,
	};

	assert_int_equal(edit_put_partner(write, &entry), DIRECTORY_OK);
}

static inline void site_put_customer(struct edit *write, struct span id, struct span domain,
				     const struct relation *relations, size_t count)
{
	const struct directory_name name = {.name = domain};
	const struct customer_entry entry = {
		.customer = {.id = id,
			     .name = id,
			     .cloud = SPAN_LIT("commercial"),
			     .relations = relations,
			     .relation_count = count},
		.domains = &name,
		.domain_count = 1,
	};

	assert_int_equal(edit_put_customer(write, &entry), DIRECTORY_OK);
}

static inline struct relation site_relation(struct span partner, enum partner_role role)
{
	return (struct relation){
		.partner = partner, .role = role, .from = INT64_MIN, .until = INT64_MAX};
}

/* contoso.example is partner-a's; shared.example is a customer's of partner-a and one's of partner-b. */
static inline void site_fill(struct site *site)
{
	const struct relation a = site_relation(SPAN_LIT("partner-a"), ROLE_DIRECT_BILL);
	const struct relation b = site_relation(SPAN_LIT("partner-b"), ROLE_DIRECT_BILL);
	struct relation ended = a;
	struct edit *write;

	ended.until = NOW;
	assert_int_equal(edit_begin(&write, site->directory, SPAN_LIT("test"), NOW), DIRECTORY_OK);
	if (!write)
		abort();
	site_put_partner(write, SPAN_LIT("partner-a"), SPAN_LIT("a.example"));
	site_put_partner(write, SPAN_LIT("partner-b"), SPAN_LIT("b.example"));
	site_put_customer(write, SPAN_LIT("contoso"), SPAN_LIT("contoso.example"), &a, 1);
	site_put_customer(write, SPAN_LIT("shared-a"), SPAN_LIT("shared.example"), &a, 1);
	site_put_customer(write, SPAN_LIT("shared-b"), SPAN_LIT("shared.example"), &b, 1);
	site_put_customer(write, SPAN_LIT("ended"), SPAN_LIT("ended.example"), &ended, 1);
	assert_int_equal(edit_commit(write), DIRECTORY_OK);
}

static inline void site_make(struct site *site, const char *mode, const char *failure)
{
	site_folder(site);
	assert_int_equal(csp_directory_open(&site->directory, site->data, true), DIRECTORY_OK);
	site_fill(site);
	site_configure(site, mode, failure);
}

static inline void site_unlink(const struct site *site, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", site->folder, name);
	(void)remove(path);
}

static inline void site_remove(struct site *site)
{
	static const char *const names[] = {"site.conf",     "pack.conf",        "data/data.mdb",
					    "data/lock.mdb", "data/writer.lock", "data"};

	csp_snapshot_release(site->snapshot);
	csp_directory_close(site->directory);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		site_unlink(site, names[i]);
	assert_int_equal(rmdir(site->folder), 0);
}

#endif
