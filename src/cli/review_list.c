#include "review_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "opt.h"
#include "view.h"

#define TABLE_ROWS     50   /* shown unless --limit says otherwise */
#define OUTCOME_WINDOW 1000 /* decisions that an outcome may lie behind its own */

int csp_review_output_error(void)
{
	csp_cli_error("the result could not be written: %s", strerror(errno));
	return EX_IOERR;
}

void csp_review_tell_damage(const struct review_counts *counts)
{
	if (counts->damaged > 0)
		csp_cli_error("%" PRIu64 " damaged %s passed over", counts->damaged,
			      counts->damaged == 1 ? "line" : "lines");
	if (counts->gone > 0)
		csp_cli_error("%" PRIu64 " %s in the journal's files no more", counts->gone,
			      counts->gone == 1 ? "record is" : "records are");
}

typedef bool printer(json_t *record);

struct listing {
	struct window window;
	printer *print; /* as records come; NULL: they are kept */
	bool failed;
};

/* What the window has no room for is printed, or of an earlier page. */
static bool list_record(void *context, json_t *record)
{
	struct listing *listing = context;
	json_t *displaced;

	listing->failed = !csp_window_take(&displaced, &listing->window, record);
	if (displaced && listing->print)
		listing->failed = listing->failed || !listing->print(displaced);
	json_decref(displaced);
	return !listing->failed;
}

static bool print_listing(const struct listing *listing, const struct review_call *call)
{
	if (!call->json && !call->csv)
		return listing->window.count == 0 || csp_view_table(&listing->window);
	for (size_t i = 0; i < listing->window.count; i++) {
		json_t *record = csp_window_at(&listing->window, i);
		if (call->json ? !csp_view_json(record) : !csp_view_csv(record))
			return false;
	}
	return true;
}

/* What the result does not say: that there is none, or that there is more. */
static void tell_listing(const struct listing *listing, const struct review_counts *counts,
			 const struct review_call *call)
{
	if (counts->shown == 0)
		csp_cli_error("none of %" PRIu64 " decisions matches%s", counts->records,
			      call->filter.notable ? "; --all shows plain passes too" : "");
	else if (counts->more)
		csp_cli_error("%s %zu decisions; --page %" PRIu64
			      " shows more, --limit 0 all of them",
			      call->order == REVIEW_BY_TIME && call->page == 1 ? "the last" : "",
			      listing->window.count, call->page + 1);
}

/* ---- reading the journals through ---- */

static void append_key(struct buf *out, const json_t *record, enum review_order order)
{
	struct gravest gravest = csp_review_gravest(record);

	switch (order) {
	case REVIEW_BY_FROM:
		csp_buf_append(out, csp_review_origin(record));
		break;
	case REVIEW_BY_TO:
		csp_buf_append(out, csp_review_text(gravest.recipient, "address"));
		break;
	case REVIEW_BY_RULE:
		csp_buf_append(out, gravest.rule);
		break;
	case REVIEW_BY_CUSTOMER:
		csp_buf_append(out, csp_review_text(gravest.recipient, "customer"));
		break;
	case REVIEW_BY_CATEGORY:
		csp_buf_append(out, csp_review_text(json_object_get(record, "category"), "name"));
		break;
	case REVIEW_BY_SUBJECT:
		csp_review_subject(out, csp_review_text(record, "subject"));
		break;
	case REVIEW_BY_TIME:
	case REVIEW_ORDERS:
	default:
		break;
	}
}

struct sorted {
	struct buf key;
	size_t place;
	json_t *record;
};

/* Of those with the same key the newest comes first. */
static int compare(const void *a, const void *b)
{
	const struct sorted *left = a, *right = b;
	int order = csp_span_compare(csp_buf_span(&left->key), csp_buf_span(&right->key));

	if (order != 0)
		return order;
	return left->place < right->place ? 1 : -1;
}

/* The window's records, kept by it still, in another order. */
static bool sort_window(struct window *window, enum review_order order)
{
	struct sorted *items = calloc(window->count + 1, sizeof(*items));
	bool ok = items != NULL;

	for (size_t i = 0; ok && i < window->count; i++) {
		csp_buf_init(&items[i].key, VIEW_TEXT_MAX);
		items[i].place = i;
		items[i].record = csp_window_at(window, i);
		append_key(&items[i].key, items[i].record, order);
		ok = !csp_buf_failed(&items[i].key);
	}
	if (ok)
		qsort(items, window->count, sizeof(*items), compare);
	for (size_t i = 0; items && i < window->count; i++) {
		if (ok)
			window->items[(window->first + i) % window->cap] = items[i].record;
		csp_buf_dispose(&items[i].key);
	}
	free(items);
	return ok;
}

/* Of the window's records those of the page stay: from its end in the order of time, else from its beginning. */
static bool keep_page(struct window *window, const struct review_call *call, size_t limit)
{
	size_t skip = limit * (call->page - 1);
	size_t count = window->count > skip ? window->count - skip : 0;
	struct window page;
	bool ok = true;

	count = count < limit ? count : limit;
	size_t first = call->order != REVIEW_BY_TIME ? skip
		       : window->count > skip        ? window->count - skip - count
						     : 0;
	csp_window_init(&page, 0);
	for (size_t i = 0; ok && i < count; i++) {
		json_t *displaced;
		ok = csp_window_push(&displaced, &page, csp_window_at(window, first + i));
	}
	csp_window_dispose(window);
	*window = page;
	return ok;
}

static int read_through(struct listing *listing, struct review_counts *counts,
			struct review_call *call, const struct review_source *source, size_t limit)
{
	bool sorted = call->order != REVIEW_BY_TIME;
	int status;

	call->filter.outcomes = true;
	csp_window_init(&listing->window, listing->print ? OUTCOME_WINDOW
					  : sorted       ? 0
							 : limit * call->page);
	status = csp_review_source_read(counts, source, call, list_record, listing);
	if (status != EX_OK || listing->failed)
		return status;
	if (sorted)
		listing->failed = !sort_window(&listing->window, call->order);
	if (!listing->failed && limit > 0) {
		counts->more = counts->shown > limit * call->page;
		listing->failed = !keep_page(&listing->window, call, limit);
	}
	return EX_OK;
}

/* ---- by the index ---- */

static int look_up(struct listing *listing, struct review_counts *counts,
		   const struct review_call *call, const struct review_source *source, size_t limit)
{
	const struct review_query query = {.filter = &call->filter,
					   .reviewed = call->reviewed,
					   .unreviewed = call->unreviewed,
					   .order = call->order,
					   .skip = limit * (call->page - 1),
					   .limit = limit};

	/* A row is complete as it comes: none waits for its outcome. */
	csp_window_init(&listing->window, listing->print ? 1 : 0);
	return csp_review_source_select(counts, source, &query, call->json, list_record, listing);
}

int csp_review_collect(struct window *out, struct review_counts *counts, struct review_call *call,
		       const struct review_source *source, size_t limit)
{
	struct listing listing = {.print = NULL};
	int status = source->index ? look_up(&listing, counts, call, source, limit)
				   : read_through(&listing, counts, call, source, limit);

	*out = listing.window;
	if (status == EX_OK && listing.failed)
		status = csp_cli_no_memory();
	return status;
}

/* Who wants all of them need not wait for the last: those of a table alone are one thing. */
static printer *streaming_printer(const struct review_call *call, size_t limit)
{
	if (limit > 0 || call->order != REVIEW_BY_TIME)
		return NULL;
	return call->json ? csp_view_json : call->csv ? csp_view_csv : NULL;
}

int csp_review_list(struct review_call *call, const struct review_source *source)
{
	bool table = !call->json && !call->csv;
	size_t limit = table && !call->limit_text ? TABLE_ROWS : call->limit;
	struct listing listing = {.print = streaming_printer(call, limit)};
	struct review_counts counts = {0};
	int status;

	call->filter.notable = !call->all && !csp_review_asks_for_passes(&call->filter);
	if (call->csv && !csp_view_csv_heading())
		return csp_review_output_error();
	/* All whole records are had faster from one file after the other. */
	if (source->index && !(call->json && limit == 0))
		status = look_up(&listing, &counts, call, source, limit);
	else
		status = read_through(&listing, &counts, call, source, limit);
	csp_review_tell_damage(&counts);
	if (status == EX_OK && (listing.failed || !print_listing(&listing, call)))
		status = csp_review_output_error();
	else if (status == EX_OK)
		tell_listing(&listing, &counts, call);
	csp_window_dispose(&listing.window);
	return status;
}
