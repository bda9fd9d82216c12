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
	uint64_t at = ALIGN_DOWN(va, line);
	uint64_t bulk = at + ALIGN_DOWN(end - at, 8 * line);

	/* Eight lines a turn: making RAM ready for a guest is mostly this loop. */
	while (at != bulk) {
		__asm__ volatile(".rept 8\n\t"
				 "dc civac, %0\n\t"
				 "add %0, %0, %1\n\t"
				 ".endr"
				 : "+r"(at)
				 : "r"(line)
				 : "memory");
	}
	for (; at < end; at += line) {
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	}
	dsb(sy);
}
