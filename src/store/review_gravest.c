#include "review_gravest.h"

#include "review_filter.h"

int csp_review_weight(struct span disposition)
{
	static const char *const rising[] = {"pass", "flag", "block", "tempfail"};

	for (int i = 0; i < (int)(sizeof(rising) / sizeof(rising[0])); i++) {
		if (csp_span_equal(disposition, csp_span_from(rising[i])))
			return i;
	}
	return -1;
}

static void weigh(struct gravest *gravest, const json_t *recipient, const json_t *verdict,
		  size_t place)
{
	struct span disposition = csp_review_text(verdict, "disposition");

	if (gravest->recipient &&
	    csp_review_weight(disposition) <= csp_review_weight(gravest->disposition))
		return;
	*gravest =
		(struct gravest){recipient, csp_review_text(verdict, "rule"), disposition, place};
}

struct gravest csp_review_gravest(const json_t *record)
{
	const json_t *recipients = json_object_get(record, "recipients");
	struct gravest own = {.recipient = NULL}, any;
	size_t i, j, place = 0;
	const json_t *recipient, *would;

	json_array_foreach(recipients, i, recipient)
	{
		weigh(&own, recipient, recipient, place);
		place += 1 + json_array_size(json_object_get(recipient, "would"));
	}
	any = own;
	place = 0;
	json_array_foreach(recipients, i, recipient)
	{
		place++;
		json_array_foreach(json_object_get(recipient, "would"), j, would)
		{
			weigh(&any, recipient, would, place++);
		}
	}
	return csp_review_weight(own.disposition) > 0 ? own : any;
}
