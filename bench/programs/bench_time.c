/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeps of one millisecond, and system calls as a control that nothing else differs. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

#define SLEEPS 100
#define CALLS 1000

int bench_time(const char *prefix)
{
	const struct timespec millisecond = { .tv_nsec = 1000000 };
	struct marker sleeping = marker_name(prefix, "sleep");
	struct marker calling = marker_name(prefix, "syscall");

	nanosleep(&millisecond, NULL);
	for (int sample = 0; sample < BENCH_SAMPLES; sample++) {
		marker_begin(&sleeping);
		for (int i = 0; i < SLEEPS; i++) {
			clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
		}
		marker_end(&sleeping, SLEEPS);
	}
	for (int sample = 0; sample < BENCH_SAMPLES; sample++) {
		marker_begin(&calling);
		for (int i = 0; i < CALLS; i++) {
			syscall(SYS_getppid);
		}
		marker_end(&calling, CALLS);
	}
	return 0;
}
