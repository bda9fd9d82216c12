/* SPDX-License-Identifier: BSD-2-Clause */
/* Zeroing a page or a block: DC ZVA where the CPU allows it (DDI0487 D7.5.9, DCZID_EL0). */
#include "arch/arm64/cpu.h"
#include "core/panic.h"

#define DCZID_DZP BIT(4) /* DC ZVA prohibited */

static void zero_by_stores(uint64_t va, uint64_t end)
{
	for (; va < end; va += 64) {
		__asm__ volatile("stp xzr, xzr, [%0]\n\t"
				 "stp xzr, xzr, [%0, #16]\n\t"
				 "stp xzr, xzr, [%0, #32]\n\t"
				 "stp xzr, xzr, [%0, #48]"
				 :
				 : "r"(va)
				 : "memory");
	}
}

void cache_zero(void *p, uint64_t size)
{
	uint64_t va = (uint64_t)p;
	uint64_t dczid = read_sysreg(dczid_el0);
	uint64_t step = 4ULL << BITS(dczid, 3, 0);

	ASSERT(IS_ALIGNED(va | size, 64));
	if ((dczid & DCZID_DZP) != 0 || !IS_ALIGNED(va | size, step)) {
		zero_by_stores(va, va + size);
		return;
	}
	for (; size >= 4 * step; va += 4 * step, size -= 4 * step) {
		__asm__ volatile("dc zva, %0\n\t"
				 "dc zva, %1\n\t"
				 "dc zva, %2\n\t"
				 "dc zva, %3"
				 :
				 : "r"(va), "r"(va + step), "r"(va + 2 * step), "r"(va + 3 * step)
				 : "memory");
	}
	for (; size != 0; va += step, size -= step) {
		__asm__ volatile("dc zva, %0" : : "r"(va) : "memory");
	}
}
