#include "directory_files.h"

#include <signal.h>

#include "directory_packed.h"
#include "directory_verify.h"
#include "directory_view.h"
#include "facts.h"

/* The same updates, put in place in one directory and built anew, through small memory, in the other. */
static struct directory_files place, anew;

static const struct span tenant_domains[] = {SPAN_INIT(".cloud.example")};
static const struct span single[] = {SPAN_INIT("us-gov")};

static int make(void **state)
{
	(void)state;
	directory_files_make(&place);
	directory_files_make(&anew);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	directory_files_remove(&place);
	directory_files_remove(&anew);
	return 0;
}

static struct update_settings settings_for(const struct directory_files *files,
					   enum update_mode mode)
{
	return (struct update_settings){
		.mode = mode,
		.replaced = SPAN_LIT("one"),
		.now = 1795428000,
		.tenant_domains = {tenant_domains, 1},
		.single_partner_clouds = {single, 1},
		.memory = files == &anew ? 4096 : 0,
		.in_place_max = files == &anew ? 1 : 0,
	};
}

/* ---- what a directory holds, as bytes ---- */

static void append_party(struct buf *out, const struct directory_statement *statement)
{
	struct buf part;

	csp_buf_init(&part, 65536);
	csp_facts_encode_party(&part, &statement->entry);
	csp_codec_text(out, csp_buf_span(&part));
	csp_buf_reset(&part);
	csp_facts_encode_names(&part, &statement->entry);
	csp_codec_text(out, csp_buf_span(&part));
	csp_buf_dispose(&part);
}

static bool append_statements(void *context, enum entry_type type, struct span id,
			      const struct directory_statements *statements)
{
	struct buf *out = context;

	csp_buf_append_format(out, "\n%d %.*s:", (int)type, SPAN_ARG(id));
	for (size_t i = 0; i < statements->count; i++) {
		csp_buf_append(out, statements->items[i].source);
		append_party(out, &statements->items[i]);
	}
	return true;
}

static bool append_exclusion(void *context, struct span source, struct span domain)
{
	csp_buf_append_format(context, "\n%.*s excludes %.*s", SPAN_ARG(source), SPAN_ARG(domain));
	return true;
}

static void dump(struct buf *out, struct directory_files *files)
{
	struct directory_stats stats;

	csp_buf_reset(out);
	directory_files_read(files);
	OK(csp_directory_walk(files->read, append_statements, out));
	OK(csp_directory_walk_exclusions(files->read, append_exclusion, out));
	OK(csp_directory_stats(&stats, files->read, &files->arena));
	csp_buf_append_format(out, "\n%llu %llu %llu %llu", (unsigned long long)stats.customers,
			      (unsigned long long)stats.partners, (unsigned long long)stats.domains,
			      (unsigned long long)stats.addresses);
	for (size_t i = 0; i < stats.source_count; i++)
		csp_buf_append_format(out, " %.*s=%llu/%llu/%llu", SPAN_ARG(stats.sources[i].name),
				      (unsigned long long)stats.sources[i].customers,
				      (unsigned long long)stats.sources[i].partners,
				      (unsigned long long)stats.sources[i].exclusions);
	directory_files_read_end(files);
	csp_arena_reset(&files->arena);
	assert_false(csp_buf_failed(out));
}

static void say_problem(void *context, const char *what)
{
	(void)context;
	print_error("%s\n", what);
}

static void check_whole(struct directory_files *files)
{
	const struct verify_report report = {.problem = say_problem};
	struct verify_counts counts;

	directory_files_read(files);
	OK(csp_directory_verify(&counts, files->read, &report));
	directory_files_read_end(files);
	assert_int_equal(counts.problems, 0);
}

static void check_same(void)
{
	struct buf a, b;

	csp_buf_init(&a, (size_t)16 << 20);
	csp_buf_init(&b, (size_t)16 << 20);
	dump(&a, &place);
	dump(&b, &anew);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	check_whole(&place);
	check_whole(&anew);
	csp_buf_dispose(&a);
	csp_buf_dispose(&b);
}

/* ---- random entries ---- */

static unsigned long random_state;

static unsigned pick(unsigned below)
{
	random_state = random_state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(random_state >> 33) % below;
}

enum { TEXTS = 8 };

struct words {
	char id[40];
	char texts[TEXTS][48];
	struct directory_name domains[TEXTS];
	struct span addresses[TEXTS], products[TEXTS];
	struct relation relations[TEXTS];
	char partners[TEXTS][40];
};

static struct span guid(char out[40], char kind, unsigned number)
{
	snprintf(out, 40, "%c0a80001-7b1f-4d52-8f3c-%012x", kind, number);
	return csp_span_from(out);
}

static void random_customer(struct customer_entry *out, struct words *words)
{
	static const char *const clouds[] = {"", "us-gov", "commercial"};
	unsigned domains = pick(4), addresses = pick(3), relations = pick(3);

	*out = (struct customer_entry){
		.customer = {.id = guid(words->id, 'c', pick(40)),
			     .name = csp_span_from(pick(2) ? "Name" : ""),
			     .cloud = csp_span_from(clouds[pick(3)]),
			     .relations = words->relations,
			     .relation_count = relations},
		.domains = words->domains,
		.domain_count = domains,
		.addresses = {words->addresses, addresses},
		.ended = pick(8) == 0,
	};
	for (unsigned i = 0; i < domains; i++) {
		snprintf(words->texts[i], sizeof(words->texts[i]), "d%u.%s", pick(30),
			 pick(3) ? "example" : "cloud.example");
		words->domains[i] =
			(struct directory_name){csp_span_from(words->texts[i]), pick(2) == 0};
	}
	for (unsigned i = 0; i < addresses; i++) {
		snprintf(words->texts[4 + i], sizeof(words->texts[i]), "u%u@mail.example",
			 pick(20));
		words->addresses[i] = csp_span_from(words->texts[4 + i]);
	}
	for (unsigned i = 0; i < relations; i++)
		words->relations[i] = (struct relation){
			.partner = pick(2) ? guid(words->partners[i], 'p', pick(6))
					   : SPAN_LIT("4847383"),
			.role = (enum partner_role)pick(3),
			.from = INT64_MIN,
			.until = pick(2) ? INT64_MAX : 1795428001,
		};
}

static void random_partner(struct partner_entry *out, struct words *words)
{
	snprintf(words->texts[0], sizeof(words->texts[0]), "d%u.example", pick(30));
	snprintf(words->texts[1], sizeof(words->texts[1]), "bounce%u.example", pick(5));
	words->domains[0] = (struct directory_name){csp_span_from(words->texts[0]), pick(2) == 0};
	words->addresses[0] = csp_span_from(words->texts[1]);
	words->products[0] = pick(2) ? SPAN_LIT("4847383") : SPAN_LIT("99");
	*out = (struct partner_entry){
		.partner = {.id = guid(words->id, 'p', pick(6)),
			    .name = SPAN_LIT("Partner"),
			    .contact = SPAN_LIT("")},
		.domains = words->domains,
		.domain_count = pick(2),
		.bounce_domains = {words->addresses, pick(2)},
		.aliases = {words->products, pick(2)},
	};
}

static void put_random(struct directory_files *files, enum update_mode mode, const char *source)
{
	const struct update_settings settings = settings_for(files, mode);
	struct customer_entry customer;
	struct partner_entry partner;
	struct words words;
	struct edit *edit;
	unsigned rows = 2 + pick(60);

	edit = directory_files_begin_with(files, source, &settings);
	for (unsigned i = 0; i < rows; i++) {
		switch (pick(6)) {
		case 0:
			random_partner(&partner, &words);
			OK(edit_put_partner(edit, &partner));
			break;
		case 1:
			snprintf(words.id, sizeof(words.id), "d%u.example", pick(30));
			OK(edit_put_exclusion(edit, csp_span_from(words.id)));
			break;
		default:
			random_customer(&customer, &words);
			OK(edit_put_customer(edit, &customer));
		}
	}
	OK(edit_commit(edit));
}

static void an_update_in_place_and_one_anew_come_to_the_same(void **state)
{
	static const char *const sources[] = {"one", "two", "three"};
	struct update_counts counts;

	(void)state;
	for (unsigned round = 0; round < 150; round++) {
		random_state = round;
		enum update_mode mode = pick(8) == 0   ? UPDATE_REPLACE_ALL
					: pick(4) == 0 ? UPDATE_REPLACE
						       : UPDATE_UPSERT;
		const char *source = sources[mode == UPDATE_REPLACE ? 0 : pick(3)];
		unsigned long seed = random_state;
		put_random(&place, mode, source);
		counts = edit_words()->counts;
		random_state = seed;
		put_random(&anew, mode, source);
		assert_memory_equal(&counts, &edit_words()->counts, sizeof(counts));
		check_same();
	}
}

/* ---- what is told of an update ---- */

static void customers_without_a_domain_of_their_own_are_counted(void **state)
{
	struct update_settings settings = settings_for(&place, UPDATE_UPSERT);
	struct edit *edit;

	(void)state;
	edit = directory_files_begin_with(&place, "s", &settings);
	OK(put_customer(edit, "a", "a.cloud.example", "p"));
	OK(put_customer(edit, "b", "b.cloud.example", "p"));
	OK(put_customer(edit, "b", "b.example", "p"));
	OK(put_address(edit, "c", "ceo@mail.example"));
	OK(put_customer(edit, "d", "", "p"));
	OK(edit_commit(edit));
	assert_int_equal(edit_words()->counts.customers, 4);
	assert_int_equal(edit_words()->counts.no_own_domain, 2);
}

static void two_partners_where_one_is_allowed_are_told(void **state)
{
	struct update_settings settings = settings_for(&place, UPDATE_UPSERT);
	struct relation relations[2] = {
		{.partner = SPAN_LIT("p1"),
		 .role = ROLE_DIRECT_BILL,
		 .from = INT64_MIN,
		 .until = INT64_MAX},
		{.partner = SPAN_LIT("4847383"),
		 .role = ROLE_DIRECT_BILL,
		 .from = INT64_MIN,
		 .until = INT64_MAX},
	};
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("alias"),
			     .name = SPAN_LIT(""),
			     .cloud = SPAN_LIT("us-gov"),
			     .relations = relations,
			     .relation_count = 2},
	};
	struct edit *edit;

	(void)state;
	edit = directory_files_begin_with(&place, "s", &settings);
	OK(put_partner(edit, "p1", "p1.example", "", "4847383"));
	OK(edit_put_customer(edit, &entry)); /* one partner under two names */
	entry.customer.id = SPAN_LIT("two");
	relations[1].partner = SPAN_LIT("p2");
	OK(edit_put_customer(edit, &entry));
	entry.customer.id = SPAN_LIT("reseller");
	relations[1].role = ROLE_INDIRECT_RESELLER;
	OK(edit_put_customer(edit, &entry));
	entry.customer.id = SPAN_LIT("elsewhere");
	entry.customer.cloud = SPAN_LIT("commercial");
	relations[1].role = ROLE_DIRECT_BILL;
	OK(edit_put_customer(edit, &entry));
	OK(edit_commit(edit));
	assert_int_equal(edit_words()->counts.crowded, 1);
	assert_string_equal(edit_words()->warned,
			    "two has two partners in a cloud that allows one");
	assert_int_equal(edit_words()->warned_line, 3);
}

static void a_domain_of_a_partner_and_a_customer_is_told(void **state)
{
	struct edit *edit = directory_files_begin(&place, "s");

	(void)state;
	OK(put_partner(edit, "p", "p.example", "", ""));
	OK(put_customer(edit, "a", "p.example", "p"));
	OK(edit_commit(edit));
	assert_int_equal(edit_words()->counts.partner_domains, 1);
	assert_string_equal(edit_words()->warned, "p.example belongs to a partner and to a "
						  "customer: it is not taken for the customer's");
}

static void a_dry_run_counts_and_changes_nothing(void **state)
{
	struct directory_files *all[] = {&place, &anew};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct update_settings settings = settings_for(all[i], UPDATE_UPSERT);
		struct edit *edit = directory_files_begin(all[i], "s");
		OK(put_customer(edit, "a", "a.example", "p"));
		OK(put_customer(edit, "z", "z.example", "p"));
		OK(edit_commit(edit));
		settings.dry_run = true;
		edit = directory_files_begin_with(all[i], "other", &settings);
		OK(put_customer(edit, "b", "a.example", "p"));
		OK(put_customer(edit, "c", "c.example", "p"));
		OK(edit_commit(edit));
		assert_int_equal(edit_words()->counts.customers, 2);
		assert_int_equal(edit_words()->counts.shared_domains, 1);
		directory_files_read(all[i]);
		assert_int_equal(csp_directory_state(all[i]->read), 1);
		CHECK_CUSTOMERS(all[i], "x@a.example", "a");
		CHECK_CUSTOMERS(all[i], "x@c.example", "-");
		directory_files_read_end(all[i]);
		check_whole(all[i]);
	}
}

static void a_strict_update_with_a_refused_statement_changes_nothing(void **state)
{
	enum { MANY = 20000 };
	struct update_settings settings = settings_for(&place, UPDATE_UPSERT);
	struct directory_name *names = calloc(MANY, sizeof(*names));
	char(*texts)[32] = calloc(MANY, sizeof(*texts));
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("big"), .name = SPAN_LIT(""), .cloud = SPAN_LIT("")},
		.domains = names,
		.domain_count = MANY,
	};

	(void)state;
	assert_non_null(names);
	assert_non_null(texts);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(*texts), "host%zu.example", i);
		names[i].name = csp_span_from(texts[i]);
	}
	settings.strict = true;
	struct edit *edit = directory_files_begin_with(&place, "s", &settings);
	OK(put_customer(edit, "a", "a.example", "p"));
	OK(edit_put_customer(edit, &entry));
	REFUSED(edit_commit(edit));
	assert_int_equal(edit_words()->refused_line, 2);
	edit = directory_files_begin_with(&place, "s", &settings);
	OK(put_customer(edit, "b", "b.example", "p"));
	OK(edit_commit(edit));
	directory_files_read(&place);
	assert_int_equal(csp_directory_state(place.read), 1);
	CHECK_CUSTOMERS(&place, "x@a.example", "-");
	CHECK_CUSTOMERS(&place, "x@b.example", "b");
	directory_files_read_end(&place);
	free(names);
	free(texts);
}

/* ---- taking away ---- */

static bool take_away(enum statement_type type, const char *id, const char *source)
{
	const struct update_settings settings = {.now = 1795428000,
						 .report = {edit_refused, edit_warned, NULL, NULL}};
	struct directory_update *update;
	bool found;

	OK(csp_directory_update_begin(&update, place.directory, &settings));
	OK(csp_directory_update_remove(&found, update, type, csp_span_from(id),
				       csp_span_from(source)));
	return found;
}

static void one_party_or_exclusion_can_be_taken_away(void **state)
{
	struct edit *edit = directory_files_begin(&place, "one");

	(void)state;
	OK(put_customer(edit, "a", "a1.example", "p"));
	OK(put_partner(edit, "p", "p.example", "b.example", "7"));
	OK(edit_put_exclusion(edit, SPAN_LIT("lab.example")));
	OK(edit_commit(edit));
	edit = directory_files_begin(&place, "two");
	OK(put_customer(edit, "a", "a2.example", "p"));
	OK(edit_put_exclusion(edit, SPAN_LIT("lab.example")));
	OK(edit_commit(edit));

	assert_false(take_away(STATEMENT_CUSTOMER, "nobody", ""));
	assert_false(take_away(STATEMENT_CUSTOMER, "", ""));
	assert_false(take_away(STATEMENT_CUSTOMER, "a", "unheard-of"));
	assert_false(take_away(STATEMENT_PARTNER, "p", "two"));
	assert_false(take_away(STATEMENT_EXCLUSION, "a1.example", ""));
	directory_files_read(&place);
	assert_int_equal(csp_directory_state(place.read), 2);
	directory_files_read_end(&place);

	assert_true(take_away(STATEMENT_CUSTOMER, "a", "one"));
	assert_true(take_away(STATEMENT_EXCLUSION, "lab.example", "one"));
	directory_files_read(&place);
	CHECK_CUSTOMERS(&place, "x@a1.example", "-");
	CHECK_CUSTOMERS(&place, "x@a2.example", "a");
	CHECK_CUSTOMERS(&place, "x@lab.example", "excluded -");
	directory_files_read_end(&place);
	check_whole(&place);

	assert_true(take_away(STATEMENT_CUSTOMER, "a", ""));
	assert_true(take_away(STATEMENT_PARTNER, "p", ""));
	assert_true(take_away(STATEMENT_EXCLUSION, "lab.example", ""));
	directory_files_read(&place);
	CHECK_CUSTOMERS(&place, "x@a2.example", "-");
	CHECK_CUSTOMERS(&place, "x@lab.example", "-");
	CHECK_PARTNERS(&place, "p.example", true, "-");
	directory_files_read_end(&place);
	check_whole(&place);
}

/* ---- the packed form ---- */

static void pack(FILE *stream, struct directory_files *files)
{
	const struct update_report report = {0};

	directory_files_read(files);
	OK(csp_packed_write(stream, files->read, &report));
	directory_files_read_end(files);
	rewind(stream);
}

static void what_is_packed_and_read_again_is_the_same(void **state)
{
	const struct update_settings settings = {.now = 1795428000};
	struct update_counts counts;
	FILE *stream = tmpfile();

	(void)state;
	assert_non_null(stream);
	for (unsigned round = 0; round < 5; round++) {
		random_state = 1000 + round;
		put_random(&place, UPDATE_UPSERT, round % 2 ? "one" : "two");
	}
	pack(stream, &place);
	assert_true(csp_packed_begins(stream));
	OK(csp_packed_read(&counts, anew.directory, stream, &settings));
	assert_true(counts.customers > 20);
	check_same();
	fclose(stream);
}

static void a_packed_stream_that_is_cut_or_changed_is_refused(void **state)
{
	const struct update_settings settings = {.now = 1795428000};
	struct update_counts counts;
	FILE *stream = tmpfile(), *copy;
	static char bytes[65536];

	(void)state;
	assert_non_null(stream);
	random_state = 5;
	put_random(&place, UPDATE_UPSERT, "one");
	random_state = 6;
	put_random(&anew, UPDATE_UPSERT, "one");
	pack(stream, &place);
	size_t len = fread(bytes, 1, sizeof(bytes), stream);
	assert_true(len > 1000 && len < sizeof(bytes));
	fclose(stream);
	for (size_t at = 0; at < 2 * len; at++) {
		char was = bytes[at / 2];
		copy = tmpfile();
		assert_non_null(copy);
		bytes[at / 2] ^= 1;
		assert_int_equal(fwrite(bytes, 1, at % 2 ? at / 2 : len, copy),
				 at % 2 ? at / 2 : len);
		rewind(copy);
		bytes[at / 2] = was;
		REFUSED(csp_packed_read(&counts, anew.directory, copy, &settings));
		fclose(copy);
	}
	directory_files_read(&anew);
	assert_int_equal(csp_directory_state(anew.read), 1);
	directory_files_read_end(&anew);
	check_whole(&anew);
}

/* ---- who else is at it ---- */

static void a_second_update_is_told_or_waits(void **state)
{
	struct edit *edit = directory_files_begin(&place, "s");
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		struct update_settings settings = {.now = 1};
		struct directory *directory;
		struct edit *other;
		OK(csp_directory_open(&directory, place.path, true));
		assert_int_equal(edit_begin_with(&other, directory, SPAN_LIT("s"), &settings),
				 DIRECTORY_BUSY);
		settings.wait = true;
		alarm(1);
		(void)edit_begin_with(&other, directory, SPAN_LIT("s"), &settings);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	edit_abort(edit);
	edit = directory_files_begin(&place, "s");
	edit_abort(edit);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(an_update_in_place_and_one_anew_come_to_the_same),
		TEST(customers_without_a_domain_of_their_own_are_counted),
		TEST(two_partners_where_one_is_allowed_are_told),
		TEST(a_domain_of_a_partner_and_a_customer_is_told),
		TEST(a_dry_run_counts_and_changes_nothing),
		TEST(a_strict_update_with_a_refused_statement_changes_nothing),
		TEST(one_party_or_exclusion_can_be_taken_away),
		TEST(what_is_packed_and_read_again_is_the_same),
		TEST(a_packed_stream_that_is_cut_or_changed_is_refused),
		TEST(a_second_update_is_told_or_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
