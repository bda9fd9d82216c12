/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodings of ITS commands, written out bit by bit from the tables of IHI0069 5.3. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "irq/its_cmd.h"

static const device_id_t device = { 0xabcd1234 };

static void check4(struct its_cmd cmd, uint64_t dw0, uint64_t dw1, uint64_t dw2, uint64_t dw3)
{
	assert_true(cmd.dw[0] == dw0);
	assert_true(cmd.dw[1] == dw1);
	assert_true(cmd.dw[2] == dw2);
	assert_true(cmd.dw[3] == dw3);
}

static void check(struct its_cmd cmd, uint64_t dw0, uint64_t dw1, uint64_t dw2)
{
	check4(cmd, dw0, dw1, dw2, 0);
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
	check(its_cmd_clear(device, 3), 0xabcd123400000004, 3, 0);
}

static void test_collections(void **state)
{
	check(its_cmd_invall(0x1002), 0x0d, 0, 0x1002);
	check(its_cmd_sync(its_target_number(0x1ff)), 0x05, 0, 0x0000000001ff0000);
	check(its_cmd_sync(its_target_address(pa(0x080a0000))), 0x05, 0, 0x080a0000);
}

/* A vPE's table, where it is, and which vPE: DW1 bits 47:32 everywhere. */
static void test_vpes(void **state)
{
	check4(its_cmd_vmapp(0x8001, its_target_number(5), pa(0x000f123456780000), 14), 0x29,
	       0x0000800100000000, 0x8000000000050000, 0x000f12345678000d);
	check4(its_cmd_vmapp(1, its_target_address(pa(0xffffffffffffffff)),
			     pa(0xffffffffffffffff), 32), 0x29, 0x0000000100000000,
	       0x8007ffffffff0000, 0x000fffffffff001f);
	check4(its_cmd_unvmapp(0xffff), 0x29, 0x0000ffff00000000, 0, 0);
	check4(its_cmd_vmovp(0xffff, its_target_number(7)), 0x22, 0x0000ffff00000000, 0x70000, 0);
	check4(its_cmd_vsync(0x1234), 0x25, 0x0000123400000000, 0, 0);
	check4(its_cmd_vinvall(0x1234), 0x2d, 0x0000123400000000, 0, 0);
}

static void test_virtual_events(void **state)
{
	check4(its_cmd_vmapti(device, 0x7ff, 0xffff, 0x2001, 0x3fff), 0xabcd12340000002a,
	       0x0000ffff000007ff, 0x00003fff00002001, 0);
	check4(its_cmd_vmovi(device, 0xffffffff, 2), 0xabcd123400000021, 0x00000002ffffffff, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapd),
		cmocka_unit_test(test_mapd_keeps_foreign_bits_out),
		cmocka_unit_test(test_mapc),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_collections),
		cmocka_unit_test(test_vpes),
		cmocka_unit_test(test_virtual_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
