/* SPDX-License-Identifier: BSD-2-Clause */
/* Host stand-in for the real header: barriers order the compiler, time is a counter. */
#ifndef FAKE_ARCH_ARM64_CPU_H
#define FAKE_ARCH_ARM64_CPU_H

#include "lib/types.h"

#define isb()     __asm__ volatile("" : : : "memory")
#define dsb(kind) __asm__ volatile("" : : : "memory")
#define dmb(kind) __asm__ volatile("" : : : "memory")

/* A tick a call, 1000 a second. */
uint64_t ticks_now(void);

static inline uint64_t ticks_per_second(void)
{
	return 1000;
}

void cache_clean(const void *va, uint64_t size);
void cache_clean_invalidate(const void *va, uint64_t size);
void cache_zero(void *va, uint64_t size);

#endif
