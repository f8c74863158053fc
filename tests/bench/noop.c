/*
 * The yardstick: a libmilter filter that decides nothing and asks the MTA for exactly what csp-milter asks for.
 * All it owns are the settings of its command line, fixed before the first session.
 * A setting that cannot be used ends it with EX_USAGE or EX_CANTCREAT; a journal that cannot be written aborts it.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

enum { DESCRIPTORS = 64, TIMEOUT = 330, RECORD_MAX = 65536 };

/* What libmilter has no way to hand to its callbacks. */
static struct {
	const char *socket;
	char *header_name, *header_body; /* added to each message; NULL for none */
	char *reply_code, *reply_class,
		*reply_text; /* each message is refused with it; NULL for none */
	bool plain;          /* leave the listener as libmilter makes it */
} settings;

/* A record each message, brought to disk in groups before the answer: what durability costs without a decision. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t written, wanted;
	uint64_t appended, durable;
	size_t record_size;
	int fd;
} journal = {
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, -1};

static void write_records(uint64_t count)
{
	static char record[RECORD_MAX];

	for (uint64_t i = 0; i < count; i++) {
		if (write(journal.fd, record, journal.record_size) != (ssize_t)journal.record_size)
			abort();
	}
	if (fdatasync(journal.fd) != 0)
		abort();
}

static void *commit_groups(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&journal.lock);
	for (;;) {
		while (journal.appended == journal.durable)
			pthread_cond_wait(&journal.wanted, &journal.lock);
		const uint64_t target = journal.appended;
		const uint64_t count = target - journal.durable;
		pthread_mutex_unlock(&journal.lock);
		write_records(count);
		pthread_mutex_lock(&journal.lock);
		journal.durable = target;
		pthread_cond_broadcast(&journal.written);
	}
	return NULL;
}

static void append_record(void)
{
	pthread_mutex_lock(&journal.lock);
	const uint64_t mine = ++journal.appended;
	pthread_cond_signal(&journal.wanted);
	while (journal.durable < mine)
		pthread_cond_wait(&journal.written, &journal.lock);
	pthread_mutex_unlock(&journal.lock);
}

static bool is_inet(void)
{
	return strncmp(settings.socket, "inet", 4) == 0;
}

static sfsistat negotiate(SMFICTX *context, unsigned long f0, unsigned long f1, unsigned long f2,
			  unsigned long f3, unsigned long *pf0, unsigned long *pf1,
			  unsigned long *pf2, unsigned long *pf3)
{
	const unsigned long wanted = SMFIP_NOBODY | SMFIP_NOUNKNOWN | SMFIP_NR_CONN |
				     SMFIP_NR_HELO | SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH |
				     (is_inet() ? 0 : SMFIP_NR_DATA);

	(void)context, (void)f2, (void)f3;
	*pf0 = f0 & (SMFIF_ADDHDRS | SMFIF_CHGHDRS);
	*pf1 = f1 & wanted;
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat no_reply(SMFICTX *context, unsigned long flag)
{
	(void)context;
	return flag == SMFIP_NR_DATA && is_inet() ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
	(void)host, (void)address;
	return no_reply(context, SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *context, char *name)
{
	(void)name;
	return no_reply(context, SMFIP_NR_HELO);
}

static sfsistat on_mail(SMFICTX *context, char **arguments)
{
	(void)context, (void)arguments;
	return SMFIS_CONTINUE;
}

static sfsistat on_recipient(SMFICTX *context, char **arguments)
{
	(void)arguments;
	return no_reply(context, SMFIP_NR_RCPT);
}

static sfsistat on_data(SMFICTX *context)
{
	return no_reply(context, SMFIP_NR_DATA);
}

static sfsistat on_header(SMFICTX *context, char *name, char *body)
{
	(void)name, (void)body;
	return no_reply(context, SMFIP_NR_HDR);
}

static sfsistat on_header_end(SMFICTX *context)
{
	return no_reply(context, SMFIP_NR_EOH);
}

static sfsistat on_message_end(SMFICTX *context)
{
	if (journal.fd >= 0)
		append_record();
	if (settings.header_name &&
	    smfi_addheader(context, settings.header_name, settings.header_body) != MI_SUCCESS)
		return SMFIS_TEMPFAIL;
	if (!settings.reply_code)
		return SMFIS_ACCEPT;
	if (smfi_setreply(context, settings.reply_code, settings.reply_class,
			  settings.reply_text) != MI_SUCCESS)
		return SMFIS_TEMPFAIL;
	return SMFIS_REJECT;
}

static bool is_listener(int fd)
{
	int value = 0;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

/* Accepted sockets inherit the option; libmilter itself never sets it. */
static void set_nodelay(void)
{
	const int on = 1;

	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		if (is_listener(fd) &&
		    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
			perror("noop: TCP_NODELAY");
	}
}

static bool parse_header(char *text)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	settings.header_name = text;
	settings.header_body = colon + 1 + strspn(colon + 1, " ");
	return true;
}

static bool parse_reply(char *text)
{
	char *state = NULL;

	settings.reply_code = strtok_r(text, " ", &state);
	settings.reply_class = strtok_r(NULL, " ", &state);
	settings.reply_text = strtok_r(NULL, "", &state);
	return settings.reply_text != NULL;
}

static bool parse_size(const char *text)
{
	char *end = NULL;
	const unsigned long size = strtoul(text, &end, 10);

	journal.record_size = size;
	return *end == '\0' && size > 0 && size <= RECORD_MAX;
}

static bool parse_option(int letter, char *argument)
{
	switch (letter) {
	case 's':
		settings.socket = argument;
		return true;
	case 'a':
		return parse_header(argument);
	case 'r':
		return parse_reply(argument);
	case 'j':
		journal.fd = open(argument, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		return journal.fd >= 0;
	case 'b':
		return parse_size(argument);
	case 'p':
		settings.plain = true;
		return true;
	default:
		return false;
	}
}

static bool parse_options(int argc, char **argv)
{
	int letter;

	journal.record_size = 1024;
	while ((letter = getopt(argc, argv, "s:a:r:j:b:p")) != -1) {
		if (!parse_option(letter, optarg))
			return false;
	}
	return settings.socket && optind == argc;
}

static bool listen_for_mta(void)
{
	static char name[] = "noop";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_recipient,
		.xxfi_data = on_data,
		.xxfi_header = on_header,
		.xxfi_eoh = on_header_end,
		.xxfi_eom = on_message_end,
		.xxfi_negotiate = negotiate,
	};
	char *path = strdup(settings.socket);

	umask(0);
	const bool ready = path && smfi_register(description) == MI_SUCCESS &&
			   smfi_setconn(path) == MI_SUCCESS &&
			   smfi_settimeout(TIMEOUT) == MI_SUCCESS &&
			   smfi_opensocket(true) == MI_SUCCESS;
	free(path);
	if (ready && is_inet() && !settings.plain)
		set_nodelay();
	return ready;
}

int main(int argc, char **argv)
{
	pthread_t committer;

	if (!parse_options(argc, argv)) {
		fputs("usage: noop -s SOCKET [-a 'NAME: BODY'] [-r 'CODE CLASS TEXT'] [-j FILE [-b "
		      "BYTES]] [-p]\n",
		      stderr);
		return EX_USAGE;
	}
	if (!listen_for_mta()) {
		fprintf(stderr, "noop: cannot listen at %s\n", settings.socket);
		return EX_CANTCREAT;
	}
	if (journal.fd >= 0 && pthread_create(&committer, NULL, commit_groups, NULL) != 0)
		return EX_OSERR;
	return smfi_main() == MI_SUCCESS ? EX_OK : EX_SOFTWARE;
}
