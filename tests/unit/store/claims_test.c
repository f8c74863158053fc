#include "../check.h"

#include "claims.h"

#define KEY SPAN_LIT("contoso.example")

static const struct claim claims[] = {
	{CLAIM_EXCLUSION, false, 7, {"", 0}},
	{CLAIM_CUSTOMER, false, 1, {"\001a", 2}},
	{CLAIM_CUSTOMER, true, 300, {"\001a", 2}},
	{CLAIM_PARTNER, true, 1, {"\0000123456789abcdef", 17}},
	{CLAIM_BOUNCE, false, 2, {"\002bb", 3}},
};

/* Given in another order than they are kept in. */
static void seal(struct buf *out)
{
	struct claims list = {.count = 0};

	csp_buf_init(out, 4096);
	for (size_t i = COUNT(claims); i > 0; i--)
		assert_true(csp_claims_add(&list, &claims[i - 1]));
	csp_claims_encode(out, TABLE_DOMAINS, KEY, &list);
	assert_false(csp_buf_failed(out));
}

static void check_claim(const struct claim *claim, const struct claim *expected)
{
	assert_int_equal(claim->kind, expected->kind);
	assert_int_equal(claim->subdomains, expected->subdomains);
	assert_int_equal(claim->source, expected->source);
	CHECK_SPAN("party", claim->party, expected->party);
}

static void claims_come_one_by_one_as_all_at_once(void **state)
{
	struct codec_reader reader;
	struct claims list;
	struct claim claim;
	struct buf value;

	(void)state;
	seal(&value);
	assert_true(csp_claims_decode(&list, TABLE_DOMAINS, KEY, csp_buf_span(&value)));
	assert_int_equal(list.count, COUNT(claims));
	assert_true(csp_codec_open(&reader, TABLE_DOMAINS, KEY, csp_buf_span(&value)));
	for (size_t i = 0; i < COUNT(claims); i++) {
		assert_true(csp_claims_next(&claim, &reader));
		check_claim(&claim, &claims[i]);
		check_claim(&list.items[i], &claims[i]);
	}
	assert_false(csp_claims_next(&claim, &reader));
	assert_false(reader.failed);
	csp_buf_dispose(&value);
}

static void claims_that_end_early_are_damage(void **state)
{
	struct codec_reader whole, cut;
	struct claim claim;
	struct buf value;
	size_t failures = 0;

	(void)state;
	seal(&value);
	assert_true(csp_codec_open(&whole, TABLE_DOMAINS, KEY, csp_buf_span(&value)));
	for (size_t len = 0; len < whole.rest.len; len++) {
		cut = (struct codec_reader){.rest = csp_span_slice(whole.rest, 0, len)};
		while (csp_claims_next(&claim, &cut))
			continue;
		failures += cut.failed;
	}
	assert_int_equal(failures, whole.rest.len - COUNT(claims));
	csp_buf_dispose(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_come_one_by_one_as_all_at_once),
		cmocka_unit_test(claims_that_end_early_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
