#include "watch.h"

#include <inttypes.h>
#include <time.h>

#include "log.h"
#include "lookup.h"

#define SECONDS_PER_HOUR 3600

static void log_result(struct watch *watch, const struct directory_look *look, const char *path)
{
	bool well = look->result == DIRECTORY_OK;

	if (!well && !watch->alarmed)
		csp_log(LOG_ERR, "directory: %s: %s%s", path,
			look->lost ? "what was in use is gone or damaged: " : "",
			csp_directory_strerror(look->result));
	else if (well && watch->alarmed)
		csp_log(LOG_NOTICE, "directory: %s is open", path);
	else if (well && look->lost)
		csp_log(LOG_WARNING,
			"directory: %s was replaced or written over: what stands there now is open",
			path);
	watch->alarmed = !well;
}

static void log_age(struct watch *watch, const struct conf *conf, int64_t updated)
{
	int64_t now = (int64_t)time(NULL);
	bool old = csp_lookup_is_old(conf, updated, now);

	if (old && !watch->old)
		csp_log(LOG_WARNING,
			"directory: %s was last updated %" PRId64
			" hours ago, directory.max_age is %u: %s",
			conf->directory, (now - updated) / SECONDS_PER_HOUR,
			conf->directory_max_age,
			conf->on_old_directory == FAILURE_USE ? "it is believed all the same"
							      : "failure.old_directory answers");
	else if (!old && watch->old)
		csp_log(LOG_NOTICE, "directory: %s is young enough again", conf->directory);
	watch->old = old;
}

void csp_watch_look(struct watch *watch, struct filter *filter, const struct conf *conf)
{
	struct directory_look look;

	csp_filter_look_at_directory(&look, filter, conf->directory);
	log_result(watch, &look, conf->directory);
	watch->result = look.result;
	if (look.result == DIRECTORY_OK)
		log_age(watch, conf, look.updated);
}
