/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Syndromes of data aborts. The ESR_EL2 values are those a CPU gives for the instruction named
 * beside them (EC 0x24, IL, ISV, SAS, SSE, SRT, SF, WnR, DFSC written out as one number).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/arm64/trap.h"

/* IPA 0x0900_0018: HPFAR_EL2.FIPA is the page number from bit 4 on. */
#define HPFAR 0x90000ULL
#define FAR   0xffff800008080018ULL

static void check(uint64_t esr, uint8_t size, uint8_t reg, bool write, bool sign, bool is_64bit)
{
	struct abort_info a = abort_decode(esr, FAR, HPFAR);

	assert_true(a.translation);
	assert_true(a.emulable);
	assert_int_equal(a.at.v, 0x9000018);
	assert_int_equal(a.size, size);
	assert_int_equal(a.reg, reg);
	assert_int_equal(a.write, write);
	assert_int_equal(a.sign_extend, sign);
	assert_int_equal(a.is_64bit, is_64bit);
}

static void test_loads(void **state)
{
	check(0x93000007, 1, 0, false, false, false);  /* ldrb w0, [..] */
	check(0x93410007, 2, 1, false, false, false);  /* ldrh w1 */
	check(0x93820006, 4, 2, false, false, false);  /* ldr w2 */
	check(0x93c38007, 8, 3, false, false, true);   /* ldr x3 */
	check(0x93240005, 1, 4, false, true, false);   /* ldrsb w4 */
	check(0x93258005, 1, 5, false, true, true);    /* ldrsb x5 */
	check(0x93668004, 2, 6, false, true, true);    /* ldrsh x6 */
	check(0x93be8007, 4, 30, false, true, true);   /* ldrsw x30 */
	check(0x939f0007, 4, 31, false, false, false); /* ldr wzr */
}

static void test_stores(void **state)
{
	check(0x93000047, 1, 0, true, false, false);  /* strb w0 */
	check(0x93470047, 2, 7, true, false, false);  /* strh w7 */
	check(0x939d0047, 4, 29, true, false, false); /* str w29 */
	check(0x93df8047, 8, 31, true, false, true);  /* str xzr */
}

/* stp, ldr with write-back, vectors, atomics: no valid syndrome, so nothing may be carried out. */
static void test_no_syndrome(void **state)
{
	struct abort_info a = abort_decode(0x92000047, FAR, HPFAR);

	assert_false(a.emulable);
	assert_true(a.translation);
	assert_true(a.write);
	assert_int_equal(a.at.v, 0x9000018);
}

static void test_misaligned(void **state)
{
	assert_false(abort_decode(0x93820006, FAR + 2, HPFAR).emulable);
	assert_true(abort_decode(0x93410007, FAR + 2, HPFAR).emulable);
	assert_false(abort_decode(0x93c38007, FAR + 4, HPFAR).emulable);
	assert_true(abort_decode(0x93000007, FAR + 7, HPFAR).emulable);
}

/* HPFAR_EL2 is only right for stage-2 translation faults; on a walk it names the table. */
static void test_other_faults(void **state)
{
	for (uint64_t dfsc = 0; dfsc < 64; dfsc++) {
		struct abort_info a = abort_decode(0x93820000 | dfsc, FAR, HPFAR);

		assert_int_equal(a.translation, dfsc >= 4 && dfsc <= 7);
		a = abort_decode(0x93820000 | 1 << 7 | dfsc, FAR, HPFAR);
		assert_false(a.translation);
	}
}

/* str w0 and ldr w2 with every fault status; level 0 to 3 permission faults are 0xc to 0xf. */
static void test_write_denied(void **state)
{
	for (uint64_t dfsc = 0; dfsc < 64; dfsc++) {
		assert_int_equal(abort_write_denied(0x93800040 | dfsc), dfsc >= 12 && dfsc <= 15);
		assert_false(abort_write_denied(0x93820000 | dfsc));
		/* The walker that sets a dirty bit. */
		assert_false(abort_write_denied(0x938000c0 | dfsc));
	}
	/* stp: no syndrome, but known to be a write. */
	assert_true(abort_write_denied(0x9200004f));
}

static void test_high_address(void **state)
{
	/* Page number bits 47:12 of a 48-bit IPA; the NS bit above them is no part of it. */
	struct abort_info a = abort_decode(0x93820006, 0xabc, 1ULL << 63 | 0xfffffffff0ULL);

	assert_int_equal(a.at.v, 0xfffffffffabc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads),        cmocka_unit_test(test_stores),
		cmocka_unit_test(test_no_syndrome),  cmocka_unit_test(test_misaligned),
		cmocka_unit_test(test_other_faults), cmocka_unit_test(test_high_address),
		cmocka_unit_test(test_write_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
