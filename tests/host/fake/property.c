/* SPDX-License-Identifier: BSD-2-Clause */
#include "property.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define SEED_DEFAULT 0x20261122U
#define STEPS_MAX    4096
#define SHRINK_TRIES 300
#define BEGIN        0xffffffffU /* "steps" whose noise begin and end draw from */
#define END          0xfffffffeU

/* How far a child came, shared with its parent. */
struct progress {
	uint32_t at_case;
	uint32_t at_step;
	uint64_t steps;
};

static struct progress *progress;
static uint64_t noise;
static bool replaying;

/* A failed assertion in a child must not lead into cmocka's own loop over tests. */
__attribute__((constructor)) static void abort_on_failure(void)
{
	setenv("CMOCKA_TEST_ABORT", "1", 0);
}

/* splitmix64: any seed is as good as any other. */
static uint64_t mix(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ULL;
	v = (v ^ v >> 27) * 0x94d049bb133111ebULL;
	return v ^ v >> 31;
}

uint32_t property_random(void)
{
	noise += 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(mix(noise) >> 32);
}

uint32_t property_below(uint32_t n)
{
	return (uint32_t)((uint64_t)property_random() * n >> 32);
}

void property_say(const char *format, ...)
{
	va_list args;

	if (!replaying) {
		return;
	}
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static void draw_from(uint32_t seed, uint32_t at_case, uint32_t step)
{
	noise = mix(mix((uint64_t)seed << 32 | at_case) ^ step);
}

/* keep: the steps to do, in order; NULL: all. */
static void run_case(const struct property *p, uint32_t seed, uint32_t at_case,
		     const uint32_t *keep, uint32_t count)
{
	progress->at_case = at_case;
	progress->at_step = BEGIN;
	draw_from(seed, at_case, BEGIN);
	p->begin();
	for (uint32_t i = 0; i < count; i++) {
		uint32_t step = keep ? keep[i] : i;

		progress->at_step = step;
		if (replaying) {
			printf("%u: ", step);
		}
		draw_from(seed, at_case, step);
		p->step();
		progress->steps++;
	}
	progress->at_step = END;
	draw_from(seed, at_case, END);
	p->end();
}

/* True when the child came to its end. */
static bool ended_well(pid_t child)
{
	int status;

	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static pid_t start_child(bool quiet)
{
	pid_t child = fork();

	if (child == 0) {
		const struct rlimit none = { 0, 0 };
		int null = quiet ? open("/dev/null", O_WRONLY) : -1;

		setrlimit(RLIMIT_CORE, &none);
		if (null >= 0) {
			dup2(null, 1);
			dup2(null, 2);
		}
	}
	return child;
}

static bool run_all(const struct property *p, uint32_t seed, uint32_t cases)
{
	pid_t child = start_child(false);

	if (child == 0) {
		for (uint32_t i = 0; i < cases; i++) {
			run_case(p, seed, i, NULL, p->steps);
		}
		_exit(0);
	}
	return ended_well(child);
}

static bool still_fails(const struct property *p, uint32_t seed, uint32_t at_case,
			const uint32_t *keep, uint32_t count)
{
	pid_t child = start_child(true);

	if (child == 0) {
		run_case(p, seed, at_case, keep, count);
		_exit(0);
	}
	return !ended_well(child);
}

/* Leave out ever smaller pieces as long as the rest fails too. The number of steps left. */
static uint32_t shrink(const struct property *p, uint32_t seed, uint32_t at_case, uint32_t *keep,
		       uint32_t count)
{
	uint32_t tries = SHRINK_TRIES;

	for (uint32_t piece = (count + 1) / 2; piece > 0 && tries > 0; piece /= 2) {
		for (uint32_t at = 0; at + piece <= count && tries > 0; tries--) {
			uint32_t fewer[STEPS_MAX];

			memcpy(fewer, keep, at * sizeof(*keep));
			memcpy(fewer + at, keep + at + piece, (count - at - piece) * sizeof(*keep));
			if (still_fails(p, seed, at_case, fewer, count - piece)) {
				count -= piece;
				memcpy(keep, fewer, count * sizeof(*keep));
			} else {
				at += piece;
			}
		}
	}
	return count;
}

static void report(const struct property *p, uint32_t seed)
{
	uint32_t at_case = progress->at_case;
	uint32_t keep[STEPS_MAX];
	uint32_t count = progress->at_step == BEGIN ? 0 : p->steps;

	if (progress->at_step < p->steps) {
		count = progress->at_step + 1;
	}
	printf("property %s: seed 0x%x, case %u fails at %s", p->name, seed, at_case,
	       progress->at_step == BEGIN ? "its begin\n" : progress->at_step == END ? "its end\n"
										      : "step ");
	if (progress->at_step < p->steps) {
		printf("%u\n", progress->at_step);
	}
	for (uint32_t i = 0; i < count; i++) {
		keep[i] = i;
	}
	count = shrink(p, seed, at_case, keep, count);
	printf("%u steps are enough. Replay: PROPERTY=%s:0x%x:%u:", count, p->name, seed, at_case);
	for (uint32_t i = 0; i < count; i++) {
		printf("%s%u", i ? "," : "", keep[i]);
	}
	printf("\n");
	fflush(stdout);
}

/* NAME:SEED:CASE:STEP,STEP,... */
static void replay(const struct property *p, const char *what)
{
	size_t length = strlen(p->name);
	uint32_t keep[STEPS_MAX];
	uint32_t seed, at_case, count = 0;
	char *end;

	if (strncmp(what, p->name, length) != 0 || what[length] != ':') {
		return;
	}
	seed = (uint32_t)strtoul(what + length + 1, &end, 0);
	at_case = (uint32_t)strtoul(end + 1, &end, 0);
	while (*end != '\0' && end[1] != '\0' && count < STEPS_MAX) {
		keep[count++] = (uint32_t)strtoul(end + 1, &end, 0);
	}
	replaying = true;
	run_case(p, seed, at_case, keep, count);
	replaying = false;
}

void property_check(const struct property *p)
{
	const char *given = getenv("PROPERTY_SEED");
	const char *again = getenv("PROPERTY");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 0) : SEED_DEFAULT;
	const char *some = getenv("PROPERTY_CASES");
	uint32_t cases = some ? (uint32_t)strtoul(some, NULL, 0)
			      : p->cases * (getenv("VIADUCT_SOAK") ? 10 : 1);
	bool good;

	assert_true(p->steps <= STEPS_MAX);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	assert_true(progress != MAP_FAILED);
	if (again) {
		replay(p, again);
		good = true;
	} else {
		fflush(stdout);
		good = run_all(p, seed, cases);
		printf("property %s: %llu steps\n", p->name, (unsigned long long)progress->steps);
		if (!good && !some) {
			report(p, seed);
		}
	}
	munmap(progress, sizeof(*progress));
	if (!good) {
		fail_msg("property %s does not hold", p->name);
	}
}
