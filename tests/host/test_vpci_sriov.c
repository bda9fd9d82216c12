/* SPDX-License-Identifier: BSD-2-Clause */
/* The SR-IOV capability of a physical function's owner, register by register. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "vpci/sriov.h"
#include "vpci_case.h"

#define CAP     0x1e0U /* reaches into the next 256 bytes */
#define CONTROL (CAP + 0x08)
#define NUM     (CAP + 0x10)
#define PAGE    (CAP + 0x20)
#define BAR0    (CAP + 0x24)
#define BAR3    (CAP + 0x30)
#define PM      0x44U
#define DEVCTL  0x88U
#define ENABLE  0x1U
#define MSE     0x8U

static int setup(void **state)
{
	struct pci_sriov *s = &rig.f.sriov;

	(void)state;
	rig_init(&rig);
	rig_typical(&rig);
	rig_ext_cap(&rig, CAP, 0x0010);
	rig_set(&rig, CAP + 0x04, 4, 0x00200003);
	rig_set(&rig, CAP + 0x0c, 4, 0x00080008);
	rig_set(&rig, CAP + 0x14, 4, 0x00020080);
	rig_set(&rig, CAP + 0x1c, 4, 0x00000553);
	rig.f.cap_sriov = CAP;
	s->total = 8;
	s->pages = 0x553;
	s->ari = true;
	s->bars[0] = (struct pci_bar){ BAR_MEM64, true, 0x4000, 0x8000000000, pa(0x8000000000) };
	s->bars[1].kind = BAR_MEM64_HIGH;
	s->bars[3] = (struct pci_bar){ BAR_MEM32, false, 0x8000, 0x10100000, pa(0x10100000) };
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	return 0;
}

static void enable(uint16_t count)
{
	rig_write(&rig, NUM, 2, count);
	rig_write(&rig, CONTROL, 2, ENABLE | MSE);
	rig.s.sriov.hold = VPCI_HOLD_VFS;
}

static void begins_as_the_hypervisor_left_it(void **state)
{
	(void)state;
	assert_int_equal(rig_read(&rig, CAP + 0x04, 4), 0x00200002); /* no migration */
	assert_int_equal(rig_read(&rig, CONTROL, 4), 0x10);
	assert_int_equal(rig_read(&rig, CAP + 0x0c, 4), 0x00080008);
	assert_int_equal(rig_read(&rig, NUM, 2), 0);
	assert_int_equal(rig_read(&rig, CAP + 0x14, 4), 0x00020080);
	assert_int_equal(rig_read(&rig, PAGE, 4), 1);
	assert_int_equal(rig_read(&rig, BAR0, 4), 0x0000000c);
	assert_int_equal(rig_read(&rig, BAR0 + 4, 4), 0x80);
	assert_int_equal(rig_read(&rig, BAR0 + 8, 4), 0);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0x10100000);
	assert_int_equal(rig_read(&rig, CAP + 0x3c, 4), 0);
}

/* Everything of it is the owner's own; only NumVFs reaches the hardware. */
static void only_num_vfs_reaches_hardware(void **state)
{
	(void)state;
	for (uint32_t at = CAP; at < CAP + 0x40; at += 4) {
		if (at != (NUM & ~3U)) {
			rig_write(&rig, at, 4, 0xffffffff);
			rig_write(&rig, at, 4, 0);
		}
	}
	assert_int_equal(rig.hw_writes, 0);
	rig_write(&rig, NUM, 2, 5);
	assert_int_equal(rig.hw_writes, 1);
	assert_int_equal(rig_hw(&rig, NUM, 2), 5);
	assert_int_equal(rig_read(&rig, NUM, 2), 5);
}

struct granted {
	uint32_t at, device, own, start;
};

/* 9.3.3, bit by bit: what is the device's, what the owner may set, and how it begins. */
static void assert_granted(const struct granted *g, uint32_t bit)
{
	rig_set(&rig, g->at, 4, 0);
	assert_int_equal(rig_read(&rig, g->at, 4), g->start);
	rig_set(&rig, g->at, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, g->at, 4), g->start | g->device);
	rig_set(&rig, g->at, 4, 0);
	if (g->at == CONTROL) {
		rig_write(&rig, NUM, 2, 1);
	}
	rig_write(&rig, g->at, 4, bit);
	assert_int_equal(rig_read(&rig, g->at, 4), (g->start & ~g->own) | (bit & g->own));
	assert_int_equal(rig_hw(&rig, g->at, 4), g->at == NUM ? bit & g->own : 0);
	assert_int_equal(rig.maps + rig.unmaps + rig.resets + rig.wakes, 0);
}

static void every_bit_is_as_granted(void **state)
{
	static const struct granted registers[] = {
		{ CAP + 0x00, 0xffffffff, 0, 0 },
		{ CAP + 0x04, 0xfffffffe, 0, 0 },
		{ CONTROL, 0, 0x0009, 0x10 },
		{ CAP + 0x0c, 0xffffffff, 0, 0 },
		{ NUM, 0xffff0000, 0x0000ffff, 0 },
		{ CAP + 0x14, 0xffffffff, 0, 0 },
		{ CAP + 0x18, 0xffffffff, 0, 0 },
		{ CAP + 0x1c, 0xffffffff, 0, 0 },
		{ BAR0, 0, 0xffffc000, 0xc },
		{ BAR0 + 4, 0, 0xffffffff, 0x80 },
		{ BAR0 + 8, 0, 0, 0 },
		{ BAR3, 0, 0xffff8000, 0x10100000 },
		{ BAR3 + 4, 0, 0, 0 },
		{ BAR3 + 8, 0, 0, 0 },
		{ BAR3 + 12, 0, 0, 0 },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(registers) * 32; i++) {
		struct granted g = registers[i / 32];

		(void)vpci_case_teardown(state);
		(void)setup(state);
		rig_free(&rig);
		rig.f.sriov.total = 0xffff;
		assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
		assert_granted(&g, 1U << i % 32);
		/* VF BARs that the device has not. */
		rig_free(&rig);
		memset(rig.f.sriov.bars, 0, sizeof(rig.f.sriov.bars));
		g.own = g.at >= BAR0 ? 0 : g.own;
		g.start = g.at >= BAR0 ? 0 : g.start;
		assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
		assert_granted(&g, 1U << i % 32);
	}
}

/* One page size at a time, of those the device has. */
static void every_page_size_is_one_bit(void **state)
{
	static const uint32_t sizes[] = { 0x553, 0xffffffff };

	for (uint32_t i = 0; i < 64; i++) {
		uint32_t bit = 1U << i % 32, has = sizes[i / 32] & bit ? bit : 1;

		(void)vpci_case_teardown(state);
		(void)setup(state);
		rig.s.sriov.pages = sizes[i / 32];
		rig_set(&rig, PAGE, 4, 0xa5a5a5a5);
		rig_write(&rig, PAGE, 4, bit);
		assert_int_equal(rig_read(&rig, PAGE, 4), has);
		rig_write(&rig, PAGE, 4, 3);
		assert_int_equal(rig_read(&rig, PAGE, 4), has);
		assert_int_equal(rig.hw_writes, 0);
	}
}

static void more_than_there_are_is_dropped(void **state)
{
	(void)state;
	rig_write(&rig, NUM, 2, 8);
	rig_write(&rig, NUM, 2, 9);
	assert_int_equal(rig_read(&rig, NUM, 2), 8);
	rig_write(&rig, NUM + 1, 1, 1);
	assert_int_equal(rig_read(&rig, NUM, 2), 8);
	assert_int_equal(rig_hw(&rig, NUM, 2), 8);
	assert_int_equal(rig.hw_writes, 1);
}

static void enabling_needs_a_number(void **state)
{
	(void)state;
	rig_write(&rig, CONTROL, 2, ENABLE | MSE);
	assert_non_null(rig.refused);
	assert_int_equal(rig_read(&rig, CONTROL, 2), 0x10);
	assert_int_equal(rig.vfs, 0);
	rig_write(&rig, NUM, 2, 3);
	rig_write(&rig, CONTROL, 2, ENABLE | MSE);
	assert_null(rig.refused);
	assert_int_equal(rig.vfs, 1);
	assert_int_equal(rig_read(&rig, CONTROL, 2), 0x19);
	assert_true(vpci_sriov_regs(&rig.s).enable);
	assert_true(vpci_sriov_regs(&rig.s).decode);
	assert_int_equal(vpci_sriov_regs(&rig.s).count, 3);
	/* The same once more is no change; MSE alone is one. */
	rig_write(&rig, CONTROL, 4, ENABLE | MSE);
	assert_int_equal(rig.vfs, 1);
	rig_write(&rig, CONTROL, 1, ENABLE);
	assert_int_equal(rig.vfs, 2);
	assert_false(vpci_sriov_regs(&rig.s).decode);
	vpci_sriov_give_up(&rig.s);
	assert_int_equal(rig_read(&rig, CONTROL, 2), 0x10);
}

/* 9.3.3.7, 9.3.3.13, 9.3.3.14. */
static void layout_is_fixed_while_they_are_there(void **state)
{
	(void)state;
	enable(3);
	rig_write(&rig, NUM, 2, 4);
	rig_write(&rig, PAGE, 4, 0x10);
	rig_write(&rig, BAR3, 4, 0x20000000);
	assert_int_equal(rig_read(&rig, NUM, 2), 3);
	assert_int_equal(rig_read(&rig, PAGE, 4), 1);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0x10100000);
	/* BARs are fixed by VF MSE only. */
	rig_write(&rig, CONTROL, 2, ENABLE);
	rig_write(&rig, BAR3, 4, 0x20000000);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0x20000000);
}

static void bars_size_by_the_system_page(void **state)
{
	(void)state;
	rig_write(&rig, BAR0, 4, 0xffffffff);
	rig_write(&rig, BAR0 + 4, 4, 0xffffffff);
	rig_write(&rig, BAR3, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, BAR0, 4), 0xffffc00c);
	assert_int_equal(rig_read(&rig, BAR0 + 4, 4), 0xffffffff);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0xffff8000);
	/* 64 KiB. What is in the registers loses the bits that are size now. */
	rig_write(&rig, PAGE, 4, 0x10);
	assert_int_equal(rig_read(&rig, PAGE, 4), 0x10);
	assert_int_equal(vpci_sriov_regs(&rig.s).page, 0x10000);
	assert_int_equal(rig_read(&rig, BAR0, 4), 0xffff000c);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0xffff0000);
	rig_write(&rig, BAR3, 4, 0x1234c000);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0x12340000);
	/* And back: a BAR is never smaller than it is. */
	rig_write(&rig, PAGE, 4, 1);
	rig_write(&rig, BAR3, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0xffff8000);
}

static void page_is_one_the_device_has(void **state)
{
	static const uint32_t wrong[] = { 0, 3, 4, 0x11, 0x80000000 };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		rig_write(&rig, PAGE, 4, wrong[i]);
		assert_int_equal(rig_read(&rig, PAGE, 4), 1);
	}
}

static void lent_ones_stay(void **state)
{
	(void)state;
	enable(2);
	rig.s.sriov.hold |= VPCI_HOLD_LENT;
	rig_write(&rig, CONTROL, 2, 0);
	assert_non_null(rig.refused);
	assert_int_equal(rig_read(&rig, CONTROL, 2), 0x19);
	rig_write(&rig, DEVCTL, 2, 0x8000);
	assert_non_null(rig.refused);
	assert_int_equal(rig.resets, 0);
	rig_write(&rig, PM, 2, 3);
	assert_non_null(rig.refused);
	assert_int_equal(rig_hw(&rig, PM, 2) & 3, 0);
	/* VF MSE says what the owner sees of those it has. */
	rig_write(&rig, CONTROL, 2, ENABLE);
	assert_null(rig.refused);
	assert_int_equal(rig.vfs, 2);
}

/* Not lent: the PF may be reset, VFs are lost as on hardware. But not in D3hot with them. */
static void unlent_ones_do_not_hold_a_reset(void **state)
{
	(void)state;
	enable(2);
	rig_write(&rig, PM, 2, 3);
	assert_non_null(rig.refused);
	rig_write(&rig, DEVCTL, 2, 0x8000);
	assert_null(rig.refused);
	assert_int_equal(rig.resets, 1);
	rig_write(&rig, CONTROL, 2, 0);
	assert_null(rig.refused);
	assert_int_equal(rig.vfs, 2);
	rig.s.sriov.hold = 0;
	rig_write(&rig, PM, 2, 3);
	assert_int_equal(rig_hw(&rig, PM, 2) & 3, 3);
}

/* While they come or go a write that matters is made again afterwards; it does nothing now. */
static void changes_wait_for_their_turn(void **state)
{
	static const struct {
		uint32_t at, size, value;
	} writes[] = { { CONTROL, 2, ENABLE | MSE }, { NUM, 2, 4 }, { PAGE, 4, 0x10 },
		       { BAR3, 4, 0x20000000 }, { DEVCTL, 2, 0x8000 }, { PM, 2, 3 } };
	uint32_t before[ARRAY_SIZE(writes)];

	(void)state;
	rig_write(&rig, NUM, 2, 2);
	rig.hw_writes = 0;
	rig.s.sriov.hold = VPCI_HOLD_VFS | VPCI_HOLD_BUSY;
	for (uint32_t i = 0; i < ARRAY_SIZE(writes); i++) {
		before[i] = rig_read(&rig, writes[i].at, writes[i].size);
		rig_write(&rig, writes[i].at, writes[i].size, writes[i].value);
		assert_int_equal(rig.laters, i + 1);
		assert_int_equal(rig_read(&rig, writes[i].at, writes[i].size), before[i]);
	}
	assert_int_equal(rig.hw_writes, 0);
	assert_int_equal(rig.vfs + rig.resets, 0);
	/* What changes nothing does not wait, nor does what has nothing to do with it. */
	rig_write(&rig, CONTROL, 2, 0);
	rig_write(&rig, 0x04, 2, 6);
	assert_int_equal(rig.laters, ARRAY_SIZE(writes));
}

static void a_reset_makes_it_initial(void **state)
{
	(void)state;
	enable(2);
	rig_write(&rig, CONTROL, 2, 0);
	rig_write(&rig, PAGE, 4, 0x10);
	vpci_shadow_initial(&rig.s);
	assert_int_equal(rig_read(&rig, CONTROL, 2), 0x10);
	assert_int_equal(rig_read(&rig, NUM, 2), 0);
	assert_int_equal(rig_read(&rig, PAGE, 4), 1);
	assert_int_equal(rig_read(&rig, BAR0, 4), 0x0000000c);
	assert_int_equal(rig_read(&rig, BAR0 + 4, 4), 0);
	rig_write(&rig, BAR3, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, BAR3, 4), 0xffff8000);
}

/* A capability the scan found unusable says that there are no VFs, and cannot be written. */
static void unusable_has_no_vfs(void **state)
{
	(void)state;
	rig_free(&rig);
	rig.f.sriov.total = 0;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	assert_int_equal(rig_read(&rig, CAP + 0x0c, 4), 0);
	rig_write(&rig, NUM, 2, 1);
	rig_write(&rig, CONTROL, 2, ENABLE);
	assert_int_equal(rig.hw_writes + rig.vfs, 0);
	assert_false(vpci_sriov_regs(&rig.s).enable);
}

/* Function Dependency Link and what is reserved are in NumVFs' register (9.3.3.8). */
static void num_vfs_neighbours_are_not_written(void **state)
{
	(void)state;
	rig_set(&rig, NUM + 2, 2, 0x5a03);
	rig_write(&rig, NUM + 2, 2, 0xffff);
	rig_write(&rig, NUM + 3, 1, 0);
	assert_int_equal(rig.hw_writes, 0);
	rig_write(&rig, NUM, 4, 0xffff0004);
	assert_int_equal(rig_hw(&rig, NUM, 4), 0x5a030004);
	assert_int_equal(rig_read(&rig, NUM, 4), 0x5a030004);
	rig_write(&rig, NUM, 1, 5);
	assert_int_equal(rig_hw(&rig, NUM, 4), 0x5a030005);
}

/* A device whose capabilities lie over each other: only NumVFs reaches it, whichever comes last. */
static void what_lies_over_it_opens_nothing(void **state)
{
	static const uint16_t over[] = { 0x000d, 0x0003, 0x0010 }; /* ACS, serial number, SR-IOV */

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(over) * 16; n++) {
		(void)vpci_case_teardown(NULL);
		(void)setup(NULL);
		rig_free(&rig);
		rig_ext_cap(&rig, (uint16_t)(CAP + 4 * (n % 16)), over[n / 16]);
		assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
		rig_write(&rig, PAGE, 4, 0x10);
		vpci_shadow_initial(&rig.s);
		for (uint32_t at = CAP; at < CAP + 0x40; at += 4) {
			rig_write(&rig, at, 4, 0xffffffff);
			rig_write(&rig, at, 4, 0);
			assert_true(at == NUM || rig.hw_writes == 0);
			rig.hw_writes = 0;
		}
		enable(8);
		assert_int_equal(vpci_sriov_regs(&rig.s).count, 8);
		assert_true(vpci_sriov_regs(&rig.s).enable);
	}
}

/* It is the registry's, not the list's: one that is too far down the list is no way round. */
static void it_is_there_without_the_list(void **state)
{
	(void)state;
	rig_free(&rig);
	rig.image.ext_count = 0;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	for (uint32_t at = CAP; at < CAP + 0x40; at += 4) {
		if (at != NUM) {
			rig_write(&rig, at, 4, ~rig_hw(&rig, at, 4));
		}
	}
	assert_int_equal(rig.hw_writes, 0);
	enable(8);
	assert_int_equal(rig_hw(&rig, CONTROL, 2), 0);
	assert_true(vpci_sriov_regs(&rig.s).enable);
}

static void guests_have_none(void **state)
{
	(void)state;
	rig_free(&rig);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	for (uint32_t at = CAP; at < CAP + 0x40; at += 4) {
		assert_int_equal(rig_read(&rig, at, 4), 0);
		rig_write(&rig, at, 4, 0xffffffff);
	}
	assert_int_equal(rig.hw_writes + rig.vfs, 0);
}

/* 9.3.4.1: what a VF's owner finds, whatever the hardware has. */
static void a_vf_has_bus_mastering_only(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_set(&rig, 0, 4, 0xffffffff);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_VF, true), 0);
	assert_int_equal(rig_read(&rig, 0x00, 4), 0xffffffff);
	rig_write(&rig, 0x04, 2, 0xffff);
	assert_int_equal(rig_read(&rig, 0x04, 2), 0x0004);
	assert_int_equal(rig_hw(&rig, 0x04, 2), 0x0004);
	for (uint32_t at = 0x10; at < 0x28; at += 4) {
		rig_write(&rig, at, 4, 0xffffffff);
		assert_int_equal(rig_read(&rig, at, 4), 0);
	}
	assert_int_equal(rig_read(&rig, 0x2c, 4), 0x00018086);
	assert_int_equal(rig_read(&rig, 0x3c, 4), 0);
	assert_int_equal(rig.maps + rig.unmaps, 0);
	rig_write(&rig, DEVCTL, 2, 0x8000);
	assert_int_equal(rig.resets, 1);
}

static void build_vf(void)
{
	rig_free(&rig);
	rig_init(&rig);
	rig_typical(&rig);
	/* Hardware that answers where a VF has nothing. */
	for (uint32_t at = 0x0c; at < 0x40; at += 4) {
		if (at != 0x34) {
			rig_set(&rig, at, 4, 0xffffffff);
		}
	}
	rig_set(&rig, 0x08, 4, 0xa5c3967e);
	rig_set(&rig, 0x2c, 4, 0x3c5a69c3);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_VF, true), 0);
}

/* PCIe 6.0 9.3.4.1: no IDs, no BARs, no pin; class, header type, subsystem are its own. */
static void vf_header_reads_as_hardware(void **state)
{
	static const uint32_t want[] = { 0xffffffff, 0, 0xa5c3967e, 0x00ff0000, 0, 0,    0, 0,
					 0,          0, 0,          0x3c5a69c3, 0, 0x40, 0, 0 };

	(void)state;
	build_vf();
	for (uint32_t i = 0; i < 16; i++) {
		if (i != 1) {
			assert_int_equal(rig_read(&rig, 4 * i, 4), want[i]);
		}
	}
	/* What was found at the start stays; status is what it is now. */
	rig_set(&rig, 0x08, 4, 0x5a3c6981);
	rig_set(&rig, 0x0c, 4, 0);
	rig_set(&rig, 0x2c, 4, 0);
	assert_int_equal(rig_read(&rig, 0x08, 4), 0xa5c3967e);
	assert_int_equal(rig_read(&rig, 0x0c, 4), 0x00ff0000);
	assert_int_equal(rig_read(&rig, 0x2c, 4), 0x3c5a69c3);
	rig_set(&rig, 0x04, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x04, 4) & 0xffb8ffff, 0xffb00004);
	rig_set(&rig, 0x04, 4, 0);
	assert_int_equal(rig_read(&rig, 0x04, 4), 0x00100000);
}

/* Of its header the owner changes bus mastering and clears status, and nothing else. */
static void vf_header_takes_bus_mastering_only(void **state)
{
	(void)state;
	build_vf();
	rig.hw_w1c[7] = 0xf9;
	memset(rig.hw_changed, 0, sizeof(rig.hw_changed));
	for (uint32_t at = 0; at < 0x40; at += 4) {
		uint32_t before = rig_read(&rig, at, 4);

		rig_set(&rig, 0x06, 2, at == 4 ? 0xffff : 0);
		rig_write(&rig, at, 4, 0xffffffff);
		if (at != 4) {
			assert_int_equal(rig_read(&rig, at, 4), before);
		}
		rig_write(&rig, at, 4, 0);
	}
	for (uint32_t at = 0; at < 0x40; at++) {
		uint8_t may = at == 4 ? 0x04 : at == 7 ? 0xf9 : 0;

		assert_int_equal(rig.hw_changed[at] & ~may, 0);
	}
	assert_int_equal(rig.hw_changed[4], 0x04);
	assert_int_equal(rig.hw_changed[7], 0xf9);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, vpci_case_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(begins_as_the_hypervisor_left_it),
		T(only_num_vfs_reaches_hardware),
		T(every_bit_is_as_granted),
		T(every_page_size_is_one_bit),
		T(more_than_there_are_is_dropped),
		T(enabling_needs_a_number),
		T(layout_is_fixed_while_they_are_there),
		T(bars_size_by_the_system_page),
		T(page_is_one_the_device_has),
		T(lent_ones_stay),
		T(unlent_ones_do_not_hold_a_reset),
		T(changes_wait_for_their_turn),
		T(a_reset_makes_it_initial),
		T(unusable_has_no_vfs),
		T(num_vfs_neighbours_are_not_written),
		T(what_lies_over_it_opens_nothing),
		T(it_is_there_without_the_list),
		T(guests_have_none),
		T(a_vf_has_bus_mastering_only),
		T(vf_header_reads_as_hardware),
		T(vf_header_takes_bus_mastering_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
