#include "classifier.h"

#include <stdlib.h>

/* No header section is this large; conversions of a hostile one could be. */
#define TEXT_MAX ((size_t)64 << 20)

/* Fields that RFC 5322 section 3.6 allows once, and Content-Type (RFC 2045 section 3). */
static const char *const once_fields[] = {
	"From", "Sender", "Date",        "Message-ID", "Reply-To", "To",
	"Cc",   "Bcc",    "In-Reply-To", "References", "Subject",  "Content-Type",
};
#define ONCE_COUNT (sizeof(once_fields) / sizeof(once_fields[0]))

static int compare_watches(const void *a, const void *b)
{
	size_t left = csp_watch_place(((const struct watch *)a)->name);
	size_t right = csp_watch_place(((const struct watch *)b)->name);

	return (left > right) - (left < right);
}

static int compare_products(const void *a, const void *b)
{
	const struct product *left = ((const struct product_ref *)a)->product;
	const struct product *right = ((const struct product_ref *)b)->product;
	int order = csp_span_compare(left->name, right->name);

	return order ? order : (left > right) - (left < right);
}

static void add_watch(struct classifier *classifier, struct span name, enum watch_role role,
		      size_t index)
{
	classifier->watches[classifier->watch_count++] = (struct watch){name, role, index};
}

static bool is_once_field(struct span name)
{
	for (size_t i = 0; i < ONCE_COUNT; i++) {
		if (csp_span_equal_nocase(csp_span_from(once_fields[i]), name))
			return true;
	}
	return false;
}

static bool build_watches(struct classifier *classifier)
{
	struct spans text = classifier->settings.text_fields;
	size_t tags = classifier->pack->tag_count;

	classifier->watches =
		calloc(ONCE_COUNT + 2 * text.count + tags, sizeof(*classifier->watches));
	if (!classifier->watches)
		return false;
	for (size_t i = 0; i < ONCE_COUNT; i++)
		add_watch(classifier, csp_span_from(once_fields[i]), WATCH_ONCE, i);
	for (size_t i = 0; i < text.count; i++) {
		add_watch(classifier, text.items[i], WATCH_TEXT, i);
		if (!is_once_field(text.items[i]))
			add_watch(classifier, text.items[i], WATCH_ONCE, ONCE_COUNT + i);
	}
	for (size_t i = 0; i < tags; i++)
		add_watch(classifier, classifier->pack->tags[i].header, WATCH_TAG, i);
	qsort(classifier->watches, classifier->watch_count, sizeof(*classifier->watches),
	      compare_watches);
	for (size_t i = 0; i < classifier->watch_count; i++)
		classifier->watch_start[csp_watch_place(classifier->watches[i].name) + 1]++;
	for (size_t i = 0; i < NAME_LENGTHS; i++)
		classifier->watch_start[i + 1] += classifier->watch_start[i];
	return true;
}

static bool build_products(struct classifier *classifier)
{
	const struct pack *pack = classifier->pack;

	if (pack->product_count == 0)
		return true;
	classifier->products = calloc(pack->product_count, sizeof(*classifier->products));
	if (!classifier->products)
		return false;
	for (size_t i = 0; i < pack->product_count; i++)
		classifier->products[i].product = &pack->products[i];
	qsort(classifier->products, pack->product_count, sizeof(*classifier->products),
	      compare_products);
	return true;
}

const struct product *csp_classifier_product(const struct classifier *classifier, struct span name)
{
	size_t low = 0;
	size_t high = classifier->pack->product_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (csp_span_compare(classifier->products[middle].product->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == classifier->pack->product_count ||
	    !csp_span_equal(classifier->products[low].product->name, name))
		return NULL;
	return classifier->products[low].product;
}

static size_t count_sources(const struct pack *pack)
{
	size_t count = pack->phrase_count;

	for (size_t i = 0; i < pack->product_count; i++)
		count += pack->products[i].phrases.count;
	for (size_t i = 0; i < pack->list_count; i++)
		count += pack->lists[i].phrases.count;
	return count;
}

static struct phrase_source *add_sources(struct phrase_source *out, struct spans phrases,
					 struct phrase_owner owner)
{
	for (size_t i = 0; i < phrases.count; i++)
		*out++ = (struct phrase_source){phrases.items[i], owner};
	return out;
}

static void gather_sources(struct phrase_source *out, const struct classifier *classifier)
{
	const struct pack *pack = classifier->pack;

	for (unsigned i = 0; i < pack->phrase_count; i++) {
		const struct phrase *phrase = &pack->phrases[i];
		const struct phrase_owner owner = {PHRASE_CATEGORY, i, phrase->category};
		out = add_sources(out, (struct spans){&phrase->text, 1}, owner);
	}
	for (unsigned i = 0; i < pack->product_count; i++) {
		const struct product *product = &pack->products[i];
		unsigned first = (unsigned)(csp_classifier_product(classifier, product->name) -
					    pack->products);
		out = add_sources(out, product->phrases,
				  (struct phrase_owner){PHRASE_PRODUCT, first, first});
	}
	for (unsigned i = 0; i < pack->list_count; i++)
		out = add_sources(out, pack->lists[i].phrases,
				  (struct phrase_owner){PHRASE_LIST, i, i});
}

static bool out_of_memory(struct classifier_error *error)
{
	*error = (struct classifier_error){SPAN_LIT(""), "out of memory"};
	return false;
}

static bool build_phrases(struct classifier *classifier, struct classifier_error *error)
{
	size_t count = count_sources(classifier->pack);
	struct phrase_source *sources = calloc(count ? count : 1, sizeof(*sources));
	struct phrases_error refused;

	if (!sources)
		return out_of_memory(error);
	gather_sources(sources, classifier);
	bool built = csp_phrases_new(&classifier->phrases, &refused, sources, count, &classifier->settings.cache);
	free(sources);
	if (!built)
		*error = (struct classifier_error){refused.text, refused.why};
	return built;
}

static bool build_expressions(struct classifier *classifier, struct classifier_error *error)
{
	const struct pack *pack = classifier->pack;
	size_t count = pack->expression_count;
	struct span *texts = calloc(count ? count : 1, sizeof(*texts));

	if (!texts)
		return out_of_memory(error);
	for (size_t i = 0; i < count; i++)
		texts[i] = pack->expressions[i].text;
	bool built = csp_expressions_new(&classifier->expressions, texts, count);
	free(texts);
	if (!built)
		*error = (struct classifier_error){
			SPAN_LIT(""), "the regular expressions are too much for the matcher"};
	return built;
}

bool csp_classifier_new(struct classifier **out, struct classifier_error *error,
			const struct pack *pack, const struct classify_settings *settings)
{
	struct classifier *classifier = calloc(1, sizeof(*classifier));

	if (!classifier)
		return out_of_memory(error);
	classifier->pack = pack;
	classifier->settings = *settings;
	if (!build_watches(classifier) || !build_products(classifier)) {
		csp_classifier_free(classifier);
		return out_of_memory(error);
	}
	if (!build_phrases(classifier, error) || !build_expressions(classifier, error)) {
		csp_classifier_free(classifier);
		return false;
	}
	*out = classifier;
	return true;
}

void csp_classifier_free(struct classifier *classifier)
{
	if (!classifier)
		return;
	csp_phrases_free(classifier->phrases);
	csp_expressions_free(classifier->expressions);
	free(classifier->products);
	free(classifier->watches);
	free(classifier);
}

bool csp_classify_scratch_new(struct classify_scratch **out, const struct classifier *classifier)
{
	const struct pack *pack = classifier->pack;
	size_t fields = ONCE_COUNT + classifier->settings.text_fields.count;
	size_t count = pack->phrase_count + pack->expression_count + pack->product_count +
		       pack->list_count + fields;
	struct classify_scratch *scratch = calloc(1, sizeof(*scratch));

	if (!scratch)
		return false;
	csp_buf_init(&scratch->unfolded, TEXT_MAX);
	csp_buf_init(&scratch->decoded, TEXT_MAX);
	csp_buf_init(&scratch->normal, TEXT_MAX);
	csp_buf_init(&scratch->folded, TEXT_MAX);
	csp_buf_init(&scratch->changed, TEXT_MAX);
	scratch->memory = calloc(count, sizeof(*scratch->memory));
	if (!scratch->memory || !csp_phrase_scan_new(&scratch->scan, classifier->phrases) ||
	    !csp_expression_scan_new(&scratch->expression_scan, classifier->expressions)) {
		csp_classify_scratch_free(scratch);
		return false;
	}
	scratch->stamps.phrases = scratch->memory;
	scratch->stamps.expressions = scratch->stamps.phrases + pack->phrase_count;
	scratch->stamps.products = scratch->stamps.expressions + pack->expression_count;
	scratch->stamps.entries = scratch->stamps.products + pack->product_count;
	scratch->stamps.fields = scratch->stamps.entries + pack->list_count;
	*out = scratch;
	return true;
}

void csp_classify_scratch_free(struct classify_scratch *scratch)
{
	if (!scratch)
		return;
	csp_phrase_scan_free(scratch->scan);
	csp_expression_scan_free(scratch->expression_scan);
	csp_buf_dispose(&scratch->unfolded);
	csp_buf_dispose(&scratch->decoded);
	csp_buf_dispose(&scratch->normal);
	csp_buf_dispose(&scratch->folded);
	csp_buf_dispose(&scratch->changed);
	free(scratch->memory);
	free(scratch);
}
