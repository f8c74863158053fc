#include "mark.h"

/* In the order of their bits. */
static const char *const names[MARK_COUNT] = {
	"ambiguous-author", "unproven-author",      "routed-recipient",  "undecodable",
	"truncated",        "obfuscated",           "duplicate-field",   "bare-newline",
	"untrusted-tag",    "conflicting-evidence", "hidden-recipients",
};

const char *csp_mark_name(enum mark mark)
{
	for (unsigned i = 0; i < MARK_COUNT; i++) {
		if ((unsigned)mark == 1U << i)
			return names[i];
	}
	return "";
}

unsigned csp_mark_find(struct span name)
{
	for (unsigned i = 0; i < MARK_COUNT; i++) {
		if (csp_span_equal(name, csp_span_from(names[i])))
			return 1U << i;
	}
	return 0;
}
