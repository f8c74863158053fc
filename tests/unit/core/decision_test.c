#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decision.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The 128 bits of an id, read back digit by digit. */
static void read_back(uint8_t uuid[16], const char *id)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

	memset(uuid, 0, 16);
	for (unsigned i = 0; i < DECISION_ID_SIZE; i++) {
		const char *digit = strchr(digits, id[i]);
		assert_non_null(digit);
		unsigned value = (unsigned)(digit - digits);
		for (unsigned b = 0; b < 5; b++) {
			unsigned bit = i * 5 + b; /* of 130, the first two are zero */
			if (!(value >> (4 - b) & 1U))
				continue;
			assert_true(bit >= 2);
			uuid[(bit - 2) / 8] |= (uint8_t)(0x80U >> (bit - 2) % 8);
		}
	}
}

/* RFC 9562 appendix A.6 gives this time and these random bits; version and variant are put over them. */
static void an_id_is_the_uuidv7_of_the_rfc(void **state)
{
	const uint8_t random[10] = {0xcc, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
	const uint8_t expected[16] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
				      0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
	char id[DECISION_ID_SIZE + 1];
	uint8_t uuid[16];

	(void)state;
	csp_decision_id_format(id, 0x017F22E279B0, random);
	assert_int_equal(strlen(id), DECISION_ID_SIZE);
	read_back(uuid, id);
	assert_memory_equal(uuid, expected, sizeof(expected));
}

static void version_and_variant_stand_whatever_the_random_bytes_are(void **state)
{
	(void)state;
	for (unsigned fill = 0; fill < 256; fill++) {
		uint8_t random[10];
		char id[DECISION_ID_SIZE + 1];
		uint8_t uuid[16];

		memset(random, (int)fill, sizeof(random));
		csp_decision_id_format(id, UINT64_MAX, random);
		read_back(uuid, id);
		assert_int_equal(uuid[6] >> 4, 7);
		assert_int_equal(uuid[8] >> 6, 2);
	}
}

static void ids_sort_by_time(void **state)
{
	const uint64_t times[] = {0, 1, 31, 32, 1700000000000, 1700000000001, 0xffffffffffff};
	const uint8_t high[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	const uint8_t low[10] = {0};

	(void)state;
	for (size_t i = 1; i < COUNT(times); i++) {
		char earlier[DECISION_ID_SIZE + 1], later[DECISION_ID_SIZE + 1];

		csp_decision_id_format(earlier, times[i - 1], high);
		csp_decision_id_format(later, times[i], low);
		assert_true(strcmp(earlier, later) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_the_uuidv7_of_the_rfc),
		cmocka_unit_test(version_and_variant_stand_whatever_the_random_bytes_are),
		cmocka_unit_test(ids_sort_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
