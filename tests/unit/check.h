/*
 * What the unit tests share: cmocka with the headers it wants, and spans compared as text.
 */
#ifndef CSP_CHECK_H
#define CSP_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "span.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A macro, so that a failure names the line of the test. `label` says which case of a table it was. */
#define CHECK_SPAN(label, actual, expected)                                                        \
	do {                                                                                       \
		struct span check_a = (actual), check_e = (expected);                              \
		if (!csp_span_equal(check_a, check_e))                                             \
			fail_msg("%s: \"%.*s\" is not \"%.*s\"", (label), SPAN_ARG(check_a),       \
				 SPAN_ARG(check_e));                                               \
	} while (0)

#define CHECK(label, condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s: not so: %s", (label), #condition);                           \
	} while (0)

#endif
