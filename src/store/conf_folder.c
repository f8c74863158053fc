#include "conf_folder.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

struct listing {
	struct conf_reader *reader;
	struct span folder;
	struct span *items;
	size_t count, cap;
};

static bool add_name(struct listing *listing, struct span name)
{
	struct arena *scratch = &listing->reader->scratch;
	void *items = listing->items;
	size_t len = listing->folder.len + 1 + name.len;
	char *path = csp_arena_alloc(scratch, len + 1, 1);

	if (!path || !csp_arena_grow(scratch, &items, &listing->cap, listing->count,
				     sizeof(*listing->items))) {
		listing->reader->no_memory = true;
		return false;
	}
	memcpy(path, listing->folder.data, listing->folder.len);
	path[listing->folder.len] = '/';
	memcpy(path + listing->folder.len + 1, name.data, name.len);
	listing->items = items;
	listing->items[listing->count++] = (struct span){path, len};
	return true;
}

/* Leftovers of editors and packages have other endings. */
static bool is_meant(struct span name)
{
	return name.data[0] != '.' && csp_span_ends_with_nocase(name, SPAN_LIT(".conf"));
}

/* False with errno, or 0 when memory was short. */
static bool read_names(struct listing *listing, DIR *stream)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(stream)) != NULL) {
		struct span name = csp_span_from(entry->d_name);
		if (is_meant(name) && !add_name(listing, name)) {
			errno = 0;
			return false;
		}
	}
	return errno == 0;
}

enum conf_folder csp_conf_folder_read(struct spans *out, struct conf_reader *reader,
				      struct span path, struct conf_origin origin)
{
	struct listing listing = {.reader = reader, .folder = path};
	char *name = csp_arena_alloc(&reader->scratch, path.len + 1, 1);

	if (!name) {
		reader->no_memory = true;
		return CONF_FOLDER_FAILED;
	}
	memcpy(name, path.data, path.len);
	while (listing.folder.len > 1 && path.data[listing.folder.len - 1] == '/')
		listing.folder.len--;
	DIR *stream = opendir(name);
	if (!stream && errno != EACCES && errno != EMFILE && errno != ENFILE && errno != ENOMEM)
		return CONF_FOLDER_NONE;
	bool done = stream && read_names(&listing, stream);
	int error = errno;
	if (stream)
		closedir(stream);
	if (!done) {
		reader->incomplete = true;
		if (error)
			csp_conf_error(reader, origin.file, origin.line,
				       "%s cannot be read as a folder: %s", name, strerror(error));
		return CONF_FOLDER_FAILED;
	}
	csp_spans_sort(listing.items, listing.count);
	*out = (struct spans){listing.items, listing.count};
	return CONF_FOLDER_READ;
}
