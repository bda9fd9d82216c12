/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions C has no words for: system registers, barriers, cache and TLB maintenance. */
#ifndef ARCH_ARM64_CPU_H
#define ARCH_ARM64_CPU_H

#include "lib/types.h"

#define read_sysreg(name)                                                                          \
	({                                                                                         \
		uint64_t v_;                                                                       \
		__asm__ volatile("mrs %0, " #name : "=r"(v_));                                     \
		v_;                                                                                \
	})
#define write_sysreg(name, val)                                                                    \
	do {                                                                                       \
		uint64_t w_ = (uint64_t)(val);                                                     \
		__asm__ volatile("msr " #name ", %0" : : "r"(w_));                                 \
	} while (0)

#define isb()     __asm__ volatile("isb" : : : "memory")
#define dsb(kind) __asm__ volatile("dsb " #kind : : : "memory")
#define dmb(kind) __asm__ volatile("dmb " #kind : : : "memory")
#define wfi()     __asm__ volatile("wfi" : : : "memory")

static inline void *arch_percpu(void)
{
	void *p;

	__asm__("mrs %0, tpidr_el2" : "=r"(p));
	return p;
}

/* Generic timer count and frequency. */
static inline uint64_t ticks_now(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}

static inline uint64_t ticks_per_second(void)
{
	return read_sysreg(cntfrq_el0);
}

/*
 * PAR_EL1 for va under the loaded guest's own stage 1 alone, as EL1 reads: bit 0 is set when it
 * maps nothing there. The guest's PAR_EL1 is kept.
 */
static inline uint64_t translate_stage1(uint64_t va)
{
	uint64_t kept = read_sysreg(par_el1);
	uint64_t par;

	__asm__ volatile("at s1e1r, %0" : : "r"(va) : "memory");
	isb();
	par = read_sysreg(par_el1);
	write_sysreg(par_el1, kept);
	return par;
}

/* No CPU executes old instructions from memory that was written before. */
static inline void icache_invalidate_all(void)
{
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}

/* Clean (and invalidate) data cache lines to the point of coherency. */
void cache_clean(const void *va, uint64_t size);
void cache_clean_invalidate(const void *va, uint64_t size);
/* Zero Normal write-back memory; 64-byte multiples. */
void cache_zero(void *va, uint64_t size);

#endif
