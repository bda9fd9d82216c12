/* SPDX-License-Identifier: BSD-2-Clause */
/* EL2 system registers of a CPU: what traps, what does not (DDI0487 D19.2). */
#include "arch/arm64/el2.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/p2m.h"
#include "arch/arm64/p2m_tlb.h"

/* HCR_EL2 */
#define HCR_VM    BIT(0)  /* stage 2 on */
#define HCR_SWIO  BIT(1)  /* set/way invalidate cleans too */
#define HCR_PTW   BIT(2)  /* no table walks in device memory */
#define HCR_FMO   BIT(3)
#define HCR_IMO   BIT(4)
#define HCR_AMO   BIT(5)
#define HCR_FB    BIT(9)  /* broadcast a vCPU's own TLB maintenance: it may move between CPUs */
#define HCR_BSU   BIT(10) /* barriers at least inner shareable */
#define HCR_TWI   BIT(13)
#define HCR_TID3  BIT(18)
#define HCR_TSC   BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR  BIT(21)
#define HCR_RW    BIT(31)
#define HCR_TLOR  BIT(35)
#define HCR_TERR  BIT(36)
#define HCR_APK   BIT(40) /* pointer authentication is the guest's; its keys are switched */
#define HCR_API   BIT(41)

#define HCR_GUEST                                                                                  \
	(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU | HCR_TWI |  \
	 HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_RW | HCR_TLOR | HCR_TERR | HCR_APK |      \
	 HCR_API)

/* CPTR_EL2 without VHE: RES1 bits include TZ (SVE traps); AMU, trace, SME trap too. FP does not. */
#define CPTR_GUEST (0x22ffUL | BIT(8) | BIT(12) | BIT(20) | BIT(30))

/* CNTHCTL_EL2: EL1 may use the physical counter and timer. */
#define CNTHCTL_GUEST (BIT(0) | BIT(1))

/* Fine-grained traps and HCRX: all-zero traps what their positive bits would allow. */
static void init_fine_grained(void)
{
	uint64_t fgt = BITS(read_sysreg(id_aa64mmfr0_el1), 59, 56);

	if (fgt != 0) {
		write_sysreg(S3_4_C1_C1_4, 0); /* HFGRTR_EL2 */
		write_sysreg(S3_4_C1_C1_5, 0); /* HFGWTR_EL2 */
		write_sysreg(S3_4_C1_C1_6, 0); /* HFGITR_EL2 */
		write_sysreg(S3_4_C3_C1_4, 0); /* HDFGRTR_EL2 */
		write_sysreg(S3_4_C3_C1_5, 0); /* HDFGWTR_EL2 */
	}
	if (fgt != 0 && BITS(read_sysreg(id_aa64pfr0_el1), 47, 44) != 0) {
		write_sysreg(S3_4_C3_C1_6, 0); /* HAFGRTR_EL2: activity monitors */
	}
	if (fgt >= 2) {
		write_sysreg(S3_4_C3_C1_0, 0); /* HDFGRTR2_EL2 */
		write_sysreg(S3_4_C3_C1_1, 0); /* HDFGWTR2_EL2 */
		write_sysreg(S3_4_C3_C1_2, 0); /* HFGRTR2_EL2 */
		write_sysreg(S3_4_C3_C1_3, 0); /* HFGWTR2_EL2 */
		write_sysreg(S3_4_C3_C1_7, 0); /* HFGITR2_EL2 */
	}
	if (BITS(read_sysreg(id_aa64mmfr1_el1), 43, 40) != 0) {
		write_sysreg(S3_4_C1_C2_2, 0); /* HCRX_EL2 */
	}
}

void el2_init_cpu(void)
{
	uint64_t hpmn = 0;

	p2m_tlb_init_cpu();
	write_sysreg(vtcr_el2, p2m_vtcr());
	write_sysreg(vttbr_el2, 0);
	write_sysreg(cptr_el2, CPTR_GUEST);
	write_sysreg(hstr_el2, 0);
	write_sysreg(cnthctl_el2, CNTHCTL_GUEST);
	write_sysreg(cntvoff_el2, 0);
	write_sysreg(vpidr_el2, read_sysreg(midr_el1));
	if (BITS(read_sysreg(id_aa64dfr0_el1), 11, 8) != 0 &&
	    BITS(read_sysreg(id_aa64dfr0_el1), 11, 8) != 15) {
		hpmn = BITS(read_sysreg(pmcr_el0), 15, 11);
	}
	write_sysreg(mdcr_el2, MDCR_GUEST | hpmn);
	/* Locks that only EL2 sees: while one is closed, no domain gets a debug exception. */
	write_sysreg(osdlr_el1, 0);
	write_sysreg(oslar_el1, 0);
	init_fine_grained();
	isb();
	__asm__ volatile("tlbi alle1" : : : "memory");
	dsb(nsh);
	write_sysreg(hcr_el2, HCR_GUEST);
	isb();
	el2_timer_init_cpu();
}

/*
 * What is meant for the guest ends its WFI all the same: a physical interrupt, a kick of another
 * CPU too, goes to EL2, and a virtual one that is pending is a wake-up event (DDI0487 D1.6.2).
 */
void el2_wfi_native(bool native)
{
	uint64_t hcr = read_sysreg(hcr_el2);

	write_sysreg(hcr_el2, native ? hcr & ~HCR_TWI : hcr | HCR_TWI);
}
