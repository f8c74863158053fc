/*
 * A load client: speaks the milter protocol, version 6, as an MTA does, and measures what a filter makes of it.
 * Each session is a thread with a connection and a row of latencies of its own; all are freed at the end.
 * A filter that answers anything but what was expected ends the run with status 1: a wrong answer is not measured.
 *
 * Every packet is a write of its own: a client that gathers them would hide the stalls that real MTAs run into. With -g it
 * gathers what needs no answer into one write, as Postfix does within one process: cheaper for the client, so a filter's
 * own cost weighs more.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

enum { PACKET_MAX = 65536, GATHER_MAX = 262144, FIELDS_MAX = 100000, VERSION = 6 };

struct work {
	const char *socket, *client, *login, *reverse_path, *recipient, *author, *subject;
	char **recipients; /* of the messages, in turn; NULL: all have the one above */
	size_t recipient_count;
	unsigned sessions, messages, fields;
	bool gather;
	char expected; /* SMFIR_ACCEPT, SMFIR_ADDHEADER or SMFIR_INSHEADER, SMFIR_REPLYCODE */
};

struct session {
	const struct work *work;
	unsigned number;
	int fd;
	uint32_t skipped;    /* the SMFIP bits that the filter chose */
	uint64_t *latencies; /* nanoseconds, one a message */
	bool failed;
	pthread_t thread;
	char packet[PACKET_MAX];
	size_t size;
	char gathered[GATHER_MAX];
	size_t gathered_size;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* Building a packet: a command, then strings that each end in NUL, or bytes. */
static void packet_begin(struct session *session, char command)
{
	session->packet[4] = command;
	session->size = 5;
}

static void packet_add(struct session *session, const void *bytes, size_t size)
{
	if (size > PACKET_MAX - session->size)
		abort();
	memcpy(session->packet + session->size, bytes, size);
	session->size += size;
}

static void packet_text(struct session *session, const char *text)
{
	packet_add(session, text, strlen(text) + 1);
}

static void packet_number(struct session *session, uint32_t number)
{
	const uint32_t network = htonl(number);

	packet_add(session, &network, sizeof network);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		const ssize_t written = send(fd, bytes, size, MSG_NOSIGNAL);
		if (written <= 0)
			return false;
		bytes += written;
		size -= (size_t)written;
	}
	return true;
}

static bool flush(struct session *session)
{
	const size_t size = session->gathered_size;

	session->gathered_size = 0;
	return size == 0 || write_all(session->fd, session->gathered, size);
}

static bool packet_send(struct session *session)
{
	const uint32_t length = htonl((uint32_t)(session->size - 4));

	memcpy(session->packet, &length, sizeof length);
	if (!session->work->gather)
		return write_all(session->fd, session->packet, session->size);
	if (session->size > GATHER_MAX - session->gathered_size && !flush(session))
		return false;
	memcpy(session->gathered + session->gathered_size, session->packet, session->size);
	session->gathered_size += session->size;
	return true;
}

static bool read_all(int fd, char *bytes, size_t size)
{
	while (size > 0) {
		const ssize_t got = recv(fd, bytes, size, 0);
		if (got <= 0)
			return false;
		bytes += got;
		size -= (size_t)got;
	}
	return true;
}

/* The command letter of the filter's next packet, its data in `packet`; NUL when the connection broke. */
static char packet_receive(struct session *session)
{
	uint32_t length = 0;

	if (!flush(session) || !read_all(session->fd, (char *)&length, sizeof length))
		return '\0';
	length = ntohl(length);
	if (length == 0 || length > PACKET_MAX || !read_all(session->fd, session->packet, length))
		return '\0';
	session->size = length;
	return session->packet[0];
}

/* Sends the packet; waits for "continue" unless the filter chose not to answer here. */
static bool step(struct session *session, uint32_t silent)
{
	if (!packet_send(session))
		return false;
	return (session->skipped & silent) || packet_receive(session) == SMFIR_CONTINUE;
}

static bool send_macros(struct session *session, char command, const char *const *pairs)
{
	packet_begin(session, SMFIC_MACRO);
	packet_add(session, &command, 1);
	for (; pairs[0]; pairs += 2) {
		packet_text(session, pairs[0]);
		packet_text(session, pairs[1]);
	}
	return packet_send(session);
}

static bool negotiate(struct session *session)
{
	uint32_t answer[3];

	packet_begin(session, SMFIC_OPTNEG);
	packet_number(session, VERSION);
	packet_number(session, SMFI_CURR_ACTS);
	packet_number(session, SMFI_CURR_PROT);
	if (!packet_send(session) || packet_receive(session) != SMFIC_OPTNEG)
		return false;
	if (session->size < 1 + sizeof answer)
		return false;
	memcpy(answer, session->packet + 1, sizeof answer);
	session->skipped = ntohl(answer[2]);
	return ntohl(answer[0]) == VERSION;
}

static bool greet(struct session *session)
{
	const char *const macros[] = {"j", "gateway.example", "{daemon_name}", "bench", NULL};
	const uint16_t port = htons(25000);

	if (!send_macros(session, SMFIC_CONNECT, macros))
		return false;
	packet_begin(session, SMFIC_CONNECT);
	packet_text(session, "client.example");
	packet_add(session, "4", 1);
	packet_add(session, &port, sizeof port);
	packet_text(session, session->work->client);
	if (!(session->skipped & SMFIP_NOCONNECT) && !step(session, SMFIP_NR_CONN))
		return false;
	packet_begin(session, SMFIC_HELO);
	packet_text(session, "client.example");
	return (session->skipped & SMFIP_NOHELO) || step(session, SMFIP_NR_HELO);
}

static const char *recipient_of(const struct session *session, unsigned number)
{
	const struct work *work = session->work;
	const size_t message = (size_t)(session->number - 1) * work->messages + number;

	return work->recipients ? work->recipients[message % work->recipient_count]
				: work->recipient;
}

static bool send_envelope(struct session *session, const char *queue_id, unsigned number)
{
	const char *const mail[] = {"i", queue_id, "{auth_authen}", session->work->login, NULL};
	const char *const recipient[] = {"i", queue_id, NULL};

	if (!send_macros(session, SMFIC_MAIL, session->work->login[0] ? mail : recipient))
		return false;
	packet_begin(session, SMFIC_MAIL);
	packet_text(session, session->work->reverse_path);
	if (!step(session, SMFIP_NR_MAIL) || !send_macros(session, SMFIC_RCPT, recipient))
		return false;
	packet_begin(session, SMFIC_RCPT);
	packet_text(session, recipient_of(session, number));
	if (!step(session, SMFIP_NR_RCPT))
		return false;
	packet_begin(session, SMFIC_DATA);
	return (session->skipped & SMFIP_NODATA) || step(session, SMFIP_NR_DATA);
}

static bool send_field(struct session *session, const char *name, const char *body)
{
	packet_begin(session, SMFIC_HEADER);
	packet_text(session, name);
	packet_text(session, body);
	return step(session, SMFIP_NR_HDR);
}

static bool send_header(struct session *session, const char *queue_id, unsigned number)
{
	const char *const macros[] = {"i", queue_id, NULL};
	char message_id[64];

	snprintf(message_id, sizeof message_id, "<%s@bench.example>", queue_id);
	if (!send_field(session, "From", session->work->author) ||
	    !send_field(session, "To", recipient_of(session, number)) ||
	    !send_field(session, "Subject", session->work->subject) ||
	    !send_field(session, "Message-ID", message_id))
		return false;
	for (unsigned i = 4; i < session->work->fields; i++) {
		char name[32];
		snprintf(name, sizeof name, "X-Trace-%u", i);
		if (!send_field(session, name,
				"a field such as relays and list servers add on the way"))
			return false;
	}
	if (!send_macros(session, SMFIC_EOH, macros))
		return false;
	packet_begin(session, SMFIC_EOH);
	return (session->skipped & SMFIP_NOEOH) || step(session, SMFIP_NR_EOH);
}

static bool send_body(struct session *session)
{
	if (session->skipped & SMFIP_NOBODY)
		return true;
	packet_begin(session, SMFIC_BODY);
	packet_add(session, "Hello.\r\n", 8);
	return step(session, SMFIP_NR_BODY);
}

/* Ends the message; true when the filter's answer is the expected one. */
static bool finish(struct session *session, const char *queue_id)
{
	const char *const macros[] = {"i", queue_id, NULL};
	char seen = SMFIR_ACCEPT;

	if (!send_macros(session, SMFIC_BODYEOB, macros))
		return false;
	packet_begin(session, SMFIC_BODYEOB);
	if (!packet_send(session))
		return false;
	for (;;) {
		switch (packet_receive(session)) {
		case SMFIR_ADDHEADER:
		case SMFIR_INSHEADER:
			seen = SMFIR_ADDHEADER;
			break;
		case SMFIR_PROGRESS:
			break;
		case SMFIR_ACCEPT:
		case SMFIR_CONTINUE:
			return seen == session->work->expected;
		case SMFIR_REPLYCODE:
			return session->work->expected == SMFIR_REPLYCODE;
		default:
			return false;
		}
	}
}

static bool one_message(struct session *session, unsigned number)
{
	char queue_id[32];
	const uint64_t start = now();

	snprintf(queue_id, sizeof queue_id, "%X%08X", session->number, number);
	if (!send_envelope(session, queue_id, number) || !send_header(session, queue_id, number) ||
	    !send_body(session) || !finish(session, queue_id))
		return false;
	session->latencies[number] = now() - start;
	return true;
}

static void *run_session(void *argument)
{
	struct session *session = argument;

	for (unsigned i = 0; i < session->work->messages && !session->failed; i++)
		session->failed = !one_message(session, i);
	packet_begin(session, SMFIC_QUIT);
	if (packet_send(session))
		flush(session);
	return NULL;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static int connect_inet(const char *text)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	char port[16];
	const char *at = strchr(text, '@');
	const int on = 1;

	if (!at || (size_t)(at - text) >= sizeof port)
		return -1;
	memcpy(port, text, (size_t)(at - text));
	port[at - text] = '\0';
	if (getaddrinfo(at + 1, port, &hints, &found) != 0)
		return -1;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
			connect(fd, found->ai_addr, found->ai_addrlen) != 0)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static int connect_filter(const char *name)
{
	const char *colon = strchr(name, ':');

	if (!colon)
		return -1;
	return strncmp(name, "inet", 4) == 0 ? connect_inet(colon + 1) : connect_unix(colon + 1);
}

static bool session_init(struct session *session, const struct work *work, unsigned number)
{
	session->work = work;
	session->number = number + 1;
	session->latencies = calloc(work->messages, sizeof *session->latencies);
	session->fd = connect_filter(work->socket);
	if (!session->latencies || session->fd < 0)
		return false;
	return negotiate(session) && greet(session);
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double percentile(const uint64_t *sorted, size_t count, unsigned percent)
{
	const size_t index = (count - 1) * percent / 100;

	return (double)sorted[index] / 1000.0;
}

static bool report(const struct work *work, const struct session *sessions, uint64_t nanoseconds)
{
	const size_t count = (size_t)work->sessions * work->messages;
	uint64_t *all = calloc(count, sizeof *all);

	if (!all)
		return false;
	for (unsigned i = 0; i < work->sessions; i++)
		memcpy(all + (size_t)i * work->messages, sessions[i].latencies,
		       work->messages * sizeof *all);
	qsort(all, count, sizeof *all, compare);
	printf("messages=%zu seconds=%.6f rate=%.1f p50_us=%.1f p90_us=%.1f p99_us=%.1f "
	       "max_us=%.1f\n",
	       count, (double)nanoseconds / 1e9, (double)count * 1e9 / (double)nanoseconds,
	       percentile(all, count, 50), percentile(all, count, 90), percentile(all, count, 99),
	       percentile(all, count, 100));
	free(all);
	return true;
}

/* Connections are made and negotiated before the clock starts. */
static bool run(const struct work *work, struct session *sessions)
{
	bool good = true;

	for (unsigned i = 0; i < work->sessions; i++) {
		if (!session_init(&sessions[i], work, i)) {
			fprintf(stderr, "load: no milter session at %s\n", work->socket);
			return false;
		}
	}
	const uint64_t start = now();
	for (unsigned i = 0; i < work->sessions; i++) {
		if (pthread_create(&sessions[i].thread, NULL, run_session, &sessions[i]) != 0)
			abort();
	}
	for (unsigned i = 0; i < work->sessions; i++) {
		pthread_join(sessions[i].thread, NULL);
		good = good && !sessions[i].failed;
	}
	const uint64_t end = now();
	if (!good)
		fputs("load: the filter did not answer as expected\n", stderr);
	return good && report(work, sessions, end - start);
}

static bool read_recipients(struct work *work, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	char **all = NULL;

	while (file && fgets(line, sizeof line, file)) {
		char **more = realloc(all, (work->recipient_count + 1) * sizeof *all);
		line[strcspn(line, "\n")] = '\0';
		if (!more)
			break;
		all = more;
		all[work->recipient_count] = strdup(line);
		if (!all[work->recipient_count++])
			break;
	}
	work->recipients = all;
	return file && fclose(file) == 0 && work->recipient_count > 0;
}

static bool parse_count(unsigned *out, const char *text, unsigned maximum)
{
	char *end = NULL;
	const unsigned long value = strtoul(text, &end, 10);

	*out = (unsigned)value;
	return *end == '\0' && value > 0 && value <= maximum;
}

static bool parse_expected(char *out, const char *text)
{
	static const struct {
		const char *name;
		char letter;
	} answers[] = {
		{"pass", SMFIR_ACCEPT}, {"flag", SMFIR_ADDHEADER}, {"reject", SMFIR_REPLYCODE}};

	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		if (strcmp(text, answers[i].name) == 0) {
			*out = answers[i].letter;
			return true;
		}
	}
	return false;
}

static bool parse_option(struct work *work, int letter, const char *argument)
{
	switch (letter) {
	case 'g':
		work->gather = true;
		return true;
	case 's':
		work->socket = argument;
		return true;
	case 'c':
		return parse_count(&work->sessions, argument, 10000);
	case 'm':
		return parse_count(&work->messages, argument, 10000000);
	case 'H':
		return parse_count(&work->fields, argument, FIELDS_MAX);
	case 'e':
		return parse_expected(&work->expected, argument);
	case 'i':
		work->client = argument;
		return true;
	case 'l':
		work->login = argument;
		return true;
	case 'f':
		work->author = argument;
		return true;
	case 'F':
		work->reverse_path = argument;
		return true;
	case 't':
		work->recipient = argument;
		return true;
	case 'r':
		return read_recipients(work, argument);
	case 'S':
		work->subject = argument;
		return true;
	default:
		return false;
	}
}

static bool parse_options(struct work *work, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "gs:c:m:H:e:i:l:f:F:t:r:S:")) != -1) {
		if (!parse_option(work, letter, optarg))
			return false;
	}
	return work->socket && optind == argc;
}

int main(int argc, char **argv)
{
	struct work work = {.client = "127.0.0.1",
			    .login = "",
			    .reverse_path = "<sender@bench.example>",
			    .author = "sender@bench.example",
			    .recipient = "<recipient@nobody.example>",
			    .subject = "Lunch on Thursday",
			    .sessions = 4,
			    .messages = 1000,
			    .fields = 30,
			    .expected = SMFIR_ACCEPT};

	if (!parse_options(&work, argc, argv)) {
		fputs("usage: load [-g] -s SOCKET [-c SESSIONS] [-m MESSAGES] [-H FIELDS] [-e "
		      "pass|flag|reject]\n"
		      "            [-i CLIENT] [-l LOGIN] [-f AUTHOR] [-F REVERSE-PATH] [-S "
		      "SUBJECT]\n"
		      "            [-t RECIPIENT | -r FILE, with a recipient on each line]\n",
		      stderr);
		return EX_USAGE;
	}
	struct session *sessions = calloc(work.sessions, sizeof *sessions);
	if (!sessions)
		return EX_OSERR;
	const bool good = run(&work, sessions);
	for (unsigned i = 0; i < work.sessions; i++) {
		if (sessions[i].fd > 0)
			close(sessions[i].fd);
		free(sessions[i].latencies);
	}
	free(sessions);
	for (size_t i = 0; i < work.recipient_count; i++)
		free(work.recipients[i]);
	free(work.recipients);
	return good ? EX_OK : 1;
}
