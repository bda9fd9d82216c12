/* SPDX-License-Identifier: BSD-2-Clause */
/* Data cache maintenance by address to the point of coherency (DDI0487 D7.5). */
#include "arch/arm64/cpu.h"

static uint64_t line_size(void)
{
	return 4ULL << BITS(read_sysreg(ctr_el0), 19, 16);
}

void cache_clean(const void *va, uint64_t size)
{
	uint64_t line = line_size();
	uint64_t end = (uint64_t)va + size;

	for (uint64_t at = ALIGN_DOWN(va, line); at < end; at += line) {
		__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
	}
	dsb(sy);
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
	uint64_t line = line_size();
	uint64_t end = (uint64_t)va + size;

	for (uint64_t at = ALIGN_DOWN(va, line); at < end; at += line) {
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	}
	dsb(sy);
}
