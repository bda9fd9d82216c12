/* SPDX-License-Identifier: BSD-2-Clause */
/* Power states and function-level resets asked for in config space, and what they leave. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "vpci_case.h"

static void d3hot_is_real(void **state)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(views); i++) {
		rig_free(&rig);
		rig_init(&rig);
		rig_typical(&rig);
		rig_set(&rig, 0x44, 2, 0x8108); /* PME pending and enabled, No_Soft_Reset */
		assert_int_equal(rig_build(&rig, views[i], true), 0);
		assert_int_equal(rig_read(&rig, 0x42, 2), 0x0023); /* DSI; no PME, no D1, no D2 */
		assert_int_equal(rig_read(&rig, 0x44, 2), 0x0008);
		rig_write(&rig, 0x44, 2, 0x0001);
		rig_write(&rig, 0x44, 1, 0x0002);
		assert_int_equal(rig.hw_writes, 0);
		rig_write(&rig, 0x44, 2, 0x8103);
		assert_int_equal(rig_read(&rig, 0x44, 2), 0x000b);
		assert_int_equal(rig_hw(&rig, 0x44, 2), 0x010b); /* PME as the hypervisor left it */
		rig_write(&rig, 0x44, 2, 0x0000);
		assert_int_equal(rig_read(&rig, 0x44, 2), 0x0008);
		assert_int_equal(rig.wakes, 0);
	}
}

/* What the function loses on the way to D0 the hypervisor gives back: it makes the way itself. */
static void leaving_d3hot_may_be_a_reset(void **state)
{
	(void)state;
	rig_typical(&rig);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	rig_write(&rig, 0x44, 2, 0x0000);
	assert_int_equal(rig.wakes, 0);
	rig_write(&rig, 0x44, 2, 0x0003);
	rig_write(&rig, 0x44, 2, 0x0003);
	rig_write(&rig, 0x45, 1, 0x00);
	rig_write(&rig, 0x46, 2, 0x0000);
	assert_int_equal(rig.wakes, 0);
	rig_write(&rig, 0x44, 1, 0x00);
	assert_int_equal(rig.wakes, 1);
	assert_int_equal(rig_hw(&rig, 0x44, 2) & 3, 3);
}

/* FLR, and Advanced Features' own, never reach the hardware: the hypervisor carries them out. */
static void flr_is_carried_out(void **state)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(views); i++) {
		rig_free(&rig);
		rig_init(&rig);
		rig_typical(&rig);
		rig_set(&rig, 0xd3, 1, 0x03);
		rig_cap(&rig, 0xd0, 0x13);
		rig.f.cap_af = 0xd0;
		assert_int_equal(rig_build(&rig, views[i], true), 0);
		assert_int_equal(rig_read(&rig, 0x84, 4) & 0x10000000, 0x10000000);
		assert_int_equal(rig_seen_cap(&rig, 0x13), 0xd0);
		assert_int_equal(rig_read(&rig, 0xd3, 1), 0x03);
		rig_write(&rig, 0x88, 2, 0xd810);
		assert_int_equal(rig.resets, 1);
		rig_write(&rig, 0x89, 1, 0x80);
		rig_write(&rig, 0x88, 4, 0x00008000);
		assert_int_equal(rig.resets, 3);
		rig_write(&rig, 0xd4, 1, 0x01);
		rig_write(&rig, 0xd4, 4, 0x00000001);
		assert_int_equal(rig.resets, 5);
		rig_write(&rig, 0xd5, 1, 0x01);
		rig_write(&rig, 0x88, 1, 0x80);
		rig_write(&rig, 0x8a, 2, 0x8000);
		assert_int_equal(rig.resets, 5);
		assert_int_equal(rig_hw(&rig, 0x88, 2) & 0x8000, 0);
		assert_int_equal(rig_hw(&rig, 0xd4, 1), 0);
		assert_int_equal(rig_read(&rig, 0x88, 2) & 0x8000, 0);
		rig_set(&rig, 0xd5, 1, 0x01); /* transactions pending */
		assert_int_equal(rig_read(&rig, 0xd4, 2), 0x0100);
	}
}

static void no_flr_where_there_is_none(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_set(&rig, 0x84, 4, 0x00008fc2);
	rig_set(&rig, 0xd3, 1, 0x01);
	rig_cap(&rig, 0xd0, 0x13);
	rig.f.cap_af = 0xd0;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	rig_write(&rig, 0x88, 2, 0x8000);
	rig_write(&rig, 0xd4, 1, 0x01);
	assert_int_equal(rig.resets, 0);
	assert_int_equal(rig_hw(&rig, 0x88, 2) & 0x8000, 0);
	assert_int_equal(rig_hw(&rig, 0xd4, 1), 0);
}

/* After a reset the domain's own bits are zero, the rest is what it was. */
static void initial_state(void **state)
{
	uint32_t was[64];

	(void)state;
	rig_typical(&rig);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	for (uint32_t o = 0; o < 256; o += 4) {
		was[o / 4] = rig_read(&rig, o, 4);
	}
	rig_write(&rig, 0x3c, 1, 0x55);
	rig_write(&rig, 0x88, 2, 0x00ef);
	rig_write(&rig, 0x04, 2, 0x0403);
	vpci_shadow_initial(&rig.s);
	assert_int_equal(vpci_shadow_command(&rig.s) & 3, 0);
	for (uint32_t o = 0x10; o < 0x28; o += 4) {
		assert_int_equal(rig_read(&rig, o, 4) & ~0xfU, 0); /* BARs have no address */
		assert_int_equal(rig_read(&rig, o, 4) & 0xfU, was[o / 4] & 0xfU);
	}
	assert_int_equal(rig_read(&rig, 0x3c, 4), 0);
	assert_int_equal(rig_read(&rig, 0x88, 2) & 0xef, 0); /* MPS 128, no error reporting */
	assert_int_equal(rig_read(&rig, 0x00, 4), was[0]);
	assert_int_equal(rig_read(&rig, 0x34, 4), was[0x34 / 4]);
	assert_int_equal(rig_read(&rig, 0x84, 4), was[0x84 / 4]);
	/* And they still size. */
	rig_write(&rig, 0x10, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x10, 4), 0xffffc004);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, vpci_case_setup, vpci_case_teardown)
	const struct CMUnitTest tests[] = {
		T(d3hot_is_real),
		T(leaving_d3hot_may_be_a_reset),
		T(flr_is_carried_out),
		T(no_flr_where_there_is_none),
		T(initial_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
