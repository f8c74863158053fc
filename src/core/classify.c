#include "classifier.h"
#include "encword.h"
#include "findings.h"
#include "identifier.h"
#include "lookalike.h"
#include "text.h"

#include <string.h>

/* What a buffer may keep from one message to the next. */
#define TEXT_KEPT ((size_t)256 << 10)
/* Values taken from the tags of one message. */
#define TAG_VALUES_MAX 1000

/* Names found in one message, in its arena. */
struct names {
	struct span *items;
	size_t count, cap;
};

/* One message being read. */
struct reading {
	const struct classifier *classifier;
	struct classify_scratch *scratch;
	const struct message *message;
	struct arena *arena;
	struct findings findings;
	struct names products, lists;
	struct span field; /* name of the field being read */
	uint64_t began;    /* the scratch's time when the message began */
	bool trusted;      /* its tags count */
	size_t tag_values;
	unsigned untrusted_tags; /* bit: category */
	size_t words;            /* encoded ones that may still be decoded */
	bool folded; /* what is heard was seen only once look-alike letters were folded */
	unsigned marks;
	bool failed;
};

/* A stamp holds when its thing was seen last: in this field, in this message, or before. */
static bool seen_since(uint64_t *stamp, uint64_t since, uint64_t now)
{
	bool seen = *stamp >= since;

	*stamp = now;
	return seen;
}

/* A phrase or name that the plain text did not show. */
static void mark_folded(struct reading *reading)
{
	if (reading->folded)
		reading->marks |= MARK_OBFUSCATED;
}

static void add_name(struct reading *reading, struct names *names, struct span name)
{
	void *items = names->items;

	if (!csp_arena_grow(reading->arena, &items, &names->cap, names->count, sizeof(name))) {
		reading->failed = true;
		return;
	}
	names->items = items;
	names->items[names->count++] = name;
}

/* What matched lies in the scratch, so that what is kept of it is copied. */
static void add_evidence(struct reading *reading, struct evidence *evidence)
{
	evidence->field = reading->field;
	struct evidence *kept = csp_findings_add(&reading->findings, evidence);

	if (kept && !csp_arena_copy(reading->arena, &kept->match, evidence->match))
		reading->failed = true;
}

/* What stands in words that stayed as they were was judged there, among all its neighbours. */
static bool is_changed(const struct classify_scratch *scratch, struct span match)
{
	size_t at = (size_t)(match.data - scratch->folded.data);

	return memchr(scratch->changed.data + at, 1, match.len);
}

static void add_phrase(struct reading *reading, const struct phrase *phrase, struct span match)
{
	add_evidence(reading, &(struct evidence){
				      .kind = EVIDENCE_PHRASE,
				      .category = phrase->category,
				      .rule = phrase->rule,
				      .phrase = phrase->text,
				      .meaning = phrase->meaning,
				      .instead_of = phrase->instead_of,
				      .match = match,
			      });
}

static void hear_phrase(void *context, const struct phrase_owner *owner, struct span match)
{
	struct reading *reading = context;
	const struct pack *pack = reading->classifier->pack;
	const struct stamps *stamps = &reading->scratch->stamps;
	uint64_t now = reading->scratch->now;

	if (reading->folded && !is_changed(reading->scratch, match))
		return;
	switch (owner->kind) {
	case PHRASE_CATEGORY:
		if (seen_since(&stamps->phrases[owner->index], now, now))
			break;
		mark_folded(reading);
		add_phrase(reading, &pack->phrases[owner->index], match);
		break;
	case PHRASE_PRODUCT:
		if (seen_since(&stamps->products[owner->index], reading->began, now))
			break;
		mark_folded(reading);
		add_name(reading, &reading->products, pack->products[owner->index].name);
		break;
	case PHRASE_LIST:
		stamps->entries[owner->index] = now;
		break;
	}
}

static void hear_expression(void *context, unsigned index, struct span match)
{
	struct reading *reading = context;
	const struct phrase *expression = &reading->classifier->pack->expressions[index];
	uint64_t now = reading->scratch->now;

	if (seen_since(&reading->scratch->stamps.expressions[index], now, now))
		return;
	add_phrase(reading, expression, match);
}

static void find_expressions(struct reading *reading, struct span text)
{
	const struct expression_listener listener = {hear_expression, reading};

	if (!csp_expressions_find(reading->classifier->expressions,
				  reading->scratch->expression_scan, text, &listener))
		reading->failed = true;
}

static bool has_digit(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (csp_ascii_is_digit(text.data[i]))
			return true;
	}
	return false;
}

static void find_identifiers(struct reading *reading, struct span text)
{
	const struct pack *pack = reading->classifier->pack;
	struct span match;

	if (!has_digit(text))
		return;
	for (size_t i = 0; i < pack->identifier_count; i++) {
		const struct identifier *identifier = &pack->identifiers[i];
		if (csp_identifier_find(&match, identifier, text))
			add_evidence(reading, &(struct evidence){
						      .kind = EVIDENCE_IDENTIFIER,
						      .category = identifier->category,
						      .rule = identifier->rule,
						      .match = match,
					      });
	}
}

static void find_phrases(struct reading *reading, struct span normal, unsigned kinds)
{
	const struct phrase_listener listener = {hear_phrase, reading, kinds, NULL};
	bool truncated = false;

	if (!csp_phrases_find(reading->classifier->phrases, reading->scratch->scan, normal,
			      &listener, &truncated))
		reading->failed = true;
	if (truncated)
		reading->marks |= MARK_TRUNCATED;
}

static enum lookalike_result find_phrases_folded_as(struct reading *reading, enum lookalike_case as,
						    struct span normal, unsigned kinds)
{
	struct buf *folded = &reading->scratch->folded;

	struct buf *changed = &reading->scratch->changed;

	csp_buf_reset(folded);
	csp_buf_reset(changed);
	enum lookalike_result result = csp_lookalikes_fold(folded, changed, normal, as);
	if (csp_buf_failed(folded) || csp_buf_failed(changed))
		reading->failed = true;
	if (result == LOOKALIKE_NONE || reading->failed)
		return LOOKALIKE_NONE;
	reading->folded = true;
	find_phrases(reading, csp_buf_span(folded), kinds & ~(1U << PHRASE_LIST));
	reading->folded = false;
	return result;
}

/*
 * Once more with look-alike letters folded, where there are any. Named lists are not asked again: what they earn
 * is a pass, and nobody earns one in disguise.
 */
static void find_folded_phrases(struct reading *reading, struct span normal, unsigned kinds)
{
	if (find_phrases_folded_as(reading, LOOKALIKE_SMALL, normal, kinds) == LOOKALIKE_TWO)
		(void)find_phrases_folded_as(reading, LOOKALIKE_CAPITAL, normal, kinds);
}

static void find_normal_phrases(struct reading *reading, unsigned kinds)
{
	const struct buf *normal = &reading->scratch->normal;

	reading->failed = reading->failed || csp_buf_failed(normal);
	find_phrases(reading, csp_buf_span(normal), kinds);
	find_folded_phrases(reading, csp_buf_span(normal), kinds);
}

#define PHRASES_OF_TEXT (1U << PHRASE_CATEGORY | 1U << PHRASE_LIST)
#define PHRASES_OF_NAME (1U << PHRASE_PRODUCT)

/* Names of products keep their numbers. Where there is none, both normal forms are the same and one look is enough. */
static void find_all_phrases(struct reading *reading, struct span decoded)
{
	struct buf *normal = &reading->scratch->normal;

	csp_buf_reset(normal);
	csp_text_normalise(normal, decoded);
	if (csp_span_find(csp_buf_span(normal), '#') == normal->len) {
		find_normal_phrases(reading, PHRASES_OF_TEXT | PHRASES_OF_NAME);
		return;
	}
	find_normal_phrases(reading, PHRASES_OF_TEXT);
	csp_buf_reset(normal);
	csp_text_normalise_name(normal, decoded);
	find_normal_phrases(reading, PHRASES_OF_NAME);
}

static struct span unfold(struct reading *reading, struct span body)
{
	struct buf *unfolded = &reading->scratch->unfolded;
	bool bare = false;

	csp_buf_reset(unfolded);
	csp_header_unfold(unfolded, &bare, body);
	if (bare)
		reading->marks |= MARK_BARE_NEWLINE;
	reading->failed = reading->failed || csp_buf_failed(unfolded);
	return csp_buf_span(unfolded);
}

static void read_text(struct reading *reading, struct span body)
{
	struct buf *decoded = &reading->scratch->decoded;
	bool undecodable = false;

	csp_buf_reset(decoded);
	if (!csp_encword_decode_some(decoded, &undecodable, unfold(reading, body), &reading->words))
		reading->marks |= MARK_TRUNCATED;
	if (undecodable)
		reading->marks |= MARK_UNDECODABLE;
	reading->failed = reading->failed || csp_buf_failed(decoded);
	find_identifiers(reading, csp_buf_span(decoded));
	find_expressions(reading, csp_buf_span(decoded));
	find_all_phrases(reading, csp_buf_span(decoded));
	csp_findings_end_field(&reading->findings, reading->field);
}

static void read_tag_value(struct reading *reading, const struct tag *tag, struct span value)
{
	for (size_t i = 0; i < tag->value_count; i++) {
		if (!csp_span_equal_nocase(tag->values[i].value, value))
			continue;
		if (!reading->trusted)
			reading->untrusted_tags |= 1U << tag->values[i].category;
		else
			add_evidence(reading, &(struct evidence){
						      .kind = EVIDENCE_TAG,
						      .category = tag->values[i].category,
						      .rule = tag->rule,
						      .match = value,
					      });
		return;
	}
}

static void read_tag_values(struct reading *reading, const struct tag *tag,
			    struct tag_reader *values)
{
	struct buf *value = &reading->scratch->normal;

	while (csp_tag_next(values, value)) {
		if (reading->tag_values++ >= TAG_VALUES_MAX) {
			reading->marks |= MARK_TRUNCATED;
			return;
		}
		reading->failed = reading->failed || csp_buf_failed(value);
		read_tag_value(reading, tag, csp_buf_span(value));
	}
}

/* Of a tag that is not believed it only matters whether it says something else than the message does. */
static void read_tag(struct reading *reading, const struct tag *tag, struct span body)
{
	struct buf *text = &reading->scratch->decoded;
	struct tag_reader values;

	if (csp_tag_open(&values, &tag->shape, text, unfold(reading, body)))
		read_tag_values(reading, tag, &values);
	else
		reading->marks |= reading->trusted ? MARK_UNDECODABLE : MARK_UNTRUSTED_TAG;
	if (values.undecodable && reading->trusted)
		reading->marks |= MARK_UNDECODABLE;
	reading->failed = reading->failed || csp_buf_failed(text);
}

static void read_watched(struct reading *reading, const struct watch *watch, struct span body)
{
	struct classify_scratch *scratch = reading->scratch;

	scratch->now++;
	reading->field = watch->name;
	switch (watch->role) {
	case WATCH_TEXT:
		read_text(reading, body);
		break;
	case WATCH_TAG:
		read_tag(reading, &reading->classifier->pack->tags[watch->index], body);
		break;
	case WATCH_ONCE:
		if (seen_since(&scratch->stamps.fields[watch->index], reading->began, scratch->now))
			reading->marks |= MARK_DUPLICATE_FIELD;
		break;
	}
}

static void read_fields(struct reading *reading)
{
	const struct classifier *classifier = reading->classifier;

	for (size_t i = 0; i < reading->message->field_count; i++) {
		struct field *field = &reading->message->fields[i];
		size_t place = csp_watch_place(field->name);
		for (size_t j = classifier->watch_start[place];
		     j < classifier->watch_start[place + 1]; j++) {
			const struct watch *watch = &classifier->watches[j];
			if (!csp_span_equal_nocase(watch->name, field->name))
				continue;
			field->read = true;
			read_watched(reading, watch, field->body);
		}
	}
}

static bool entry_names(const struct sender_entry *entry, const struct mailbox *mailbox)
{
	return csp_span_equal(entry->address.domain, mailbox->domain) &&
	       (entry->address.local.len == 0 ||
		csp_span_equal_nocase(entry->address.local, mailbox->local));
}

static const struct sender_entry *entry_of(const struct sender_entry *entries, size_t count,
					   const struct mailbox *mailbox)
{
	for (size_t i = 0; i < count; i++) {
		if (entry_names(&entries[i], mailbox))
			return &entries[i];
	}
	return NULL;
}

/* Only where nothing else speaks, and only of a sender who is proven. */
static void read_senders(struct reading *reading, const struct authors *authors)
{
	const struct pack *pack = reading->classifier->pack;

	reading->field = SPAN_LIT("From");
	for (size_t i = 0; i < authors->count && pack->sender_count; i++) {
		const struct author *author = &authors->items[i];
		const struct sender_entry *entry;
		struct span address;
		if (author->field != AUTHOR_FROM ||
		    !(entry = entry_of(pack->senders, pack->sender_count, &author->mailbox)))
			continue;
		if (!csp_mailbox_format(&address, reading->arena, &author->mailbox))
			reading->failed = true;
		else
			add_evidence(reading, &(struct evidence){
						      .kind = EVIDENCE_SENDER,
						      .category = entry->category,
						      .rule = entry->rule,
						      .match = address,
					      });
	}
}

/* A list may earn a pass: all that the From fields name must be on it. */
static bool senders_are_listed(const struct list_entry *entry, const struct authors *authors)
{
	size_t found = 0;

	if (entry->sender_count == 0)
		return true;
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].field != AUTHOR_FROM)
			continue;
		if (!entry_of(entry->senders, entry->sender_count, &authors->items[i].mailbox))
			return false;
		found++;
	}
	return found > 0;
}

static void read_lists(struct reading *reading, const struct authors *authors)
{
	const struct pack *pack = reading->classifier->pack;

	for (size_t i = 0; i < pack->list_count; i++) {
		const struct list_entry *entry = &pack->lists[i];
		const struct spans named = {reading->lists.items, reading->lists.count};
		if (entry->phrases.count && reading->scratch->stamps.entries[i] < reading->began)
			continue;
		if (senders_are_listed(entry, authors) && !csp_spans_hold(named, entry->list))
			add_name(reading, &reading->lists, entry->list);
	}
}

/* One hostile message must not make a thread hold its memory for good. */
static void shrink(struct buf *buf)
{
	if (buf->cap > TEXT_KEPT)
		csp_buf_dispose(buf);
}

void csp_classify(struct classification *out, const struct classifier *classifier,
		  struct classify_scratch *scratch, const struct message *message,
		  const struct authors *authors, const struct sender *sender)
{
	const struct proofs *tag_sources = classifier->settings.tag_sources;
	struct reading reading = {
		.classifier = classifier,
		.scratch = scratch,
		.message = message,
		.arena = message->arena,
		.began = scratch->now + 1,
		.trusted = tag_sources && csp_proofs_hold(tag_sources, &message->client),
		.words = message->limits.encoded_words,
	};

	read_fields(&reading);
	if (!csp_findings_speak(&reading.findings) && sender->known &&
	    sender->proof == PROOF_PROVEN)
		read_senders(&reading, authors);
	read_lists(&reading, authors);
	csp_findings_end(&reading.findings, reading.products.count > 0);
	shrink(&scratch->unfolded);
	shrink(&scratch->decoded);
	shrink(&scratch->normal);
	shrink(&scratch->folded);
	shrink(&scratch->changed);

	*out = (struct classification){
		.products = {reading.products.items, reading.products.count},
		.lists = {reading.lists.items, reading.lists.count},
		.marks = reading.marks,
	};
	if (reading.failed ||
	    !csp_findings_conclude(out, &reading.findings, classifier->settings.categories,
				   reading.arena))
		*out = (struct classification){.known = false};
	else
		out->known = true;
	if (out->known && reading.untrusted_tags & ~(1U << out->category))
		out->marks |= MARK_UNTRUSTED_TAG;
}
