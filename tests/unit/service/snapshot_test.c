#include "site.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 4
#define ROUNDS  2000

static void a_snapshot_holds_what_was_configured(void **state)
{
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	const struct conf *conf = csp_snapshot_conf(site.snapshot);
	assert_int_equal(conf->mode, MODE_ENFORCE);
	assert_int_equal(conf->policy.rule_count, 3);
	assert_non_null(csp_snapshot_classifier(site.snapshot));
	site_remove(&site);
}

static void releasing_nothing_is_allowed(void **state)
{
	(void)state;
	csp_snapshot_release(NULL);
	csp_snapshot_slot_free(NULL);
}

struct reports {
	size_t count;
	char text[1024];
	char file[256];
};

static void keep_report(void *context, const struct conf_error *error)
{
	struct reports *reports = context;

	reports->count++;
	snprintf(reports->text, sizeof(reports->text), "%s", error->text);
	snprintf(reports->file, sizeof(reports->file), "%s", error->file);
}

static enum conf_result read_again(const struct site *site, struct reports *reports)
{
	struct snapshot *snapshot = site->snapshot;

	memset(reports, 0, sizeof(*reports));
	enum conf_result result = csp_snapshot_new(&snapshot, site->conf, keep_report, reports);
	assert_null(snapshot);
	return result;
}

static void a_wrong_configuration_is_reported_and_makes_none(void **state)
{
	struct reports reports;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	site_write(&site, "site.conf", "mode = \"sometimes\";\n");
	assert_int_equal(read_again(&site, &reports), CONF_WRONG);
	assert_true(reports.count > 0);
	site_unlink(&site, "site.conf");
	assert_int_equal(read_again(&site, &reports), CONF_UNREADABLE);
	assert_true(reports.count > 0);
	site_remove(&site);
}

static void a_phrase_that_says_nothing_is_named(void **state)
{
	struct reports reports;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	site_write(&site, "pack.conf",
		   "phrases = ( { category = \"subscription\"; meaning = \"m\"; "
		   "phrases = [ \"invoice\", \"?!\" ]; } );\n");
	assert_int_equal(read_again(&site, &reports), CONF_WRONG);
	assert_int_equal(reports.count, 1);
	assert_non_null(strstr(reports.text, "?!"));
	site_remove(&site);
}

static void a_scratch_that_was_given_back_is_taken_again(void **state)
{
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	struct classify_scratch *one = csp_snapshot_scratch_take(site.snapshot);
	struct classify_scratch *two = csp_snapshot_scratch_take(site.snapshot);
	assert_non_null(one);
	assert_non_null(two);
	assert_ptr_not_equal(one, two);
	csp_snapshot_scratch_give(site.snapshot, one);
	assert_ptr_equal(csp_snapshot_scratch_take(site.snapshot), one);
	csp_snapshot_scratch_give(site.snapshot, two);
	csp_snapshot_scratch_give(site.snapshot, one);
	site_remove(&site);
}

static void more_scratches_than_are_kept_are_freed(void **state)
{
	struct classify_scratch *scratches[100];
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	for (size_t i = 0; i < 100; i++) {
		scratches[i] = csp_snapshot_scratch_take(site.snapshot);
		assert_non_null(scratches[i]);
	}
	for (size_t i = 0; i < 100; i++)
		csp_snapshot_scratch_give(site.snapshot, scratches[i]);
	site_remove(&site);
}

static void a_pinned_snapshot_outlives_its_place(void **state)
{
	struct snapshot *next;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	struct snapshot_slot *slot = csp_snapshot_slot_new(csp_snapshot_acquire(site.snapshot));
	struct snapshot *pinned = csp_snapshot_slot_acquire(slot);
	assert_ptr_equal(pinned, site.snapshot);
	assert_int_equal(csp_snapshot_new(&next, site.conf, site_no_report, NULL), CONF_OK);
	csp_snapshot_slot_replace(slot, next);
	csp_snapshot_release(site.snapshot);
	site.snapshot = NULL;
	assert_int_equal(csp_snapshot_conf(pinned)->mode, MODE_ENFORCE);
	csp_snapshot_release(pinned);
	struct snapshot *now = csp_snapshot_slot_acquire(slot);
	assert_ptr_equal(now, next);
	csp_snapshot_release(now);
	csp_snapshot_slot_free(slot);
	site_remove(&site);
}

struct reader {
	struct snapshot_slot *slot;
	atomic_bool *stop;
};

static void *read_conf(void *context)
{
	const struct reader *reader = context;
	size_t wrong = 0;

	while (!atomic_load(reader->stop)) {
		struct snapshot *snapshot = csp_snapshot_slot_acquire(reader->slot);
		struct classify_scratch *scratch = csp_snapshot_scratch_take(snapshot);
		wrong += !scratch || csp_snapshot_conf(snapshot)->policy.rule_count != 3;
		csp_snapshot_scratch_give(snapshot, scratch);
		csp_snapshot_release(snapshot);
	}
	return wrong ? context : NULL;
}

static void readers_always_see_a_whole_snapshot_while_it_is_replaced(void **state)
{
	pthread_t threads[THREADS];
	atomic_bool stop = false;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	struct snapshot_slot *slot = csp_snapshot_slot_new(csp_snapshot_acquire(site.snapshot));
	struct reader reader = {slot, &stop};
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_conf, &reader), 0);
	for (size_t i = 0; i < 20; i++) {
		struct snapshot *next;
		assert_int_equal(csp_snapshot_new(&next, site.conf, site_no_report, NULL), CONF_OK);
		csp_snapshot_slot_replace(slot, next);
	}
	for (size_t i = 0; i < ROUNDS; i++)
		csp_snapshot_slot_replace(slot, csp_snapshot_acquire(site.snapshot));
	atomic_store(&stop, true);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	csp_snapshot_slot_free(slot);
	site_remove(&site);
}

static void *ask_products(void *context)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {{"Azure plan", 1}, {"Office 365 and Azure", 2}, {"other", 0}};
	size_t wrong = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct span names[4];
		size_t at = i % 3;
		size_t count =
			csp_snapshot_products(context, names, 4, csp_span_from(cases[at].text));
		wrong += count != cases[at].count;
	}
	return wrong ? context : NULL;
}

static void products_of_a_text_may_be_asked_by_many_threads(void **state)
{
	pthread_t threads[THREADS];
	struct reports reports;
	struct snapshot *snapshot;
	struct site site;
	void *wrong;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	site_write(&site, "pack.conf",
		   "products = ( { name = \"azure\"; csp = true; phrases = [ \"azure\" ]; },\n"
		   " { name = \"office-365\"; csp = true; phrases = [ \"office 365\" ]; } );\n");
	memset(&reports, 0, sizeof(reports));
	assert_int_equal(csp_snapshot_new(&snapshot, site.conf, keep_report, &reports), CONF_OK);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_products, snapshot), 0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	csp_snapshot_release(snapshot);
	site_remove(&site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_of_a_text_may_be_asked_by_many_threads),
		cmocka_unit_test(a_snapshot_holds_what_was_configured),
		cmocka_unit_test(releasing_nothing_is_allowed),
		cmocka_unit_test(a_wrong_configuration_is_reported_and_makes_none),
		cmocka_unit_test(a_phrase_that_says_nothing_is_named),
		cmocka_unit_test(a_scratch_that_was_given_back_is_taken_again),
		cmocka_unit_test(more_scratches_than_are_kept_are_freed),
		cmocka_unit_test(a_pinned_snapshot_outlives_its_place),
		cmocka_unit_test(readers_always_see_a_whole_snapshot_while_it_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
