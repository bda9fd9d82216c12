/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB maintenance by IPA (DDI0487 D8.13, D8.16). Two steps, for stage 2 entries and then for what
 * combines both stages; the VMID is VTTBR_EL2's, so that of another domain is loaded for a moment.
 */
#include "arch/arm64/p2m_tlb.h"

#include "arch/arm64/cpu.h"

#define VTTBR_VMID GENMASK(63, 48)

void p2m_tlb_publish(void)
{
	dsb(ishst);
}

static void flush_ipa(ipaddr_t ipa)
{
	__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(BITS(ipa.v, 47, 12)) : "memory");
}

void p2m_tlb_flush(uint64_t vttbr, const ipaddr_t *ipas, uint32_t count)
{
	uint64_t loaded = read_sysreg(vttbr_el2);
	bool other = ((loaded ^ vttbr) & VTTBR_VMID) != 0;

	dsb(ishst);
	if (other) {
		write_sysreg(vttbr_el2, vttbr);
		isb();
	}
	if (count == 0) {
		__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	} else {
		for (uint32_t i = 0; i < count; i++) {
			flush_ipa(ipas[i]);
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
