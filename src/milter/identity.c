#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

/* Called before there is a second thread. */
int csp_identity_find(struct identity *out, const struct conf_milter *conf)
{
	*out = (struct identity){.user = (uid_t)-1, .group = (gid_t)-1, .socket_group = (gid_t)-1};
	if (conf->socket_group[0]) {
		const struct group *group = getgrnam(conf->socket_group);
		if (!group) {
			csp_log(LOG_ERR, "milter.socket_group: there is no group \"%s\"",
				conf->socket_group);
			return EX_NOUSER;
		}
		out->socket_group = group->gr_gid;
	}
	if (!conf->user[0])
		return EX_OK;
	const struct passwd *user = getpwnam(conf->user);
	if (!user) {
		csp_log(LOG_ERR, "milter.user: there is no user \"%s\"", conf->user);
		return EX_NOUSER;
	}
	out->name = conf->user;
	out->user = user->pw_uid;
	out->group = user->pw_gid;
	if (out->socket_group == (gid_t)-1)
		out->socket_group = out->group;
	return EX_OK;
}

static bool change(const struct identity *identity)
{
	return initgroups(identity->name, identity->group) == 0 && setgid(identity->group) == 0 &&
	       setuid(identity->user) == 0;
}

int csp_identity_become(const struct identity *identity)
{
	if (!identity->name || geteuid() == identity->user)
		return EX_OK;
	if (geteuid() != 0) {
		csp_log(LOG_ERR, "only root can change to the user \"%s\" (milter.user)",
			identity->name);
		return EX_NOPERM;
	}
	if (!change(identity)) {
		csp_log(LOG_ERR, "cannot change to the user \"%s\": %s", identity->name,
			strerror(errno));
		return EX_OSERR;
	}
	if (getuid() != identity->user || geteuid() != identity->user ||
	    getegid() != identity->group || (identity->user != 0 && setuid(0) == 0)) {
		csp_log(LOG_ERR, "the change to the user \"%s\" did not hold", identity->name);
		return EX_OSERR;
	}
	return EX_OK;
}
