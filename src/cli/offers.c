#include "offers.h"

#define MEMORY_MAX ((size_t)16 << 20)

/* An offer's name is read as a subject line is: a relation has to cover what a subject will name. */
static bool classify(struct classification *out, struct arena *arena, struct snapshot *snapshot,
		     struct classify_scratch *scratch, struct span text)
{
	const struct conf *conf = csp_snapshot_conf(snapshot);
	const struct sender_question nobody = {.now = 0};
	struct message message;
	struct authors authors;

	csp_message_init(&message, arena, conf->limits);
	if (conf->text_fields.count == 0 ||
	    !csp_message_add_field(&message, conf->text_fields.items[0], text) ||
	    !csp_authors_collect(&authors, &message, &conf->vendor))
		return false;
	struct sender sender = csp_sender_judge(&authors, &message.client, &conf->vendor, &nobody);
	csp_classify(out, csp_snapshot_classifier(snapshot), scratch, &message, &authors, &sender);
	return out->known;
}

size_t csp_offers_name(void *context, struct span out[], size_t max, struct span text)
{
	struct snapshot *snapshot = context;
	struct classify_scratch *scratch = csp_snapshot_scratch_take(snapshot);
	struct classification result;
	struct arena arena;
	size_t count = 0;

	if (!scratch)
		return 0;
	csp_arena_init(&arena, MEMORY_MAX);
	if (classify(&result, &arena, snapshot, scratch, text)) {
		for (; count < max && count < result.products.count; count++)
			out[count] = result.products.items[count];
	}
	csp_arena_dispose(&arena);
	csp_snapshot_scratch_give(snapshot, scratch);
	return count;
}
