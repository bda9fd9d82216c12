/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features EL2 does not switch between domains are hidden in the ID registers, and what is hidden
 * is undefined (DDI0487 D19). The QEMU CPU has all of them.
 */
#include "guest.h"

static void check_hidden(const char *what, uint64_t id, unsigned int lo)
{
	check_equal(what, id >> lo & 0xf, 0);
}

static void id_registers(void)
{
	uint64_t pfr0 = read_sysreg(id_aa64pfr0_el1);
	uint64_t pfr1 = read_sysreg(id_aa64pfr1_el1);
	uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);

	check_hidden("no EL2", pfr0, 8);
	check_hidden("no EL3", pfr0, 12);
	check_hidden("no RAS", pfr0, 28);
	check_hidden("no SVE", pfr0, 32);
	check_hidden("no MPAM", pfr0, 40);
	check_hidden("no AMU", pfr0, 44);
	check_hidden("no MTE", pfr1, 8);
	check_hidden("no SME", pfr1, 24);
	check_hidden("no trace", dfr0, 4);
	check_hidden("no PMU", dfr0, 8);
	check_hidden("no SPE", dfr0, 32);
	check_hidden("no trace buffer", dfr0, 44);
	check_equal("ID_AA64ZFR0", read_sysreg(S3_0_C0_C4_4), 0);
	check_equal("ID_AA64SMFR0", read_sysreg(S3_0_C0_C4_5), 0);
	check_equal("unallocated ID register", read_sysreg(S3_0_C0_C7_7), 0);
	check("GICv3 CPU interface", (pfr0 >> 24 & 0xf) != 0);
	check("40 bits of physical address", (read_sysreg(id_aa64mmfr0_el1) & 0xf) == 2);
	check("atomics stay", (read_sysreg(id_aa64isar0_el1) >> 20 & 0xf) >= 2);
}

static void undefined(void)
{
	/* CPACR_EL1: the guest itself traps neither FP, SVE nor SME, so EL2's answer is seen. */
	write_sysreg(cpacr_el1, 3 << 24 | 3 << 20 | 3 << 16);
	barrier();
	check_faults("ZCR_EL1", EC_UNDEFINED, (void)read_sysreg(S3_0_C1_C2_0));
	check_faults("SMCR_EL1", EC_UNDEFINED, (void)read_sysreg(S3_0_C1_C2_6));
	check_faults("RGSR_EL1", EC_UNDEFINED, (void)read_sysreg(S3_0_C1_C0_5));
	check_faults("PMCR_EL0", EC_UNDEFINED, (void)read_sysreg(S3_3_C9_C12_0));
	check_faults("PMCCNTR_EL0", EC_UNDEFINED, (void)read_sysreg(S3_3_C9_C13_0));
	check_faults("PMSCR_EL1", EC_UNDEFINED, (void)read_sysreg(S3_0_C9_C9_0));
	check_faults("TRBLIMITR_EL1", EC_UNDEFINED, (void)read_sysreg(S3_0_C9_C11_0));
	check_faults("AMCR_EL0", EC_UNDEFINED, (void)read_sysreg(S3_3_C13_C2_0));
	check_faults("HCR_EL2", EC_UNDEFINED, (void)read_sysreg(S3_4_C1_C1_0));
	check_faults("VTTBR_EL2", EC_UNDEFINED, write_sysreg(S3_4_C2_C1_0, 0));
	check_faults("SCR_EL3", EC_UNDEFINED, (void)read_sysreg(S3_6_C1_C1_0));
	check_faults("an SVE instruction", EC_UNDEFINED,
		     __asm__ volatile(".inst 0x04bf5020" : : : "x0", "memory"));
	check_faults("an SME instruction", EC_UNDEFINED,
		     __asm__ volatile(".inst 0xd503477f" : : : "memory"));
	check_faults("UDF", EC_UNDEFINED, __asm__ volatile(".inst 0" : : : "memory"));
}

static void usable(void)
{
	uint64_t first = read_sysreg(cntvct_el0);
	uint64_t before = exceptions.count;

	__asm__ volatile("fmov d0, #1.0\n\tfadd d1, d0, d0" : : : "v0", "v1",
			 "memory");
	check("FP works", exceptions.count == before);
	check("time goes on", read_sysreg(cntvct_el0) > first);
	check("a guest's time begins with it", first < read_sysreg(cntfrq_el0) * 20);
	__asm__ volatile("wfe");
	check("WFE returns", true);
}

void test_main(void)
{
	id_registers();
	undefined();
	usable();
}
