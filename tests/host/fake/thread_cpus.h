/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs that are threads, for programs under ThreadSanitizer. Each runs what it is given, turn after
 * turn, as one trap after the other; between turns it takes its interrupts and steps its jobs. What
 * stands in for hardware here uses relaxed atomics at most: an ordering of the stand-ins' own would
 * hide races of what is tested.
 */
#ifndef FAKE_THREAD_CPUS_H
#define FAKE_THREAD_CPUS_H

#include "core/domain.h"

#define THREAD_CPUS_MAX 4

/* A part of the test has gone wrong: says so and ends the program. cmocka's own need one thread. */
#define require(cond) thread_require(cond, #cond, __FILE__, __LINE__)
void thread_require(bool ok, const char *what, const char *file, int line);

/*
 * Run count CPUs, turns[i] on CPU i, for a while: two seconds, 20 under make soak, and as long
 * again as it is not enough() yet (NULL: it is), up to 60 times. Then all queued jobs to their end.
 */
typedef void (*cpu_turn)(void);
void thread_cpus_run(const cpu_turn turns[], uint32_t count, bool (*enough)(void));

/* Jobs of this CPU to their end; for the one thread outside thread_cpus_run(). */
void thread_cpus_settle(void);

/* Of this CPU: 0..below - 1. */
uint32_t any(uint32_t below);

/* What runs on a CPU. */
struct vcpu *thread_vcpu(uint32_t cpu);

/* A trapped access of this CPU's vCPU in d, again after each wait; all ones where no region is. */
uint64_t thread_access(struct domain *d, uint64_t ipa, uint8_t size, bool write, uint64_t value);

/* A wire is asserted: this CPU takes the interrupt if the line is enabled. */
void thread_fire(uint32_t intid);

#endif
