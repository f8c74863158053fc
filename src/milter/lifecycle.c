#include "lifecycle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "log.h"
#include "notify.h"

#define TICK_MS       1000
#define DRAIN_TICK_MS 50

/* libmilter sends an answer after our callback has returned; then nothing tells us that it has. */
#define GRACE_MS 250

static int signal_fd = -1;
static atomic_bool milter_ended;

/* What came in since it was asked last. */
struct events {
	bool reload, reopen, stop;
};

static void take_signals(sigset_t *out)
{
	(void)sigemptyset(out);
	(void)sigaddset(out, SIGHUP);
	(void)sigaddset(out, SIGUSR1);
	(void)sigaddset(out, SIGTERM);
	(void)sigaddset(out, SIGINT);
}

void csp_lifecycle_block_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t ours;

	take_signals(&ours);
	(void)pthread_sigmask(SIG_BLOCK, &ours, NULL);
	/* A peer that is gone, and a journal at its size limit, are errors to be handled. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
}

static void *run_milter(void *argument)
{
	(void)argument;
	(void)smfi_main();
	atomic_store(&milter_ended, true);
	return NULL;
}

int csp_lifecycle_start(void)
{
	pthread_t thread;
	sigset_t ours;

	take_signals(&ours);
	signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return errno;
	int error = pthread_create(&thread, NULL, run_milter, NULL);
	return error ? error : pthread_detach(thread);
}

static void read_signals(struct events *events)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			events->reload = true;
		else if (info.ssi_signo == SIGUSR1)
			events->reopen = true;
		else
			events->stop = true;
	}
}

/* Waits, and serves the control socket meanwhile. */
static struct events wait_for_events(const struct lifecycle *lifecycle, int milliseconds)
{
	struct events events = {0};
	struct pollfd wanted[] = {
		{.fd = signal_fd, .events = POLLIN},
		{.fd = lifecycle->control->fd, .events = POLLIN},
	};

	if (poll(wanted, sizeof(wanted) / sizeof(wanted[0]), milliseconds) <= 0)
		return events;
	if (wanted[0].revents)
		read_signals(&events);
	if (wanted[1].revents)
		csp_control_serve(lifecycle->control);
	return events;
}

static long long now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void drain(const struct lifecycle *lifecycle)
{
	long long due = now_ms() + 1000LL * lifecycle->drain_seconds(lifecycle->context);
	struct filter *filter = lifecycle->filter;
	bool hurried = false;

	csp_notify_stopping();
	atomic_store(&filter->draining, true);
	csp_log(LOG_INFO, "ending: %d messages are running", atomic_load(&filter->running));
	while (atomic_load(&filter->running) > 0 && now_ms() < due && !hurried)
		hurried = wait_for_events(lifecycle, DRAIN_TICK_MS).stop;
	int left = atomic_load(&filter->running);
	if (left > 0)
		csp_log(LOG_WARNING, "%d messages were left without an answer", left);
	struct timespec grace = {.tv_nsec = GRACE_MS * 1000000L};
	(void)nanosleep(&grace, NULL);
}

int csp_lifecycle_run(const struct lifecycle *lifecycle)
{
	long long next_tick = now_ms() + TICK_MS;
	struct events events = {0};

	while (!events.stop && !atomic_load(&milter_ended)) {
		events = wait_for_events(lifecycle, TICK_MS);
		if (events.reload)
			lifecycle->reload(lifecycle->context);
		else if (events.reopen)
			lifecycle->reopen(lifecycle->context);
		if (now_ms() < next_tick)
			continue;
		lifecycle->tick(lifecycle->context);
		next_tick = now_ms() + TICK_MS;
	}
	if (!events.stop)
		csp_log(LOG_CRIT, "libmilter has ended by itself");
	drain(lifecycle);
	return events.stop ? EX_OK : EX_SOFTWARE;
}
