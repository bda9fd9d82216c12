/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks of one thread that is several CPUs by turns. Every lock is checked against the order of
 * docs/architecture.md; a wrong order, a lock taken twice and one nobody holds end the program.
 *
 * interleave() runs two parties, each until the other is to go on: at points where a party is about
 * to take a lock or has just given one back. It tries every way to do so with a few switches that
 * nothing forces, each in a world of its own. What fails is told with its switches.
 */
#ifndef FAKE_SPINLOCK_H
#define FAKE_SPINLOCK_H

#include <stdint.h>

/* A fake says that another CPU may come along here. */
void fake_spin_point(void);

/* The fake's number of the CPU that runs, 0 or 1, where there is such a number. */
extern uint32_t *interleave_cpu;

/*
 * begin makes the world; end says what must hold, and is the world's end. Two switches find what
 * two CPUs can do to each other; make soak tries three.
 */
void interleave(const char *name, void (*begin)(void), void (*one)(void), void (*two)(void),
		void (*end)(void));

#endif
