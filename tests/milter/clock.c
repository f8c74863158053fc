/* A clock that is wrong, for a program to be started with: LD_PRELOAD, and in CSP_CLOCK_BACK by how many seconds. */
#define _DEFAULT_SOURCE

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *out)
{
	const char *back = getenv("CSP_CLOCK_BACK");
	long result = syscall(SYS_clock_gettime, clock, out);

	if (result == 0 && clock == CLOCK_REALTIME && back)
		out->tv_sec -= (time_t)strtoll(back, NULL, 10);
	return (int)result;
}

time_t time(time_t *out)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
