/* SPDX-License-Identifier: BSD-2-Clause */
/* Host stand-in for the real header: barriers order the compiler, time is a counter. */
#ifndef FAKE_ARCH_ARM64_CPU_H
#define FAKE_ARCH_ARM64_CPU_H

#include "lib/types.h"

#define isb()     __asm__ volatile("" : : : "memory")
#define dsb(kind) __asm__ volatile("" : : : "memory")
#define dmb(kind) __asm__ volatile("" : : : "memory")

/* System registers of the CPU that runs, by name: fake_cpus.h. */
uint64_t fake_sysreg_read(const char *name);
void fake_sysreg_write(const char *name, uint64_t value);

#define read_sysreg(name)       fake_sysreg_read(#name)
#define write_sysreg(name, val) fake_sysreg_write(#name, (uint64_t)(val))

void *arch_percpu(void);
uint64_t translate_stage1(uint64_t va);
void wfi(void);
static inline void icache_invalidate_all(void)
{
}

/* 1000 a second. */
uint64_t ticks_now(void);

static inline uint64_t ticks_per_second(void)
{
	return 1000;
}

void cache_clean(const void *va, uint64_t size);
void cache_clean_invalidate(const void *va, uint64_t size);
void cache_zero(void *va, uint64_t size);

#endif
