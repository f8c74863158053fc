#include "phrases.h"

#include <hs/hs.h>
#include <limits.h>
#include <stdlib.h>

#include "text.h"
#include "utf8.h"

/* One pattern of the database. Several phrases, written differently, may have the same normal form. */
struct literal {
	struct span text;
	unsigned left_pad, right_pad; /* 1 for a space that stands for the end of a word */
	const struct phrase_owner *owners;
	size_t owner_count;
};

struct phrases {
	hs_database_t *database; /* NULL when there are no phrases */
	struct buf texts;
	struct literal *literals;
	size_t literal_count;
	struct phrase_owner *owners;
};

/* Without the pads. */
struct hit {
	size_t from, to;
	const struct literal *literal;
};

struct phrase_scan {
	hs_scratch_t *scratch;
	size_t hit_count;
	struct hit hits[PHRASE_HITS_MAX];
};

/* A source in normal form; `from` and `to` stand in texts, which may move while it grows. */
struct draft {
	size_t from, to;
	struct span text;
	const struct phrase_source *source;
};

static const char out_of_memory[] = "out of memory";

static bool refuse(struct phrases_error *error, struct span text, const char *why)
{
	*error = (struct phrases_error){text, why};
	return false;
}

static uint32_t first_rune(struct span text)
{
	uint32_t rune = 0;

	csp_utf8_decode(&rune, text);
	return rune;
}

static uint32_t last_rune(struct span text)
{
	size_t at = text.len;

	while (at > 0 && ((unsigned char)text.data[at - 1] & 0xC0) == 0x80)
		at--;
	return first_rune(csp_span_slice(text, at ? at - 1 : 0, text.len));
}

/* A phrase of numbers and signs alone would be found everywhere. */
static bool has_letter(struct span normal)
{
	for (size_t i = 0; i < normal.len; i++) {
		if (normal.data[i] != ' ' && normal.data[i] != '#' &&
		    !csp_ascii_is_digit(normal.data[i]))
			return true;
	}
	return false;
}

static void normalise(struct buf *out, struct span text, enum phrase_kind kind)
{
	if (kind == PHRASE_PRODUCT)
		csp_text_normalise_name(out, text);
	else
		csp_text_normalise(out, text);
}

static bool draft_phrase(struct draft *out, struct buf *texts, const struct phrase_source *source,
			 struct phrases_error *error)
{
	struct span written = csp_span_trim(source->text);
	bool goes_on = written.len > 0 && written.data[written.len - 1] == '*';

	if (goes_on)
		written.len--;
	if (csp_span_find(written, '*') < written.len)
		return refuse(error, source->text, "a '*' may stand at the end alone");
	if (!csp_utf8_is_valid(written))
		return refuse(error, source->text, "is not UTF-8");

	size_t start = texts->len;
	normalise(texts, written, source->owner.kind);
	if (csp_buf_failed(texts))
		return refuse(error, SPAN_LIT(""), out_of_memory);
	struct span normal = csp_span_slice(csp_buf_span(texts), start, texts->len);
	struct span words = csp_span_trim(normal);
	if (!has_letter(words))
		return refuse(error, source->text, "holds no letter");

	*out = (struct draft){.from = start, .to = texts->len, .source = source};
	if (csp_text_is_unspaced(first_rune(words)))
		out->from++;
	if (goes_on || csp_text_is_unspaced(last_rune(words)))
		out->to--;
	return true;
}

static int compare_drafts(const void *a, const void *b)
{
	const struct draft *left = a;
	const struct draft *right = b;

	return csp_span_compare(left->text, right->text);
}

static bool draft_all(struct draft *drafts, struct buf *texts, const struct phrase_source *sources,
		      size_t count, struct phrases_error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (!draft_phrase(&drafts[i], texts, &sources[i], error))
			return false;
	}
	for (size_t i = 0; i < count; i++)
		drafts[i].text = csp_span_slice(csp_buf_span(texts), drafts[i].from, drafts[i].to);
	qsort(drafts, count, sizeof(*drafts), compare_drafts);
	return true;
}

/* Equal texts stand together: each run becomes one literal with all its owners. */
static void gather_literals(struct phrases *phrases, const struct draft *drafts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct span text = drafts[i].text;
		phrases->owners[i] = drafts[i].source->owner;
		if (i > 0 && csp_span_equal(text, drafts[i - 1].text)) {
			phrases->literals[phrases->literal_count - 1].owner_count++;
			continue;
		}
		phrases->literals[phrases->literal_count++] = (struct literal){
			.text = text,
			.left_pad = text.data[0] == ' ',
			.right_pad = text.data[text.len - 1] == ' ',
			.owners = &phrases->owners[i],
			.owner_count = 1,
		};
	}
}

/* What the pattern compiler takes: the literals as parallel arrays. */
struct patterns {
	const char **texts;
	size_t *lengths;
	unsigned *ids;
};

static bool compile(struct phrases *phrases, const struct patterns *patterns,
		    const struct draft *drafts, struct phrases_error *error)
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
		text = drafts[phrases->literals[failure->expression].owners - phrases->owners]
			       .source->text;
	hs_free_compile_error(failure);
	return refuse(error, text, "the pattern compiler refuses it");
}

static bool compile_all(struct phrases *phrases, const struct draft *drafts,
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

static bool build(struct phrases *phrases, const struct phrase_source *sources, size_t count,
		  struct phrases_error *error)
{
	if (count == 0)
		return true;
	struct draft *drafts = calloc(count, sizeof(*drafts));
	phrases->literals = calloc(count, sizeof(*phrases->literals));
	phrases->owners = calloc(count, sizeof(*phrases->owners));
	bool done = false;

	if (!drafts || !phrases->literals || !phrases->owners)
		refuse(error, SPAN_LIT(""), out_of_memory);
	else if (draft_all(drafts, &phrases->texts, sources, count, error)) {
		gather_literals(phrases, drafts, count);
		done = compile_all(phrases, drafts, error);
	}
	free(drafts);
	return done;
}

bool csp_phrases_new(struct phrases **out, struct phrases_error *error,
		     const struct phrase_source *sources, size_t count)
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
	if (!build(phrases, sources, count, error)) {
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
	free(phrases->owners);
	free(phrases);
}

bool csp_phrase_scan_new(struct phrase_scan **out, const struct phrases *phrases)
{
	struct phrase_scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return false;
	if (phrases->database &&
	    hs_alloc_scratch(phrases->database, &scan->scratch) != HS_SUCCESS) {
		free(scan);
		return false;
	}
	*out = scan;
	return true;
}

void csp_phrase_scan_free(struct phrase_scan *scan)
{
	if (!scan)
		return;
	hs_free_scratch(scan->scratch);
	free(scan);
}

static bool stands_before(const struct hit *a, const struct hit *b)
{
	return a->to > b->to || (a->to == b->to && a->from < b->from);
}

/*
 * Whatever encloses a hit comes before it. The matcher reports hits by their ends, so that reversing them
 * all but sorts them and the insertion finds its place at once.
 */
static void sort_hits(struct hit *hits, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct hit swapped = hits[i];
		hits[i] = hits[count - 1 - i];
		hits[count - 1 - i] = swapped;
	}
	for (size_t i = 1; i < count; i++) {
		struct hit hit = hits[i];
		size_t at = i;
		for (; at > 0 && stands_before(&hit, &hits[at - 1]); at--)
			hits[at] = hits[at - 1];
		hits[at] = hit;
	}
}

/* The two hits seen so far that begin first, of different groups: one of them is not of the group that asks. */
struct cover {
	bool used;
	size_t from;
	unsigned group;
};
struct covers {
	struct cover first, second;
};

static bool is_covered(const struct covers *covers, size_t from, unsigned group)
{
	const struct cover *other = covers->first.group != group ? &covers->first : &covers->second;

	return other->used && other->from <= from;
}

static void widen(struct cover *cover, size_t from, unsigned group)
{
	if (!cover->used || from < cover->from || cover->group != group)
		*cover = (struct cover){true, from, group};
}

static void add_cover(struct covers *covers, size_t from, unsigned group)
{
	struct cover *first = &covers->first;
	struct cover *second = &covers->second;

	if (!first->used || first->group == group) {
		widen(first, from, group);
	} else if (from < first->from) {
		*second = *first;
		*first = (struct cover){true, from, group};
	} else if (!second->used || second->group == group || from < second->from) {
		widen(second, from, group);
	}
}

static struct span match_of(const struct literal *literal)
{
	return csp_span_slice(literal->text, literal->left_pad,
			      literal->text.len - literal->right_pad);
}

static void tell_owners(const struct hit *hit, const struct covers *covers,
			const struct phrase_listener *listener)
{
	for (size_t i = 0; i < hit->literal->owner_count; i++) {
		const struct phrase_owner *owner = &hit->literal->owners[i];
		if (!(listener->kinds & 1U << owner->kind))
			continue;
		if (owner->kind != PHRASE_LIST &&
		    is_covered(&covers[owner->kind], hit->from, owner->group))
			continue;
		listener->hear(listener->context, owner, match_of(hit->literal));
	}
}

static void add_covers(struct covers *covers, const struct hit *hit)
{
	for (size_t i = 0; i < hit->literal->owner_count; i++) {
		const struct phrase_owner *owner = &hit->literal->owners[i];
		add_cover(&covers[owner->kind], hit->from, owner->group);
	}
}

/* Hits of the same place do not cover each other, so they are told together before any of them counts as a cover. */
static void tell_hits(struct phrase_scan *scan, const struct phrase_listener *listener)
{
	struct covers covers[PHRASE_KINDS] = {0};
	const struct hit *hits = scan->hits;
	size_t end;

	sort_hits(scan->hits, scan->hit_count);
	for (size_t start = 0; start < scan->hit_count; start = end) {
		for (end = start; end < scan->hit_count && hits[end].to == hits[start].to &&
				  hits[end].from == hits[start].from;
		     end++)
			tell_owners(&hits[end], covers, listener);
		for (size_t i = start; i < end; i++)
			add_covers(covers, &hits[i]);
	}
	scan->hit_count = 0;
}

struct search {
	const struct phrases *phrases;
	struct phrase_scan *scan;
	const struct phrase_listener *listener;
	bool truncated;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *context)
{
	struct search *search = context;
	struct phrase_scan *scan = search->scan;
	const struct literal *literal = &search->phrases->literals[id];

	(void)from;
	(void)flags;
	if (scan->hit_count == PHRASE_HITS_MAX) {
		search->truncated = true;
		tell_hits(scan, search->listener);
	}
	scan->hits[scan->hit_count++] = (struct hit){
		.from = (size_t)to - literal->text.len + literal->left_pad,
		.to = (size_t)to - literal->right_pad,
		.literal = literal,
	};
	return 0;
}

bool csp_phrases_find(const struct phrases *phrases, struct phrase_scan *scan, struct span normal,
		      const struct phrase_listener *listener, bool *truncated)
{
	struct search search = {phrases, scan, listener, false};

	if (!phrases->database)
		return true;
	scan->hit_count = 0;
	if (normal.len > UINT_MAX || hs_scan(phrases->database, normal.data, (unsigned)normal.len,
					     0, scan->scratch, on_match, &search) != HS_SUCCESS)
		return false;
	tell_hits(scan, listener);
	*truncated = *truncated || search.truncated;
	return true;
}
