#include <inttypes.h>
#include <sysexits.h>

#include "directory_load.h"

#define TEXT_MAX ((size_t)1 << 20)

static const char *mode_name(enum update_mode mode)
{
	switch (mode) {
	case UPDATE_UPSERT:
		break;
	case UPDATE_REPLACE:
		return "replace";
	case UPDATE_REPLACE_ALL:
		return "replace-all";
	}
	return "upsert";
}

static void write_json(struct buf *out, const struct load *load)
{
	const struct import_counts *counts = &load->counts;
	const struct update_counts *found = &load->found;
	const struct {
		const char *name;
		uint64_t number;
	} members[] = {
		{"rows", counts->rows},
		{"customers", found->customers},
		{"partners", found->partners},
		{"domains", counts->domains},
		{"exclusions", found->exclusions},
		{"refused", counts->refused},
		{"public_domains", counts->public_domains},
		{"no_own_domain", found->no_own_domain},
		{"shared_domains", found->shared_domains},
		{"partner_domains", found->partner_domains},
		{"crowded", found->crowded},
		{"removed", found->removed},
	};
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT("csp-milter/import/2"));
	csp_json_text_or_null_at(&json, "source", load->settings.source);
	csp_json_text_at(&json, "mode", csp_span_from(mode_name(load->mode)));
	csp_json_key(&json, "packed");
	csp_json_bool(&json, load->packed);
	csp_json_key(&json, "dry_run");
	csp_json_bool(&json, load->dry_run);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		csp_json_number_at(&json, members[i].name, (int64_t)members[i].number);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

static void write_counts(struct buf *out, const struct load *load)
{
	const struct import_counts *counts = &load->counts;
	const struct update_counts *found = &load->found;

	if (!load->packed) {
		csp_directory_show_count(out, counts->rows, "row", "rows");
		csp_buf_append(out, SPAN_LIT(": "));
	}
	csp_directory_show_count(out, found->customers, "customer", "customers");
	if (!load->packed) {
		csp_buf_append(out, SPAN_LIT(", "));
		csp_directory_show_count(out, counts->domains, "domain", "domains");
	}
	csp_buf_append(out, SPAN_LIT(", "));
	csp_directory_show_count(out, found->partners, "partner", "partners");
	csp_buf_append(out, SPAN_LIT(", "));
	csp_directory_show_count(out, found->exclusions, "exclusion", "exclusions");
	if (!load->packed)
		csp_buf_append_format(out, ", %" PRIu64 " refused", counts->refused);
	csp_buf_append_char(out, '\n');
}

/* What somebody may have to look at; nothing of what there is none of. */
static void write_remarks(struct buf *out, const struct load *load)
{
	const struct update_counts *found = &load->found;
	const struct {
		uint64_t number;
		const char *one, *many;
	} remarks[] = {
		{load->counts.public_domains, "public mail domain was left out",
		 "public mail domains were left out"},
		{found->no_own_domain,
		 "customer has no mail domain of its own, and is known by the cloud's name alone",
		 "customers have no mail domain of their own, and are known by the cloud's names "
		 "alone"},
		{found->shared_domains, "name belongs to two customers",
		 "names belong to two customers"},
		{found->partner_domains, "name belongs to a partner and a customer",
		 "names belong to a partner and a customer"},
		{found->crowded, "customer has two partners in a cloud that allows one",
		 "customers have two partners in a cloud that allows one"},
		{found->removed, "party is not described any more, and was removed",
		 "parties are not described any more, and were removed"},
	};

	for (size_t i = 0; i < sizeof(remarks) / sizeof(*remarks); i++) {
		if (remarks[i].number == 0)
			continue;
		csp_buf_append(out, SPAN_LIT("  "));
		csp_directory_show_count(out, remarks[i].number, remarks[i].one, remarks[i].many);
		csp_buf_append_char(out, '\n');
	}
}

static void write_text(struct buf *out, const struct load *load)
{
	write_counts(out, load);
	write_remarks(out, load);
	if (load->dry_run)
		csp_buf_append(out, SPAN_LIT("dry run: nothing was changed\n"));
}

int csp_load_print(const struct load *load, bool as_json)
{
	struct buf text;

	csp_buf_init(&text, TEXT_MAX);
	if (as_json)
		write_json(&text, load);
	else
		write_text(&text, load);
	int status = csp_place_print(&text);
	csp_buf_dispose(&text);
	return status == EX_OK && load->counts.refused > 0 ? 1 : status;
}
