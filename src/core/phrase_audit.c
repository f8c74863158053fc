#include "phrase_audit.h"

#include "classifier.h"
#include "text.h"

/* One phrase under audit; what was met in its words. */
struct audit {
	const struct pack *pack;
	const struct phrase *phrase;
	const struct phrase *outranks, *implies; /* of several the first that was heard */
	bool hides;
	phrase_hear *hear;
	void *context;
};

static void tell(const struct audit *audit, enum phrase_fault fault, const struct phrase *other)
{
	audit->hear(audit->context, &(struct phrase_finding){fault, audit->phrase, other});
}

/* "en" of "en/invoice"; a pack without a language has none. */
static struct span language_of(const struct phrase *phrase)
{
	size_t end = csp_span_find(phrase->rule, '/');

	return csp_span_slice(phrase->rule, 0, end < phrase->rule.len ? end : 0);
}

static void hear_phrase(void *context, const struct phrase_owner *owner, struct span match)
{
	struct audit *audit = context;
	const struct phrase *other = &audit->pack->phrases[owner->index];

	(void)match;
	if (other->category < audit->phrase->category && !audit->outranks)
		audit->outranks = other;
	if (other != audit->phrase && other->category == audit->phrase->category &&
	    csp_span_equal(language_of(other), language_of(audit->phrase)) && !audit->implies)
		audit->implies = other;
}

static void hear_hidden(void *context, const struct phrase_owner *owner, struct span match)
{
	struct audit *audit = context;

	(void)match;
	audit->hides = true;
	tell(audit, PHRASE_HIDES, &audit->pack->phrases[owner->index]);
}

/* What a phrase with stars or dots hides in the words that it lets go on cannot be seen in its own. */
static bool is_whole(const struct phrase *phrase)
{
	return csp_span_find(phrase->text, '*') == phrase->text.len &&
	       csp_span_find(phrase->text, '.') == phrase->text.len;
}

/* Dots and stars are no letters: the normal form takes them for spaces. */
static bool audit_phrase(struct audit *audit, const struct classifier *classifier,
			 struct classify_scratch *scratch)
{
	const struct phrase_listener listener = {hear_phrase, audit, 1U << PHRASE_CATEGORY,
						 hear_hidden};
	bool truncated = false;

	csp_buf_reset(&scratch->normal);
	csp_text_normalise(&scratch->normal, audit->phrase->text);
	if (csp_buf_failed(&scratch->normal) ||
	    !csp_phrases_find(classifier->phrases, scratch->scan, csp_buf_span(&scratch->normal),
			      &listener, &truncated))
		return false;
	if (audit->outranks)
		tell(audit, PHRASE_OUTRANKED, audit->outranks);
	else if (audit->implies && !audit->hides && is_whole(audit->phrase))
		tell(audit, PHRASE_IMPLIED, audit->implies);
	return true;
}

bool csp_phrase_audit(const struct classifier *classifier, struct classify_scratch *scratch,
		      phrase_hear *hear, void *context)
{
	const struct pack *pack = classifier->pack;

	for (size_t i = 0; i < pack->phrase_count; i++) {
		struct audit audit = {.pack = pack,
				      .phrase = &pack->phrases[i],
				      .hear = hear,
				      .context = context};
		if (!audit_phrase(&audit, classifier, scratch))
			return false;
	}
	return true;
}
