/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI Express as each view has it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "vpci_case.h"

static void express_is_an_integrated_endpoint(void **state)
{
	(void)state;
	rig_typical(&rig);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_read(&rig, 0x82, 2) >> 4 & 0xf, 9);
	assert_int_equal(rig_read(&rig, 0x8c, 4), 0);
	rig_write(&rig, 0x88, 2, 0xffff);
	assert_int_equal(rig_hw(&rig, 0x88, 2) & 0x8000, 0);
	assert_int_equal(rig_hw(&rig, 0x88, 2) & 0x00e0, 0); /* MPS is not the guest's */
}

/* Behind a port: an endpoint whose link is the hardware's, with controls that remember. */
static void express_behind_a_port_has_a_link(void **state)
{
	static const struct { uint32_t hw, caps; } cases[] = {
		{ 0xffffffff, 0x3e0f }, { 0x00020000, 0x0002 },
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t hw = cases[i].hw;

		rig_free(&rig);
		rig_init(&rig);
		rig_typical(&rig);
		rig_set(&rig, 0x82, 2, hw >> 16);
		rig_set(&rig, 0x8c, 4, hw);
		rig_set(&rig, 0x90, 4, hw);
		rig.build.behind_port = true;
		assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
		assert_int_equal(rig_read(&rig, 0x8c, 4), (hw & 0x3ff) | 0x00400000);
		assert_int_equal(rig_read(&rig, 0x90, 4), hw & 0x03ff0000);
		rig_write(&rig, 0x82, 2, 0xffff);
		rig_write(&rig, 0x8c, 4, 0xffffffff);
		rig_write(&rig, 0x90, 4, 0xffffffff);
		assert_int_equal(rig.hw_writes, 0);
		/* The link changes; what the function is does not. */
		rig_set(&rig, 0x82, 2, ~hw >> 16);
		rig_set(&rig, 0x8c, 4, ~hw);
		rig_set(&rig, 0x90, 4, ~hw);
		assert_int_equal(rig_read(&rig, 0x82, 2), cases[i].caps);
		assert_int_equal(rig_read(&rig, 0x8c, 4), (~hw & 0x3ff) | 0x00400000);
		assert_int_equal(rig_read(&rig, 0x90, 4), (~hw & 0x03ff0000) | 0x1cb);
		vpci_shadow_initial(&rig.s);
		assert_int_equal(rig_read(&rig, 0x90, 2), 0);
	}
}

/* Version 1 ends at 0x14: what follows is not this capability's. */
static void express_version_1_has_no_second_part(void **state)
{
	(void)state;
	rig_set(&rig, 0x42, 2, 0x0001);
	rig_cap(&rig, 0x40, 0x10);
	rig.f.cap_express = 0x40;
	rig_set(&rig, 0x62, 2, 0x0000);
	rig_set(&rig, 0x64, 4, 0x12345678);
	rig_set(&rig, 0x68, 4, 0x9abcdef0);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, false), 0);
	rig_write(&rig, 0x68, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x64, 4), 0);
	assert_int_equal(rig_read(&rig, 0x68, 4), 0);
	assert_int_equal(rig_hw(&rig, 0x68, 4), 0x9abcdef0);
}

/* 7.5.3.4: 6 and 7 are reserved. Payload size and what is upstream's business stay as they are. */
static void read_requests_are_of_a_size_there_is(void **state)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER };

	(void)state;
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t asked = i & 7;

		rig_free(&rig);
		rig_init(&rig);
		rig_typical(&rig);
		assert_int_equal(rig_build(&rig, views[i / 8], true), 0);
		rig_write(&rig, 0x88 + (i & 1), 2 - (i & 1), (asked << 12 | 0x00e0) >> 8 * (i & 1));
		assert_int_equal(rig_hw(&rig, 0x88, 2) >> 12 & 7, asked > 5 ? 5 : asked);
		assert_int_equal(rig_hw(&rig, 0x88, 2) & 0x00e0, 0);
	}
}

/* A byte next to Device Status clears nothing in it. */
static void device_status_clears_only_by_writing_one(void **state)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER,
						VPCI_VIEW_BRIDGE };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(views); i++) {
		rig_free(&rig);
		rig_init(&rig);
		rig_typical(&rig);
		rig_set(&rig, 0x8a, 2, 0x000f);
		assert_int_equal(rig_build(&rig, views[i], false), 0);
		rig_write(&rig, 0x88, 1, 0x10);
		rig_write(&rig, 0x89, 1, 0x20);
		rig_write(&rig, 0x88, 2, 0x2010);
		rig_write(&rig, 0x88, 4, 0x00002010);
		rig_write(&rig, 0x8b, 1, 0xff);
		assert_int_equal(rig_read(&rig, 0x8a, 2), 0x000f);
		rig_write(&rig, 0x8a, 1, 0x02);
		rig_write(&rig, 0x88, 4, 0x00042010);
		assert_int_equal(rig_read(&rig, 0x8a, 2), 0x0009);
		assert_int_equal(rig_hw(&rig, 0x8a, 2), 0x0009);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, vpci_case_setup, vpci_case_teardown)
	const struct CMUnitTest tests[] = {
		T(express_is_an_integrated_endpoint),
		T(express_behind_a_port_has_a_link),
		T(express_version_1_has_no_second_part),
		T(read_requests_are_of_a_size_there_is),
		T(device_status_clears_only_by_writing_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
