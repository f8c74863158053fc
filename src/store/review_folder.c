#include "review_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct listing {
	struct review_folder_file *items;
	size_t count, cap;
};

static bool is_of(const char *name, struct span journal)
{
	struct span text = csp_span_from(name);

	if (!csp_span_starts_with(text, journal))
		return false;
	return text.len == journal.len || text.data[journal.len] == '.' ||
	       text.data[journal.len] == '-';
}

/* A file that goes away meanwhile is none. */
static bool add(struct listing *listing, struct arena *arena, struct span folder, const char *name)
{
	size_t size = folder.len + strlen(name) + 1;
	char *path = csp_arena_alloc(arena, 1, size);
	void *items = listing->items;
	struct stat about;

	if (!path || !csp_arena_grow(arena, &items, &listing->cap, listing->count,
				     sizeof(*listing->items))) {
		errno = ENOMEM;
		return false;
	}
	listing->items = items;
	memcpy(path, folder.data, folder.len);
	memcpy(path + folder.len, name, size - folder.len);
	if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		return true;
	listing->items[listing->count++] = (struct review_folder_file){
		.path = path,
		.device = (int64_t)about.st_dev,
		.inode = (int64_t)about.st_ino,
		.size = about.st_size,
		.mtime = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec,
	};
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct review_folder_file *left = a, *right = b;

	if (left->mtime != right->mtime)
		return left->mtime < right->mtime ? -1 : 1;
	return strcmp(left->path, right->path);
}

bool csp_review_folder_list(struct review_folder_file **out, size_t *count, struct arena *arena,
			    const char *journal)
{
	struct span path = csp_span_from(journal);
	size_t slash = csp_span_find_last(path, '/');
	size_t start = slash < path.len ? slash + 1 : 0;
	char *folder = csp_arena_alloc(arena, 1, start + 2);
	struct listing listing = {.items = NULL};
	struct dirent *entry;
	bool ok = folder != NULL;

	if (!ok)
		return false;
	memcpy(folder, start > 0 ? journal : ".", start > 0 ? start : 1);
	folder[start > 0 ? start : 1] = '\0';
	DIR *directory = opendir(folder);
	if (!directory)
		return false;
	while (ok && (entry = readdir(directory)) != NULL) {
		if (is_of(entry->d_name, csp_span_slice(path, start, path.len)))
			ok = add(&listing, arena, csp_span_slice(path, 0, start), entry->d_name);
	}
	int error = errno;
	(void)closedir(directory);
	errno = error;
	if (listing.count > 1)
		qsort(listing.items, listing.count, sizeof(*listing.items), compare);
	*out = listing.items;
	*count = listing.count;
	return ok;
}
