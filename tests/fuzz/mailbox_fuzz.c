/* A mailbox is canonical, survives formatting, and its key depends on nothing else. */
#include "fuzz.h"
#include "mailbox.h"

static void check_domain(struct arena *arena, struct span domain)
{
	struct span again;

	holds(domain.len > 0 && domain.len <= MAILBOX_DOMAIN_MAX);
	holds(csp_span_is_ascii(domain) && domain.data[domain.len - 1] != '.');
	holds(csp_domain_canonical(&again, arena, domain) == MAILBOX_OK);
	holds(csp_span_equal(domain, again));
	holds(csp_domain_matches(domain, domain));
}

static void check_mailbox(struct arena *arena, const struct mailbox *mailbox)
{
	struct span text;
	struct span key;
	struct span again_key;
	struct mailbox again;
	struct mailbox by_path;
	bool routed;

	holds(mailbox->local.len <= MAILBOX_LOCAL_MAX);
	check_domain(arena, mailbox->domain);
	holds(csp_mailbox_format(&text, arena, mailbox));
	holds(csp_mailbox_parse(&again, arena, text) == MAILBOX_OK);
	holds(csp_span_equal(again.local, mailbox->local));
	holds(csp_span_equal(again.domain, mailbox->domain));
	holds(csp_mailbox_parse_path(&by_path, &routed, arena, text) == MAILBOX_OK);
	holds(csp_span_equal(by_path.local, mailbox->local));
	holds(csp_mailbox_key(&key, arena, mailbox, SPAN_LIT("+")));
	holds(csp_mailbox_key(&again_key, arena, &again, SPAN_LIT("+")));
	holds(csp_span_equal(key, again_key));
	holds(csp_span_ends_with_nocase(key, mailbox->domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct mailbox mailbox;
	struct span domain;
	bool routed;

	csp_arena_init(&arena, 1 << 20);
	if (csp_mailbox_parse_path(&mailbox, &routed, &arena, input(data, size)) == MAILBOX_OK)
		check_mailbox(&arena, &mailbox);
	if (csp_mailbox_parse(&mailbox, &arena, input(data, size)) == MAILBOX_OK)
		check_mailbox(&arena, &mailbox);
	if (csp_domain_canonical(&domain, &arena, input(data, size)) == MAILBOX_OK)
		check_domain(&arena, domain);
	csp_arena_dispose(&arena);
	return 0;
}
