#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include "phrase_form.h"
#include "phrase_set.h"

/* A part of a source; `from` and `to` stand in texts, which may move while it grows. */
struct draft {
	size_t from, to;
	struct span text;
	const struct phrase_source *source;
	struct chain *chain; /* NULL: the part is the whole */
	unsigned part;
};

struct drafts {
	struct draft *items;
	size_t count;
};

static const char out_of_memory[] = "out of memory";

static bool refuse(struct phrases_error *error, struct span text, const char *why)
{
	*error = (struct phrases_error){text, why};
	return false;
}

static void add_drafts(struct drafts *drafts, struct phrases *phrases,
		       const struct phrase_source *source, const struct phrase_form *form)
{
	struct chain *chain = NULL;

	if (form->count > 1) {
		chain = &phrases->chains[phrases->chain_count++];
		*chain = (struct chain){.parts = (unsigned)form->count,
					.first_state = phrases->state_count};
		phrases->state_count += form->count - 1;
	}
	for (unsigned part = 0; part < form->count; part++)
		drafts->items[drafts->count++] = (struct draft){
			.from = form->parts[part].from,
			.to = form->parts[part].to,
			.source = source,
			.chain = chain,
			.part = part,
		};
}

static bool draft_phrase(struct drafts *drafts, struct phrases *phrases,
			 const struct phrase_source *source, struct phrases_error *error)
{
	struct phrase_form form;
	const char *why = csp_phrase_form_read(&form, &phrases->texts, csp_span_trim(source->text),
					       source->owner.kind == PHRASE_PRODUCT);

	if (csp_buf_failed(&phrases->texts))
		return refuse(error, SPAN_LIT(""), out_of_memory);
	if (why)
		return refuse(error, source->text, why);
	add_drafts(drafts, phrases, source, &form);
	return true;
}

/* The last part first: a text may be several parts of one chain, and a hit must not follow itself. */
static int compare_drafts(const void *a, const void *b)
{
	const struct draft *left = a;
	const struct draft *right = b;
	int order = csp_span_compare(left->text, right->text);

	return order ? order : (left->part < right->part) - (left->part > right->part);
}

static bool draft_all(struct drafts *drafts, struct phrases *phrases,
		      const struct phrase_source *sources, size_t count,
		      struct phrases_error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (!draft_phrase(drafts, phrases, &sources[i], error))
			return false;
	}
	for (size_t i = 0; i < drafts->count; i++) {
		struct draft *draft = &drafts->items[i];
		draft->text = csp_span_slice(csp_buf_span(&phrases->texts), draft->from, draft->to);
	}
	qsort(drafts->items, drafts->count, sizeof(*drafts->items), compare_drafts);
	return true;
}

/* Each part gets a literal, equal ones the same; the drafts are sorted, so that those stand together. */
static struct literal *literal_of(struct phrases *phrases, struct span text)
{
	struct literal *last = phrases->literals + phrases->literal_count;

	if (phrases->literal_count > 0 && csp_span_equal(last[-1].text, text))
		return last - 1;
	phrases->literal_count++;
	*last = (struct literal){
		.text = text,
		.left_pad = text.data[0] == ' ',
		.right_pad = text.data[text.len - 1] == ' ',
	};
	return last;
}

static void gather_literals(struct phrases *phrases, const struct drafts *drafts)
{
	struct phrase_owner *owner = phrases->owners;
	struct step *step = phrases->steps;

	for (size_t i = 0; i < drafts->count; i++) {
		const struct draft *draft = &drafts->items[i];
		struct literal *literal = literal_of(phrases, draft->text);
		if (draft->chain) {
			if (literal->step_count++ == 0)
				literal->steps = step;
			*step++ = (struct step){draft->chain, draft->part};
			continue;
		}
		if (literal->claim.owner_count++ == 0)
			literal->claim.owners = owner;
		*owner++ = draft->source->owner;
	}
	for (size_t i = 0; i < drafts->count; i++) {
		const struct draft *draft = &drafts->items[i];
		if (!draft->chain || draft->part > 0)
			continue;
		draft->chain->claim = (struct claim){owner, 1};
		*owner++ = draft->source->owner;
	}
}

/* What the pattern compiler takes: the literals as parallel arrays. */
struct patterns {
	const char **texts;
	size_t *lengths;
	unsigned *ids;
};

static struct span written_form(const struct drafts *drafts, struct span literal)
{
	size_t i = 0;

	while (!csp_span_equal(drafts->items[i].text, literal))
		i++;
	return drafts->items[i].source->text;
}

static bool compile(struct phrases *phrases, const struct patterns *patterns,
		    const struct drafts *drafts, struct phrases_error *error)
{
	hs_compile_error_t *failure = NULL;

	for (size_t i = 0; i < phrases->literal_count; i++) {
		patterns->texts[i] = phrases->literals[i].text.data;
		patterns->lengths[i] = phrases->literals[i].text.len;
		patterns->ids[i] = (unsigned)i;
	}
	hs_error_t result =
		hs_compile_lit_multi(patterns->texts, NULL, patterns->ids, patterns->lengths,
				     (unsigned)phrases->literal_count, HS_MODE_BLOCK, NULL,
				     &phrases->database, &failure);
	if (result == HS_SUCCESS)
		return true;
	phrases->database = NULL;
	struct span text = SPAN_LIT("");
	if (failure && failure->expression >= 0)
		text = written_form(drafts, phrases->literals[failure->expression].text);
	hs_free_compile_error(failure);
	return refuse(error, text, "the pattern compiler refuses it");
}

static bool compile_all(struct phrases *phrases, const struct drafts *drafts,
			struct phrases_error *error)
{
	size_t count = phrases->literal_count;
	struct patterns patterns = {
		.texts = calloc(count, sizeof(*patterns.texts)),
		.lengths = calloc(count, sizeof(*patterns.lengths)),
		.ids = calloc(count, sizeof(*patterns.ids)),
	};
	bool done = patterns.texts && patterns.lengths && patterns.ids
			    ? compile(phrases, &patterns, drafts, error)
			    : refuse(error, SPAN_LIT(""), out_of_memory);

	free(patterns.texts);
	free(patterns.lengths);
	free(patterns.ids);
	return done;
}

/* ---- the cache ---- */

static bool name_set(struct phrase_set_name *out, struct span **literals,
		     const struct phrases *phrases)
{
	*literals = calloc(phrases->literal_count, sizeof(**literals));
	for (size_t i = 0; *literals && i < phrases->literal_count; i++)
		(*literals)[i] = phrases->literals[i].text;
	*out = (struct phrase_set_name){csp_span_from(hs_version()), *literals,
					phrases->literal_count};
	return *literals != NULL;
}

/* What another version or another processor compiled is refused by the library itself. */
static bool take_from(struct phrases *phrases, const struct phrase_cache *cache,
		      const struct phrase_set_name *name)
{
	size_t size = 0;
	char *octets = cache->get(cache->context, &size, name);
	bool taken =
		octets && hs_deserialize_database(octets, size, &phrases->database) == HS_SUCCESS;

	free(octets);
	if (!taken)
		phrases->database = NULL;
	return taken;
}

static void keep_in(const struct phrase_cache *cache, const struct phrases *phrases,
		    const struct phrase_set_name *name)
{
	size_t size = 0;
	char *octets = NULL;

	if (hs_serialize_database(phrases->database, &octets, &size) == HS_SUCCESS)
		cache->put(cache->context, (struct span){octets, size}, name);
	free(octets);
}

static bool take_or_compile(struct phrases *phrases, const struct drafts *drafts,
			    const struct phrase_cache *cache, struct phrases_error *error)
{
	struct span *literals = NULL;
	struct phrase_set_name name;

	if (!cache || !cache->get || !name_set(&name, &literals, phrases)) {
		free(literals);
		return compile_all(phrases, drafts, error);
	}
	bool done = take_from(phrases, cache, &name);
	if (!done) {
		done = compile_all(phrases, drafts, error);
		if (done)
			keep_in(cache, phrases, &name);
	}
	free(literals);
	return done;
}

static bool build(struct phrases *phrases, const struct phrase_source *sources, size_t count,
		  const struct phrase_cache *cache, struct phrases_error *error)
{
	if (count == 0)
		return true;
	size_t parts = count * PHRASE_PARTS_MAX;
	struct drafts drafts = {calloc(parts, sizeof(*drafts.items)), 0};
	phrases->literals = calloc(parts, sizeof(*phrases->literals));
	phrases->steps = calloc(parts, sizeof(*phrases->steps));
	phrases->chains = calloc(count, sizeof(*phrases->chains));
	phrases->owners = calloc(count, sizeof(*phrases->owners));
	bool done = false;

	if (!drafts.items || !phrases->literals || !phrases->steps || !phrases->chains ||
	    !phrases->owners)
		refuse(error, SPAN_LIT(""), out_of_memory);
	else if (draft_all(&drafts, phrases, sources, count, error)) {
		gather_literals(phrases, &drafts);
		done = take_or_compile(phrases, &drafts, cache, error);
	}
	free(drafts.items);
	return done;
}

bool csp_phrases_new(struct phrases **out, struct phrases_error *error,
		     const struct phrase_source *sources, size_t count,
		     const struct phrase_cache *cache)
{
	if (hs_valid_platform() != HS_SUCCESS)
		return refuse(error, SPAN_LIT(""),
			      "this processor lacks what the pattern matcher needs (SSSE3)");
	if (count > UINT_MAX)
		return refuse(error, SPAN_LIT(""), "too many phrases");

	struct phrases *phrases = calloc(1, sizeof(*phrases));
	if (!phrases)
		return refuse(error, SPAN_LIT(""), out_of_memory);
	csp_buf_init(&phrases->texts, SIZE_MAX / 2);
	if (!build(phrases, sources, count, cache, error)) {
		csp_phrases_free(phrases);
		return false;
	}
	*out = phrases;
	return true;
}

void csp_phrases_free(struct phrases *phrases)
{
	if (!phrases)
		return;
	hs_free_database(phrases->database);
	csp_buf_dispose(&phrases->texts);
	free(phrases->literals);
	free(phrases->steps);
	free(phrases->chains);
	free(phrases->owners);
	free(phrases);
}
