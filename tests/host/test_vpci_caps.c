/* SPDX-License-Identifier: BSD-2-Clause */
/* Which capabilities a view lists, and MSI, MSI-X, VPD bit by bit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "vpci_case.h"

static void guest_caps_are_those_with_a_policy(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_cap(&rig, 0xc0, 0x03); /* VPD, of which the scan knew nothing */
	rig_cap(&rig, 0xd0, 0x09); /* vendor specific */
	rig_cap(&rig, 0xe0, 0x13); /* AF */
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x01), 0x40);
	assert_int_equal(rig_seen_cap(&rig, 0x11), 0x50);
	assert_int_equal(rig_seen_cap(&rig, 0x05), 0x60);
	assert_int_equal(rig_seen_cap(&rig, 0x10), 0x80);
	assert_int_equal(rig_seen_cap(&rig, 0x03), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x09), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x13), 0);
	for (uint32_t o = 0xc0; o < 0x100; o += 4) {
		assert_int_equal(rig_read(&rig, o, 4), 0);
	}
}

/*
 * A power capability over the Express one: what was written of Device Status (PCIe 6.0 7.5.3.5) as
 * nothing but a power state's neighbour would clear it.
 */
static void overlap_clears_no_status(void **state)
{
	(void)state;
	rig_cap(&rig, 0x64, 0x10);
	rig_cap(&rig, 0x68, 0x01);
	rig.f.cap_express = 0x64;
	rig.f.cap_pm = 0x68;
	rig_set(&rig, 0x6e, 2, 0xf);
	rig.hw_w1c[0x6e] = 0xf;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	rig_write(&rig, 0x6c, 4, 0xffffffff);
	assert_int_equal(rig_hw(&rig, 0x6c, 1) & 3, 3);
	assert_int_equal(rig_hw(&rig, 0x6e, 2), 0xf);
}

static void virtio_cap(uint8_t at, uint8_t size, uint8_t type)
{
	rig_cap(&rig, at, 0x09);
	rig_set(&rig, at + 2, 1, size);
	rig_set(&rig, at + 3, 1, type);
	rig_set(&rig, at + 4, 1, 4); /* BAR */
	rig_set(&rig, at + 8, 4, 0x1000);
	rig_set(&rig, at + 12, 4, 0x2000);
}

/* A guest's driver finds the parts of a virtio function, and can change nothing by them. */
static void virtio_parts_are_shown_read_only(void **state)
{
	(void)state;
	rig_typical(&rig);
	virtio_cap(0xc0, 16, 1);
	rig_set(&rig, 0xd0, 4, 0x5a5a5a5a); /* behind it, nobody's */
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x09), 0); /* another vendor's */
	rig.f.vendor = 0x1af4;
	rig.f.device = 0x1110; /* not virtio: ivshmem */
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x09), 0);
	rig.f.device = 0x1042;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x09), 0xc0);
	for (uint32_t o = 0xc0; o < 0xd4; o += 4) {
		rig_write(&rig, o, 4, 0xffffffff);
	}
	assert_int_equal(rig_read(&rig, 0xc2, 2), 0x0110);
	assert_int_equal(rig_read(&rig, 0xc4, 4), 4);
	assert_int_equal(rig_read(&rig, 0xc8, 4), 0x1000);
	assert_int_equal(rig_read(&rig, 0xcc, 4), 0x2000);
	assert_int_equal(rig_read(&rig, 0xd0, 4), 0);
	assert_int_equal(rig_hw(&rig, 0xc8, 4), 0x1000);
	assert_int_equal(rig_hw(&rig, 0xd0, 4), 0x5a5a5a5a);
}

/* Type 5 would let config accesses reach BARs (Virtio 1.2 4.1.4.9); odd sizes are no parts. */
static void virtio_config_window_is_hidden(void **state)
{
	static const uint8_t odd[][2] = { { 20, 5 }, { 16, 0 }, { 12, 1 }, { 28, 1 }, { 18, 1 },
					  { 16, 6 }, { 255, 1 } };

	(void)state;
	for (uint32_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		rig_init(&rig);
		rig_typical(&rig);
		rig.f.vendor = 0x1af4;
		rig.f.device = 0x1041;
		virtio_cap(0xc0, odd[i][0], odd[i][1]);
		rig_set(&rig, 0xd0, 4, 0x5a5a5a5a);
		assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
		assert_int_equal(rig_seen_cap(&rig, 0x09), 0);
		for (uint32_t o = 0xc0; o < 0xd4; o += 4) {
			rig_write(&rig, o, 4, 0xffffffff);
			assert_int_equal(rig_read(&rig, o, 4), 0);
		}
		assert_int_equal(rig_hw(&rig, 0xd0, 4), 0x5a5a5a5a);
		rig_free(&rig);
	}
}

/* D20: a capability whose handler cannot work is not listed, and its registers are shut. */
static void d20_no_its_no_msi_capability(void **state)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER };

	(void)state;
	for (uint32_t v = 0; v < 2; v++) {
		rig_init(&rig);
		rig_typical(&rig);
		assert_int_equal(rig_build(&rig, views[v], false), 0);
		assert_int_equal(rig_seen_cap(&rig, 0x11), 0);
		assert_int_equal(rig_seen_cap(&rig, 0x05), 0);
		assert_int_equal(rig_seen_cap(&rig, 0x10), 0x80);
		for (uint32_t o = 0x50; o < 0x78; o += 4) {
			if (o != 0x5c) { /* between the two */
				rig_write(&rig, o, 4, 0xffffffff);
				assert_int_equal(rig_read(&rig, o, 4), 0);
			}
		}
		assert_int_equal(rig_hw(&rig, 0x52, 2), 0x0007);
		assert_int_equal(rig_hw(&rig, 0x62, 2), 0x018a);
		rig_free(&rig);
	}
}

/* D15: devices with MSI only, MSI-X only, neither, no capability at all. */
static void d15_odd_sets_of_capabilities(void **state)
{
	(void)state;
	for (uint32_t v = VPCI_VIEW_GUEST; v <= VPCI_VIEW_IDENTITY; v++) {
		rig_init(&rig);
		assert_int_equal(rig_build(&rig, (enum vpci_view)v, true), 0);
		assert_int_equal(rig_read(&rig, 0x06, 2) & 0x10, 0);
		assert_int_equal(rig_read(&rig, 0x34, 1), 0);
		rig_free(&rig);
	}
	rig_init(&rig);
	rig_set(&rig, 0x62, 2, 0x0080);
	rig_cap(&rig, 0x60, 0x05);
	rig.f.msi = (struct pci_msi){ .cap = 0x60, .vectors = 1, .is_64bit = true };
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x05), 0x60);
	/* Not maskable: nothing behind the data register. */
	rig_write(&rig, 0x6c, 4, 0xffffffff);
	rig_write(&rig, 0x70, 4, 0xffffffff);
	assert_int_equal(rig_hw(&rig, 0x6c, 4), 0x0000ffff);
	assert_int_equal(rig_hw(&rig, 0x70, 4), 0);
}

static void looped_capability_list_ends(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig.hw[0x81] = 0x40;
	for (uint32_t v = VPCI_VIEW_GUEST; v <= VPCI_VIEW_BRIDGE; v++) {
		assert_int_equal(rig_build(&rig, (enum vpci_view)v, true), 0);
		assert_int_equal(rig_seen_cap(&rig, 0x7f), 0);
	}
	rig.hw[0x34] = 0xff; /* the last dword, and its next pointer below the list */
	rig.hw[0xfc] = 0x01;
	rig.hw[0xfd] = 0x3f;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x7f), 0);
}

static void guest_msix_enable_and_mask_reach_hardware(void **state)
{
	(void)state;
	rig_typical(&rig);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	rig_write(&rig, 0x52, 2, 0xc000);
	assert_int_equal(rig_hw(&rig, 0x52, 2), 0xc007);
	assert_int_equal(rig_read(&rig, 0x52, 2), 0xc007);
	rig_write(&rig, 0x53, 1, 0x80);
	assert_int_equal(rig_hw(&rig, 0x52, 2), 0x8007);
	rig_write(&rig, 0x64, 4, 0x08090040);
	rig_write(&rig, 0x6c, 2, 0x0005);
	rig_write(&rig, 0x62, 2, 0x0021);
	assert_int_equal(rig_hw(&rig, 0x64, 4), 0x08090040);
	assert_int_equal(rig_hw(&rig, 0x6c, 4), 0x0005);
	assert_int_equal(rig_hw(&rig, 0x62, 2), 0x01ab);
}

/* Without an ITS: MSI is the domain's own but for mask and pending, and every write is told. */
static void trapped_msi_stays_virtual(void **state)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER };

	(void)state;
	for (uint32_t n = 0; n < 2 * 2; n++) {
		bool wide = n & 1;
		uint32_t control = wide ? 0x0186 : 0x0106; /* eight messages, maskable */
		uint32_t data = wide ? 0x6c : 0x68;
		const uint32_t values[][2] = {
			{ 0x60, 0x00310000 }, { 0x64, 0x08020040 }, { 0x68, wide ? 0x12345678 : 0 },
			{ data, 0x00000055 },
		};

		rig_free(&rig);
		rig_init(&rig);
		rig_set(&rig, 0x62, 2, control | 0x0021); /* whoever had it before left it on */
		rig_cap(&rig, 0x60, 0x05);
		rig.f.msi = (struct pci_msi){ .cap = 0x60, .vectors = 8, .is_64bit = wide,
					      .maskable = true };
		rig.build.msi_trapped = true;
		assert_int_equal(rig_build(&rig, views[n >> 1], false), 0);
		assert_int_equal(rig_seen_cap(&rig, 0x05), 0x60);
		assert_int_equal(rig_read(&rig, 0x62, 2), control);
		for (uint32_t i = 0; i < ARRAY_SIZE(values); i++) {
			uint32_t before = rig_hw(&rig, values[i][0], 4);
			struct vpci_plan plan =
				vpci_shadow_write(&rig.s, values[i][0], 4, values[i][1], 0);

			assert_true(plan.msi_changed);
			assert_false(plan.hw_write);
			assert_int_equal(rig_hw(&rig, values[i][0], 4), before);
		}
		assert_int_equal(rig_read(&rig, 0x62, 2), control | 0x31);
		assert_int_equal(rig_read(&rig, 0x64, 4), 0x08020040);
		assert_int_equal(rig_read(&rig, 0x68, 4), wide ? 0x12345678 : 0x55);
		assert_int_equal(rig_read(&rig, data, 4), 0x55);
		/* Each message has one mask bit. */
		rig_write(&rig, data + 4, 4, 0xffffffff);
		assert_int_equal(rig_hw(&rig, data + 4, 4), 0xff);
		rig_set(&rig, data + 8, 4, 0x81);
		assert_int_equal(rig_read(&rig, data + 8, 4), 0x81);
		/* After a reset nothing of it is left. */
		vpci_shadow_initial(&rig.s);
		assert_int_equal(rig_read(&rig, 0x64, 4), 0);
		assert_int_equal(rig_read(&rig, 0x62, 2), control);
	}
}

/* MSI-X Enable is real, and told; other registers are not. */
static void trapped_msix_is_told(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig.build.msix_trapped = true;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, false), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x11), 0x50);
	assert_true(vpci_shadow_write(&rig.s, 0x53, 1, 0x80, 0).msi_changed);
	rig_write(&rig, 0x52, 2, 0x8000);
	assert_int_equal(rig_hw(&rig, 0x52, 2), 0x8007);
	assert_false(vpci_shadow_write(&rig.s, 0x04, 2, 0x0006, 0).msi_changed);
}

/* 7.7.1.2: more messages in use than there are is undefined in hardware. */
static void no_more_messages_than_there_are(void **state)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER };

	(void)state;
	for (uint32_t n = 0; n < 6 * 2 * 2; n++) {
		uint32_t capable = n / 4;
		bool wide = n & 1;
		uint32_t control = 0x0100 | (wide ? 0x80 : 0) | capable << 1;
		uint32_t mask = wide ? 0x70 : 0x6c;

		rig_free(&rig);
		rig_init(&rig);
		rig_set(&rig, 0x62, 2, control);
		rig_cap(&rig, 0x60, 0x05);
		rig.f.msi = (struct pci_msi){ .cap = 0x60, .vectors = (uint8_t)(1 << capable),
					      .is_64bit = wide, .maskable = true };
		assert_int_equal(rig_build(&rig, views[n >> 1 & 1], true), 0);
		for (uint32_t asked = 0; asked < 8; asked++) {
			uint32_t given = asked < capable ? asked : capable;

			rig_write(&rig, 0x62, 1 + (asked & 1), 0x0001 | asked << 4);
			assert_int_equal(rig_read(&rig, 0x62, 2), control | 1 | given << 4);
			assert_int_equal(rig_hw(&rig, 0x62, 2), control | 1 | given << 4);
		}
		/* Each has one mask bit. */
		rig_write(&rig, mask, 4, 0xffffffff);
		assert_int_equal(rig_hw(&rig, mask, 4), 0xffffffffU >> (32 - (1 << capable)));
	}
}

/* 7.9.19: F set with an address makes the device write its memory, for good. */
static void guests_read_vital_product_data_and_write_none(void **state)
{
	(void)state;
	rig_cap(&rig, 0xc0, 0x03);
	rig.f.cap_vpd = 0xc0;
	rig_set(&rig, 0xc4, 4, 0x12345678);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x03), 0xc0);
	rig_write(&rig, 0xc2, 2, 0x0104);
	assert_int_equal(rig_hw(&rig, 0xc2, 2), 0x0104);
	rig_set(&rig, 0xc2, 2, 0x8104); /* the device has read it */
	assert_int_equal(rig_read(&rig, 0xc2, 2), 0x8104);
	assert_int_equal(rig_read(&rig, 0xc4, 4), 0x12345678);
	rig.hw_writes = 0;
	rig_write(&rig, 0xc4, 4, 0xffffffff);
	rig_write(&rig, 0xc2, 2, 0x8104);
	rig_write(&rig, 0xc0, 4, 0x81040000);
	rig_write(&rig, 0xc2, 1, 0x08);
	rig_write(&rig, 0xc3, 1, 0x01);
	rig_write(&rig, 0xc0, 2, 0x0000);
	assert_int_equal(rig.hw_writes, 0);
	/* The next address goes out with F clear, whatever F the device has. */
	rig_write(&rig, 0xc2, 2, 0x0108);
	assert_int_equal(rig_hw(&rig, 0xc2, 2), 0x0108);
	rig_set(&rig, 0xc2, 2, 0x8108);
	rig_write(&rig, 0xc0, 4, 0x010c0000);
	assert_int_equal(rig_hw(&rig, 0xc0, 4), 0x010c0003);
	assert_int_equal(rig_hw(&rig, 0xc4, 4), 0x12345678);
}

static void the_owner_writes_vital_product_data(void **state)
{
	(void)state;
	rig_cap(&rig, 0xc0, 0x03);
	rig.f.cap_vpd = 0xc0;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_OWNER, true), 0);
	rig_write(&rig, 0xc4, 4, 0xcafef00d);
	rig_write(&rig, 0xc2, 2, 0x8010);
	assert_int_equal(rig_hw(&rig, 0xc2, 2), 0x8010);
	assert_int_equal(rig_hw(&rig, 0xc4, 4), 0xcafef00d);
}

/* Usual capabilities end at 0xbc. A gap, a vendor's capability, one nobody knows, and its body. */
static void with_gaps(void)
{
	rig_typical(&rig);
	rig_set(&rig, 0x48, 4, 0x11111111); /* behind PM */
	rig_cap(&rig, 0xc0, 0x09);
	rig_set(&rig, 0xc2, 1, 12);
	rig_set(&rig, 0xc4, 4, 0x22222222);
	rig_set(&rig, 0xc8, 4, 0x33333333);
	rig_set(&rig, 0xcc, 4, 0x44444444); /* behind it */
	rig_cap(&rig, 0xd0, 0x14);          /* Enhanced Allocation: BARs of another kind */
	rig_set(&rig, 0xd8, 4, 0x55555555);
	rig_cap(&rig, 0xe0, 0x09);
	rig_set(&rig, 0xe2, 1, 4);
	rig_set(&rig, 0xfc, 4, 0x66666666);
}

/* Denied, and allowed by name: what nobody knows is hardware's, the tables keep what they know. */
static void quirk_opens_gaps(void **state)
{
	static const uint32_t open[] = { 0x48, 0xc4, 0xc8, 0xcc, 0xfc };
	struct vpci_rig plain;
	uint32_t value;

	(void)state;
	with_gaps();
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	for (uint32_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		assert_int_equal(rig_read(&rig, open[i], 4), 0);
		rig_write(&rig, open[i], 4, 0);
		assert_int_not_equal(rig_hw(&rig, open[i], 4), 0);
	}
	assert_int_equal(rig_seen_cap(&rig, 0x09), 0);

	rig.f.quirks = PCI_QUIRK_ALLOW_GAP;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, true), 0);
	assert_int_equal(rig_seen_cap(&rig, 0x09), 0xc0);
	for (uint32_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		value = rig_hw(&rig, open[i], 4);
		assert_int_equal(rig_read(&rig, open[i], 4), value);
		rig_write(&rig, open[i], 2, 0x7777);
		assert_int_equal(rig_hw(&rig, open[i], 4), (value & 0xffff0000) | 0x7777);
	}
	/* Hidden is hidden, to its end. */
	assert_int_equal(rig_seen_cap(&rig, 0x14), 0);
	for (uint32_t o = 0xd0; o < 0xe0; o += 4) {
		value = rig_hw(&rig, o, 4);
		rig_write(&rig, o, 4, 0xffffffff);
		assert_int_equal(rig_read(&rig, o, 4), 0);
		assert_int_equal(rig_hw(&rig, o, 4), value);
	}
	/* Links between capabilities are not the guest's to change. */
	value = rig_hw(&rig, 0xc0, 2);
	rig_write(&rig, 0xc0, 2, 0);
	assert_int_equal(rig_hw(&rig, 0xc0, 2), value);

	/* Header and known capabilities are as without it. */
	plain = rig;
	memset(&plain.s, 0, sizeof(plain.s));
	plain.f.quirks = 0;
	plain.build.function = &plain.f;
	assert_int_equal(vpci_build(&plain.s, &plain.build), 0);
	for (uint32_t o = 0; o < 0xbc; o += 4) {
		const struct vpci_reg *a = vpci_shadow_reg(&rig.s, o);
		const struct vpci_reg *b = vpci_shadow_reg(&plain.s, o);

		if (o < 0x48 || (o >= 0x50 && o < 0x5c) || (o >= 0x60 && o < 0x78) || o >= 0x80) {
			assert_int_equal(a->virt, b->virt);
			assert_int_equal(a->write, b->write);
			assert_int_equal(a->w1c, b->w1c);
			assert_int_equal(a->kind, b->kind);
		}
	}
	vpci_shadow_free(&plain.s);
}

/* MSI that cannot be isolated stays out of reach, wherever a vendor's capability says it lies. */
static void open_gaps_do_not_open_msi(void **state)
{
	(void)state;
	rig_typical(&rig);
	rig_cap(&rig, 0xc0, 0x09);
	rig_set(&rig, 0xc2, 1, 0x40);
	rig.f.quirks = PCI_QUIRK_ALLOW_GAP;
	assert_int_equal(rig_build(&rig, VPCI_VIEW_GUEST, false), 0);
	for (uint32_t o = 0x50; o < 0x80; o += 4) {
		uint32_t value = rig_hw(&rig, o, 4);

		rig_write(&rig, o, 4, 0xffffffff);
		assert_int_equal(rig_read(&rig, o, 4), 0);
		assert_int_equal(rig_hw(&rig, o, 4), value);
	}
	/* Owners and bridges know no such quirk. */
	rig_set(&rig, 0xf0, 4, 0x12345678);
	assert_int_equal(rig_build(&rig, VPCI_VIEW_BRIDGE, false), 0);
	rig_write(&rig, 0xf0, 4, 0);
	assert_int_equal(rig_hw(&rig, 0xf0, 4), 0x12345678);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, vpci_case_setup, vpci_case_teardown)
	const struct CMUnitTest tests[] = {
		T(guest_caps_are_those_with_a_policy),
		T(overlap_clears_no_status),
		T(virtio_parts_are_shown_read_only),
		T(virtio_config_window_is_hidden),
		T(d20_no_its_no_msi_capability),
		T(d15_odd_sets_of_capabilities),
		T(looped_capability_list_ends),
		T(guest_msix_enable_and_mask_reach_hardware),
		T(trapped_msi_stays_virtual),
		T(trapped_msix_is_told),
		T(no_more_messages_than_there_are),
		T(guests_read_vital_product_data_and_write_none),
		T(the_owner_writes_vital_product_data),
		T(quirk_opens_gaps),
		T(open_gaps_do_not_open_msi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
