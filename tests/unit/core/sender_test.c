#include "../check.h"
#include "sender.h"

#include <stdio.h>
#include <stdlib.h>

static const struct span vendor_domains[] = {{"vendor.example", 14}, {".vendor.example", 15}};
static const struct span vendor_bounces[] = {{"bounce.example", 14}};
static const struct vendor vendor = {
	.domains = {vendor_domains, COUNT(vendor_domains)},
	.bounce_domains = {vendor_bounces, COUNT(vendor_bounces)},
};

/* A message with a header section and a reverse-path, and the authors found in it. */
struct fixture {
	struct arena arena;
	struct message message;
	struct authors authors;
};

static void open_fixture(struct fixture *fixture, const char *reverse_path, const char *header)
{
	struct span text = csp_span_from(header);

	csp_arena_init(&fixture->arena, 1 << 24);
	csp_message_init(&fixture->message, &fixture->arena,
			 (struct message_limits){.header_bytes = 1 << 22,
						 .header_fields = 100000,
						 .recipients = 10});
	fixture->message.reverse_path = csp_span_from(reverse_path);
	assert_true(csp_message_add_header_section(&fixture->message, &text));
	assert_true(csp_authors_collect(&fixture->authors, &fixture->message, &vendor));
}

static void close_fixture(struct fixture *fixture)
{
	csp_arena_dispose(&fixture->arena);
}

/* "f:local@domain=o s:… r:…": field (From, Sender, reverse-path, Resent-From, Resent-Sender), mailbox, party. */
static const char *authors_as_text(char out[1024], const struct authors *authors)
{
	static const char fields[] = {'f', 's', 'r', 'F', 'S'}, parties[] = {'o', 'v', 'p', 'u'};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		int written = snprintf(out + len, 1024 - len, "%s%c:%.*s@%.*s=%c", i ? " " : "",
				       fields[author->field], SPAN_ARG(author->mailbox.local),
				       SPAN_ARG(author->mailbox.domain), parties[author->party]);
		assert_true(written > 0 && (size_t)written < 1024 - len);
		len += (size_t)written;
	}
	return out;
}

static void every_author_is_collected(void **state)
{
	static const struct {
		const char *reverse_path, *header, *authors;
		unsigned marks;
		bool null_reverse_path;
		bool incomplete;
	} cases[] = {
		{"<a@vendor.example>", "From: a@vendor.example\n\n",
		 "f:a@vendor.example=v r:a@vendor.example=v", 0, false, false},
		{"<>", "From: a@vendor.example\n\n", "f:a@vendor.example=v", 0, true, false},
		{"<>", "From: A <a@Mail.Vendor.Example>\nSender: b@other.example\n\n",
		 "f:a@mail.vendor.example=v s:b@other.example=o", 0, true, false},
		{"<x@bounce.example>", "From: a@bounce.example\n\n",
		 "f:a@bounce.example=o r:x@bounce.example=v", 0, false, false},
		{"<>", "From: a@other.example, b@vendor.example\n\n",
		 "f:a@other.example=o f:b@vendor.example=v", MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "From: a@vendor.example\nFrom: b@other.example\n\n",
		 "f:a@vendor.example=v f:b@other.example=o", 0, true, false},
		{"<>", "From: team: a@vendor.example;\n\n", "f:a@vendor.example=v",
		 MARK_AMBIGUOUS_AUTHOR, true, false},
		/* Who resends is shown as the author by some readers. */
		{"<>", "Resent-From: b@other.example\nFrom: a@vendor.example\n\n",
		 "f:a@vendor.example=v F:b@other.example=o", 0, true, false},
		{"<>",
		 "Resent-From: b@other.example\nResent-Sender: c@vendor.example\n"
		 "Resent-From: d@vendor.example\nFrom: a@vendor.example\n\n",
		 "f:a@vendor.example=v F:b@other.example=o F:d@vendor.example=v "
		 "S:c@vendor.example=v",
		 0, true, false},
		{"<>", "Resent-From: b@other.example, c@other.example\nFrom: a@vendor.example\n\n",
		 "f:a@vendor.example=v F:b@other.example=o F:c@other.example=o",
		 MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "Resent-From: a@vendor.example\n\n", "F:a@vendor.example=v",
		 MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "Resent-To: b@other.example\nFrom: a@vendor.example\n\n",
		 "f:a@vendor.example=v", 0, true, false},
		{"<>", "Subject: x\n\n", "", MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "From:\n\n", "", MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "From: nobody\n\n", "", MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "From: a@vendor.example\nSender:\n\n", "f:a@vendor.example=v",
		 MARK_AMBIGUOUS_AUTHOR, true, false},
		/* A name that holds an address is no author, but a reader may take it for one. */
		{"<>", "From: \"ceo@vendor.example\" <a@other.example>\n\n", "f:a@other.example=o",
		 MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "From: \"The Vendor\" <a@other.example>\n\n", "f:a@other.example=o", 0, true,
		 false},
		{"<a@evilvendor.example>", "From: a@vendor.example.other.example\n\n",
		 "f:a@vendor.example.other.example=o r:a@evilvendor.example=o", 0, false, false},
		/* Whose it is shows by the domain; without one it could be anybody's. */
		{"<no address>", "From: a@vendor.example\n\n", "f:a@vendor.example=v",
		 MARK_AMBIGUOUS_AUTHOR, false, true},
		{"<a b@other.example>", "From: a@vendor.example\n\n",
		 "f:a@vendor.example=v r:@other.example=o", MARK_AMBIGUOUS_AUTHOR, false, false},
		{"<>", "From: a@vendor.example, \"\x01\"@other.example\n\n",
		 "f:a@vendor.example=v f:@other.example=o", MARK_AMBIGUOUS_AUTHOR, true, false},
		{"<>", "From: a@vendor.example, a@[other.example]\n\n", "f:a@vendor.example=v",
		 MARK_AMBIGUOUS_AUTHOR, true, true},
		{"<\"a@vendor.example\"@other.example>", "From: a@vendor.example\n\n",
		 "f:a@vendor.example=v r:a@vendor.example@other.example=o", MARK_AMBIGUOUS_AUTHOR,
		 false, false},
		{"<@relay.example:a@other.example>", "From: a@other.example\n\n",
		 "f:a@other.example=o r:a@other.example=o", MARK_AMBIGUOUS_AUTHOR, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture fixture;
		char text[1024], quoted[1024];
		open_fixture(&fixture, cases[i].reverse_path, cases[i].header);
		authors_as_text(text, &fixture.authors);
		/* A local part that holds an address keeps its quotes. */
		snprintf(quoted, sizeof(quoted), "%s", text);
		for (char *at = quoted; (at = strchr(at, '"'));)
			memmove(at, at + 1, strlen(at));
		if (strcmp(quoted, cases[i].authors) != 0 ||
		    fixture.authors.marks != cases[i].marks ||
		    fixture.authors.incomplete != cases[i].incomplete ||
		    fixture.authors.null_reverse_path != cases[i].null_reverse_path)
			fail_msg("%s: %s marks %x", cases[i].header, text, fixture.authors.marks);
		close_fixture(&fixture);
	}
}

static void too_many_authors_are_nobody_we_know(void **state)
{
	static const size_t from_fields[] = {1, 120, 100000 / 100};
	const struct sender_question question = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(from_fields); i++) {
		struct fixture fixture;
		char *header = malloc(from_fields[i] * 32 + 8192);
		size_t len = 0;
		assert_non_null(header);
		for (size_t j = 0; j < from_fields[i]; j++)
			len += (size_t)sprintf(header + len, "From: a@vendor.example\n");
		header[len++] = '\n';
		header[len] = '\0';
		open_fixture(&fixture, "<a@vendor.example>", header);
		struct sender sender = csp_sender_judge(&fixture.authors, &fixture.message.client,
							&vendor, &question);
		bool many = from_fields[i] > 100;
		assert_true(fixture.authors.count <= 101);
		assert_int_equal(fixture.authors.marks & MARK_TRUNCATED ? 1 : 0, many);
		assert_int_equal(sender.kind, many ? SENDER_OTHER : SENDER_VENDOR);
		close_fixture(&fixture);
		free(header);
	}
}

static void the_limit_on_mailboxes_is_for_all_author_fields_together(void **state)
{
	static const struct {
		const char *header;
		bool truncated;
	} cases[] = {
		{"From: a@vendor.example, b@vendor.example\nSender: c@vendor.example\n\n", false},
		{"From: a@vendor.example, b@vendor.example, c@vendor.example\n\n", false},
		{"From: a@vendor.example, b@vendor.example, c@vendor.example, d@vendor.example\n\n",
		 true},
		{"From: a@vendor.example, b@vendor.example, c@vendor.example,\n\n", true},
		{"From: a@vendor.example, b@vendor.example\nSender: c@vendor.example, "
		 "d@vendor.example\n\n",
		 true},
		{"From: a:b:c:d:e:f:g:h:i:j:k:l:m:n:o: a@vendor.example;\n\n", false},
		{"From: a@-, a@-, a@-, a@-, a@-, a@-, a@-, a@-, a@-, a@-, a@-, a@-, "
		 "a@vendor.example\n\n",
		 true},
	};
	const struct sender_question question = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span text = csp_span_from(cases[i].header);
		struct arena arena;
		struct message message;
		struct authors authors;
		csp_arena_init(&arena, 1 << 20);
		csp_message_init(&message, &arena,
				 (struct message_limits){.header_bytes = 1000,
							 .header_fields = 10,
							 .recipients = 1,
							 .mailboxes = 3});
		message.reverse_path = SPAN_LIT("<a@vendor.example>");
		assert_true(csp_message_add_header_section(&message, &text));
		assert_true(csp_authors_collect(&authors, &message, &vendor));
		bool truncated = authors.marks & MARK_TRUNCATED;
		if (truncated != cases[i].truncated)
			fail_msg("%s", cases[i].header);
		struct sender sender =
			csp_sender_judge(&authors, &message.client, &vendor, &question);
		if (truncated)
			assert_int_equal(sender.kind, SENDER_OTHER);
		else
			assert_int_equal(sender.kind, SENDER_VENDOR);
		csp_arena_dispose(&arena);
	}
}

static void an_author_field_may_be_among_the_fields_that_were_dropped(void **state)
{
	const struct sender_question question = {0};

	(void)state;
	for (size_t limit = 1; limit <= 2; limit++) {
		struct arena arena;
		struct message message;
		struct authors authors;
		struct span text = SPAN_LIT("X: filler\nFrom: joe@stranger.example\n\n");

		csp_arena_init(&arena, 1 << 20);
		csp_message_init(&message, &arena,
				 (struct message_limits){.header_bytes = 1000,
							 .header_fields = limit,
							 .recipients = 10});
		message.reverse_path = SPAN_LIT("<a@vendor.example>");
		assert_true(csp_message_add_header_section(&message, &text));
		assert_true(csp_authors_collect(&authors, &message, &vendor));
		assert_int_equal(authors.count, limit);
		struct sender sender =
			csp_sender_judge(&authors, &message.client, &vendor, &question);
		assert_int_equal(sender.kind, SENDER_OTHER);
		csp_arena_dispose(&arena);
	}
}

static void short_memory_collects_nothing(void **state)
{
	struct arena arena;
	struct message message;
	struct authors authors;
	struct span text = SPAN_LIT("From: a@vendor.example, b@vendor.example\n\n");
	size_t enough = 0;

	(void)state;
	csp_arena_init(&arena, 1 << 20);
	csp_message_init(&message, &arena,
			 (struct message_limits){
				 .header_bytes = 4096, .header_fields = 10, .recipients = 1});
	assert_true(csp_message_add_header_section(&message, &text));
	message.reverse_path = SPAN_LIT("<a@vendor.example>");
	for (size_t room = 0; !enough && room < 1 << 16; room += 16) {
		arena.max = arena.used + room;
		if (csp_authors_collect(&authors, &message, &vendor))
			enough = room + 1;
		arena.max = 1 << 20;
	}
	assert_true(enough > 1);
	csp_arena_dispose(&arena);
}

/* Partners P, Q and R; P is proven by login "p", and so on. */
static const struct span login_p[] = {{"p", 1}}, login_q[] = {{"q", 1}}, login_r[] = {{"r", 1}};
static const struct partner partner_p = {.id = {"P", 1}, .proofs = {.logins = {login_p, 1}}};
static const struct partner partner_q = {.id = {"Q", 1}, .proofs = {.logins = {login_q, 1}}};
static const struct partner *const only_p[] = {&partner_p};
static const struct partner *const only_q[] = {&partner_q};
static const struct partner *const p_and_q[] = {&partner_p, &partner_q};
static const struct proofs provider = {.logins = {login_r, 1}};
static const struct proofs *const providers[] = {&provider};
static const struct span login_v[] = {{"v", 1}};
static const struct vendor proven_vendor = {.proofs = {.logins = {login_v, 1}}};

static struct author author_of(char letter)
{
	struct author author = {.field = AUTHOR_FROM, .party = PARTY_OTHER};

	switch (letter) {
	case 'v':
		author.party = PARTY_VENDOR;
		break;
	case 'u':
		author.party = PARTY_UNKNOWN;
		break;
	case 'p':
		author = (struct author){
			.party = PARTY_PARTNER, .partners = only_p, .partner_count = 1};
		break;
	case 'q':
		author = (struct author){
			.party = PARTY_PARTNER, .partners = only_q, .partner_count = 1};
		break;
	case '2':
		author = (struct author){
			.party = PARTY_PARTNER, .partners = p_and_q, .partner_count = 2};
		break;
	default:
		break;
	}
	return author;
}

static struct sender judge(const char *letters, const char *login,
			   const struct sender_question *question)
{
	const struct client client = {.login = csp_span_from(login)};
	struct author items[8];
	struct authors authors = {.items = items, .count = strlen(letters)};

	assert_true(authors.count <= COUNT(items));
	for (size_t i = 0; i < authors.count; i++)
		items[i] = author_of(letters[i]);
	return csp_sender_judge(&authors, &client, &proven_vendor, question);
}

static const struct span product_a[] = {{"a", 1}}, product_b[] = {{"b", 1}},
			 products_ab[] = {{"a", 1}, {"b", 1}};
static const struct relation relations[] = {
	{.partner = {"P", 1},
	 .role = ROLE_DIRECT_BILL,
	 .products = {product_a, 1},
	 .from = 0,
	 .until = 100},
	{.partner = {"P", 1},
	 .role = ROLE_DIRECT_BILL,
	 .products = {product_b, 1},
	 .from = 50,
	 .until = 100},
	{.partner = {"Q", 1}, .role = ROLE_INDIRECT_RESELLER, .from = 0, .until = 100},
};
static const struct customer customer = {.relations = relations,
					 .relation_count = COUNT(relations)};

static void authors_together_are_one_sender(void **state)
{
	static const struct {
		const char *authors, *login;
		enum sender_kind kind;
		enum proof proof;
		bool unproven_author;
	} cases[] = {
		{"", "p", SENDER_OTHER, PROOF_UNKNOWN, false},
		{"o", "p", SENDER_OTHER, PROOF_UNKNOWN, false},
		{"v", "v", SENDER_VENDOR, PROOF_PROVEN, false},
		{"v", "p", SENDER_VENDOR, PROOF_UNPROVEN, true},
		{"vv", "v", SENDER_VENDOR, PROOF_PROVEN, false},
		{"vo", "v", SENDER_OTHER, PROOF_UNKNOWN, false},
		{"p", "p", SENDER_PARTNER_OF_RECORD, PROOF_PROVEN, false},
		{"p", "", SENDER_PARTNER, PROOF_UNPROVEN, true},
		{"p", "q", SENDER_PARTNER, PROOF_UNPROVEN, true},
		{"pp", "p", SENDER_PARTNER_OF_RECORD, PROOF_PROVEN, false},
		{"pq", "p", SENDER_PARTNER, PROOF_UNPROVEN, true},
		{"pv", "p", SENDER_OTHER, PROOF_UNPROVEN, true},
		{"po", "p", SENDER_OTHER, PROOF_UNKNOWN, false},
		/* A direct-bill partner has no provider to vouch for it; a reseller has. */
		{"p", "r", SENDER_PARTNER, PROOF_UNPROVEN, true},
		{"q", "r", SENDER_PARTNER_OF_RECORD, PROOF_PROVEN, false},
		{"2", "p", SENDER_PARTNER_OF_RECORD, PROOF_PROVEN, false},
		{"2", "x", SENDER_PARTNER, PROOF_UNPROVEN, true},
	};
	const struct sender_question question = {.customer = &customer,
						 .provider_proofs = providers,
						 .provider_count = 1,
						 .now = 60};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sender sender = judge(cases[i].authors, cases[i].login, &question);
		if (!sender.known || sender.kind != cases[i].kind ||
		    sender.proof != cases[i].proof ||
		    sender.unproven_author != cases[i].unproven_author)
			fail_msg("%s by %s: %s, %s, %d", cases[i].authors, cases[i].login,
				 csp_sender_kind_name(sender.kind), csp_proof_name(sender.proof),
				 sender.unproven_author);
	}
}

static void of_record_is_who_covers_every_product_now(void **state)
{
	static const struct {
		const char *author;
		struct spans products;
		int64_t now;
		enum sender_kind kind;
	} cases[] = {
		{"p", {NULL, 0}, 60, SENDER_PARTNER_OF_RECORD},
		{"p", {product_a, 1}, 60, SENDER_PARTNER_OF_RECORD},
		/* Two relations cover it together. */
		{"p", {products_ab, 2}, 60, SENDER_PARTNER_OF_RECORD},
		{"p", {products_ab, 2}, 49, SENDER_PARTNER},
		{"p", {product_b, 1}, 49, SENDER_PARTNER},
		{"p", {NULL, 0}, 49, SENDER_PARTNER_OF_RECORD},
		{"p", {NULL, 0}, 100, SENDER_PARTNER},
		{"p", {NULL, 0}, -1, SENDER_PARTNER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct sender_question question = {
			.customer = &customer, .products = cases[i].products, .now = cases[i].now};
		struct sender sender = judge(cases[i].author, "p", &question);
		if (sender.kind != cases[i].kind || sender.proof != PROOF_PROVEN)
			fail_msg("case %zu: %s", i, csp_sender_kind_name(sender.kind));
	}
}

static void to_nobody_in_particular_no_partner_is_of_record(void **state)
{
	const struct sender_question question = {.now = 60};
	struct sender sender = judge("p", "p", &question);

	(void)state;
	assert_int_equal(sender.kind, SENDER_PARTNER);
	assert_int_equal(sender.proof, PROOF_PROVEN);
}

/* Of two partners with one domain, the proof of the one that is not of record must not serve the other. */
static void a_shared_domain_lends_no_proof(void **state)
{
	static const struct customer of_p = {.relations = relations, .relation_count = 2};
	const struct sender_question question = {.customer = &of_p, .now = 60};
	struct sender sender = judge("2", "q", &question);

	(void)state;
	assert_int_equal(sender.kind, SENDER_PARTNER);
	assert_int_equal(sender.proof, PROOF_PROVEN);
}

static void a_look_up_that_could_not_tell_leaves_the_sender_unknown(void **state)
{
	const struct sender_question question = {.customer = &customer, .now = 60};

	(void)state;
	assert_false(judge("u", "p", &question).known);
	assert_false(judge("pu", "p", &question).known);
}

static void a_vendor_without_proofs_is_neither_proven_nor_unproven(void **state)
{
	const struct sender_question question = {0};
	const struct client client = {0};
	struct author item = author_of('v');
	const struct authors authors = {.items = &item, .count = 1};
	struct sender sender = csp_sender_judge(&authors, &client, &vendor, &question);

	(void)state;
	assert_int_equal(sender.kind, SENDER_VENDOR);
	assert_int_equal(sender.proof, PROOF_UNKNOWN);
	assert_false(sender.unproven_author);
}

/* Q signs with its own domain, P with that of a mailing service that signs for Q as well. */
static const struct span dkim_p[] = {{"p.example", 9}, {"esp.example", 11}},
			 dkim_q[] = {{"q.example", 9}, {"esp.example", 11}},
			 dkim_r[] = {{"r.example", 9}}, dkim_v[] = {{"v.example", 9}};
static const struct partner signing_p = {.id = {"P", 1}, .proofs = {.dkim_domains = {dkim_p, 2}}};
static const struct partner signing_q = {.id = {"Q", 1}, .proofs = {.dkim_domains = {dkim_q, 2}}};
static const struct partner *const only_signing_p[] = {&signing_p};
static const struct partner *const only_signing_q[] = {&signing_q};
static const struct partner *const signing_p_and_q[] = {&signing_p, &signing_q};
static const struct proofs signing_provider = {.dkim_domains = {dkim_r, 1}};
static const struct proofs *const signing_providers[] = {&signing_provider};
static const struct vendor signing_vendor = {.proofs = {.dkim_domains = {dkim_v, 1}}};

/*
 * Each author is a letter and its domain: "f" for From, "r" for the reverse-path; p, q, 2 (both), v or o; the domain's first
 * letter. "fpa" is P in From, from a.example.
 */
static struct author signing_author(const char *letters, char domain[16])
{
	const struct partner *const *partners = letters[1] == 'p'   ? only_signing_p
						: letters[1] == 'q' ? only_signing_q
								    : signing_p_and_q;
	struct author author = {
		.field = letters[0] == 'f' ? AUTHOR_FROM : AUTHOR_REVERSE_PATH,
		.party = letters[1] == 'v'   ? PARTY_VENDOR
			 : letters[1] == 'o' ? PARTY_OTHER
					     : PARTY_PARTNER,
	};

	snprintf(domain, 16, "%c.example", letters[2]);
	author.mailbox.domain = csp_span_from(domain);
	if (author.party == PARTY_PARTNER) {
		author.partners = partners;
		author.partner_count = letters[1] == '2' ? 2 : 1;
	}
	return author;
}

static struct sender judge_signed(const char *letters, const char *dkim, const char *spf,
				  unsigned enabled)
{
	const struct authentication_settings settings = {.partners = enabled, .vendor = enabled};
	const struct sender_question question = {.customer = &customer,
						 .provider_proofs = signing_providers,
						 .provider_count = 1,
						 .now = 60};
	const struct client client = {.login = SPAN_LIT("x")};
	struct span signer = csp_span_from(dkim);
	char domains[4][16];
	struct author items[4];
	struct authors authors = {
		.items = items,
		.count = (strlen(letters) + 1) / 4,
		.authentication = {.settings = enabled ? &settings : NULL,
				   .hop = true,
				   .dkim = {&signer, signer.len > 0},
				   .spf = csp_span_from(spf)},
	};

	assert_true(authors.count <= COUNT(items));
	for (size_t i = 0; i < authors.count; i++)
		items[i] = signing_author(letters + 4 * i, domains[i]);
	return csp_sender_judge(&authors, &client, &signing_vendor, &question);
}

#define OF_RECORD SENDER_PARTNER_OF_RECORD
#define BOTH      (AUTH_DKIM | AUTH_SPF)

static void authentication_proves_what_the_settings_let_it_prove(void **state)
{
	static const struct {
		const char *authors, *dkim, *spf;
		unsigned enabled;
		enum sender_kind kind;
		enum proof proof;
		unsigned by;
	} cases[] = {
		{"fpa", "p.example", "", AUTH_DKIM, OF_RECORD, PROOF_PROVEN, AUTH_DKIM},
		{"fpa rpb", "p.example", "", AUTH_DKIM, OF_RECORD, PROOF_PROVEN, AUTH_DKIM},
		{"fpa", "news.p.example", "", AUTH_DKIM, OF_RECORD, PROOF_PROVEN, AUTH_DKIM},
		{"fpa", "p.example", "", AUTH_SPF, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa", "p.example", "", 0, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		/* Its own domain in From is no signature of it. */
		{"fpa", "a.example", "", AUTH_DKIM, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa", "q.example", "", AUTH_DKIM, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa", "xp.example", "", AUTH_DKIM, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa", "example", "", AUTH_DKIM, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		/* The provider's signature proves its reseller, and nobody else. */
		{"fqa", "r.example", "", AUTH_DKIM, OF_RECORD, PROOF_PROVEN, AUTH_DKIM},
		{"fpa", "r.example", "", AUTH_DKIM, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fqa", "r.example", "", AUTH_SPF, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fqa", "", "r.example", BOTH, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		/* SPF: one domain in From and the reverse-path, of one partner. */
		{"fpa rpa", "", "a.example", AUTH_SPF, OF_RECORD, PROOF_PROVEN, AUTH_SPF},
		{"fpa rpa", "", "a.example", AUTH_DKIM, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa rpb", "", "b.example", AUTH_SPF, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa fpc rpa", "", "a.example", AUTH_SPF, OF_RECORD, PROOF_PROVEN, AUTH_SPF},
		{"fpa roa", "", "a.example", AUTH_SPF, SENDER_OTHER, PROOF_UNKNOWN, 0},
		{"fpa fqb rpa", "", "a.example", AUTH_SPF, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa rpa", "p.example", "a.example", BOTH, OF_RECORD, PROOF_PROVEN, BOTH},
		/* Two partners with one domain: the one that is proven, or none. */
		{"f2a", "p.example", "", AUTH_DKIM, OF_RECORD, PROOF_PROVEN, AUTH_DKIM},
		{"f2a", "esp.example", "", AUTH_DKIM, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"f2a r2a", "", "a.example", AUTH_SPF, SENDER_PARTNER, PROOF_UNPROVEN, 0},
		{"fpa", "esp.example", "", AUTH_DKIM, OF_RECORD, PROOF_PROVEN, AUTH_DKIM},
		/* The vendor. */
		{"fva", "v.example", "", AUTH_DKIM, SENDER_VENDOR, PROOF_PROVEN, AUTH_DKIM},
		{"fva", "a.example", "", AUTH_DKIM, SENDER_VENDOR, PROOF_UNPROVEN, 0},
		{"fva", "v.example", "", AUTH_SPF, SENDER_VENDOR, PROOF_UNPROVEN, 0},
		{"fva", "v.example", "", 0, SENDER_VENDOR, PROOF_UNKNOWN, 0},
		{"fva rva", "", "a.example", AUTH_SPF, SENDER_VENDOR, PROOF_PROVEN, AUTH_SPF},
		{"fva rvb", "", "b.example", AUTH_SPF, SENDER_VENDOR, PROOF_UNPROVEN, 0},
		{"fva fob rob", "", "b.example", AUTH_SPF, SENDER_OTHER, PROOF_UNPROVEN, 0},
		{"fva fpb", "v.example", "", AUTH_DKIM, SENDER_OTHER, PROOF_UNPROVEN, 0},
		{"fva rob", "v.example", "", AUTH_DKIM, SENDER_OTHER, PROOF_UNKNOWN, 0},
		/* Nobody we know stays that. */
		{"foa", "p.example", "a.example", BOTH, SENDER_OTHER, PROOF_UNKNOWN, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sender sender = judge_signed(cases[i].authors, cases[i].dkim, cases[i].spf,
						    cases[i].enabled);
		if (!sender.known || sender.kind != cases[i].kind ||
		    sender.proof != cases[i].proof || sender.authenticated_by != cases[i].by)
			fail_msg("%s dkim '%s' spf '%s': %s, %s, by %u", cases[i].authors,
				 cases[i].dkim, cases[i].spf, csp_sender_kind_name(sender.kind),
				 csp_proof_name(sender.proof), sender.authenticated_by);
	}
}

static void names_are_those_of_the_rules(void **state)
{
	static const char *const kinds[] = {"partner-of-record", "partner", "vendor", "other"};
	static const char *const proofs[] = {"proven", "unproven", "unknown"};

	(void)state;
	for (int i = SENDER_PARTNER_OF_RECORD; i <= SENDER_OTHER; i++)
		assert_string_equal(csp_sender_kind_name((enum sender_kind)i), kinds[i]);
	for (int i = PROOF_PROVEN; i <= PROOF_UNKNOWN; i++)
		assert_string_equal(csp_proof_name((enum proof)i), proofs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_author_is_collected),
		cmocka_unit_test(too_many_authors_are_nobody_we_know),
		cmocka_unit_test(the_limit_on_mailboxes_is_for_all_author_fields_together),
		cmocka_unit_test(an_author_field_may_be_among_the_fields_that_were_dropped),
		cmocka_unit_test(short_memory_collects_nothing),
		cmocka_unit_test(authors_together_are_one_sender),
		cmocka_unit_test(of_record_is_who_covers_every_product_now),
		cmocka_unit_test(to_nobody_in_particular_no_partner_is_of_record),
		cmocka_unit_test(a_shared_domain_lends_no_proof),
		cmocka_unit_test(a_look_up_that_could_not_tell_leaves_the_sender_unknown),
		cmocka_unit_test(a_vendor_without_proofs_is_neither_proven_nor_unproven),
		cmocka_unit_test(authentication_proves_what_the_settings_let_it_prove),
		cmocka_unit_test(names_are_those_of_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
