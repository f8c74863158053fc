/*
 * What the fuzz targets share: the entry of libFuzzer, and a check that no build leaves out.
 */
#ifndef CSP_FUZZ_H
#define CSP_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void holds(bool property)
{
	if (!property)
		abort();
}

static inline struct span input(const uint8_t *data, size_t size)
{
	return size ? (struct span){(const char *)data, size} : SPAN_LIT("");
}

#endif
