/*
 * libmilter believes its peer. After a list of macros in which a value is missing smfi_getsymval
 * reads behind the end, and the daemon dies with every session it has; and half a packet keeps one
 * of the few threads until the session's timeout, while other sessions wait for one. libmilter calls
 * its reader of packets through the dynamic symbol table, so this one, of the same name, stands
 * before it and closes the session of such a peer. Where a libmilter binds its calls to itself,
 * nothing changes.
 *
 * It is part of the program, not of the layer's library: nothing else refers to it.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "log.h"

/* What a packet may take once its first byte is there, between any two pieces of it. */
#define PACKET_SECONDS 5

/* How libmilter's reader says that nothing can be read any more: no buffer, and no letter for a command. */
#define UNREADABLE '\6'

typedef char *reader(int fd, struct timeval *timeout, char *command, size_t *len, char *name);

reader mi_rd_cmd __attribute__((visibility("default")));

static reader *next_reader;
static pthread_once_t looked_up = PTHREAD_ONCE_INIT;
static atomic_llong malformed_logged;

static void look_up(void)
{
	void *found = dlsym(RTLD_NEXT, "mi_rd_cmd");

	/* ISO C has no conversion from an object pointer to a function's. */
	memcpy(&next_reader, &found, sizeof(next_reader));
}

/* The command that they are for, then names and values in turn. */
static bool are_pairs(const char *text, size_t len)
{
	size_t strings = 0;

	for (size_t i = 1; i < len; i++)
		strings += text[i] == '\0';
	return strings % 2 == 0 && (len <= 1 || text[len - 1] == '\0');
}

static bool is_well_formed(char command, const char *text, size_t len)
{
	switch (command) {
	case SMFIC_MACRO:
		return are_pairs(text, len);
	case SMFIC_CONNECT:
	case SMFIC_MAIL:
	case SMFIC_RCPT:
		return memchr(text, '\0', len) != NULL;
	default:
		return true;
	}
}

static bool has_begun(int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};

	return poll(&wanted, 1, 0) > 0;
}

char *mi_rd_cmd(int fd, struct timeval *timeout, char *command, size_t *len, char *name)
{
	struct timeval patience = *timeout;
	char *text = NULL;

	if (patience.tv_sec > PACKET_SECONDS && has_begun(fd))
		patience.tv_sec = PACKET_SECONDS;
	(void)pthread_once(&looked_up, look_up);
	*command = UNREADABLE;
	if (next_reader)
		text = next_reader(fd, &patience, command, len, name);
	if (!text || is_well_formed(*command, text, *len))
		return text;
	csp_log_seldom(&malformed_logged, LOG_WARNING,
		       "a malformed packet ('%c') ends a session of the MTA", *command);
	free(text);
	*command = UNREADABLE;
	*len = 0;
	return NULL;
}
