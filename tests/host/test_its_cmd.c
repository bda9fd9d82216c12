/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodings of ITS commands, written out bit by bit from the tables of IHI0069 5.3. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "irq/its_cmd.h"

static const device_id_t device = { 0xabcd1234 };

static void check(struct its_cmd cmd, uint64_t dw0, uint64_t dw1, uint64_t dw2)
{
	assert_true(cmd.dw[0] == dw0);
	assert_true(cmd.dw[1] == dw1);
	assert_true(cmd.dw[2] == dw2);
	assert_true(cmd.dw[3] == 0);
}

static void test_mapd(void **state)
{
	/* Size is the number of EventID bits minus one; ITT_addr is address bits 51:8, in place. */
	check(its_cmd_mapd(device, pa(0x000f123456789a00), 5), 0xabcd123400000008, 4,
	      0x800f123456789a00);
	check(its_cmd_mapd(device, pa(0x100), 1), 0xabcd123400000008, 0, 0x8000000000000100);
	check(its_cmd_mapd(device, pa(0x100), 32), 0xabcd123400000008, 31, 0x8000000000000100);
	check(its_cmd_unmapd(device), 0xabcd123400000008, 0, 0);
}

static void test_mapd_keeps_foreign_bits_out(void **state)
{
	check(its_cmd_mapd(device, pa(0xfff00000000000ff), 1), 0xabcd123400000008, 0,
	      0x8000000000000000);
}

static void test_mapc(void **state)
{
	check(its_cmd_mapc(0x0003, its_target_address(pa(0x080c0000))), 0x09, 0,
	      0x80000000080c0003);
	check(its_cmd_mapc(0xffff, its_target_number(5)), 0x09, 0, 0x800000000005ffff);
	/* RDbase ends at bit 50 and begins at bit 16. */
	check(its_cmd_mapc(0, its_target_address(pa(0xffffffffffffffff))), 0x09, 0,
	      0x8007ffffffff0000);
}

static void test_events(void **state)
{
	check(its_cmd_mapti(device, 0x7ff, 0x3fff, 9), 0xabcd12340000000a, 0x00003fff000007ff, 9);
	check(its_cmd_discard(device, 0x7ff), 0xabcd12340000000f, 0x7ff, 0);
	check(its_cmd_inv(device, 0xffffffff), 0xabcd12340000000c, 0xffffffff, 0);
	check(its_cmd_int(device, 3), 0xabcd123400000003, 3, 0);
}

static void test_collections(void **state)
{
	check(its_cmd_invall(0x1002), 0x0d, 0, 0x1002);
	check(its_cmd_sync(its_target_number(0x1ff)), 0x05, 0, 0x0000000001ff0000);
	check(its_cmd_sync(its_target_address(pa(0x080a0000))), 0x05, 0, 0x080a0000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapd),
		cmocka_unit_test(test_mapd_keeps_foreign_bits_out),
		cmocka_unit_test(test_mapc),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_collections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
