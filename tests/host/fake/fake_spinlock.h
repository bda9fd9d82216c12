/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks of one thread that is several CPUs by turns. Every lock is checked against the order of
 * docs/architecture.md; a wrong order, a lock taken twice and one nobody holds end the program.
 *
 * interleave() runs two parties, each until the other is to go on: at points where a party is about
 * to take a lock or has just given one back. It tries every way to do so with at most a number of
 * switches that nothing forces, each in a world of its own. What fails is told with its switches.
 */
#ifndef FAKE_SPINLOCK_H
#define FAKE_SPINLOCK_H

#include <stdint.h>

struct interleaving {
	const char *name;
	void (*begin)(void);     /* the world */
	void (*party[2])(void);
	void (*end)(void);       /* what must hold, and the world's end */
	uint32_t *cpu; /* the fake's number of the CPU that runs: 0 and 1. NULL: it has none */
};

/* A fake says that another CPU may come along here. */
void fake_spin_point(void);

/* The number of ways tried. */
uint32_t interleave(const struct interleaving *t, uint32_t switches);

#endif
