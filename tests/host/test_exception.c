/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions taken and instructions finished in a guest's name. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/arm64/exception.h"

#define EL0T  0x0ULL
#define EL1T  0x4ULL
#define EL1H  0x5ULL
#define USR32 0x10ULL

#define SS    (1ULL << 21)
#define PAN   (1ULL << 22)
#define UAO   (1ULL << 23)
#define DIT   (1ULL << 24)
#define TCO   (1ULL << 25)
#define SSBS  (1ULL << 12)
#define IL    (1ULL << 20)
#define BTYPE (3ULL << 10)
#define NZCV  (15ULL << 28)
#define DAIF  (15ULL << 6)
#define SPAN  (1ULL << 23) /* SCTLR_EL1 */
#define DSSBS (1ULL << 44)

static void test_vectors(void **state)
{
	assert_int_equal(exception_vector(EL1T), 0);
	assert_int_equal(exception_vector(EL1H | NZCV | DAIF), 0x200);
	assert_int_equal(exception_vector(EL0T | DIT), 0x400);
	assert_int_equal(exception_vector(USR32), 0x600);
	/* Bits 3:0 of AArch32's User mode look like EL0t, those of other modes like anything. */
	assert_true(exception_from_el0(USR32));
	assert_true(exception_from_el0(EL0T | NZCV));
	assert_false(exception_from_el0(EL1T));
	assert_false(exception_from_el0(EL1H));
}

static void test_entry_masks_and_keeps(void **state)
{
	/* An old guest kernel without PAN: SPAN is RES1. */
	assert_int_equal(exception_pstate(EL0T, SPAN), DAIF | EL1H);
	assert_int_equal(exception_pstate(EL0T | NZCV | DIT, SPAN), NZCV | DIT | DAIF | EL1H);
	assert_int_equal(exception_pstate(EL1H | SS | IL | UAO | TCO | BTYPE, SPAN), DAIF | EL1H);
}

static void test_pan(void **state)
{
	assert_int_equal(exception_pstate(EL0T, 0), PAN | DAIF | EL1H);
	/* SPAN says "leave it": a kernel inside a PAN region stays in it. */
	assert_int_equal(exception_pstate(EL1H | PAN, SPAN), PAN | DAIF | EL1H);
	assert_int_equal(exception_pstate(EL1H, SPAN), DAIF | EL1H);
}

static void test_ssbs(void **state)
{
	assert_int_equal(exception_pstate(EL0T | SSBS, SPAN), DAIF | EL1H);
	assert_int_equal(exception_pstate(EL0T, SPAN | DSSBS), SSBS | DAIF | EL1H);
}

static void test_skip64(void **state)
{
	struct vcpu_regs r = { .pc = 0x1000, .pstate = EL1H | SS | BTYPE | NZCV | PAN };

	exception_skip(&r, 1ULL << 25);
	assert_int_equal(r.pc, 0x1004);
	assert_int_equal(r.pstate, EL1H | NZCV | PAN);
}

static uint64_t with_it(uint64_t it)
{
	return USR32 | 1ULL << 5 | (it >> 2) << 10 | (it & 3) << 25;
}

static void test_skip32(void **state)
{
	struct vcpu_regs r = { .pc = 0x1000, .pstate = with_it(0) };

	/* A 16-bit T32 instruction. */
	exception_skip(&r, 0);
	assert_int_equal(r.pc, 0x1002);
	assert_int_equal(r.pstate, with_it(0));
	/* ITTE EQ: conditions EQ, EQ, NE, then out of the block. */
	r.pstate = with_it(0x06);
	exception_skip(&r, 1ULL << 25);
	assert_int_equal(r.pc, 0x1006);
	assert_int_equal(r.pstate, with_it(0x0c));
	exception_skip(&r, 0);
	assert_int_equal(r.pstate, with_it(0x18));
	exception_skip(&r, 0);
	assert_int_equal(r.pstate, with_it(0));
}

/* DDI0487 D19.2.37, ISS of a data abort: only what the device did. */
static void test_external_abort(void **state)
{
	assert_true(exception_external_abort(0x96000010));
	assert_true(exception_external_abort(0x96000050)); /* a write */
	assert_true(exception_external_abort(0x96000210)); /* EA, FnV */
	assert_false(exception_external_abort(0x92000010)); /* a guest's */
	assert_false(exception_external_abort(0x86000010)); /* a fetch */
	assert_false(exception_external_abort(0x96000006)); /* translation */
	assert_false(exception_external_abort(0x9600000f)); /* permission */
	assert_false(exception_external_abort(0x96000016)); /* external, on a walk */
	assert_false(exception_external_abort(0x96000021)); /* alignment */
	assert_false(exception_external_abort(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_entry_masks_and_keeps),
		cmocka_unit_test(test_pan),     cmocka_unit_test(test_ssbs),
		cmocka_unit_test(test_skip64),  cmocka_unit_test(test_skip32),
		cmocka_unit_test(test_external_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
