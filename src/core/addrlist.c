#include "addrlist.h"

#include "addrtoken.h"
#include "encword.h"
#include "header.h"

#include <string.h>

#define DISPLAY_MAX ((size_t)4000) /* bytes of one display name that are looked at */
#define DOMAIN_MAX  1024           /* bytes of a domain before its letters are made A-labels */

/* A reader that goes on past bad and repeated addresses must not do so for ever: so many for each one that is taken. */
#define ATTEMPTS_FACTOR 4

struct element {
	struct piece local;
	struct piece domain;
	struct piece display;  /* outside angle brackets: what is no address, comments too */
	size_t display_before; /* its length before the words of the local part */
	bool local_has_gap;
	bool touching; /* two words without anything between them */
	bool phrase;   /* words before those of the local part */
	bool words;    /* something since the last address */
	bool goes_on;  /* the last word ended with a dot: the next one belongs to it */
	size_t addresses;
	struct mailbox mailbox; /* the last one */
};

struct parser {
	struct addrlist *list;
	struct arena *arena;
	struct tokens tokens;
	struct token token; /* the current one */
	struct element element;
	size_t first;    /* list->count at the start */
	size_t max;      /* mailboxes taken */
	size_t attempts; /* addresses met, good or bad */
	bool in_group;
	bool no_memory;
};

static struct span from(struct span text, size_t at)
{
	return csp_span_slice(text, at, text.len);
}

static void advance(struct parser *parser)
{
	parser->token = csp_token_next(&parser->tokens);
}

static bool at_special(const struct parser *parser, char c)
{
	return parser->token.kind == TOKEN_SPECIAL && parser->token.special == c;
}

static bool at_word(const struct parser *parser)
{
	return parser->token.kind == TOKEN_ATOM || parser->token.kind == TOKEN_QUOTED;
}

static void doubt(struct parser *parser)
{
	parser->list->ambiguous = true;
}

static void miss(struct parser *parser)
{
	parser->list->ambiguous = true;
	parser->list->incomplete = true;
}

static bool at_limit(const struct parser *parser)
{
	return parser->list->count - parser->first >= parser->max ||
	       parser->attempts >= ATTEMPTS_FACTOR * parser->max;
}

static void stop_at_limit(struct parser *parser)
{
	parser->list->truncated = true;
	miss(parser);
}

static void start_address(struct element *element)
{
	csp_piece_reset(&element->local);
	csp_piece_reset(&element->domain);
	element->local_has_gap = false;
	element->words = false;
	element->goes_on = false;
}

static void reset_element(struct element *element)
{
	start_address(element);
	csp_piece_reset(&element->display);
	element->touching = false;
	element->phrase = false;
	element->addresses = 0;
}

static bool same_mailbox(const struct mailbox *a, const struct mailbox *b)
{
	return csp_span_equal(a->domain, b->domain) && csp_span_equal_nocase(a->local, b->local);
}

static void append(struct parser *parser, const struct mailbox *mailbox)
{
	struct addrlist *list = parser->list;
	void *items = list->items;

	if (at_limit(parser)) {
		stop_at_limit(parser);
		return;
	}
	if (!csp_arena_grow(parser->arena, &items, &list->cap, list->count,
			    sizeof(struct mailbox))) {
		parser->no_memory = true;
		return;
	}
	list->items = items;
	list->items[list->count++] = *mailbox;
}

static bool has_encoded_word(struct span text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.data[i] == '=' && text.data[i + 1] == '?')
			return true;
	}
	return false;
}

/* Letters that look like '@' are there for one reason alone. */
static bool has_false_at(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		struct span here = from(text, i);
		if (csp_span_starts_with(here, SPAN_LIT("\xef\xbc\xa0")) ||
		    csp_span_starts_with(here, SPAN_LIT("\xef\xb9\xab")))
			return true;
	}
	return false;
}

/* Whose mailbox it is shows by its domain, so a local part that cannot be read is left out. */
static enum mailbox_result make_mailbox(struct mailbox *out, struct parser *parser)
{
	struct element *element = &parser->element;
	struct span domain = csp_piece_span(&element->domain);
	enum mailbox_result result = MAILBOX_INVALID;

	if (!element->words || element->domain.overflow)
		return MAILBOX_INVALID;
	if (!element->local.overflow)
		result = csp_mailbox_make(out, parser->arena, csp_piece_span(&element->local),
					  domain);
	if (result != MAILBOX_INVALID)
		return result;
	doubt(parser);
	return csp_mailbox_make(out, parser->arena, SPAN_LIT(""), domain);
}

/* A second, different address in one element is a second author: `a@b <c@d>`. */
static void end_address(struct parser *parser)
{
	struct element *element = &parser->element;
	struct mailbox mailbox;
	enum mailbox_result result = make_mailbox(&mailbox, parser);

	parser->attempts++;
	if (result == MAILBOX_NO_MEMORY)
		parser->no_memory = true;
	if (result == MAILBOX_INVALID)
		miss(parser);
	if (result == MAILBOX_OK) {
		if (has_encoded_word(mailbox.local) || has_false_at(mailbox.local) ||
		    csp_span_find(mailbox.local, '@') < mailbox.local.len)
			doubt(parser);
		bool again = element->addresses > 0 && same_mailbox(&element->mailbox, &mailbox);
		if (element->addresses > 0 && !again)
			doubt(parser);
		if (!again)
			append(parser, &mailbox);
		element->mailbox = mailbox;
		element->addresses++;
	}
	start_address(element);
}

/* A word or a dot of a local part, or of a phrase: which of the two shows later. */
static void add_word(struct parser *parser)
{
	struct element *element = &parser->element;
	bool dot = at_special(parser, '.');
	bool joined = element->words && (dot || element->goes_on);

	if (!joined) {
		element->phrase = element->phrase || element->words;
		start_address(element);
		element->display_before = element->display.len;
	}
	if (joined && parser->token.gap_before)
		element->local_has_gap = true;
	if (parser->token.kind == TOKEN_QUOTED)
		csp_piece_put_unquoted(&element->local, parser->token.text);
	else
		csp_piece_put(&element->local, parser->token.text);
	element->words = true;
	element->goes_on = dot;
}

static void add_display(struct parser *parser)
{
	struct piece *display = &parser->element.display;

	if (parser->token.gap_before)
		csp_piece_put(display, SPAN_LIT(" "));
	if (parser->token.kind == TOKEN_QUOTED)
		csp_piece_put_unquoted(display, parser->token.text);
	else
		csp_piece_put(display, parser->token.text);
}

/* The current token is the '@'; afterwards it is the one behind the domain. */
static void parse_domain(struct parser *parser, bool shown)
{
	struct element *element = &parser->element;
	bool want_label = true;

	if (!element->words || parser->token.gap_before || element->local_has_gap ||
	    (shown && (element->phrase || element->addresses)))
		doubt(parser);
	/* It is judged as an author; as text its quoted words could be taken for another address. */
	if (shown && element->words)
		element->display.len = element->display_before;
	for (;;) {
		advance(parser);
		bool dot = at_special(parser, '.');
		bool literal = parser->token.kind == TOKEN_LITERAL && element->domain.len == 0;
		bool label = parser->token.kind == TOKEN_ATOM || literal;
		if (!(dot && !want_label) && !(label && want_label))
			break;
		if (parser->token.gap_before)
			doubt(parser);
		csp_piece_put(&element->domain, parser->token.text);
		want_label = dot;
	}
	end_address(parser);
}

/* `<@a,@b:user@domain>`: the current token is the first '@'. */
static void skip_route(struct parser *parser)
{
	doubt(parser);
	while (parser->token.kind != TOKEN_END && !at_special(parser, ':') &&
	       !at_special(parser, '>'))
		advance(parser);
	if (at_special(parser, ':'))
		advance(parser);
}

/* The current token is the '<'; afterwards it is the one that was not taken. */
static void parse_angle(struct parser *parser)
{
	struct element *element = &parser->element;
	size_t addresses = element->addresses;

	start_address(element);
	element->phrase = false;
	advance(parser);
	if (at_special(parser, '@'))
		skip_route(parser);
	while (at_word(parser) || at_special(parser, '.')) {
		if (element->words && !element->goes_on && !at_special(parser, '.'))
			doubt(parser);
		add_word(parser);
		advance(parser);
	}
	if (at_special(parser, '@'))
		parse_domain(parser, false);
	if (element->addresses == addresses || !at_special(parser, '>'))
		doubt(parser);
	start_address(element);
	if (at_special(parser, '>'))
		advance(parser);
}

/* Runs of a display name that could be an address end at these. */
static bool ends_run(char c)
{
	return (unsigned char)c <= ' ' || strchr("<>()[],;:\"", c);
}

static bool looks_like_address(struct span run)
{
	size_t at = csp_span_find(run, '@');
	struct span domain = from(run, at + 1);

	return at > 0 && at < run.len && csp_span_find(domain, '.') < domain.len;
}

static struct span without_apostrophes(struct span text)
{
	while (text.len && text.data[0] == '\'')
		text = from(text, 1);
	while (text.len && text.data[text.len - 1] == '\'')
		text.len--;
	return text;
}

static bool shows_other_address(struct parser *parser, struct span text)
{
	while (text.len) {
		size_t len = 0;
		struct mailbox mailbox;
		while (len < text.len && !ends_run(text.data[len]))
			len++;
		struct span run = without_apostrophes(csp_span_slice(text, 0, len));
		if (looks_like_address(run) &&
		    (csp_mailbox_parse(&mailbox, parser->arena, run) != MAILBOX_OK ||
		     !same_mailbox(&mailbox, &parser->element.mailbox)))
			return true;
		text = from(text, len + 1);
	}
	return false;
}

/* The signs of an address in the widths of East Asia, where "Tanaka@Sales" is a usual name. */
static void append_narrow(struct buf *out, struct span text)
{
	static const struct {
		struct span wide;
		char narrow;
	} signs[] = {
		{SPAN_INIT("\xef\xbc\xa0"), '@'}, {SPAN_INIT("\xef\xb9\xab"), '@'},
		{SPAN_INIT("\xef\xbc\x8e"), '.'}, {SPAN_INIT("\xef\xb9\x92"), '.'},
		{SPAN_INIT("\xe3\x80\x82"), '.'}, {SPAN_INIT("\xef\xbd\xa1"), '.'},
	};
	size_t i;

	while (text.len) {
		for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
			if (csp_span_starts_with(text, signs[i].wide))
				break;
		}
		bool wide = i < sizeof(signs) / sizeof(signs[0]);
		csp_buf_append_char(out, wide ? signs[i].narrow : text.data[0]);
		text = from(text, wide ? signs[i].wide.len : 1);
	}
}

/* `"ceo@vendor.example" <someone@else.example>`: no identity, but a reader may take it for one. */
static void check_display(struct parser *parser)
{
	struct piece *display = &parser->element.display;
	struct span text = csp_piece_span(display);
	bool undecodable = false;
	struct buf decoded, narrow;

	if (display->overflow)
		doubt(parser);
	/*
	 * A quote inside of an encoded-word, or an encoded-word that a quoted string cuts: where the name ends depends on
	 * which of them a reader looks for first. It shows as two words that touch.
	 */
	if (parser->element.touching && has_encoded_word(text))
		doubt(parser);
	if (parser->list->ambiguous || (csp_span_find(text, '@') == text.len &&
					csp_span_is_ascii(text) && !has_encoded_word(text)))
		return;
	csp_buf_init(&decoded, DISPLAY_MAX * 8);
	csp_buf_init(&narrow, DISPLAY_MAX * 8);
	csp_encword_decode(&decoded, &undecodable, text);
	append_narrow(&narrow, csp_buf_span(&decoded));
	if (csp_buf_failed(&decoded) || csp_buf_failed(&narrow))
		parser->no_memory = true;
	else if (shows_other_address(parser, csp_buf_span(&narrow)))
		doubt(parser);
	csp_buf_dispose(&decoded);
	csp_buf_dispose(&narrow);
}

static void end_element(struct parser *parser)
{
	struct element *element = &parser->element;

	if (element->words)
		doubt(parser); /* words that no address followed */
	if (element->addresses)
		check_display(parser);
	reset_element(element);
}

static void start_group(struct parser *parser)
{
	struct element *element = &parser->element;

	if (parser->in_group || element->addresses || !element->words)
		doubt(parser);
	parser->in_group = true;
	parser->list->group = true;
	reset_element(element);
}

static void end_group(struct parser *parser)
{
	end_element(parser);
	if (!parser->in_group)
		doubt(parser);
	parser->in_group = false;
}

static void parse_special(struct parser *parser)
{
	switch (parser->token.special) {
	case '.':
		add_word(parser);
		add_display(parser);
		break;
	case '@':
		parse_domain(parser, true);
		return;
	case '<':
		parse_angle(parser);
		return;
	case ',':
		end_element(parser);
		break;
	case ':':
		start_group(parser);
		break;
	case ';':
		end_group(parser);
		break;
	default:
		doubt(parser);
		break;
	}
	advance(parser);
}

static void parse(struct parser *parser)
{
	advance(parser);
	while (parser->token.kind != TOKEN_END && !parser->no_memory) {
		if (at_limit(parser)) {
			stop_at_limit(parser);
			return;
		}
		if (at_word(parser)) {
			if (parser->element.words && !parser->element.goes_on &&
			    !parser->token.gap_before)
				parser->element.touching = true;
			add_word(parser);
			add_display(parser);
			advance(parser);
		} else if (parser->token.kind == TOKEN_LITERAL) {
			doubt(parser);
			advance(parser);
		} else {
			parse_special(parser);
		}
	}
	end_element(parser);
	if (parser->in_group)
		doubt(parser);
}

bool csp_addrlist_parse(struct addrlist *list, struct arena *arena, struct span body)
{
	char local[MAILBOX_LOCAL_MAX];
	char domain[DOMAIN_MAX];
	char display[DISPLAY_MAX];
	struct parser parser = {.list = list,
				.arena = arena,
				.first = list->count,
				.max = list->max ? list->max : ADDRLIST_MAX};
	struct buf unfolded;
	bool bare = false;

	parser.element.local = (struct piece){.text = local, .max = sizeof(local)};
	parser.element.domain = (struct piece){.text = domain, .max = sizeof(domain)};
	parser.element.display = (struct piece){.text = display, .max = sizeof(display)};
	csp_buf_init(&unfolded, body.len);
	csp_header_unfold(&unfolded, &bare, body);
	if (bare)
		list->ambiguous = true;
	parser.tokens.rest = csp_buf_span(&unfolded);
	parser.tokens.comments = &parser.element.display;
	if (csp_buf_failed(&unfolded))
		parser.no_memory = true;
	else
		parse(&parser);
	csp_buf_dispose(&unfolded);
	return !parser.no_memory;
}
