#include "conf_source.h"

#include <string.h>

#include "conf_join.h"

struct conf_origin csp_conf_source_locate(const struct conf_source *source, unsigned line)
{
	const struct source_lines *best = &source->map[0];

	for (size_t i = 1; i < source->map_count && source->map[i].line <= line; i++)
		best = &source->map[i];
	return (struct conf_origin){best->file, best->file_line + (line - best->line)};
}

static struct span line_text(struct span text, unsigned line)
{
	struct span head = {"", 0};

	for (unsigned i = 0; i < line; i++) {
		size_t end = csp_span_find(text, '\n');
		head = csp_span_slice(text, 0, end);
		text = csp_span_slice(text, end + 1, text.len);
	}
	return csp_span_trim(head);
}

static void report_syntax(struct conf_source *source)
{
	const char *text = source->config.error_text ? source->config.error_text : "syntax error";
	unsigned line = source->config.error_line > 0 ? (unsigned)source->config.error_line : 1;
	struct conf_origin origin = csp_conf_source_locate(source, line);
	char quote[CONF_QUOTE_SIZE];
	const char *why = "cannot be read, or the line before it has no end: a setting is written "
			  "name = value;";

	if (strstr(text, "duplicate"))
		why = "is a setting that stands already in the same group";
	else if (strstr(text, "mismatched"))
		why = "has texts and numbers between the same [ and ]";
	csp_conf_quote(quote, line_text(csp_buf_span(&source->text), line));
	csp_conf_error(source->reader, origin.file, origin.line, "'%s' %s", quote, why);
}

bool csp_conf_source_read(struct conf_source *out, struct conf_reader *reader, struct span path,
			  struct conf_origin origin)
{
	struct conf_file file;

	*out = (struct conf_source){.reader = reader, .line = 1};
	config_init(&out->config);
	csp_buf_init(&out->text, 2 * CONF_TOTAL_MAX);
	bool there = csp_conf_file_read(&file, reader, path, origin);
	out->file = file.inode ? file.name : NULL;
	if (!there)
		return false;
	if (!csp_conf_join(out, &file)) {
		reader->incomplete = true;
		return false;
	}
	if (config_read_string(&out->config, csp_buf_cstr(&out->text)) == CONFIG_TRUE)
		return true;
	report_syntax(out);
	reader->incomplete = true;
	return false;
}

void csp_conf_source_dispose(struct conf_source *source)
{
	config_destroy(&source->config);
	csp_buf_dispose(&source->text);
}
