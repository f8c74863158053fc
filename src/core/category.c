#include "category.h"

bool csp_category_find(unsigned *out, const struct categories *categories, struct span name)
{
	for (unsigned i = 0; i < categories->count; i++) {
		if (csp_span_equal(categories->names[i], name)) {
			*out = i;
			return true;
		}
	}
	return false;
}
