#include "lifecycle.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
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

static struct {
	int wake_fd; /* an eventfd */
	int reopen_fd;
	atomic_int reloads; /* asked for since the last one */
	atomic_int stops;
	atomic_bool milter_ended;
	sem_t signals_taken;
} events = {.wake_fd = -1, .reopen_fd = -1};

/* ---- signals ---- */

static void wake(void)
{
	uint64_t one = 1;
	ssize_t written = write(events.wake_fd, &one, sizeof(one));

	(void)written;
}

static void on_signal(int number)
{
	int kept = errno;

	if (number == SIGHUP)
		(void)atomic_fetch_add(&events.reloads, 1);
	else
		(void)atomic_fetch_add(&events.stops, 1);
	wake();
	errno = kept;
}

void csp_lifecycle_block_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGUSR1);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* A peer that is gone, and a journal at its size limit, are errors to be handled. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
}

/*
 * libmilter has a thread in sigwait for HUP, TERM and INT, and takes each for the end. The kernel
 * prefers the main thread only while that has them unblocked and no signal pending: so the handlers
 * block nothing (SA_NODEFER), and SIGUSR1 stays blocked and comes through a descriptor, or a HUP
 * right behind a USR1 would go to libmilter.
 */
static int take_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER | SA_RESTART};
	sigset_t handled;

	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&handled);
	(void)sigaddset(&handled, SIGHUP);
	(void)sigaddset(&handled, SIGTERM);
	(void)sigaddset(&handled, SIGINT);
	if (sigaction(SIGHUP, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
	    sigaction(SIGINT, &action, NULL) != 0)
		return errno;
	return pthread_sigmask(SIG_UNBLOCK, &handled, NULL);
}

static int open_events(void)
{
	sigset_t reopen;

	(void)sigemptyset(&reopen);
	(void)sigaddset(&reopen, SIGUSR1);
	events.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	events.reopen_fd = signalfd(-1, &reopen, SFD_CLOEXEC | SFD_NONBLOCK);
	if (events.wake_fd < 0 || events.reopen_fd < 0 ||
	    sem_init(&events.signals_taken, 0, 0) != 0)
		return errno;
	return 0;
}

/* ---- libmilter ---- */

static void *run_milter(void *argument)
{
	(void)argument;
	while (sem_wait(&events.signals_taken) != 0 && errno == EINTR)
		;
	(void)smfi_main();
	atomic_store(&events.milter_ended, true);
	wake();
	return NULL;
}

/* The thread inherits what is blocked now, and libmilter waits until the main thread has its handlers. */
int csp_lifecycle_start(void)
{
	pthread_t thread;
	int error = open_events();

	if (!error)
		error = pthread_create(&thread, NULL, run_milter, NULL);
	if (error)
		return error;
	(void)pthread_detach(thread);
	error = take_signals();
	(void)sem_post(&events.signals_taken);
	return error;
}

/* ---- the main thread ---- */

static void drain_event(int fd)
{
	struct signalfd_siginfo info; /* larger than what an eventfd gives */

	while (read(fd, &info, sizeof(info)) > 0)
		;
}

/* Waits, serves the control socket, and says whether the journal is to be reopened. */
static bool wait_for_events(const struct lifecycle *lifecycle, int milliseconds)
{
	struct pollfd wanted[] = {
		{.fd = events.wake_fd, .events = POLLIN},
		{.fd = events.reopen_fd, .events = POLLIN},
		{.fd = lifecycle->control->fd, .events = POLLIN},
	};

	if (poll(wanted, sizeof(wanted) / sizeof(wanted[0]), milliseconds) <= 0)
		return false;
	if (wanted[0].revents)
		drain_event(events.wake_fd);
	if (wanted[2].revents)
		csp_control_serve(lifecycle->control);
	if (wanted[1].revents)
		drain_event(events.reopen_fd);
	return wanted[1].revents != 0;
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
	int stops = atomic_load(&events.stops);

	csp_notify_stopping();
	atomic_store(&lifecycle->filter->draining, true);
	csp_log(LOG_INFO, "ending: %d messages are running",
		atomic_load(&lifecycle->filter->running));
	while (atomic_load(&lifecycle->filter->running) > 0 && now_ms() < due &&
	       atomic_load(&events.stops) == stops)
		(void)wait_for_events(lifecycle, DRAIN_TICK_MS);
	int left = atomic_load(&lifecycle->filter->running);
	if (left > 0)
		csp_log(LOG_WARNING, "%d messages were left without an answer", left);
	struct timespec grace = {.tv_nsec = GRACE_MS * 1000000L};
	while (nanosleep(&grace, &grace) != 0 && errno == EINTR)
		;
}

int csp_lifecycle_run(const struct lifecycle *lifecycle)
{
	long long next_tick = now_ms() + TICK_MS;
	int status = EX_OK;

	while (atomic_load(&events.stops) == 0 && !atomic_load(&events.milter_ended)) {
		bool reopen = wait_for_events(lifecycle, TICK_MS);
		if (atomic_exchange(&events.reloads, 0))
			lifecycle->reload(lifecycle->context);
		else if (reopen)
			lifecycle->reopen(lifecycle->context);
		if (now_ms() < next_tick)
			continue;
		lifecycle->tick(lifecycle->context);
		next_tick = now_ms() + TICK_MS;
	}
	if (atomic_load(&events.stops) == 0) {
		csp_log(LOG_CRIT, "libmilter has ended by itself");
		status = EX_SOFTWARE;
	}
	drain(lifecycle);
	return status;
}
