#include "conf_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define SCRATCH_MAX ((size_t)256 << 20)
#define MESSAGE_MAX 600

struct conf_finding {
	struct conf_error error;
	size_t file; /* index in files */
	size_t order;
};

bool csp_conf_reader_init(struct conf_reader *reader, struct conf *conf, struct arena *arena)
{
	*reader = (struct conf_reader){.conf = conf, .arena = arena};
	csp_arena_init(&reader->scratch, SCRATCH_MAX);
	return sodium_init() >= 0 &&
	       crypto_generichash_init(&reader->hash, NULL, 0, crypto_generichash_BYTES) == 0;
}

void csp_conf_reader_dispose(struct conf_reader *reader)
{
	csp_arena_dispose(&reader->scratch);
}

const char *csp_conf_add_file(struct conf_reader *reader, struct span path)
{
	struct span copy;
	void *files = (void *)reader->files;

	if (!csp_arena_grow(&reader->scratch, &files, &reader->file_cap, reader->file_count,
			    sizeof(*reader->files)) ||
	    !csp_arena_copy(&reader->scratch, &copy, path)) {
		reader->no_memory = true;
		return NULL;
	}
	reader->files = files;
	reader->files[reader->file_count++] = copy.data;
	return copy.data;
}

static size_t file_index(const struct conf_reader *reader, const char *file)
{
	size_t i = 0;

	while (i < reader->file_count && reader->files[i] != file)
		i++;
	return i;
}

void csp_conf_error(struct conf_reader *reader, const char *file, unsigned line, const char *format,
		    ...)
{
	char text[MESSAGE_MAX];
	struct span copy;
	void *findings = reader->findings;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!csp_arena_grow(&reader->scratch, &findings, &reader->finding_cap,
			    reader->finding_count, sizeof(*reader->findings)) ||
	    !csp_arena_copy(&reader->scratch, &copy, csp_span_from(text))) {
		reader->no_memory = true;
		return;
	}
	reader->findings = findings;
	reader->findings[reader->finding_count] = (struct conf_finding){
		.error = {.file = file, .line = line, .text = copy.data},
		.file = file_index(reader, file),
		.order = reader->finding_count,
	};
	reader->finding_count++;
}

const char *csp_conf_quote(char out[CONF_QUOTE_SIZE], struct span text)
{
	size_t used = 0;

	while (text.len) {
		uint32_t rune;
		size_t taken = csp_utf8_decode(&rune, text);
		bool plain = taken && rune >= 0x20 && (rune < 0x7f || rune > 0x9f);

		if (used + 4 + sizeof("...") > CONF_QUOTE_SIZE) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (plain)
			memcpy(out + used, text.data, taken);
		else
			out[used] = '?';
		used += plain ? taken : 1;
		text = csp_span_slice(text, taken ? taken : 1, text.len);
	}
	out[used] = '\0';
	return out;
}

static int compare_findings(const void *a, const void *b)
{
	const struct conf_finding *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->error.line != y->error.line)
		return x->error.line < y->error.line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

enum conf_result csp_conf_reader_finish(struct conf_reader *reader, csp_conf_report *report,
					void *context)
{
	if (reader->finding_count)
		qsort(reader->findings, reader->finding_count, sizeof(*reader->findings),
		      compare_findings);
	for (size_t i = 0; i < reader->finding_count; i++)
		report(context, &reader->findings[i].error);
	if (reader->no_memory)
		return CONF_NO_MEMORY;
	return reader->finding_count ? CONF_WRONG : CONF_OK;
}
