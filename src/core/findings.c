#include "findings.h"

#include <limits.h>

static unsigned bit(unsigned category)
{
	return category < sizeof(unsigned) * CHAR_BIT ? 1U << category : 0;
}

static unsigned lowest(unsigned categories)
{
	unsigned category = 0;

	while (!(categories & bit(category)))
		category++;
	return category;
}

static bool is_same_class(const struct evidence *a, const struct evidence *b)
{
	return a->kind == b->kind && a->category == b->category;
}

/* The last item of which another of its class is kept; EVIDENCE_MAX when all are the only ones. */
static size_t expendable(const struct findings *findings)
{
	for (size_t i = EVIDENCE_MAX; i-- > 1;) {
		for (size_t j = 0; j < i; j++) {
			if (is_same_class(&findings->items[i], &findings->items[j]))
				return i;
		}
	}
	return EVIDENCE_MAX;
}

static bool is_known(const struct findings *findings, const struct evidence *evidence)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct evidence *item = &findings->items[i];
		if (is_same_class(item, evidence) && csp_span_equal(item->field, evidence->field) &&
		    csp_span_equal(item->match, evidence->match))
			return true;
	}
	return false;
}

static void weigh_phrase(struct findings *findings, const struct evidence *evidence)
{
	if (evidence->meaning)
		findings->meanings[evidence->category] |= evidence->meaning;
	else
		findings->firm |= bit(evidence->category);
	findings->instead_of |= evidence->instead_of;
}

struct evidence *csp_findings_add(struct findings *findings, const struct evidence *evidence)
{
	bool is_new = !(findings->present[evidence->kind] & bit(evidence->category));
	size_t at = findings->count;

	findings->present[evidence->kind] |= bit(evidence->category);
	if (evidence->kind == EVIDENCE_PHRASE)
		weigh_phrase(findings, evidence);
	if (at == EVIDENCE_MAX && is_new)
		at = expendable(findings);
	if (at == EVIDENCE_MAX || is_known(findings, evidence))
		return NULL;
	findings->items[at] = *evidence;
	if (at == findings->count)
		findings->count++;
	return &findings->items[at];
}

void csp_findings_end_field(struct findings *findings, struct span field)
{
	for (unsigned i = 0; i < CATEGORIES_MAX; i++) {
		if (findings->meanings[i] & ~findings->instead_of)
			findings->firm |= bit(i);
		findings->meanings[i] = 0;
	}
	for (size_t i = 0; i < findings->count; i++) {
		struct evidence *item = &findings->items[i];
		if (item->meaning & findings->instead_of && csp_span_equal(item->field, field))
			item->replaced = true;
	}
	findings->instead_of = 0;
}

void csp_findings_end(struct findings *findings, bool names_product)
{
	if (!names_product) {
		findings->present[EVIDENCE_PHRASE] = findings->firm;
		return;
	}
	for (size_t i = 0; i < findings->count; i++)
		findings->items[i].replaced = false;
}

bool csp_findings_speak(const struct findings *findings)
{
	for (size_t i = 0; i < EVIDENCE_KINDS; i++) {
		if (findings->present[i])
			return true;
	}
	return false;
}

/* Which kinds of evidence are asked: the first of these that says anything. */
static unsigned deciding_kinds(const struct findings *findings)
{
	const unsigned *present = findings->present;

	if (present[EVIDENCE_TAG])
		return 1U << EVIDENCE_TAG;
	if (present[EVIDENCE_IDENTIFIER] | present[EVIDENCE_PHRASE])
		return 1U << EVIDENCE_IDENTIFIER | 1U << EVIDENCE_PHRASE;
	return 1U << EVIDENCE_SENDER;
}

static unsigned present_in(const struct findings *findings, unsigned kinds)
{
	unsigned categories = 0;

	for (unsigned kind = 0; kind < EVIDENCE_KINDS; kind++) {
		if (kinds & 1U << kind)
			categories |= findings->present[kind];
	}
	return categories;
}

static bool contradicts(const struct findings *findings, const struct categories *categories,
			unsigned winner)
{
	unsigned subscription = bit(categories->subscription);
	unsigned notices = ~(subscription | bit(categories->other));
	unsigned tags = findings->present[EVIDENCE_TAG];

	if (tags & (tags - 1))
		return true;
	if (winner != categories->subscription)
		return present_in(findings, ~0U) & subscription;
	return findings->present[EVIDENCE_PHRASE] & bit(categories->incident) ||
	       findings->present[EVIDENCE_IDENTIFIER] & notices;
}

static bool copy_evidence(struct classification *out, const struct findings *findings,
			  unsigned kinds, struct arena *arena)
{
	struct evidence *items = csp_arena_alloc(arena, findings->count, sizeof(*items));
	size_t count = 0;

	if (!items)
		return false;
	for (int deciding = 1; deciding >= 0; deciding--) {
		for (size_t i = 0; i < findings->count; i++) {
			const struct evidence *item = &findings->items[i];
			bool decided = kinds & 1U << item->kind &&
				       item->category == out->category && !item->replaced;
			if (decided == (deciding == 1))
				items[count++] = *item;
		}
	}
	out->evidence = items;
	out->evidence_count = count;
	return true;
}

bool csp_findings_conclude(struct classification *out, const struct findings *findings,
			   const struct categories *categories, struct arena *arena)
{
	unsigned kinds = deciding_kinds(findings);
	unsigned found = present_in(findings, kinds);

	out->category = found ? lowest(found) : categories->other;
	if (contradicts(findings, categories, out->category))
		out->marks |= MARK_CONFLICTING_EVIDENCE;
	return findings->count == 0 || copy_evidence(out, findings, kinds, arena);
}
