/* SPDX-License-Identifier: BSD-2-Clause */
/* The end: a broken invariant of the hypervisor itself. Never on a value a guest can choose. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

/* From interrupts: stop this CPU when another one panicked. */
void panic_stop_if_wanted(void);

_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0)) {                                                \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond);           \
		}                                                                                  \
	} while (0)

#endif
