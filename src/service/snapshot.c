#include "snapshot.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "phrase_file.h"
#include "text.h"

/* More messages than this at once are rare; what they took is given back to the system. */
#define SCRATCHES_KEPT 64

struct snapshot {
	atomic_size_t references;
	struct conf *conf;
	struct classify_settings settings;
	struct phrase_file phrase_file;
	struct classifier *classifier;
	struct tally *tally;
	struct privacy *privacy; /* NULL: nothing is hidden */
	pthread_mutex_t lock;    /* of the scratches */
	struct classify_scratch *scratches[SCRATCHES_KEPT];
	size_t scratch_count;
};

struct building {
	const char *conf_path;
	csp_conf_report *report;
	void *context;
};

static enum conf_result refuse(const struct building *building, enum conf_result result,
			       const char *text)
{
	const struct conf_error error = {.file = building->conf_path, .text = text};

	building->report(building->context, &error);
	return result;
}

static enum conf_result refuse_phrase(const struct building *building,
				      const struct classifier_error *error)
{
	struct buf text;

	if (!error->text.len)
		return refuse(building, CONF_NO_MEMORY, error->why);
	csp_buf_init(&text, 4096);
	csp_buf_append(&text, SPAN_LIT("a pack has the phrase \""));
	csp_buf_append(&text, csp_span_slice(error->text, 0, 1024));
	csp_buf_append_format(&text, "\": %s", error->why);
	enum conf_result result = refuse(building, CONF_WRONG, csp_buf_cstr(&text));
	csp_buf_dispose(&text);
	return result;
}

static enum conf_result build_classifier(struct snapshot *snapshot, const struct building *building)
{
	const struct conf *conf = snapshot->conf;
	struct classifier_error error = {.why = "memory is short"};

	snapshot->phrase_file.path = conf->phrase_cache;
	snapshot->settings = (struct classify_settings){
		.categories = &conf->categories,
		.text_fields = conf->text_fields,
		.tag_sources = &conf->tag_sources,
		.cache = csp_phrase_file(&snapshot->phrase_file),
	};
	if (!csp_text_warm_up())
		return refuse(building, CONF_NO_MEMORY, "the Unicode tables cannot be loaded");
	if (!csp_classifier_new(&snapshot->classifier, &error, &conf->pack, &snapshot->settings))
		return refuse_phrase(building, &error);
	return CONF_OK;
}

static void free_snapshot(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->scratch_count; i++)
		csp_classify_scratch_free(snapshot->scratches[i]);
	if (snapshot->classifier)
		csp_classifier_free(snapshot->classifier);
	csp_tally_free(snapshot->tally);
	csp_privacy_free(snapshot->privacy);
	if (snapshot->conf)
		csp_conf_free(snapshot->conf);
	pthread_mutex_destroy(&snapshot->lock);
	free(snapshot);
}

/* Reviewers read the configuration too, and need not be able to read the key: it is not part of that. */
static enum conf_result take_privacy(struct snapshot *snapshot, const struct building *building)
{
	const struct conf_journal *journal = &snapshot->conf->journal;
	struct buf text;

	if (journal->privacy == PRIVACY_FULL)
		return CONF_OK;
	snapshot->privacy = csp_privacy_new(journal->privacy_key);
	if (snapshot->privacy)
		return CONF_OK;
	int error = errno;
	csp_buf_init(&text, 8192);
	if (error == EINVAL)
		csp_buf_append_format(&text,
				      "journal.privacy_key: the key must have %d octets or more",
				      PRIVACY_KEY_MIN);
	else
		csp_buf_append_format(&text, "journal.privacy_key: %s", strerror(error));
	enum conf_result result = refuse(building, CONF_WRONG, csp_buf_cstr(&text));
	csp_buf_dispose(&text);
	return result;
}

/* To compile phrases takes several times the memory of what comes of it, and free() keeps that for a next time. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

enum conf_result csp_snapshot_new(struct snapshot **out, const char *conf_path,
				  csp_conf_report *report, void *context)
{
	const struct building building = {conf_path, report, context};
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	*out = NULL;
	if (!snapshot)
		return refuse(&building, CONF_NO_MEMORY, "memory is short");
	atomic_init(&snapshot->references, 1);
	pthread_mutex_init(&snapshot->lock, NULL);
	enum conf_result result = csp_conf_read(&snapshot->conf, conf_path, report, context);
	if (result == CONF_NO_MEMORY)
		(void)refuse(&building, result, "memory is short");
	if (result == CONF_OK)
		result = build_classifier(snapshot, &building);
	if (result == CONF_OK)
		result = take_privacy(snapshot, &building);
	if (result == CONF_OK && !csp_tally_new(&snapshot->tally, &snapshot->conf->policy))
		result = refuse(&building, CONF_NO_MEMORY, "memory is short");
	if (result == CONF_OK)
		*out = snapshot;
	else
		free_snapshot(snapshot);
	give_back_memory();
	return result;
}

struct snapshot *csp_snapshot_acquire(struct snapshot *snapshot)
{
	atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
	return snapshot;
}

void csp_snapshot_release(struct snapshot *snapshot)
{
	if (snapshot &&
	    atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1)
		free_snapshot(snapshot);
}

const struct conf *csp_snapshot_conf(const struct snapshot *snapshot)
{
	return snapshot->conf;
}

const struct classifier *csp_snapshot_classifier(const struct snapshot *snapshot)
{
	return snapshot->classifier;
}

struct record_options csp_snapshot_record_options(const struct snapshot *snapshot)
{
	return (struct record_options){
		.inputs = snapshot->conf->journal.inputs,
		.hide = snapshot->privacy ? csp_privacy_hide : NULL,
		.context = snapshot->privacy,
	};
}

const struct tally *csp_snapshot_tally(const struct snapshot *snapshot)
{
	return snapshot->tally;
}

struct classify_scratch *csp_snapshot_scratch_take(struct snapshot *snapshot)
{
	struct classify_scratch *scratch = NULL;

	pthread_mutex_lock(&snapshot->lock);
	if (snapshot->scratch_count)
		scratch = snapshot->scratches[--snapshot->scratch_count];
	pthread_mutex_unlock(&snapshot->lock);
	if (!scratch && !csp_classify_scratch_new(&scratch, snapshot->classifier))
		return NULL;
	return scratch;
}

void csp_snapshot_scratch_give(struct snapshot *snapshot, struct classify_scratch *scratch)
{
	pthread_mutex_lock(&snapshot->lock);
	bool kept = snapshot->scratch_count < SCRATCHES_KEPT;
	if (kept)
		snapshot->scratches[snapshot->scratch_count++] = scratch;
	pthread_mutex_unlock(&snapshot->lock);
	if (!kept)
		csp_classify_scratch_free(scratch);
}

size_t csp_snapshot_products(void *context, struct span out[], size_t max, struct span text)
{
	struct snapshot *snapshot = context;
	struct product_names names = {out, 0, max};
	struct classify_scratch *scratch = csp_snapshot_scratch_take(snapshot);

	if (!scratch)
		return 0;
	bool known = csp_classifier_products(&names, snapshot->classifier, scratch, text);
	csp_snapshot_scratch_give(snapshot, scratch);
	return known ? names.count : 0;
}

struct snapshot_slot {
	pthread_mutex_t lock;
	struct snapshot *current;
};

struct snapshot_slot *csp_snapshot_slot_new(struct snapshot *first)
{
	struct snapshot_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return NULL;
	pthread_mutex_init(&slot->lock, NULL);
	slot->current = first;
	return slot;
}

void csp_snapshot_slot_free(struct snapshot_slot *slot)
{
	if (!slot)
		return;
	csp_snapshot_release(slot->current);
	pthread_mutex_destroy(&slot->lock);
	free(slot);
}

struct snapshot *csp_snapshot_slot_acquire(struct snapshot_slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	struct snapshot *snapshot = csp_snapshot_acquire(slot->current);
	pthread_mutex_unlock(&slot->lock);
	return snapshot;
}

void csp_snapshot_slot_replace(struct snapshot_slot *slot, struct snapshot *next)
{
	pthread_mutex_lock(&slot->lock);
	struct snapshot *previous = slot->current;
	slot->current = next;
	pthread_mutex_unlock(&slot->lock);
	csp_snapshot_release(previous);
}
