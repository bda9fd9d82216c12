/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended capabilities: a guest's own list, and what an owner may write. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_heap.h"
#include "vpci_case.h"

enum { AER = 0x0001, SERIAL = 0x0003, VENDOR = 0x000b, ACS = 0x000d, ATS = 0x000f, SRIOV = 0x0010,
       RESIZE = 0x0015 };

static void a_guest_reads_errors_and_the_serial_number(void **state)
{
	(void)state;
	rig_ext_cap(&rig, 0x100, AER);
	rig_ext_cap(&rig, 0x140, SERIAL);
	rig_set(&rig, 0x104, 4, 0x00100000);
	rig_set(&rig, 0x128, 4, 0x5a5a5a5a); /* last of the header log */
	rig_set(&rig, 0x12c, 4, 0x77777777); /* a root port's, or nothing */
	rig_set(&rig, 0x144, 4, 0x11223344);
	rig_set(&rig, 0x148, 4, 0x55667788);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_read(&rig, 0x100, 4), 0x14010001);
	assert_int_equal(rig_read(&rig, 0x140, 4), 0x00010003);
	assert_int_equal(rig_read(&rig, 0x104, 4), 0x00100000);
	assert_int_equal(rig_read(&rig, 0x128, 4), 0x5a5a5a5a);
	assert_int_equal(rig_read(&rig, 0x12c, 4), 0);
	assert_int_equal(rig_read(&rig, 0x144, 4), 0x11223344);
	assert_int_equal(rig_read(&rig, 0x148, 4), 0x55667788);
	rig_set(&rig, 0x110, 4, 0x00002000); /* errors come as they happen */
	assert_int_equal(rig_read(&rig, 0x111, 1), 0x20);
	for (uint32_t o = 0x100; o < 0x14c; o += 4) {
		rig_write(&rig, o, 4, 0xffffffff);
		rig_write(&rig, o + 1, 1, 0xff);
	}
	assert_int_equal(rig.hw_writes, 0);
}

/* D9, for the second list: between its links nothing of a hidden one is found. */
static void hidden_ones_leave_no_gap(void **state)
{
	(void)state;
	rig_ext_cap(&rig, 0x100, SRIOV);
	rig_ext_cap(&rig, 0x150, ATS);
	rig_ext_cap(&rig, 0x200, SERIAL);
	rig_ext_cap(&rig, 0x220, RESIZE);
	rig_ext_cap(&rig, 0x300, AER);
	rig_ext_cap(&rig, 0x400, VENDOR);
	rig_set(&rig, 0x104, 4, 0xffffffff);
	rig_set(&rig, 0x154, 4, 0xffffffff);
	rig_set(&rig, 0x404, 4, 0xffffffff);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	/* The first place has no ID, only the way to the next. */
	assert_int_equal(rig_read(&rig, 0x100, 4), 0x20000000);
	assert_int_equal(rig_read(&rig, 0x102, 2), 0x2000);
	assert_int_equal(rig_read(&rig, 0x200, 4), 0x30010003);
	assert_int_equal(rig_read(&rig, 0x300, 4), 0x00010001);
	assert_int_equal(rig_seen_ext_cap(&rig, SRIOV), 0);
	assert_int_equal(rig_seen_ext_cap(&rig, ATS), 0);
	assert_int_equal(rig_seen_ext_cap(&rig, RESIZE), 0);
	assert_int_equal(rig_seen_ext_cap(&rig, VENDOR), 0);
	assert_int_equal(rig_seen_ext_cap(&rig, AER), 0x300);
	for (uint32_t o = 0x104; o < 0x200; o += 4) {
		assert_int_equal(rig_read(&rig, o, 4), 0);
	}
	for (uint32_t o = 0x400; o < 4096; o += 4) {
		assert_int_equal(rig_read(&rig, o, 4), 0);
	}
}

static void a_list_of_hidden_ones_is_empty(void **state)
{
	(void)state;
	rig_ext_cap(&rig, 0x100, ACS);
	rig_ext_cap(&rig, 0x150, SRIOV);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	for (uint32_t o = 0x100; o < 4096; o += 4) {
		rig_write(&rig, o, 4, 0xffffffff);
		assert_int_equal(rig_read(&rig, o, 4), 0);
	}
	assert_int_equal(rig.hw_writes, 0);
}

/* D19, for the second list: the image comes from a walk that a loop has led round and round. */
static void a_looped_list_ends(void **state)
{
	static const uint16_t places[] = { 0x100, 0x140, 0x200 };
	static const uint16_t ids[] = { VENDOR, AER, SERIAL };

	(void)state;
	for (uint32_t i = 0; i < VPCI_EXT_CAPS_MAX; i++) {
		rig.image.ext[i] = (struct vpci_ext_cap){ ids[i % 3], places[i % 3], 1 };
	}
	rig.image.ext_count = VPCI_EXT_CAPS_MAX;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_ext_cap(&rig, AER), 0x140);
	assert_int_equal(rig_seen_ext_cap(&rig, SERIAL), 0x200);
	assert_int_equal(rig_seen_ext_cap(&rig, 0xffff), 0);
}

/* One inside the other, and one that reaches past the end. */
static void overlapping_ones_leave_the_list_whole(void **state)
{
	(void)state;
	rig_ext_cap(&rig, 0x100, AER);
	rig_ext_cap(&rig, 0x108, SERIAL);
	rig_ext_cap(&rig, 0xffc, AER);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_read(&rig, 0x100, 4), 0x10810001);
	assert_int_equal(rig_read(&rig, 0x108, 4), 0xffc10003);
	assert_int_equal(rig_read(&rig, 0xffc, 4), 0x00010001);
	for (uint32_t o = 0x12c; o < 0xffc; o += 4) {
		assert_int_equal(rig_read(&rig, o, 4), 0);
	}
}

/* What is of concern to others is read only for an owner, to its last register. */
static void an_owner_changes_nothing_for_others(void **state)
{
	static const struct { uint16_t id, size; } closed[] = {
		{ 0x0001, 0x2c }, { 0x0003, 0x0c }, { 0x000d, 0x08 }, { 0x000e, 0x08 },
		{ 0x000f, 0x08 }, { 0x0012, 0x30 }, { 0x0013, 0x10 }, { 0x0015, 0x34 },
		{ 0x0018, 0x08 }, { 0x001b, 0x08 }, { 0x001d, 0x0c }, { 0x001e, 0x14 },
		{ 0x001f, 0x0c }, { 0x0024, 0x34 }, { 0x002f, 0x10 },
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(closed); i++) {
		rig_free(&rig);
		rig_init(&rig);
		rig_ext_cap(&rig, 0x100, closed[i].id);
		assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
		for (uint32_t o = 0x100; o < 0x100U + closed[i].size; o++) {
			rig_write(&rig, o, 1, 0xff);
		}
		assert_int_equal(rig.hw_writes, 0);
		rig_set(&rig, 0x104, 4, 0xcafef00d);
		assert_int_equal(rig_read(&rig, 0x104, 4), 0xcafef00d);
		rig_write(&rig, 0x100U + closed[i].size, 4, 1); /* what follows is its own */
		assert_int_equal(rig.hw_writes, 1);
	}
}

/* Of a list that goes on nobody knows where what is closed ends. */
static void an_owner_writes_nothing_where_the_list_goes_on(void **state)
{
	(void)state;
	rig_ext_cap(&rig, 0x200, VENDOR);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	rig_write(&rig, 0x204, 4, 1);
	rig_write(&rig, 0xffc, 4, 1);
	assert_int_equal(rig.hw_writes, 2);
	/* Anew, as after a reset: what was open is closed. */
	rig.image.ext_more = true;
	rig_set(&rig, 0x400, 4, 0xcafef00d);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	for (uint32_t o = 0x100; o < 4096; o++) {
		rig_write(&rig, o, 1, 0xff);
	}
	assert_int_equal(rig.hw_writes, 2);
	assert_int_equal(rig_read(&rig, 0x400, 4), 0xcafef00d);
	rig_write(&rig, 0xfc, 4, 1); /* the first 256 bytes have a list of their own */
	assert_int_equal(rig.hw_writes, 3);
}

static void out_of_memory_shows_nothing(void **state)
{
	(void)state;
	rig_ext_cap(&rig, 0x200, SERIAL); /* its block, then that of the list's first place */
	for (int64_t n = 1; n <= 3; n++) {
		rig_free(&rig);
		fake_heap_fail_in = n;
		assert_int_not_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
		fake_heap_fail_in = 0;
		for (uint32_t o = 0; o < 4096; o += 4) {
			assert_int_equal(rig_read(&rig, o, 4), 0);
		}
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, vpci_case_setup, vpci_case_teardown)
	const struct CMUnitTest tests[] = {
		T(a_guest_reads_errors_and_the_serial_number),
		T(hidden_ones_leave_no_gap),
		T(a_list_of_hidden_ones_is_empty),
		T(a_looped_list_ends),
		T(overlapping_ones_leave_the_list_whole),
		T(an_owner_changes_nothing_for_others),
		T(an_owner_writes_nothing_where_the_list_goes_on),
		T(out_of_memory_shows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
