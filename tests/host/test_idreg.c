/* SPDX-License-Identifier: BSD-2-Clause */
/* ID registers: on a CPU that has everything, what a guest must not see is not there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/arm64/el2.h"
#include "fake_cpus.h"

static uint64_t seen(uint32_t crm, uint32_t op2)
{
	uint64_t value = 0;

	assert_true(idreg_read(crm, op2, &value));
	return value;
}

static uint32_t field(uint32_t crm, uint32_t op2, uint32_t lo)
{
	return (uint32_t)(seen(crm, op2) >> lo) & 15;
}

/* Every field of every register 7: more than any CPU has, and not 15, which often means none. */
static int everything(void **state)
{
	fake_cpus_reset(1);
	fake_sysreg_default(0x7777777777777777);
	idreg_init();
	return 0;
}

/* Register, field, name: features EL2 neither switches nor lets a guest use. */
static const struct {
	uint32_t crm, op2, lo;
	const char *name;
} hidden[] = {
	{ 4, 0, 8, "EL2" },       { 4, 0, 12, "EL3" },       { 4, 0, 28, "RAS" },
	{ 4, 0, 32, "SVE" },      { 4, 0, 36, "SEL2" },      { 4, 0, 40, "MPAM" },
	{ 4, 0, 44, "AMU" },      { 4, 0, 52, "RME" },       { 4, 1, 8, "MTE" },
	{ 4, 1, 12, "RAS_frac" }, { 4, 1, 16, "MPAM_frac" }, { 4, 1, 24, "SME" },
	{ 4, 1, 32, "CSV2_frac" }, { 4, 1, 36, "NMI" },      { 4, 1, 40, "MTE_frac" },
	{ 4, 1, 44, "GCS" },      { 4, 1, 48, "THE" },       { 5, 0, 4, "TraceVer" },
	{ 5, 0, 8, "PMUVer" },    { 5, 0, 32, "PMSVer" },    { 5, 0, 36, "DoubleLock" },
	{ 5, 0, 40, "TraceFilt" }, { 5, 0, 44, "TraceBuffer" }, { 5, 0, 48, "MTPMU" },
	{ 5, 0, 52, "BRBE" },     { 6, 0, 24, "TME" },       { 6, 1, 56, "XS" },
	{ 6, 1, 60, "LS64" },     { 6, 2, 0, "WFxT" },       { 6, 2, 16, "MOPS" },
	{ 7, 0, 56, "FGT" },      { 7, 0, 60, "ECV" },       { 7, 1, 4, "VMIDBits" },
	{ 7, 1, 8, "VH" },        { 7, 1, 16, "LO" },        { 7, 1, 28, "XNX" },
	{ 7, 1, 32, "TWED" },     { 7, 1, 40, "HCX" },       { 7, 2, 24, "NV" },
	{ 7, 2, 40, "FWB" },      { 7, 2, 56, "EVT" },       { 7, 3, 0, "TCRX" },
	{ 7, 3, 4, "SCTLRX" },    { 7, 3, 8, "S1PIE" },      { 7, 3, 16, "S1POE" },
	/* AArch32: what EL0 cannot use but software may believe. */
	{ 1, 0, 20, "AMU" },      { 1, 0, 28, "RAS" },       { 1, 1, 4, "Security" },
	{ 1, 1, 12, "Virtualization" }, { 1, 1, 24, "Virt_frac" }, { 1, 1, 28, "GIC" },
	{ 1, 2, 24, "PerfMon" },  { 1, 2, 16, "MMapTrc" },   { 1, 2, 0, "CopDbg" },
};

static void test_hidden(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (field(hidden[i].crm, hidden[i].op2, hidden[i].lo) != 0) {
			fail_msg("%s is shown", hidden[i].name);
		}
	}
	/* ID_AA64PFR2, ZFR0, SMFR0, FPFR0, DFR1, AFR0, AFR1, ISAR3 and the unallocated ones. */
	for (uint32_t op2 = 2; op2 < 8; op2++) {
		assert_int_equal(seen(4, op2), 0);
	}
	for (uint32_t op2 = 1; op2 < 8; op2++) {
		assert_int_equal(seen(5, op2), 0);
	}
	for (uint32_t op2 = 3; op2 < 8; op2++) {
		assert_int_equal(seen(6, op2), 0);
		assert_int_equal(seen(7, op2), 0);
	}
}

static void test_shown(void **state)
{
	assert_int_equal(field(4, 0, 0), 7);  /* EL0, AArch32 applications too */
	assert_int_equal(field(4, 0, 24), 7); /* GIC system registers */
	assert_int_equal(field(5, 0, 12), 7); /* breakpoints */
	assert_int_equal(field(6, 1, 4), 7);  /* pointer authentication, address */
	assert_int_equal(field(6, 1, 28), 7); /* pointer authentication, generic */
	assert_int_equal(field(7, 0, 28), 7); /* 4 KiB granule */
	assert_int_equal(field(7, 1, 20), 7); /* PAN */
}

static void test_capped(void **state)
{
	assert_int_equal(field(4, 0, 4), 1);  /* EL1 is AArch64 only */
	assert_int_equal(field(4, 0, 56), 1); /* CSV2: no SCXTNUM */
	assert_int_equal(field(7, 0, 0), 2);  /* 40 bits of IPA */
}

/* Caps lower, never raise. */
static void test_small_cpu(void **state)
{
	fake_cpus_reset(1);
	fake_sysreg_write("S3_0_C0_C7_0", 0x1);
	fake_sysreg_write("S3_0_C0_C4_0", 0x11);
	idreg_init();
	assert_int_equal(seen(7, 0), 0x1);
	assert_int_equal(seen(4, 0), 0x11);
	assert_int_equal(seen(6, 0), 0);
}

/* CRm 0 (MIDR, MPIDR, REVIDR) is not the ID space that traps. */
static void test_not_id(void **state)
{
	uint64_t value;

	assert_false(idreg_read(0, 0, &value));
	assert_false(idreg_read(8, 0, &value));
	assert_false(idreg_read(15, 7, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_hidden, everything),
		cmocka_unit_test_setup(test_shown, everything),
		cmocka_unit_test_setup(test_capped, everything),
		cmocka_unit_test(test_small_cpu),
		cmocka_unit_test(test_not_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
