#include "../check.h"
#include "phrases.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEARD_SIZE 65536

/* What was heard, as "index:match index:match …", sorted by nothing but the order of hearing. */
struct heard {
	char text[HEARD_SIZE];
	size_t len, count;
};

static void hear(void *context, const struct phrase_owner *owner, struct span match)
{
	struct heard *heard = context;

	heard->count++;
	int written = snprintf(heard->text + heard->len, sizeof(heard->text) - heard->len,
			       "%u:%.*s ", owner->index, SPAN_ARG(match));
	if (written > 0 && (size_t)written < sizeof(heard->text) - heard->len)
		heard->len += (size_t)written;
}

struct fixture {
	struct phrases *phrases;
	struct phrase_scan *scan;
	struct heard heard;
	bool truncated;
};

/* One set of octets, whatever it is of. */
struct shelf {
	char *octets;
	size_t size;
	unsigned taken, kept;
};

static char *take_from_shelf(void *context, size_t *size, const struct phrase_set_name *name)
{
	struct shelf *shelf = context;
	char *copy = shelf->octets ? malloc(shelf->size) : NULL;

	assert_true(name->count > 0 && name->version.len > 0);
	if (!copy)
		return NULL;
	memcpy(copy, shelf->octets, shelf->size);
	*size = shelf->size;
	shelf->taken++;
	return copy;
}

static void keep_on_shelf(void *context, struct span octets, const struct phrase_set_name *name)
{
	struct shelf *shelf = context;

	(void)name;
	free(shelf->octets);
	shelf->octets = malloc(octets.len);
	assert_non_null(shelf->octets);
	memcpy(shelf->octets, octets.data, octets.len);
	shelf->size = octets.len;
	shelf->kept++;
}

static void build(struct fixture *fixture, const struct phrase_source *sources, size_t count,
		  struct shelf *shelf)
{
	const struct phrase_cache cache = {take_from_shelf, keep_on_shelf, shelf};
	struct phrases_error error;

	if (!csp_phrases_new(&fixture->phrases, &error, sources, count, &cache))
		fail_msg("refused: %.*s: %s", SPAN_ARG(error.text), error.why);
}

/* Compiled once, and taken from the cache for the test. */
static void open_fixture(struct fixture *fixture, const struct phrase_source *sources, size_t count)
{
	struct shelf shelf = {.octets = NULL};

	build(fixture, sources, count, &shelf);
	csp_phrases_free(fixture->phrases);
	build(fixture, sources, count, &shelf);
	assert_int_equal(shelf.taken, count > 0);
	assert_int_equal(shelf.kept, count > 0);
	free(shelf.octets);
	assert_true(csp_phrase_scan_new(&fixture->scan, fixture->phrases));
}

static void close_fixture(struct fixture *fixture)
{
	csp_phrase_scan_free(fixture->scan);
	csp_phrases_free(fixture->phrases);
}

static const char *listen_to(struct fixture *fixture, const char *subject, unsigned kinds)
{
	const struct phrase_listener listener = {hear, &fixture->heard, kinds, NULL};
	struct buf normal;

	csp_buf_init(&normal, 1 << 24);
	csp_text_normalise(&normal, csp_span_from(subject));
	fixture->heard.len = fixture->heard.count = 0;
	fixture->heard.text[0] = '\0';
	fixture->truncated = false;
	assert_true(csp_phrases_find(fixture->phrases, fixture->scan, csp_buf_span(&normal),
				     &listener, &fixture->truncated));
	csp_buf_dispose(&normal);
	return fixture->heard.text;
}

#define ALL 7U

struct heard_case {
	const char *subject, *heard;
};

static void check_heard(const struct phrase_source *sources, size_t source_count,
			const struct heard_case *cases, size_t case_count)
{
	struct fixture fixture;

	open_fixture(&fixture, sources, source_count);
	for (size_t i = 0; i < case_count; i++)
		CHECK_SPAN(cases[i].subject,
			   csp_span_from(listen_to(&fixture, cases[i].subject, ALL)),
			   csp_span_from(cases[i].heard));
	close_fixture(&fixture);
}

#define CATEGORY(written, number, group)                                                           \
	{                                                                                          \
		{(written), sizeof(written) - 1},                                                  \
		{                                                                                  \
			PHRASE_CATEGORY, (number), (group)                                         \
		}                                                                                  \
	}
#define OF_KIND(written, kind, number, group)                                                      \
	{                                                                                          \
		{(written), sizeof(written) - 1},                                                  \
		{                                                                                  \
			(kind), (number), (group)                                                  \
		}                                                                                  \
	}

static void phrases_are_found_word_by_word(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("invoice", 0, 0),          CATEGORY("renew*", 1, 0),
		CATEGORY("Past-Due", 2, 0),         CATEGORY("in 30 days", 3, 0),
		CATEGORY("  l'abonnement  ", 4, 0),
	};
	static const struct heard_case cases[] = {
		{"", ""},
		{"invoice", "0:invoice "},
		{"Your INVOICE, please", "0:invoice "},
		{"invoices", ""},
		{"reinvoice", ""},
		{"in voice", ""},
		{"renewal", "1:renewal "},
		{"RENEW", "1:renew "},
		{"prerenew", ""},
		{"past due", "2:past due "},
		{"past\t\"due\"", "2:past due "},
		{"pastdue", ""},
		{"in 7 days", "3:in # days "},
		{"in seven days", ""},
		{"L\xe2\x80\x99"
		 "abonnement",
		 "4:l abonnement "},
		{"invoice invoice", "0:invoice 0:invoice "},
	};

	(void)state;
	check_heard(sources, COUNT(sources), cases, COUNT(cases));
}

static void scripts_without_spaces_are_searched_inside_words(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("\xe8\xab\x8b\xe6\xb1\x82", 0, 0),                  /* Han */
		CATEGORY("\xe3\x83\xa9\xe3\x82\xa4", 1, 0),                  /* Katakana */
		CATEGORY("azure\xe3\x81\xae\xe8\xab\x8b\xe6\xb1\x82", 2, 0), /* begins in Latin */
		CATEGORY("\xe0\xb8\x8a\xe0\xb8\xb3", 3, 0),                  /* Thai */
		CATEGORY("\xd1\x81\xd1\x87\xd0\xb5\xd1\x82", 4, 0), /* Cyrillic has spaces */
	};
	static const struct {
		const char *subject, *found;
	} cases[] = {
		{"\xe3\x81\x94\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8", "0:"},
		{"\xe3\x83\x97\xe3\x83\xa9\xe3\x82\xa4\xe3\x82\xb9", "1:"},
		{"azure\xe3\x81\xae\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8", "2:"},
		{"xazure\xe3\x81\xae\xe8\xab\x8b", ""},
		{"\xe0\xb8\x81\xe0\xb8\x8a\xe0\xb8\xb3\xe0\xb8\x81", "3:"},
		{"\xd1\x81\xd1\x87\xd0\xb5\xd1\x82", "4:"},
		{"\xd1\x81\xd1\x87\xd0\xb5\xd1\x82\xd1\x87\xd0\xb8\xd0\xba", ""},
	};
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, sources, COUNT(sources));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *heard = listen_to(&fixture, cases[i].subject, ALL);
		if (*cases[i].found ? !strstr(heard, cases[i].found) : *heard != '\0')
			fail_msg("case %zu: \"%s\"", i, heard);
	}
	close_fixture(&fixture);
}

static void a_hit_inside_a_longer_one_of_another_group_does_not_count(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("renewal", 0, 0),
		CATEGORY("certificate renewal", 1, 2),
		CATEGORY("certificate", 2, 2),
		CATEGORY("renewal of licenses", 3, 0),
		CATEGORY("renewal notice", 4, 0),
		CATEGORY("automatic certificate renewal service", 5, 1),
	};
	static const struct heard_case cases[] = {
		{"renewal", "0:renewal "},
		{"certificate renewal", "1:certificate renewal 2:certificate "},
		{"certificate renewal; renewal", "0:renewal 1:certificate renewal 2:certificate "},
		/* Of the same group: both count. */
		{"renewal notice", "4:renewal notice 0:renewal "},
		/* They overlap and neither lies in the other: both count. */
		{"certificate renewal notice",
		 "4:renewal notice 1:certificate renewal 2:certificate "},
		{"automatic certificate renewal service",
		 "5:automatic certificate renewal service "},
	};

	(void)state;
	check_heard(sources, COUNT(sources), cases, COUNT(cases));
}

static void the_same_phrase_tells_all_its_owners(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("azure", 0, 0),
		CATEGORY("Azure", 1, 1),
		OF_KIND("azure", PHRASE_PRODUCT, 2, 2),
		OF_KIND("AZURE", PHRASE_LIST, 3, 3),
		CATEGORY("azure*", 4, 2),
	};
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, sources, COUNT(sources));
	listen_to(&fixture, "azure", ALL);
	assert_int_equal(fixture.heard.count, 4); /* the one without a star says more */
	listen_to(&fixture, "azure", 1U << PHRASE_PRODUCT);
	assert_string_equal(fixture.heard.text, "2:azure ");
	listen_to(&fixture, "azure", 1U << PHRASE_LIST);
	assert_string_equal(fixture.heard.text, "3:azure ");
	listen_to(&fixture, "azures", ALL);
	assert_string_equal(fixture.heard.text, "4:azures ");
	close_fixture(&fixture);
}

static void kinds_do_not_cover_each_other_and_lists_are_never_covered(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("renewal", 0, 0),
		OF_KIND("azure renewal", PHRASE_PRODUCT, 1, 1),
		OF_KIND("azure", PHRASE_PRODUCT, 2, 2),
		OF_KIND("azure renewal day", PHRASE_LIST, 3, 3),
		OF_KIND("renewal", PHRASE_LIST, 4, 4),
	};
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, sources, COUNT(sources));
	listen_to(&fixture, "azure renewal day", ALL);
	assert_int_equal(fixture.heard.count, 4);
	assert_null(strstr(fixture.heard.text, "2:"));
	close_fixture(&fixture);
}

static void products_keep_their_numbers(void **state)
{
	static const struct phrase_source sources[] = {
		OF_KIND("office 365", PHRASE_PRODUCT, 0, 0),
		OF_KIND("office 2019", PHRASE_PRODUCT, 1, 1),
	};
	const struct phrase_listener listener = {NULL, NULL, ALL, NULL};
	struct phrase_listener hearing = listener;
	struct fixture fixture;
	struct buf normal;

	(void)state;
	open_fixture(&fixture, sources, COUNT(sources));
	assert_string_equal(listen_to(&fixture, "Office 365", ALL), "");
	csp_buf_init(&normal, 4096);
	csp_text_normalise_name(&normal, SPAN_LIT("Office 2019, 365"));
	hearing.hear = hear;
	hearing.context = &fixture.heard;
	assert_true(csp_phrases_find(fixture.phrases, fixture.scan, csp_buf_span(&normal), &hearing,
				     &fixture.truncated));
	assert_string_equal(fixture.heard.text, "1:office 2019 ");
	csp_buf_dispose(&normal);
	close_fixture(&fixture);
}

static void parts_follow_each_other_with_a_few_words_between(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("renew* ... certificate*", 0, 0),
		CATEGORY("invoice* ... system ... down", 1, 0),
		CATEGORY("*abonnement*", 2, 1),
		CATEGORY("*konto ... gesperrt", 3, 1),
		CATEGORY("re ... re", 4, 2),
		CATEGORY("更新 ... 証明書", 5, 3),
	};
	static const struct heard_case cases[] = {
		{"Renew certificate", "0:renew certificate "},
		{"renewal of your TLS certificates", "0:renewal of your tls certificates "},
		{"renew a b c d e certificate", "0:renew a b c d e certificate "},
		{"renew a b c d e f certificate", ""},
		{"renewing-a-b-c-d-e/certificate", "0:renewing a b c d e certificate "},
		{"certificate renew", ""},
		{"renew", ""},
		{"renew x renew certificate", "0:renew certificate "},
		{"invoice system down", "1:invoice system down "},
		{"The invoices in the system are down", "1:invoices in the system are down "},
		{"system invoice down", ""},
		{"invoice down system", ""},
		{"Jahresabonnements", "2:jahresabonnements "},
		{"Abonnement", "2:abonnement "},
		{"Ihr Kundenkonto wird gesperrt", "3:kundenkonto wird gesperrt "},
		{"re", ""},
		{"Re: re", "4:re re "},
		{"TLS 更新のお知らせ：証明書", "5:更新のお知らせ 証明書 "},
		{"更新のお知らせについてのとてもとても長い文です証明書", ""},
	};

	(void)state;
	check_heard(sources, COUNT(sources), cases, COUNT(cases));
}

static void a_part_is_covered_and_what_lies_between_is_not(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("renew*", 0, 0),
		CATEGORY("subscription", 1, 0),
		CATEGORY("renew your*", 2, 0),
		CATEGORY("renew* ... certificate ... server", 3, 1),
	};
	static const struct heard_case cases[] = {
		{"renew certificate server", "3:renew certificate server "},
		{"renew your certificate of the server", "3:renew your certificate of the server "},
		{"renew the subscription certificate on server",
		 "3:renew the subscription certificate on server 1:subscription "},
		{"renew certificate subscription server",
		 "3:renew certificate subscription server 1:subscription "},
		{"renew certificate server subscription",
		 "1:subscription 3:renew certificate server "},
		{"renew certificate server, renew", "0:renew 3:renew certificate server "},
	};

	(void)state;
	check_heard(sources, COUNT(sources), cases, COUNT(cases));
}

static void a_phrase_takes_in_whole_words_and_the_one_that_says_more_of_them_counts(void **state)
{
	static const struct phrase_source sources[] = {
		CATEGORY("renew*", 0, 0),      CATEGORY("expires", 1, 0),
		CATEGORY("renewable", 2, 1),   CATEGORY("certificate* ... expir*", 3, 1),
		CATEGORY("*abonnement", 4, 0), CATEGORY("zeitungsabonnement", 5, 1),
		CATEGORY("a renew*", 6, 1),
	};
	static const struct heard_case cases[] = {
		{"renewable", "2:renewable "},
		{"renewing", "0:renewing "},
		{"certificate expires", "3:certificate expires "},
		{"it expires", "1:expires "},
		{"Zeitungsabonnement", "5:zeitungsabonnement "},
		{"Jahresabonnement", "4:jahresabonnement "},
		{"a renewal", "6:a renewal "},
	};

	(void)state;
	check_heard(sources, COUNT(sources), cases, COUNT(cases));
}

static void a_scan_knows_nothing_of_the_one_before(void **state)
{
	static const struct phrase_source sources[] = {CATEGORY("renew ... certificate", 0, 0)};
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, sources, COUNT(sources));
	assert_string_equal(listen_to(&fixture, "renew", ALL), "");
	assert_string_equal(listen_to(&fixture, "of certificate", ALL), "");
	close_fixture(&fixture);
}

static void a_phrase_that_is_none_is_refused_by_name(void **state)
{
	static const struct {
		struct span text;
		const char *why;
	} cases[] = {
		{{"", 0}, "has a part of which no letter is left: it would be found everywhere"},
		{{"*", 1}, "has a part of which no letter is left: it would be found everywhere"},
		{{"- !", 3}, "has a part of which no letter is left: it would be found everywhere"},
		{{"30", 2}, "has a part of which no letter is left: it would be found everywhere"},
		{{"# 5", 3}, "has a part of which no letter is left: it would be found everywhere"},
		{{"re*new", 6}, "has a '*' that stands neither before nor behind a part"},
		{{"renew**", 7}, "has a '*' that stands neither before nor behind a part"},
		{{"renew ... #", 11},
		 "has a part of which no letter is left: it would be found everywhere"},
		{{"... renew", 9},
		 "has a part of which no letter is left: it would be found everywhere"},
		{{"a ... b ... c ... d ... e", 25}, "has more than four parts"},
		{{"caf\xe9", 4}, "is not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct phrase_source sources[] = {CATEGORY("fine", 0, 0),
							{cases[i].text, {PHRASE_CATEGORY, 1, 0}}};
		struct phrases *phrases;
		struct phrases_error error;
		assert_false(csp_phrases_new(&phrases, &error, sources, COUNT(sources), NULL));
		CHECK_SPAN(cases[i].why, error.text, cases[i].text);
		assert_string_equal(error.why, cases[i].why);
	}
}

static void no_phrases_find_nothing(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, NULL, 0);
	assert_string_equal(listen_to(&fixture, "anything", ALL), "");
	close_fixture(&fixture);
}

static void hits_past_the_limit_are_still_heard_and_marked(void **state)
{
	static const struct phrase_source sources[] = {CATEGORY("a", 0, 0), CATEGORY("b", 1, 1)};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	size_t size = 2 * (PHRASE_HITS_MAX + 100) + 2;
	char *subject = malloc(size);

	(void)state;
	assert_non_null(fixture);
	assert_non_null(subject);
	for (size_t i = 0; i + 2 < size; i += 2)
		memcpy(subject + i, "a ", 2);
	memcpy(subject + size - 2, "b", 2);
	open_fixture(fixture, sources, COUNT(sources));
	listen_to(fixture, subject, ALL);
	assert_true(fixture->truncated);
	assert_int_equal(fixture->heard.count, PHRASE_HITS_MAX + 101);
	assert_non_null(strstr(fixture->heard.text, "1:b"));

	subject[2 * PHRASE_HITS_MAX] = '\0';
	listen_to(fixture, subject, ALL);
	assert_false(fixture->truncated);
	assert_int_equal(fixture->heard.count, PHRASE_HITS_MAX);
	close_fixture(fixture);
	free(subject);
	free(fixture);
}

/* What covers is limited, too: past it a hit counts that should not, which is told, and none is lost. */
static void phrases_with_gaps_past_the_limit_cover_no_more_and_it_is_marked(void **state)
{
	static const struct phrase_source sources[] = {CATEGORY("x", 0, 0),
						       CATEGORY("x ... y", 1, 1)};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char subject[65 * 4 + 1] = "";

	(void)state;
	assert_non_null(fixture);
	open_fixture(fixture, sources, COUNT(sources));
	for (size_t i = 0; i < 64; i++)
		strcat(subject, "x y ");
	listen_to(fixture, subject, ALL);
	assert_false(fixture->truncated);
	assert_int_equal(fixture->heard.count, 64);
	strcat(subject, "x y ");
	listen_to(fixture, subject, ALL);
	assert_true(fixture->truncated);
	assert_int_equal(fixture->heard.count, 66);
	close_fixture(fixture);
	free(fixture);
}

/* The rule, word for word, against the sweep that costs less. */
struct plain_hit {
	size_t from, to;
	unsigned index, group;
};

static size_t count_plainly(const struct plain_hit *hits, size_t count)
{
	size_t counted = 0;

	for (size_t i = 0; i < count; i++) {
		bool covered = false;
		for (size_t j = 0; j < count; j++)
			covered = covered ||
				  (hits[j].group != hits[i].group && hits[j].from <= hits[i].from &&
				   hits[j].to >= hits[i].to &&
				   hits[j].to - hits[j].from > hits[i].to - hits[i].from);
		counted += !covered;
	}
	return counted;
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16;
}

static void the_sweep_agrees_with_the_rule_read_plainly(void **state)
{
	static const struct {
		const char *text;
		unsigned group;
	} phrases[] = {
		{"a", 0},     {"b", 1},     {"a b", 2},     {"b a", 0},
		{"a b a", 1}, {"b a b", 2}, {"a a", 0},     {"a a a", 1},
		{"a b b", 0}, {"b b", 2},   {"b b b b", 0}, {"a b a b a", 2},
	};
	struct phrase_source sources[COUNT(phrases)];
	struct fixture fixture;
	unsigned seed = 1;

	(void)state;
	for (unsigned i = 0; i < COUNT(phrases); i++)
		sources[i] = (struct phrase_source){csp_span_from(phrases[i].text),
						    {PHRASE_CATEGORY, i, phrases[i].group}};
	open_fixture(&fixture, sources, COUNT(sources));
	for (size_t round = 0; round < 500; round++) {
		struct plain_hit hits[256];
		char subject[41] = {0};
		size_t count = 0, words = next_random(&seed) % 20 + 1;
		for (size_t i = 0; i < words; i++) {
			subject[2 * i] = next_random(&seed) % 2 ? 'a' : 'b';
			subject[2 * i + 1] = ' ';
		}
		subject[2 * words - 1] = '\0';
		for (unsigned i = 0; i < COUNT(phrases); i++) {
			size_t len = strlen(phrases[i].text);
			for (size_t at = 0; at + len <= 2 * words - 1; at += 2) {
				if (strncmp(subject + at, phrases[i].text, len) == 0)
					hits[count++] = (struct plain_hit){at, at + len, i,
									   phrases[i].group};
			}
		}
		listen_to(&fixture, subject, ALL);
		if (fixture.heard.count != count_plainly(hits, count))
			fail_msg("\"%s\": %zu are heard", subject, fixture.heard.count);
	}
	close_fixture(&fixture);
}

static void what_a_cache_holds_wrongly_is_compiled_and_put_right(void **state)
{
	static const struct phrase_source sources[] = {
		{SPAN_INIT("your invoice"), {PHRASE_CATEGORY, 0, 0}}};
	struct shelf shelf = {.octets = NULL};
	struct fixture fixture;

	(void)state;
	for (size_t size = 0; size < 4; size++) {
		keep_on_shelf(&shelf, csp_span_slice(SPAN_LIT("junk"), 0, size + 1), NULL);
		build(&fixture, sources, 1, &shelf);
		assert_true(shelf.size > 4);
		assert_true(csp_phrase_scan_new(&fixture.scan, fixture.phrases));
		assert_string_equal(listen_to(&fixture, "Your invoice", ~0U), "0:your invoice ");
		close_fixture(&fixture);
	}
	free(shelf.octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_cache_holds_wrongly_is_compiled_and_put_right),
		cmocka_unit_test(phrases_are_found_word_by_word),
		cmocka_unit_test(scripts_without_spaces_are_searched_inside_words),
		cmocka_unit_test(a_hit_inside_a_longer_one_of_another_group_does_not_count),
		cmocka_unit_test(the_same_phrase_tells_all_its_owners),
		cmocka_unit_test(kinds_do_not_cover_each_other_and_lists_are_never_covered),
		cmocka_unit_test(products_keep_their_numbers),
		cmocka_unit_test(parts_follow_each_other_with_a_few_words_between),
		cmocka_unit_test(a_part_is_covered_and_what_lies_between_is_not),
		cmocka_unit_test(
			a_phrase_takes_in_whole_words_and_the_one_that_says_more_of_them_counts),
		cmocka_unit_test(a_scan_knows_nothing_of_the_one_before),
		cmocka_unit_test(a_phrase_that_is_none_is_refused_by_name),
		cmocka_unit_test(no_phrases_find_nothing),
		cmocka_unit_test(hits_past_the_limit_are_still_heard_and_marked),
		cmocka_unit_test(phrases_with_gaps_past_the_limit_cover_no_more_and_it_is_marked),
		cmocka_unit_test(the_sweep_agrees_with_the_rule_read_plainly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
