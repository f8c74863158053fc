#include "classifier.h"
#include "text.h"

struct listening {
	struct product_names *names;
	const struct pack *pack;
};

static void hear(void *context, const struct phrase_owner *owner, struct span match)
{
	const struct listening *listening = context;
	struct product_names *names = listening->names;
	struct span name = listening->pack->products[owner->index].name;

	(void)match;
	if (names->count < names->max &&
	    !csp_spans_hold((struct spans){names->items, names->count}, name))
		names->items[names->count++] = name;
}

bool csp_classifier_products(struct product_names *out, const struct classifier *classifier,
			     struct classify_scratch *scratch, struct span text)
{
	struct listening listening = {out, classifier->pack};
	const struct phrase_listener listener = {hear, &listening, 1U << PHRASE_PRODUCT, NULL};
	bool truncated;

	out->count = 0;
	csp_buf_reset(&scratch->normal);
	csp_text_normalise_name(&scratch->normal, text);
	return !csp_buf_failed(&scratch->normal) &&
	       csp_phrases_find(classifier->phrases, scratch->scan, csp_buf_span(&scratch->normal),
				&listener, &truncated);
}
