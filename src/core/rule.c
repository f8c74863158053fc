#include "rule.h"

static const char *const disposition_names[] = {"pass", "flag", "block", "tempfail"};

const char *csp_disposition_name(enum disposition disposition)
{
	return disposition_names[disposition];
}

bool csp_disposition_find(enum disposition *out, struct span name)
{
	for (int i = DISPOSITION_PASS; i <= DISPOSITION_TEMPFAIL; i++) {
		if (csp_span_equal(name, csp_span_from(disposition_names[i]))) {
			*out = (enum disposition)i;
			return true;
		}
	}
	return false;
}

const char *csp_mode_name(enum mode mode)
{
	return mode == MODE_ENFORCE ? "enforce" : "monitor";
}

const char *csp_action_name(enum action action)
{
	static const char *const names[] = {"accept", "flag", "reject", "tempfail"};

	return names[action];
}
