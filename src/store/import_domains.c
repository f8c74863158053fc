#include "import_domains.h"

#include <stdlib.h>
#include <string.h>

/* ASCII letters alone are folded. */
static int compare(const void *a, const void *b)
{
	const struct span *left = a, *right = b;
	size_t shorter = left->len < right->len ? left->len : right->len;

	for (size_t i = 0; i < shorter; i++) {
		int order = csp_ascii_lower(left->data[i]) - csp_ascii_lower(right->data[i]);
		if (order)
			return order;
	}
	return (left->len > right->len) - (left->len < right->len);
}

bool csp_import_domains_init(struct import_domains *domains, struct spans patterns)
{
	*domains = (struct import_domains){.items = NULL};
	if (patterns.count == 0)
		return true;
	domains->items = calloc(patterns.count, sizeof(*domains->items));
	if (!domains->items)
		return false;
	memcpy(domains->items, patterns.items, patterns.count * sizeof(*domains->items));
	domains->count = patterns.count;
	qsort(domains->items, domains->count, sizeof(*domains->items), compare);
	return true;
}

void csp_import_domains_dispose(struct import_domains *domains)
{
	free(domains->items);
	*domains = (struct import_domains){.items = NULL};
}

static bool holds(const struct import_domains *domains, struct span pattern)
{
	return bsearch(&pattern, domains->items, domains->count, sizeof(pattern), compare) != NULL;
}

bool csp_import_domains_hold(const struct import_domains *domains, struct span domain)
{
	struct span rest = domain;

	if (domains->count == 0)
		return false;
	if (holds(domains, domain))
		return true;
	for (;;) {
		size_t dot = csp_span_find(rest, '.');
		if (dot == rest.len)
			return false;
		rest = csp_span_slice(rest, dot, rest.len);
		if (holds(domains, rest))
			return true;
		rest = csp_span_slice(rest, 1, rest.len);
	}
}
