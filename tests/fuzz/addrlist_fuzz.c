/* A list of mailboxes, written out again, is read as the same list and without doubt. */
#include "addrlist.h"
#include "buf.h"
#include "fuzz.h"

static bool is_doubtful(struct span local)
{
	static const struct span signs[] = {SPAN_INIT("@"), SPAN_INIT("\xef\xbc\xa0"),
					    SPAN_INIT("\xef\xb9\xab"), SPAN_INIT("=?")};

	for (size_t i = 0; i < local.len; i++) {
		for (size_t j = 0; j < sizeof(signs) / sizeof(signs[0]); j++) {
			if (csp_span_starts_with(csp_span_slice(local, i, local.len), signs[j]))
				return true;
		}
	}
	return false;
}

static bool write_list(struct buf *out, struct arena *arena, const struct addrlist *list)
{
	bool doubtful = false;

	for (size_t i = 0; i < list->count; i++) {
		struct span text;
		holds(csp_mailbox_format(&text, arena, &list->items[i]));
		csp_buf_append(out, i ? SPAN_LIT(",\r\n <") : SPAN_LIT(" <"));
		csp_buf_append(out, text);
		csp_buf_append(out, SPAN_LIT(">"));
		doubtful = doubtful || is_doubtful(list->items[i].local);
	}
	holds(!csp_buf_failed(out));
	return doubtful;
}

static void check_again(struct arena *arena, const struct addrlist *list)
{
	struct addrlist again = {.count = 0};
	struct buf text;

	csp_buf_init(&text, 1 << 20);
	bool doubtful = write_list(&text, arena, list);
	holds(csp_addrlist_parse(&again, arena, csp_buf_span(&text)));
	holds(again.count == list->count && again.ambiguous == doubtful && !again.group);
	for (size_t i = 0; i < list->count; i++) {
		holds(csp_span_equal(again.items[i].local, list->items[i].local));
		holds(csp_span_equal(again.items[i].domain, list->items[i].domain));
	}
	csp_buf_dispose(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addrlist list = {.count = 0};
	struct arena arena;

	csp_arena_init(&arena, 1 << 20);
	holds(csp_addrlist_parse(&list, &arena, input(data, size)));
	holds(list.count <= ADDRLIST_MAX);
	check_again(&arena, &list);
	csp_arena_dispose(&arena);
	return 0;
}
