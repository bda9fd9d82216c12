/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Properties under seeded random histories. A case is a world and some steps on it; each step draws
 * its noise from its own seed, so that leaving steps out changes no other. Cases run in a child of
 * the test program: one that fails, by an assertion, a sanitizer or a signal, is shrunk by leaving
 * steps out, and reported with what replays it:
 *
 *     PROPERTY=name:seed:case:steps test_property_...
 *
 * PROPERTY_SEED is the seed of a run, instead of the one that makes every run alike. Under make
 * soak (VIADUCT_SOAK) there are ten times the cases. With PROPERTY_CASES there are that many, and a
 * failure is not shrunk: scripts/mutate only wants to know whether there is one.
 */
#ifndef FAKE_PROPERTY_H
#define FAKE_PROPERTY_H

#include <stdint.h>

struct property {
	const char *name;
	uint32_t cases;
	uint32_t steps;      /* of each case */
	void (*begin)(void); /* make the world */
	void (*step)(void);
	void (*end)(void);   /* take it down; what must hold at last */
};

/* Fails the running cmocka test when the property does. */
void property_check(const struct property *p);

/* Noise of the step at work (or of begin, end); below(n): 0 to n - 1. */
uint32_t property_random(void);
uint32_t property_below(uint32_t n);

/* What the step does; printed in a replay only. */
void property_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
