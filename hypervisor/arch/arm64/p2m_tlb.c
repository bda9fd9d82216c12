/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB maintenance by IPA (DDI0487 D8.13, D8.16). Two steps, for stage 2 entries and then for what
 * combines both stages; the VMID is VTTBR_EL2's, so that of another domain is loaded for a moment.
 */
#include "arch/arm64/p2m_tlb.h"

#include "arch/arm64/cpu.h"

#define VTTBR_VMID GENMASK(63, 48)
/* ID_AA64ISAR0_EL1.TLB: FEAT_TLBIRANGE */
#define ISAR0_TLB_RANGE 2

/* Some CPU lacks them: what one executes, all carry out. */
static bool no_ranges;

void p2m_tlb_publish(void)
{
	dsb(ishst);
}

void p2m_tlb_init_cpu(void)
{
	if (BITS(read_sysreg(id_aa64isar0_el1), 59, 56) < ISAR0_TLB_RANGE) {
		__atomic_store_n(&no_ranges, true, __ATOMIC_RELAXED);
	}
}

static void flush_ipa(uint64_t operand)
{
	__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(operand) : "memory");
}

/* RIPAS2E1IS, by a name that assemblers for Armv8.0 know. */
static void flush_range(uint64_t operand)
{
	__asm__ volatile("sys #4, c8, c0, #2, %0" : : "r"(operand) : "memory");
}

void p2m_tlb_flush(uint64_t vttbr, ipaddr_t ipa, uint64_t size, uint64_t entry)
{
	bool ranges = !__atomic_load_n(&no_ranges, __ATOMIC_RELAXED);
	uint64_t loaded = read_sysreg(vttbr_el2);
	bool other = ((loaded ^ vttbr) & VTTBR_VMID) != 0;
	uint64_t operands[P2M_TLB_OPS];
	uint32_t count = p2m_tlb_plan(ipa, size, entry, ranges, operands);

	dsb(ishst);
	if (other) {
		write_sysreg(vttbr_el2, vttbr);
		isb();
	}
	if (count == 0) {
		__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	} else {
		for (uint32_t i = 0; i < count; i++) {
			if ((operands[i] & P2M_TLB_RANGE) != 0) {
				flush_range(operands[i]);
			} else {
				flush_ipa(operands[i]);
			}
		}
		dsb(ish);
		__asm__ volatile("tlbi vmalle1is" : : : "memory");
	}
	dsb(ish);
	isb();
	if (other) {
		write_sysreg(vttbr_el2, loaded);
		isb();
	}
}

uint32_t p2m_tlb_pa_range(void)
{
	return (uint32_t)BITS(read_sysreg(id_aa64mmfr0_el1), 3, 0);
}
