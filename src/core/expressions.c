#include "expressions.h"

#include <hs/hs.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS (HS_FLAG_CASELESS | HS_FLAG_SOM_LEFTMOST)

struct expressions {
	hs_database_t *database; /* NULL when there are none */
};

struct expression_scan {
	hs_scratch_t *scratch;
};

static bool refuse(char why[EXPRESSION_WHY_SIZE], const char *text)
{
	snprintf(why, EXPRESSION_WHY_SIZE, "%s", text);
	return false;
}

/* The matcher knows bytes: in brackets it would take each byte of a letter for a letter. */
static bool has_letters_beyond_ascii_in_brackets(const char *written)
{
	bool inside = false;

	for (const char *at = written; *at; at++) {
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '[')
			inside = true;
		else if (*at == ']')
			inside = false;
		else if (inside && (unsigned char)*at >= 0x80)
			return true;
	}
	return false;
}

static bool check_width(char why[EXPRESSION_WHY_SIZE], const hs_expr_info_t *info)
{
	if (info->min_width == 0)
		return refuse(why, "matches where nothing stands, so everywhere");
	if (info->max_width > EXPRESSION_WIDTH_MAX) {
		snprintf(why, EXPRESSION_WHY_SIZE,
			 "may match more than %d bytes: give its repeats a bound, '.{0,40}' for "
			 "'.*'",
			 EXPRESSION_WIDTH_MAX);
		return false;
	}
	return true;
}

static bool check_compiled(char why[EXPRESSION_WHY_SIZE], const char *written)
{
	hs_compile_error_t *failure = NULL;
	hs_expr_info_t *info = NULL;
	hs_database_t *database = NULL;
	bool right = false;

	if (hs_expression_info(written, FLAGS, &info, &failure) == HS_SUCCESS &&
	    check_width(why, info) &&
	    hs_compile(written, FLAGS, HS_MODE_BLOCK, NULL, &database, &failure) == HS_SUCCESS)
		right = true;
	if (failure)
		snprintf(why, EXPRESSION_WHY_SIZE, "cannot be used: %s", failure->message);
	free(info);
	hs_free_database(database);
	hs_free_compile_error(failure);
	return right;
}

bool csp_expression_check(char why[EXPRESSION_WHY_SIZE], struct span written)
{
	char text[EXPRESSION_MAX + 1];

	if (written.len > EXPRESSION_MAX)
		return refuse(why, "is longer than 500 bytes");
	memcpy(text, written.data, written.len);
	text[written.len] = '\0';
	if (has_letters_beyond_ascii_in_brackets(text))
		return refuse(why, "has a letter beyond ASCII in brackets: write (?:ä|ö) for [äö]");
	return check_compiled(why, text);
}

static bool compile(struct expressions *expressions, const char *const *texts,
		    const unsigned *numbers, const unsigned *flags, unsigned count)
{
	hs_compile_error_t *failure = NULL;
	bool done = hs_compile_multi(texts, flags, numbers, count, HS_MODE_BLOCK, NULL,
				     &expressions->database, &failure) == HS_SUCCESS;

	hs_free_compile_error(failure);
	return done;
}

static char *copy(struct span text)
{
	char *copied = malloc(text.len + 1);

	if (!copied)
		return NULL;
	memcpy(copied, text.data, text.len);
	copied[text.len] = '\0';
	return copied;
}

/* The matcher takes parallel arrays, of texts that end with NUL. */
static bool compile_all(struct expressions *expressions, const struct span *written, unsigned count)
{
	char **texts = calloc(count, sizeof(*texts));
	unsigned *numbers = calloc(count, sizeof(*numbers));
	unsigned *flags = calloc(count, sizeof(*flags));
	bool ready = texts && numbers && flags;

	for (unsigned i = 0; ready && i < count; i++) {
		texts[i] = copy(written[i]);
		numbers[i] = i;
		flags[i] = FLAGS;
		ready = texts[i] != NULL;
	}
	bool done =
		ready && compile(expressions, (const char *const *)texts, numbers, flags, count);
	for (unsigned i = 0; texts && i < count; i++)
		free(texts[i]);
	free(texts);
	free(numbers);
	free(flags);
	return done;
}

bool csp_expressions_new(struct expressions **out, const struct span *written, size_t count)
{
	struct expressions *expressions = calloc(1, sizeof(*expressions));

	if (!expressions)
		return false;
	if (count > UINT_MAX ||
	    (count > 0 && !compile_all(expressions, written, (unsigned)count))) {
		csp_expressions_free(expressions);
		return false;
	}
	*out = expressions;
	return true;
}

void csp_expressions_free(struct expressions *expressions)
{
	if (!expressions)
		return;
	hs_free_database(expressions->database);
	free(expressions);
}

bool csp_expression_scan_new(struct expression_scan **out, const struct expressions *expressions)
{
	struct expression_scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return false;
	if (expressions->database &&
	    hs_alloc_scratch(expressions->database, &scan->scratch) != HS_SUCCESS) {
		free(scan);
		return false;
	}
	*out = scan;
	return true;
}

void csp_expression_scan_free(struct expression_scan *scan)
{
	if (!scan)
		return;
	hs_free_scratch(scan->scratch);
	free(scan);
}

struct search {
	struct span text;
	const struct expression_listener *listener;
};

static int on_match(unsigned index, unsigned long long from, unsigned long long to, unsigned flags,
		    void *context)
{
	const struct search *search = context;

	(void)flags;
	search->listener->hear(search->listener->context, index,
			       csp_span_slice(search->text, (size_t)from, (size_t)to));
	return 0;
}

bool csp_expressions_find(const struct expressions *expressions, struct expression_scan *scan,
			  struct span text, const struct expression_listener *listener)
{
	struct search search = {text, listener};

	if (!expressions->database)
		return true;
	return text.len <= UINT_MAX && hs_scan(expressions->database, text.data, (unsigned)text.len,
					       0, scan->scratch, on_match, &search) == HS_SUCCESS;
}
