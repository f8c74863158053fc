#include <limits.h>
#include <stdlib.h>

#include "phrase_form.h"
#include "phrase_set.h"
#include "text.h"
#include "utf8.h"

/* Bytes of a word that a phrase takes in before and behind what it says of it. */
#define WORD_REST_MAX 64
/* Of one portion of hits: each hit is held against each. */
#define BRIDGES_MAX 64

/* Whole words, without the pads; `letters` are the bytes that the phrase itself has of them, and
 * its ends of words. */
struct hit {
	size_t from, to;
	size_t letters;
	const struct claim *claim;
	bool has_gaps;
};

struct gap {
	size_t from, to;
};

/* Where the parts of a chain up to one were met last, and in which scan. */
struct state {
	size_t from, to;
	size_t letters;
	struct gap gaps[PHRASE_PARTS_MAX - 1];
	uint64_t scan;
};

/* A chain that was met as a whole: what lies in it is covered, but for what lies in one of its gaps. */
struct bridge {
	struct state state;
	const struct chain *chain;
};

struct phrase_scan {
	hs_scratch_t *scratch;
	struct state *states;
	uint64_t number; /* of the scan that runs */
	struct span text;
	size_t hit_count;
	struct hit hits[PHRASE_HITS_MAX];
	size_t bridge_count;
	struct bridge bridges[BRIDGES_MAX];
};

bool csp_phrase_scan_new(struct phrase_scan **out, const struct phrases *phrases)
{
	struct phrase_scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return false;
	scan->states = calloc(phrases->state_count + 1, sizeof(*scan->states));
	if (!scan->states || (phrases->database &&
			      hs_alloc_scratch(phrases->database, &scan->scratch) != HS_SUCCESS)) {
		csp_phrase_scan_free(scan);
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
	free(scan->states);
	free(scan);
}

static size_t word_begin(struct span text, size_t at)
{
	size_t begin = at;

	while (begin > 0 && at - begin < WORD_REST_MAX) {
		uint32_t rune = 0;
		size_t before = begin - 1;
		while (before > 0 && ((unsigned char)text.data[before] & 0xC0) == 0x80)
			before--;
		csp_utf8_decode(&rune, csp_span_slice(text, before, begin));
		if (rune == ' ' || csp_text_is_unspaced(rune))
			break;
		begin = before;
	}
	return begin;
}

static size_t word_end(struct span text, size_t at)
{
	size_t end = at;

	while (end < text.len && end - at < WORD_REST_MAX) {
		uint32_t rune = 0;
		size_t len = csp_utf8_decode(&rune, csp_span_slice(text, end, text.len));
		if (rune == ' ' || csp_text_is_unspaced(rune) || len == 0)
			break;
		end += len;
	}
	return end;
}

static bool stands_before(const struct hit *a, const struct hit *b)
{
	if (a->to != b->to)
		return a->to > b->to;
	return a->from != b->from ? a->from < b->from : a->letters > b->letters;
}

/*
 * Whatever covers a hit comes before it: what takes in more words, or says more of the same ("renewable" of what is
 * "renew*", too). The matcher reports hits by their ends, so that reversing them all but sorts them and the insertion
 * finds its place at once.
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

static bool lies_in_gap(const struct hit *hit, const struct bridge *bridge)
{
	for (unsigned i = 0; i + 1 < bridge->chain->parts; i++) {
		if (hit->from >= bridge->state.gaps[i].from && hit->to <= bridge->state.gaps[i].to)
			return true;
	}
	return false;
}

static bool is_bridged(const struct phrase_scan *scan, const struct hit *hit,
		       const struct phrase_owner *owner)
{
	for (size_t i = 0; i < scan->bridge_count; i++) {
		const struct bridge *bridge = &scan->bridges[i];
		const struct phrase_owner *other = bridge->chain->claim.owners;
		bool encloses = bridge->state.from <= hit->from && bridge->state.to >= hit->to;
		bool is_more = bridge->state.to - bridge->state.from > hit->to - hit->from ||
			       bridge->state.letters > hit->letters;
		if (encloses && is_more && other->kind == owner->kind &&
		    other->group != owner->group && !lies_in_gap(hit, bridge))
			return true;
	}
	return false;
}

static void tell_owners(const struct phrase_scan *scan, const struct hit *hit,
			const struct covers *covers, const struct phrase_listener *listener)
{
	for (size_t i = 0; i < hit->claim->owner_count; i++) {
		const struct phrase_owner *owner = &hit->claim->owners[i];
		if (!(listener->kinds & 1U << owner->kind))
			continue;
		bool counts = owner->kind == PHRASE_LIST ||
			      (!is_covered(&covers[owner->kind], hit->from, owner->group) &&
			       !is_bridged(scan, hit, owner));
		phrase_heard *hear = counts ? listener->hear : listener->hear_hidden;
		if (hear)
			hear(listener->context, owner,
			     csp_span_slice(scan->text, hit->from, hit->to));
	}
}

static void add_covers(struct covers *covers, const struct hit *hit)
{
	for (size_t i = 0; i < hit->claim->owner_count && !hit->has_gaps; i++) {
		const struct phrase_owner *owner = &hit->claim->owners[i];
		add_cover(&covers[owner->kind], hit->from, owner->group);
	}
}

/* Equals do not cover each other, so they are told together before any of them counts as a cover. */
static void tell_hits(struct phrase_scan *scan, const struct phrase_listener *listener)
{
	struct covers covers[PHRASE_KINDS] = {0};
	const struct hit *hits = scan->hits;
	size_t end;

	sort_hits(scan->hits, scan->hit_count);
	for (size_t start = 0; start < scan->hit_count; start = end) {
		for (end = start;
		     end < scan->hit_count && hits[end].to == hits[start].to &&
		     hits[end].from == hits[start].from && hits[end].letters == hits[start].letters;
		     end++)
			tell_owners(scan, &hits[end], covers, listener);
		for (size_t i = start; i < end; i++)
			add_covers(covers, &hits[i]);
	}
	scan->hit_count = 0;
	scan->bridge_count = 0;
}

struct search {
	const struct phrases *phrases;
	struct phrase_scan *scan;
	const struct phrase_listener *listener;
	bool truncated;
};

static void add_hit(struct search *search, const struct hit *hit)
{
	struct phrase_scan *scan = search->scan;

	if (scan->hit_count == PHRASE_HITS_MAX) {
		search->truncated = true;
		tell_hits(scan, search->listener);
	}
	scan->hits[scan->hit_count++] = *hit;
}

static void add_bridge(struct search *search, const struct chain *chain, const struct state *state)
{
	struct phrase_scan *scan = search->scan;

	add_hit(search, &(struct hit){state->from, state->to, state->letters, &chain->claim, true});
	if (scan->bridge_count == BRIDGES_MAX)
		search->truncated = true;
	else
		scan->bridges[scan->bridge_count++] = (struct bridge){*state, chain};
}

/* A part begins a chain or follows the part before it, and may end the chain. */
static void take_step(struct search *search, const struct step *step, const struct hit *hit)
{
	struct phrase_scan *scan = search->scan;
	const struct chain *chain = step->chain;
	struct state *states = &scan->states[chain->first_state];
	struct state state = {.from = hit->from, .scan = scan->number};

	if (step->part > 0) {
		const struct state *before = &states[step->part - 1];
		if (before->scan != scan->number || before->to > hit->from ||
		    !csp_phrase_gap_is_small(csp_span_slice(scan->text, before->to, hit->from)))
			return;
		state = *before;
		state.gaps[step->part - 1] = (struct gap){before->to, hit->from};
	}
	state.to = hit->to;
	state.letters += hit->letters;
	if (step->part + 1 == chain->parts)
		add_bridge(search, chain, &state);
	else
		states[step->part] = state;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *context)
{
	struct search *search = context;
	struct span text = search->scan->text;
	const struct literal *literal = &search->phrases->literals[id];
	size_t begin = (size_t)to - literal->text.len + literal->left_pad;
	size_t end = (size_t)to - literal->right_pad;
	const struct hit hit = {
		.from = literal->left_pad ? begin : word_begin(text, begin),
		.to = literal->right_pad ? end : word_end(text, end),
		.letters = literal->text.len,
		.claim = &literal->claim,
	};

	(void)from;
	(void)flags;
	if (literal->claim.owner_count)
		add_hit(search, &hit);
	for (size_t i = 0; i < literal->step_count; i++)
		take_step(search, &literal->steps[i], &hit);
	return 0;
}

bool csp_phrases_find(const struct phrases *phrases, struct phrase_scan *scan, struct span normal,
		      const struct phrase_listener *listener, bool *truncated)
{
	struct search search = {phrases, scan, listener, false};

	if (!phrases->database)
		return true;
	scan->hit_count = scan->bridge_count = 0;
	scan->text = normal;
	scan->number++;
	if (normal.len > UINT_MAX || hs_scan(phrases->database, normal.data, (unsigned)normal.len,
					     0, scan->scratch, on_match, &search) != HS_SUCCESS)
		return false;
	tell_hits(scan, listener);
	*truncated = *truncated || search.truncated;
	return true;
}
