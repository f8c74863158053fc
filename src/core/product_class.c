#include "classifier.h"

/* A relation that names no products is for all that the programme sells; one that does, for just those. */
static bool is_held_through_partner(const struct classifier *classifier, struct span name,
				    const struct customer *customer, int64_t now)
{
	const struct product *product = csp_classifier_product(classifier, name);
	bool sold = product && product->csp;

	for (size_t i = 0; i < customer->relation_count; i++) {
		const struct relation *relation = &customer->relations[i];
		if (!csp_relation_is_valid(relation, now))
			continue;
		if (relation->products.count ? csp_spans_hold(relation->products, name) : sold)
			return true;
	}
	return false;
}

enum product_class csp_classifier_product_class(const struct classifier *classifier,
						struct spans products,
						const struct customer *customer, int64_t now)
{
	enum product_class class = products.count ? PRODUCT_DIRECT : PRODUCT_UNKNOWN;

	for (size_t i = 0; i < products.count; i++) {
		struct span name = products.items[i];
		if (customer && is_held_through_partner(classifier, name, customer, now))
			return PRODUCT_CSP;
		if (!customer || !csp_spans_hold(customer->direct_products, name))
			class = PRODUCT_UNLISTED;
	}
	return class;
}

static const char *const class_names[] = {
	[PRODUCT_CSP] = "csp",
	[PRODUCT_UNLISTED] = "unlisted",
	[PRODUCT_DIRECT] = "direct",
	[PRODUCT_UNKNOWN] = "unknown",
};

const char *csp_product_class_name(enum product_class class)
{
	return class_names[class];
}
