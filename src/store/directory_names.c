#include "directory_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORD_MAX 1024
#define TICK_EVERY 8192
#define VALUE_MAX  ((size_t)CLAIMS_MAX * (CODEC_ID_MAX + 32) + 64)

void csp_names_init(struct directory_names *names, int folder, size_t memory)
{
	*names = (struct directory_names){0};
	csp_sorter_init(&names->sorter, folder, memory);
	csp_buf_init(&names->record, RECORD_MAX);
	csp_buf_init(&names->value, VALUE_MAX);
}

void csp_names_dispose(struct directory_names *names)
{
	csp_sorter_dispose(&names->sorter);
	csp_buf_dispose(&names->record);
	csp_buf_dispose(&names->value);
}

/* One claim that comes or goes. */
struct delta {
	enum codec_table table;
	struct span name;
	struct claim claim;
	bool add;
	struct place_in_import place;
};

/*
 * By table, by name, and then as claims stand under a name (claims.h); of the same claim, the
 * removal comes first. No name holds a NUL.
 */
static enum directory_result push(struct directory_names *names, const struct delta *delta)
{
	struct buf *record = &names->record;

	csp_buf_reset(record);
	csp_buf_append_char(record, (char)delta->table);
	csp_buf_append(record, delta->name);
	csp_buf_append_char(record, '\0');
	csp_buf_append_char(record, (char)delta->claim.kind);
	csp_buf_append(record, delta->claim.party);
	csp_codec_fixed(record, delta->claim.source, 4);
	csp_buf_append_char(record, (char)delta->add);
	csp_buf_append_char(record, (char)delta->claim.subdomains);
	csp_codec_fixed(record, delta->place.file, 4);
	csp_codec_fixed(record, delta->place.line, 8);
	if (csp_buf_failed(record))
		return DIRECTORY_FAILED;
	return csp_directory_result(csp_sorter_add(&names->sorter, csp_buf_span(record)));
}

enum directory_result csp_names_add(struct directory_names *names, const struct party_claim *claim)
{
	const struct delta delta = {
		.table = claim->name->table,
		.name = claim->name->name.name,
		.claim = {.kind = claim->name->kind,
			  .subdomains = claim->name->name.subdomains,
			  .source = claim->source,
			  .party = claim->party},
		.add = claim->add,
		.place = claim->place,
	};

	return push(names, &delta);
}

enum directory_result csp_names_add_exclusion(struct directory_names *names, struct span domain,
					      uint32_t source, struct place_in_import place)
{
	const struct delta delta = {
		.table = TABLE_DOMAINS,
		.name = domain,
		.claim = {.kind = CLAIM_EXCLUSION, .source = source, .party = SPAN_LIT("")},
		.add = true,
		.place = place,
	};

	return push(names, &delta);
}

static bool read_delta(struct delta *out, struct span record)
{
	struct codec_reader reader = {.rest = record};

	*out = (struct delta){.claim = {.party = SPAN_LIT("")}};
	out->table = (enum codec_table)csp_codec_take_fixed(&reader, 1);
	out->name = csp_codec_take_bytes(&reader, csp_span_find(reader.rest, '\0'));
	(void)csp_codec_take_fixed(&reader, 1);
	out->claim.kind = (enum claim_kind)csp_codec_take_fixed(&reader, 1);
	if (out->claim.kind != CLAIM_EXCLUSION)
		out->claim.party = csp_codec_take_packed_id(&reader);
	out->claim.source = csp_codec_take_fixed(&reader, 4);
	out->add = csp_codec_take_fixed(&reader, 1) != 0;
	out->claim.subdomains = csp_codec_take_fixed(&reader, 1) != 0;
	out->place.file = (uint32_t)csp_codec_take_fixed(&reader, 4);
	out->place.line = csp_codec_take_fixed(&reader, 8);
	return !reader.failed && reader.rest.len == 0;
}

/* All deltas of one name, on top of what stands under it. */
struct name_work {
	struct directory_names *names;
	struct directory_target *target;
	struct directory_sources *sources;
	struct span record; /* the sorter's */
	struct delta delta; /* points into record */
	bool has_delta;
	char name_bytes[CODEC_NAME_MAX];
	struct span name;
	struct claims claims;
	struct buf parties; /* ids of claims outlive the records they come from */
	bool added, full;
	struct place_in_import place; /* of the last that was added */
};

static enum directory_result next(struct name_work *work)
{
	int code = csp_sorter_next(&work->record, &work->names->sorter);

	work->has_delta = !code;
	if (code)
		return code == SORTER_END ? DIRECTORY_OK : csp_directory_result(code);
	if (++work->names->done % TICK_EVERY == 0)
		work->names->tick(work->names->context);
	return read_delta(&work->delta, work->record) ? DIRECTORY_OK : DIRECTORY_FAILED;
}

static void warn(const struct name_work *work, const char *what)
{
	char text[CODEC_NAME_MAX + 96];

	(void)snprintf(text, sizeof(text), "%.*s %s", SPAN_ARG(work->name), what);
	work->names->report->warned(work->names->report->context, work->place, text);
}

static bool keep_party(struct name_work *work, struct span *party)
{
	size_t at = work->parties.len;

	csp_buf_append(&work->parties, *party);
	*party = csp_span_slice(csp_buf_span(&work->parties), at, work->parties.len);
	return !csp_buf_failed(&work->parties);
}

static void count_exclusion(struct name_work *work, uint64_t number, uint64_t by)
{
	struct source *source = csp_sources_at(work->sources, number);

	if (source)
		source->exclusions += by;
}

static bool holds(const struct claims *claims, const struct claim *claim)
{
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *item = &claims->items[i];
		if (item->kind == claim->kind && item->source == claim->source &&
		    csp_span_equal(item->party, claim->party))
			return true;
	}
	return false;
}

static enum directory_result apply(struct name_work *work)
{
	struct claim claim = work->delta.claim;
	bool known = holds(&work->claims, &claim);

	if (claim.kind == CLAIM_EXCLUSION && known != work->delta.add)
		count_exclusion(work, claim.source, work->delta.add ? 1 : (uint64_t)-1);
	if (!work->delta.add) {
		csp_claims_remove(&work->claims, &claim);
		return DIRECTORY_OK;
	}
	work->added = true;
	work->place = work->delta.place;
	if (!known && work->claims.count < CLAIMS_MAX && !keep_party(work, &claim.party))
		return DIRECTORY_FAILED;
	work->full = !csp_claims_add(&work->claims, &claim) || work->full;
	return DIRECTORY_OK;
}

/* How many parties claim it as kind. */
static size_t count_parties(const struct claims *claims, enum claim_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		bool same = i > 0 && claims->items[i - 1].kind == kind &&
			    csp_span_equal(claims->items[i - 1].party, claim->party);
		count += claim->kind == kind && !same;
	}
	return count;
}

/* What the import should be told of a name that it gave. */
static void review(struct name_work *work)
{
	size_t customers = count_parties(&work->claims, CLAIM_CUSTOMER);
	size_t partners = count_parties(&work->claims, CLAIM_PARTNER);

	if (!work->added)
		return;
	if (work->full)
		warn(work, "is claimed by too many: the last of them do not count");
	if (customers > 1) {
		work->names->counts->shared_domains++;
		warn(work, "belongs to another customer too");
	}
	if (partners > 1)
		warn(work, "belongs to another partner too");
	if (partners > 0 && customers > 0) {
		work->names->counts->partner_domains++;
		warn(work,
		     "belongs to a partner and to a customer: it is not taken for the customer's");
	}
}

/* A value that stays as it is makes no page dirty. */
static enum directory_result put(struct name_work *work, enum codec_table table, struct span before)
{
	struct buf *value = &work->names->value;

	csp_buf_reset(value);
	if (work->claims.count)
		csp_claims_encode(value, table, work->name, &work->claims);
	if (csp_buf_failed(value))
		return DIRECTORY_FAILED;
	if (!work->target->building && csp_span_equal(before, csp_buf_span(value)))
		return DIRECTORY_OK;
	return csp_target_put(work->target, work->name, csp_buf_span(value));
}

static enum directory_result store_name(struct name_work *work, enum codec_table table)
{
	struct span before;

	if (work->delta.name.len == 0 || work->delta.name.len > sizeof(work->name_bytes))
		return DIRECTORY_FAILED;
	memcpy(work->name_bytes, work->delta.name.data, work->delta.name.len);
	work->name = (struct span){work->name_bytes, work->delta.name.len};
	work->added = work->full = false;
	work->claims.count = 0;
	csp_buf_reset(&work->parties);
	/* Its memory must not move while claims point into it. */
	if (!csp_buf_room(&work->parties, work->parties.max))
		return DIRECTORY_FAILED;
	enum directory_result result = csp_target_seek(&before, work->target, work->name);
	if (result == DIRECTORY_OK && before.len > 0 &&
	    !csp_claims_decode(&work->claims, table, work->name, before))
		result = DIRECTORY_FAILED;
	while (result == DIRECTORY_OK && work->has_delta && work->delta.table == table &&
	       csp_span_equal(work->delta.name, work->name)) {
		result = apply(work);
		if (result == DIRECTORY_OK)
			result = next(work);
	}
	if (result != DIRECTORY_OK)
		return result;
	review(work);
	return put(work, table, before);
}

static enum directory_result store_table(struct name_work *work, enum codec_table table)
{
	enum directory_result result = csp_target_open_table(work->target, table);

	while (result == DIRECTORY_OK && work->has_delta && work->delta.table == table)
		result = store_name(work, table);
	if (result == DIRECTORY_OK)
		result = csp_target_close_table(work->target);
	return result;
}

static enum directory_result store_tables(struct name_work *work)
{
	static const enum codec_table tables[] = {TABLE_DOMAINS, TABLE_ADDRESSES, TABLE_ALIASES};
	enum directory_result result = next(work);

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && result == DIRECTORY_OK; i++)
		result = store_table(work, tables[i]);
	return result;
}

enum directory_result csp_names_store(struct directory_names *names,
				      struct directory_target *target,
				      struct directory_sources *sources)
{
	struct name_work *work = calloc(1, sizeof(*work));
	int code = csp_sorter_sort(&names->sorter);

	if (!work || code) {
		free(work);
		return code ? csp_directory_result(code) : DIRECTORY_FAILED;
	}
	work->names = names;
	work->target = target;
	work->sources = sources;
	csp_buf_init(&work->parties, (size_t)CLAIMS_MAX * (1 + CODEC_ID_MAX));
	enum directory_result result = store_tables(work);
	csp_buf_dispose(&work->parties);
	free(work);
	return result;
}

struct exclusions {
	struct directory_names *names;
	uint32_t source;
};

static enum directory_result drop_exclusion(void *context, struct span name, struct span value)
{
	const struct exclusions *exclusions = context;
	struct claims *claims = malloc(sizeof(*claims));
	enum directory_result result = DIRECTORY_OK;

	if (!claims || !csp_claims_decode(claims, TABLE_DOMAINS, name, value)) {
		free(claims);
		return DIRECTORY_FAILED;
	}
	for (size_t i = 0; i < claims->count && result == DIRECTORY_OK; i++) {
		const struct delta delta = {
			.table = TABLE_DOMAINS, .name = name, .claim = claims->items[i]};
		bool meant = exclusions->source == SOURCE_EVERY ||
			     delta.claim.source == exclusions->source;
		if (delta.claim.kind == CLAIM_EXCLUSION && meant)
			result = push(exclusions->names, &delta);
	}
	free(claims);
	return result;
}

enum directory_result csp_names_drop_exclusions(struct directory_names *names,
						const struct directory_txn *at, struct span domain,
						uint32_t source)
{
	struct exclusions exclusions = {names, source};
	struct span value;

	if (domain.len == 0)
		return csp_directory_each(at, TABLE_DOMAINS, drop_exclusion, &exclusions);
	switch (csp_directory_get(&value, at, TABLE_DOMAINS, domain)) {
	case FOUND:
		return drop_exclusion(&exclusions, domain, value);
	case NOT_FOUND:
		return DIRECTORY_OK;
	case COULD_NOT_TELL:
	default:
		return DIRECTORY_FAILED;
	}
}
