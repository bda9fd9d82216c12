/* SPDX-License-Identifier: BSD-2-Clause */
/* What each view shows of a function, and what its writes can do to the hardware. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_heap.h"
#include "vpci_case.h"

static void guest_sees_the_identity(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_set(&rig, 0x0e, 1, 0x80); /* multi-function on the host */
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_read(&rig, 0x00, 4), 0x10d38086);
	assert_int_equal(rig_read(&rig, 0x08, 4), 0x02000003);
	assert_int_equal(rig_read(&rig, 0x2c, 4), 0x00018086);
	assert_int_equal(rig_read(&rig, 0x0e, 1), 0);
	assert_int_equal(rig_read(&rig, 0x3d, 1), 0);
	assert_int_equal(rig_read(&rig, 0x30, 4), 0);
	assert_int_equal(rig_read(&rig, 0x04, 2), 0);
}

/* D8, D12: any partition of an aligned read gives the same bytes, and no bit beyond its size. */
static void d8_d12_partitions_of_reads_agree(void **state)
{
	uint32_t seed = 8;

	(void)state;
	for (uint32_t v = VPCI_VIEW_GUEST; v <= VPCI_VIEW_IDENTITY; v++) {
		rig_init(&rig);
		for (uint32_t i = 0x100; i < 4096; i++) {
			rig.hw[i] = (uint8_t)rig_random(&seed);
		}
		rig_typical(&rig);
		assert_int_equal(rig_build(&rig, (enum vpci_view)v, true), 0);
		for (uint32_t o = 0; o < 4096; o += 4) {
			uint32_t whole = rig_read(&rig, o, 4);
			uint32_t low = rig_read(&rig, o, 2);
			uint32_t high = rig_read(&rig, o + 2, 2);
			uint32_t bytes = 0;

			for (uint32_t i = 0; i < 4; i++) {
				uint32_t b = rig_read(&rig, o + i, 1);

				assert_true(b < 0x100);
				bytes |= b << (8 * i);
			}
			assert_true(low < 0x10000 && high < 0x10000);
			assert_int_equal(whole, low | high << 16);
			assert_int_equal(whole, bytes);
		}
		rig_free(&rig);
	}
}

/* Bits of the hardware a guest may see, by dword, of the typical function. */
static uint32_t guest_window(uint32_t offset)
{
	switch (offset) {
	case 0x04:
		return 0xffff0004; /* bus master, STATUS */
	case 0x50:
		return 0xc0000000; /* MSI-X enable, function mask */
	case 0x60:
		return 0x00710000; /* MSI enable, multiple message enable */
	case 0x64: case 0x68: case 0x6c: case 0x70: case 0x74:
		return 0xffffffff; /* MSI address, data, mask, pending */
	case 0x88:
		return 0x003f7910; /* Device Control and Status */
	case 0x44:
		return 0x0000000b; /* power state, No_Soft_Reset */
	case 0xa8:
		return 0x0000001f; /* Device Control 2: completion timeout */
	default:
		return offset > 0x100 && offset < 0x12c ? 0xffffffff : 0; /* AER */
	}
}

/* D9: with any offset and size, nothing of the hardware is seen through the cracks. */
static void d9_guest_sees_no_hidden_bit(void **state)
{
	static uint32_t before[3][4096];
	uint32_t seed = 9;

	(void)state;
	rig_typical(&rig);
	rig_cap(&rig, 0xd0, 0x09);
	rig_ext_cap(&rig, 0x100, 0x0001);
	rig_ext_cap(&rig, 0x140, 0x0010);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	for (uint32_t k = 0; k < 3; k++) {
		for (uint32_t o = 0; o < 4096; o += 1U << k) {
			before[k][o] = rig_read(&rig, o, 1U << k);
		}
	}
	for (uint32_t o = 0; o < 4096; o += 4) {
		uint32_t noise = rig_random(&seed) & ~guest_window(o);

		rig_set(&rig, o, 4, rig_hw(&rig, o, 4) ^ noise);
	}
	for (uint32_t k = 0; k < 3; k++) {
		for (uint32_t o = 0; o < 4096; o += 1U << k) {
			assert_int_equal(before[k][o], rig_read(&rig, o, 1U << k));
		}
	}
	for (uint32_t o = 0x12c; o < 4096; o++) {
		assert_int_equal(rig_read(&rig, o, 1), 0);
	}
}

/* Bits of the hardware a guest may change. */
static uint32_t guest_may_write(uint32_t offset)
{
	switch (offset) {
	case 0x04:
		return 0xf9000004; /* bus master; error bits clear */
	case 0x44:
		return 0x00000003;
	case 0x50:
		return 0xc0000000;
	case 0x60:
		return 0x00710000;
	case 0x64:
		return 0xfffffffc;
	case 0x68:
		return 0xffffffff;
	case 0x6c:
		return 0x0000ffff;
	case 0x70:
		return 0xffffffff;
	case 0x88:
		return 0x000f7810; /* relaxed order, no-snoop, MRRS; error bits clear */
	case 0xa8:
		return 0x0000001f;
	default:
		return 0;
	}
}

static void hostile_guest_writes_stay_inside_the_mask(void **state)
{
	uint32_t seed = 77;

	(void)state;
	rig_typical(&rig);
	rig_set(&rig, 0x04, 4, 0xf9100542); /* SERR, parity, INTx off, errors pending */
	rig_set(&rig, 0x8a, 2, 0x003f);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	for (uint32_t n = 0; n < 200000; n++) {
		uint32_t size = 1U << rig_random(&seed) % 3;
		uint32_t range = n % 4 ? 256 : 4096;
		uint32_t offset = rig_random(&seed) % range & ~(size - 1);

		rig_write(&rig, offset, size, rig_random(&seed));
	}
	for (uint32_t o = 0; o < 4096; o++) {
		assert_int_equal(rig.hw_changed[o] & ~(guest_may_write(o & ~3U) >> (8 * (o & 3))),
				 0);
	}
	assert_true(rig.hw_writes > 1000);
	/* And INTx stays off whatever COMMAND was written. */
	assert_int_equal(rig_hw(&rig, 0x04, 2) & 0x0400, 0x0400);
}

static void read_only_registers_never_change(void **state)
{
	static const uint32_t fixed[] = { 0x00, 0x08, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x54, 0x58,
					  0x84, 0xa4 };
	uint32_t was[ARRAY_SIZE(fixed)];
	uint32_t seed = 3;

	(void)state;
	rig_typical(&rig);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		was[i] = rig_read(&rig, fixed[i], 4);
	}
	for (uint32_t n = 0; n < 50000; n++) {
		uint32_t size = 1U << rig_random(&seed) % 3;

		rig_write(&rig, rig_random(&seed) % 256 & ~(size - 1), size, rig_random(&seed));
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		assert_int_equal(rig_read(&rig, fixed[i], 4), was[i]);
	}
}

/* Splitting a wide write changes nothing, for hardware and shadow alike. */
static void partitions_of_writes_agree(void **state)
{
	static struct vpci_rig other;
	uint32_t seed = 21;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		uint32_t offset = rig_random(&seed) % 256 & ~3U;
		uint32_t value = rig_random(&seed);
		bool in_halves = round & 1;

		/* In whole registers: discarding D1, D2 (nobody writes half of two), and FLR. */
		if (offset == 0x44) {
			continue;
		}
		if (offset == 0x88) {
			value &= ~0x8000U;
		}
		rig_init(&rig);
		rig_typical(&rig);
		rig_set(&rig, 0x06, 2, 0xf910);
		assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
		rig_init(&other);
		rig_typical(&other);
		rig_set(&other, 0x06, 2, 0xf910);
		assert_int_equal(rig_build(&other, VPCI_VIEW_GUEST, true), 0);
		rig_write(&rig, offset, 4, value);
		for (uint32_t i = 0; i < 4; i += in_halves ? 2 : 1) {
			rig_write(&other, offset + i, in_halves ? 2 : 1, value >> (8 * i));
		}
		assert_memory_equal(rig.hw, other.hw, sizeof(rig.hw));
		for (uint32_t o = 0; o < 256; o += 4) {
			assert_int_equal(rig_read(&rig, o, 4), rig_read(&other, o, 4));
		}
		rig_free(&rig);
		rig_free(&other);
	}
}

static void status_errors_clear_only_by_writing_one(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_set(&rig, 0x06, 2, 0xf910);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	rig_write(&rig, 0x04, 2, 0x0004);
	rig_write(&rig, 0x05, 1, 0x04);
	rig_write(&rig, 0x04, 4, 0x00000006);
	assert_int_equal(rig_read(&rig, 0x06, 2), 0xf910);
	rig_write(&rig, 0x06, 2, 0x2000);
	assert_int_equal(rig_read(&rig, 0x06, 2), 0xd910);
	rig_write(&rig, 0x04, 4, 0x80000006);
	assert_int_equal(rig_read(&rig, 0x06, 2), 0x5910);
	assert_int_equal(rig_hw(&rig, 0x04, 2) & 0x0004, 0x0004);
}

/* D3: sizing with decode off, halves in both orders, touches nothing. */
static void d3_sizing_is_arithmetic(void **state)
{
	(void)state;
	rig_bar(&rig, 0, BAR_MEM64, true, 0x200000000ULL, 0x8000000000ULL, 0x8200000000ULL);
	rig_bar(&rig, 2, BAR_MEM32, false, 0x80, 0x10008000, 0x10010000);
	rig_bar(&rig, 3, BAR_MEM64, false, 0x4000, 0x10004000, 0x10000000);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_read(&rig, 0x10, 4), 0x0000000c);
	assert_int_equal(rig_read(&rig, 0x14, 4), 0x00000082);
	rig_write(&rig, 0x14, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x14, 4), 0xfffffffe);
	assert_int_equal(rig_read(&rig, 0x10, 4), 0x0000000c);
	rig_write(&rig, 0x10, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x10, 4), 0x0000000c); /* 8 GiB: no bit in the low half */
	rig_write(&rig, 0x14, 4, 0x00000084);
	assert_int_equal(rig_read(&rig, 0x14, 4), 0x00000084);
	/* Less than a page on the host is a page for the domain. */
	rig_write(&rig, 0x18, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x18, 4), 0xfffff000);
	rig_write(&rig, 0x1c, 4, 0xffffffff);
	rig_write(&rig, 0x20, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x1c, 4), 0xffffc004);
	assert_int_equal(rig_read(&rig, 0x20, 4), 0xffffffff);
	/* Byte by byte. */
	rig_write(&rig, 0x1f, 1, 0x20);
	assert_int_equal(rig_read(&rig, 0x1c, 4), 0x20ffc004);
	assert_int_equal(rig.hw_writes, 0);
	assert_int_equal(rig.maps + rig.unmaps, 0);
	assert_int_equal(vpci_shadow_bar(&rig.s, 0, BAR_MEM64), 0x8400000000ULL);
}

static void bars_hold_still_while_decoding(void **state)
{
	(void)state;
	rig_typical(&rig);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	rig_write(&rig, 0x04, 2, 0x0006);
	assert_int_equal(rig.maps, 1);
	rig_write(&rig, 0x10, 4, 0xffffffff);
	rig_write(&rig, 0x14, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x10, 4), 0x10000004);
	assert_int_equal(rig_read(&rig, 0x14, 4), 0);
	rig_write(&rig, 0x04, 2, 0x0006);
	rig_write(&rig, 0x04, 2, 0x0002);
	assert_int_equal(rig.maps + rig.unmaps, 1);
	rig_write(&rig, 0x04, 1, 0x00);
	assert_int_equal(rig.unmaps, 1);
	rig_write(&rig, 0x10, 4, 0x10020000);
	assert_int_equal(rig_read(&rig, 0x10, 4), 0x10020004);
	/* Memory decode is the executor's to carry out, never a plain hardware write. */
	assert_int_equal(rig_hw(&rig, 0x04, 2) & 0x0002, 0);
}

/* D14: BARs the host never placed are no BARs. */
static void d14_unplaced_bars_read_zero(void **state)
{
	(void)state;
	rig_bar(&rig, 0, BAR_MEM64, false, 0x4000, 0, 0);
	rig_bar(&rig, 2, BAR_MEM32, false, 0x1000, 0, 0);
	for (uint32_t v = VPCI_VIEW_GUEST; v <= VPCI_VIEW_OWNER; v++) {
		assert_int_equal(rig_build(&rig, (enum vpci_view)v, true), 0);
		for (uint32_t o = 0x10; o < 0x28; o += 4) {
			rig_write(&rig, o, 4, 0xffffffff);
			assert_int_equal(rig_read(&rig, o, 4), 0);
		}
	}
	assert_int_equal(rig.hw_writes, 0);
}

static void io_bars_are_virtual_too(void **state)
{
	(void)state;
	rig_typical(&rig);
	for (uint32_t v = VPCI_VIEW_GUEST; v <= VPCI_VIEW_OWNER; v++) {
		assert_int_equal(rig_build(&rig, (enum vpci_view)v, true), 0);
		assert_int_equal(rig_read(&rig, 0x20, 4), 0x2001);
		rig_write(&rig, 0x20, 4, 0xffffffff);
		assert_int_equal(rig_read(&rig, 0x20, 4), 0xffffffe1);
		rig_write(&rig, 0x20, 4, 0x3000);
		rig.io_changes = 0;
		rig_write(&rig, 0x04, 2, 0x0001);
		assert_int_equal(rig.io_changes, 1);
		rig_write(&rig, 0x20, 4, 0x4000);
		assert_int_equal(rig_read(&rig, 0x20, 4), 0x3001);
		assert_int_equal(rig_read(&rig, 0x04, 2) & 3, 1);
		assert_int_equal(rig_hw(&rig, 0x20, 4), 0x1001);
		assert_int_equal(rig_hw(&rig, 0x04, 2), 0);
	}
	/* Without ports there is nothing to switch on. */
	rig.f.bars[4].kind = BAR_NONE;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	rig_write(&rig, 0x04, 2, 0x0001);
	assert_int_equal(rig_read(&rig, 0x04, 2), 0);
}

static void owner_passes_what_is_not_listed(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_cap(&rig, 0xd0, 0x09);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x09), 0xd0);
	rig_write(&rig, 0xd4, 4, 0xcafef00d);
	assert_int_equal(rig_hw(&rig, 0xd4, 4), 0xcafef00d);
	assert_int_equal(rig_read(&rig, 0xd6, 2), 0xcafe);
	rig_write(&rig, 0xd1, 1, 0x40); /* but its link is ours */
	assert_int_equal(rig_hw(&rig, 0xd1, 1), 0);
	assert_int_equal(rig_read(&rig, 0x3d, 1), 1);
	rig_write(&rig, 0xfc0, 4, 7);
	assert_int_equal(rig_hw(&rig, 0xfc0, 4), 7);
}

static void owner_cannot_move_reset_or_multiply(void **state)
{
	static const uint16_t ids[] = { 0x0d, 0x0e, 0x0f, 0x10, 0x13, 0x15, 0x1b };
	uint8_t bars[24];

	(void)state;
	rig_typical(&rig);
	rig_set(&rig, 0xd3, 1, 0x03);
	rig_cap(&rig, 0xd0, 0x13);
	rig.f.cap_af = 0xd0;
	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++) {
		uint16_t at = (uint16_t)(0x100 + 0x40 * i);

		rig_set(&rig, at + 8, 4, 0x00000000);
		rig_set(&rig, at + 12, 4, 0x00100010);
		rig_ext_cap(&rig, at, ids[i]);
	}
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	memcpy(bars, &rig.hw[0x10], sizeof(bars));
	for (uint32_t o = 0x10; o < 0x28; o += 4) {
		rig_write(&rig, o, 4, 0x55555555);
	}
	assert_memory_equal(bars, &rig.hw[0x10], sizeof(bars));
	rig_write(&rig, 0x88, 2, 0x8000);
	rig_write(&rig, 0xd4, 1, 0x01);
	assert_int_equal(rig_hw(&rig, 0x88, 2) & 0x8000, 0);
	assert_int_equal(rig_hw(&rig, 0xd4, 1), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++) {
		uint32_t at = 0x100 + 0x40 * i;

		rig_write(&rig, at + 4, 4, 0xffffffff);
		assert_int_equal(rig_hw(&rig, at + 4, 4), 0);
		assert_int_equal(rig_read(&rig, at, 2), ids[i]);
	}
	/* SR-IOV: VF enable has no way, and there are none to enable. */
	rig_write(&rig, 0x1c8, 2, 0x0009);
	assert_int_equal(rig_hw(&rig, 0x1c8, 2), 0);
	assert_int_equal(rig_read(&rig, 0x1ce, 2), 0);
}

static void a_guest_sees_a_pin_only_with_a_line(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_set(&rig, 0x3c, 4, 0x00000200);
	rig_set(&rig, 0x06, 2, 0x0018); /* Interrupt asserted */
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_read(&rig, 0x3c, 4), 0);
	rig.build.intx = true;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_read(&rig, 0x3c, 4), 0x0200);
	rig_write(&rig, 0x3c, 4, 0xffffffff);
	assert_int_equal(rig_read(&rig, 0x3c, 4), 0x02ff);
	assert_int_equal(rig_read(&rig, 0x06, 2) & 0x0008, 0x0008);
	rig_set(&rig, 0x06, 2, 0x0010);
	assert_int_equal(rig_read(&rig, 0x06, 2) & 0x0008, 0);
	rig.build.intx = false;
}

static void bridge_writes_reach_no_hardware(void **state)
{
	static uint8_t initial[4096];
	uint32_t seed = 5;

	(void)state;
	rig_set(&rig, 0x04, 4, 0x00100107);
	rig_set(&rig, 0x0e, 1, 0x01);
	rig_set(&rig, 0x18, 4, 0x00020100);
	rig_set(&rig, 0x20, 4, 0x10f01000);
	rig_set(&rig, 0x3c, 4, 0x00000100);
	rig_set(&rig, 0x62, 2, 0x0080);
	rig_cap(&rig, 0x40, 0x01);
	rig_cap(&rig, 0x60, 0x05);
	rig_set(&rig, 0x82, 2, 0x0142); /* root port with a slot */
	rig_cap(&rig, 0x80, 0x10);
	rig.f.header_type = 1;
	rig.f.cap_pm = 0x40;
	rig.f.cap_express = 0x80;
	rig.f.msi = (struct pci_msi){ .cap = 0x60, .vectors = 1, .is_64bit = true };
	assert_int_equal(rig_build(&rig, VPCI_VIEW_BRIDGE, false), 0);
	assert_int_equal(rig_read(&rig, 0x18, 4), 0x00020100);
	assert_int_equal(rig_read(&rig, 0x20, 4), 0x10f01000);
	assert_int_equal(rig_read(&rig, 0x3d, 1), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x05), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x10), 0x80);
	assert_int_equal(rig_read(&rig, 0x82, 2), 0x0042);
	memcpy(initial, rig.hw, sizeof(initial));
	for (uint32_t n = 0; n < 50000; n++) {
		uint32_t size = 1U << rig_random(&seed) % 3;

		rig_write(&rig, rig_random(&seed) % 4096 & ~(size - 1), size, rig_random(&seed));
	}
	/* Error bits of STATUS, secondary status and Device Status may clear; they were clear. */
	rig.hw[0x07] = initial[0x07];
	rig.hw[0x1f] = initial[0x1f];
	rig.hw[0x8a] = initial[0x8a];
	assert_memory_equal(rig.hw, initial, sizeof(initial));
	assert_int_equal(rig_read(&rig, 0x18, 4), 0x00020100);
	/* Windows are the domain's own words. */
	rig_write(&rig, 0x20, 4, 0x2ff02000);
	assert_int_equal(rig_read(&rig, 0x20, 4), 0x2ff02000);
	/* So is the power state: any there is (7.5.2.2). */
	for (uint32_t from = 0; from <= 3; from += 3) {
		for (uint32_t to = 0; to <= 3; to++) {
			rig_write(&rig, 0x44, 2, from);
			rig_write(&rig, 0x44, 2, to);
			assert_int_equal(rig_read(&rig, 0x44, 2), (to % 3 ? from : to) | 8);
		}
	}
}

static void identity_is_all_that_is_left(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_set(&rig, 0x0e, 1, 0x80);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_IDENTITY, true), 0);
	for (uint32_t o = 0; o < 4096; o += 4) {
		uint32_t want = 0;

		if (o == 0x00 || o == 0x08 || o == 0x2c) {
			want = rig_hw(&rig, o, 4);
		} else if (o == 0x0c) {
			want = 0x00800000;
		}
		rig_write(&rig, o, 4, 0xffffffff);
		assert_int_equal(rig_read(&rig, o, 4), want);
	}
	assert_int_equal(rig.hw_writes, 0);
}

/* Decoders, ports and INTx hang on COMMAND, vectors on MSI and MSI-X, and on nothing else. */
static void other_registers_have_no_such_consequences(void **state)
{
	static const uint32_t values[] = { 0xffffffff, 0, 0x55555555 };

	(void)state;
	rig_typical(&rig);
	for (uint32_t v = VPCI_VIEW_GUEST; v <= VPCI_VIEW_VF; v++) {
		bool msi = v == VPCI_VIEW_GUEST || vpci_view_is_owners((enum vpci_view)v);

		assert_int_equal(rig_build(&rig, (enum vpci_view)v, true), 0);
		for (uint32_t i = 0; i < 3 * VPCI_BLOCK_REGS; i++) {
			uint32_t at = i / 3 * 4;
			struct vpci_plan plan = vpci_shadow_write(&rig.s, at, 4, values[i % 3], 0);

			if (at != VPCI_REG_COMMAND) {
				assert_false(plan.lost || plan.io_changed || plan.intx_changed);
			}
			assert_int_equal(plan.msi_changed, msi && (at == 0x50 || at == 0x60));
		}
	}
}

static void out_of_memory_shows_nothing(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_ext_cap(&rig, 0x100, 0x0010);
	for (int64_t n = 1; n <= 2; n++) {
		rig_free(&rig);
		fake_heap_fail_in = n;
		assert_int_not_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
		fake_heap_fail_in = 0;
		for (uint32_t o = 0; o < 4096; o += 4) {
			rig_write(&rig, o, 4, 0xffffffff);
			assert_int_equal(rig_read(&rig, o, 4), 0);
		}
	}
	assert_int_equal(rig.hw_writes, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, vpci_case_setup, vpci_case_teardown)
	const struct CMUnitTest tests[] = {
		T(guest_sees_the_identity),
		T(d8_d12_partitions_of_reads_agree),
		T(d9_guest_sees_no_hidden_bit),
		T(hostile_guest_writes_stay_inside_the_mask),
		T(read_only_registers_never_change),
		T(partitions_of_writes_agree),
		T(status_errors_clear_only_by_writing_one),
		T(d3_sizing_is_arithmetic),
		T(bars_hold_still_while_decoding),
		T(d14_unplaced_bars_read_zero),
		T(io_bars_are_virtual_too),
		T(owner_passes_what_is_not_listed),
		T(owner_cannot_move_reset_or_multiply),
		T(a_guest_sees_a_pin_only_with_a_line),
		T(bridge_writes_reach_no_hardware),
		T(identity_is_all_that_is_left),
		T(other_registers_have_no_such_consequences),
		T(out_of_memory_shows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
