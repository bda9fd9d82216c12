/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One function's virtual config space, whatever the device says of itself and whatever is written
 * to it, against vpci_reference.h. Two rigs go the same way: what one does in one access, the other
 * does in pieces.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_heap.h"
#include "property.h"
#include "vpci_reference.h"
#include "vpci_rig.h"

static struct vpci_rig rig;
static struct vpci_rig pieces;
static struct vpci_reference reference;

/* The device. */

static const uint8_t ids[] = { 0x01, 0x05, 0x10, 0x11, 0x13, 0x0d, 0x03, 0x09, 0x14 };
static const uint16_t ext_ids[] = { 0x01, 0x03, 0x0b, 0x0d, 0x0e, 0x0f, 0x10, 0x12, 0x13,
				    0x15, 0x18, 0x1b, 0x1d, 0x1e, 0x1f, 0x23, 0x24, 0x2f };

static uint8_t random_id(const struct vpci_rig *r)
{
	if (r->f.vendor == 0x1af4 && property_below(2)) {
		return 0x09;
	}
	return ids[property_below(ARRAY_SIZE(ids))];
}

static void random_caps(struct vpci_rig *r)
{
	uint32_t count = property_below(8);
	bool tidy = property_below(2);
	uint8_t at = 0x40;

	for (uint32_t i = 0; i < 192; i++) {
		r->hw[0x40 + i] = (uint8_t)property_random();
	}
	for (uint32_t i = 0; i < count && at <= 0xfc; i++) {
		/* Tidy: in their order, with room. Else anywhere, over each other. */
		at = (uint8_t)(tidy ? at : 0x40 + 4 * property_below(48));
		rig_cap(r, at, random_id(r));
		if (r->f.vendor == 0x1af4) { /* the length and type of a virtio structure */
			rig_set(r, at + 2U, 2, property_below(7) * 4 + (property_below(10) << 8));
		}
		if (at > 0xbc) {
			break;
		}
		at = (uint8_t)(at + 0x3c + 4 * property_below(3));
	}
	if (!tidy && property_below(4) == 0) {
		r->hw[0x34] = (uint8_t)property_random();
	}
	if (!tidy && r->last_cap && property_below(3) == 0) {
		r->hw[r->last_cap + 1] = (uint8_t)property_random(); /* it may loop */
	}
	if (property_below(16) == 0) {
		r->hw[6] &= 0xef;
	}
}

static void random_ext_caps(struct vpci_rig *r)
{
	uint32_t count = property_below(5);
	uint32_t at = 0x100;

	for (uint32_t i = 0; i < count && at < 0xfc0; i++) {
		rig_ext_cap(r, (uint16_t)at, ext_ids[property_below(ARRAY_SIZE(ext_ids))]);
		at = property_below(8) ? at + 0x40 + 4 * property_below(200)
				       : 0x100 + 4 * property_below(960);
	}
	r->image.ext_more = property_below(8) == 0;
}

static void random_bars(struct vpci_rig *r)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		enum bar_kind kind = (enum bar_kind)property_below(BAR_MEM64_HIGH);
		uint32_t shift = kind == BAR_IO ? 2 + property_below(7) : 4 + property_below(36);
		uint64_t host = property_below(8) ? 0x8000000000ULL : 0;

		if (kind == BAR_NONE || (kind == BAR_MEM64 && i == PCI_BARS - 1)) {
			continue;
		}
		if (kind == BAR_MEM32) {
			shift = MIN(shift, 31U);
		}
		rig_bar(r, i, kind, property_below(2), 1ULL << shift, host,
			kind == BAR_IO ? 0x2000 : kind == BAR_MEM32 ? 0x80000000 : 1ULL << 40);
		i += kind == BAR_MEM64;
	}
}

/* What a scan takes of the list: the first of each kind, most of the time. */
static void random_books(struct vpci_rig *r)
{
	uint32_t at = r->hw[6] & 0x10 ? r->hw[0x34] & 0xfcU : 0;
	struct pci_function *f = &r->f;

	for (uint32_t n = 0; at >= 0x40 && n < 48; n++, at = r->hw[at + 1] & 0xfcU) {
		uint16_t found = property_below(16) ? (uint16_t)at : 0;

		if (r->hw[at] == 0x01 && f->cap_pm == 0) {
			f->cap_pm = found;
		} else if (r->hw[at] == 0x03 && f->cap_vpd == 0) {
			f->cap_vpd = found;
		} else if (r->hw[at] == 0x10 && f->cap_express == 0) {
			f->cap_express = found;
		} else if (r->hw[at] == 0x13 && f->cap_af == 0) {
			f->cap_af = found;
		} else if (r->hw[at] == 0x11 && f->msix.cap == 0) {
			f->msix.cap = found;
		} else if (r->hw[at] == 0x05 && f->msi.cap == 0) {
			f->msi = (struct pci_msi){ found, 32, r->hw[at + 2] & 0x80,
						   r->hw[at + 3] & 1 };
		}
	}
}

static void copy_rig(struct vpci_rig *to, const struct vpci_rig *from)
{
	memcpy(to, from, sizeof(*to));
	memset(&to->s, 0, sizeof(to->s));
}

static void begin(void)
{
	static const enum vpci_view views[] = { VPCI_VIEW_GUEST, VPCI_VIEW_GUEST, VPCI_VIEW_OWNER,
						VPCI_VIEW_OWNER, VPCI_VIEW_BRIDGE,
						VPCI_VIEW_VF, VPCI_VIEW_IDENTITY };
	enum vpci_view view = views[property_below(ARRAY_SIZE(views))];
	bool its = property_below(4);
	bool trapped = !its && property_below(2);

	rig_init(&rig);
	for (uint32_t reg = 0; reg < 0x10; reg++) {
		rig_set(&rig, 4 * reg, 4, property_random());
	}
	rig.hw[0x06] &= 0xef;
	rig.hw[0x34] = 0;
	if (property_below(8) == 0) {
		rig.f.vendor = 0x1af4;
		rig.f.device = (uint16_t)(0xff0 + property_below(0xa0));
	}
	random_caps(&rig);
	random_ext_caps(&rig);
	random_bars(&rig);
	random_books(&rig);
	rig.f.header_type = view == VPCI_VIEW_BRIDGE;
	rig.build.intx = property_below(2);
	rig.build.msi_trapped = trapped;
	rig.build.msix_trapped = trapped;
	copy_rig(&pieces, &rig);
	assert_int_equal(rig_build(&rig, view, its), 0);
	assert_int_equal(rig_build(&pieces, view, its), 0);
	vpci_reference(&reference, rig.hw, &rig.build);
	for (uint32_t o = 0; o < 4096; o++) {
		rig.hw_w1c[o] = (uint8_t)(reference.w1c[o / 4] >> (8 * (o & 3)));
	}
	memcpy(pieces.hw_w1c, rig.hw_w1c, sizeof(rig.hw_w1c));
	property_say("view %d, ITS %d, trapped %d", view, its, trapped);
	for (uint32_t reg = 0; reg < VPCI_REGS; reg++) {
		if (reference.covered[reg] <= 1) {
			assert_int_equal(rig_read(&rig, 4 * reg, 4) & ~reference.see[reg],
					 reference.start[reg]);
		}
	}
}

/* The accesses. */

static uint32_t lanes(uint32_t offset, uint32_t size)
{
	return (size == 4 ? ~0U : (1U << (8 * size)) - 1) << (8 * (offset & 3));
}

/* In two or four pieces, in any order. */
static void write_in_pieces(uint32_t offset, uint32_t size, uint32_t value)
{
	uint32_t half = size / 2;
	uint32_t first = property_below(2);

	if (size == 1) {
		rig_write(&pieces, offset, 1, value);
		return;
	}
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = half * (first ^ i);

		if (half == 2 && property_below(2)) {
			rig_write(&pieces, offset + at + 1, 1, value >> (8 * at + 8) & 0xff);
			rig_write(&pieces, offset + at, 1, value >> (8 * at) & 0xff);
		} else {
			rig_write(&pieces, offset + at, half, value >> (8 * at) & lanes(0, half));
		}
	}
}

static void check_write(uint32_t offset, uint32_t size, uint32_t value, uint32_t before)
{
	uint32_t reg = offset / 4;
	uint32_t in = value << (8 * (offset & 3)) & lanes(offset, size);
	uint32_t changed = before ^ rig_hw(&rig, 4 * reg, 4);

	assert_int_equal(changed & ~(reference.write[reg] & lanes(offset, size)), 0);
	/* Nothing clears but by a one in its own place, and nothing sets. */
	assert_int_equal(changed & reference.w1c[reg] & ~in, 0);
	assert_int_equal(changed & reference.w1c[reg] & ~before, 0);
}

static void one_write(uint32_t offset, uint32_t size)
{
	uint32_t value = property_random() & lanes(0, size);
	uint32_t before = rig_hw(&rig, offset & ~3U, 4);
	uint32_t resets = rig.resets;

	if (property_below(4) == 0) {
		value = property_below(2) ? lanes(0, size) : 0;
	}
	/* Half a register that resets, and the rest of a register after that, are two things. */
	if (size > 1 && property_below(8)) {
		value &= ~(reference.trigger[offset / 4] >> (8 * (offset & 3)));
	}
	property_say("write %u bytes at 0x%x: 0x%x", size, offset, value);
	rig_write(&rig, offset, size, value);
	check_write(offset, size, value, before);
	if (rig.resets != resets) {
		assert_int_not_equal(
			value << (8 * (offset & 3)) & reference.trigger[offset / 4], 0);
	}
	if (rig.resets != resets || reference.whole[offset / 4]) {
		rig_write(&pieces, offset, size, value);
		return;
	}
	write_in_pieces(offset, size, value);
	assert_int_equal(rig_hw(&rig, offset & ~3U, 4), rig_hw(&pieces, offset & ~3U, 4));
	assert_int_equal(rig_read(&rig, offset & ~3U, 4), rig_read(&pieces, offset & ~3U, 4));
	assert_int_equal(rig.maps - rig.unmaps, pieces.maps - pieces.unmaps);
}

static void one_read(uint32_t offset, uint32_t size)
{
	uint32_t reg = offset / 4;
	uint32_t whole = rig_read(&rig, 4 * reg, 4);
	uint32_t value = rig_read(&rig, offset, size);
	uint32_t hw = rig_hw(&rig, 4 * reg, 4);

	property_say("read %u bytes at 0x%x: 0x%x", size, offset, value);
	assert_true(size == 4 || value >> (8 * size) == 0);
	assert_int_equal(value << (8 * (offset & 3)), whole & lanes(offset, size));
	/* Whatever the hardware does where it must not be seen, nothing of it is seen. */
	rig_set(&rig, 4 * reg, 4, hw ^ (property_random() & ~reference.see[reg]));
	assert_int_equal(rig_read(&rig, offset, size), value);
	rig_set(&rig, 4 * reg, 4, hw);
	/* What is not the domain's own does not change. */
	if (reference.covered[reg] <= 1) {
		assert_int_equal((whole ^ reference.start[reg]) & ~reference.see[reg] &
				 ~reference.own[reg], 0);
	}
}

static void reset(void)
{
	property_say("reset");
	vpci_shadow_initial(&rig.s);
	vpci_shadow_initial(&pieces.s);
	for (uint32_t reg = 0; reg < VPCI_REGS; reg += 1 + property_below(8)) {
		if (reference.covered[reg] <= 1) {
			assert_int_equal(rig_read(&rig, 4 * reg, 4) & ~reference.see[reg],
					 reference.start[reg] & ~reference.own[reg]);
		}
	}
}

/* The device's own doing: status bits come, pending bits go. */
static void device_changes(uint32_t offset)
{
	uint32_t value = property_random();

	property_say("the device sets 0x%x to 0x%x", offset & ~3U, value);
	rig_set(&rig, offset & ~3U, 4, value);
	rig_set(&pieces, offset & ~3U, 4, value);
}

static void step(void)
{
	uint32_t size = 1U << property_below(3);
	uint32_t range = property_below(4) ? 0x100 : 0x1000;
	uint32_t offset = property_below(range) & ~(size - 1);
	uint32_t what = property_below(64);

	if (what == 0) {
		reset();
	} else if (what < 4) {
		device_changes(offset);
	} else if (what < 40) {
		one_write(offset, size);
	} else {
		one_read(offset, size);
	}
}

/* What the register holds, in hardware and for the domain, after a write of it over old. */
static uint32_t after_write(uint32_t reg, uint32_t old, uint32_t value, uint32_t *hw)
{
	rig_set(&rig, 4 * reg, 4, old);
	rig_write(&rig, 4 * reg, 4, value);
	*hw = rig_hw(&rig, 4 * reg, 4);
	return rig_read(&rig, 4 * reg, 4);
}

/* A pattern and its opposite: own bits follow, hardware has just what it may, the rest is still. */
static void check_pattern(uint32_t reg, uint32_t own, uint32_t pattern)
{
	uint32_t value = pattern & ~reference.trigger[reg];
	uint32_t clears = reference.write[reg] & reference.w1c[reg];
	uint32_t free = ~reference.bounded[reg];
	uint32_t hw, opposite, read;

	read = after_write(reg, ~0U, ~value & ~reference.trigger[reg], &hw);
	opposite = after_write(reg, 0, value, &hw);
	assert_int_equal(hw & free, reference.write[reg] & ~clears & value & free);
	assert_int_equal((read ^ opposite) & ~reference.see[reg] & free,
			 own & ~reference.trigger[reg] & free);
	after_write(reg, ~0U, value, &hw);
	assert_int_equal(~hw & free,
			 ((reference.write[reg] & ~clears & ~value) | (clears & value)) & free);
}

static void check_live(uint32_t reg, bool exact)
{
	uint32_t live;

	rig_set(&rig, 4 * reg, 4, 0);
	live = rig_read(&rig, 4 * reg, 4);
	rig_set(&rig, 4 * reg, 4, ~0U);
	live ^= rig_read(&rig, 4 * reg, 4);
	assert_int_equal(live & ~reference.see[reg], 0);
	assert_true(!exact || live == reference.see[reg]);
}

/* Its first half says what it is. */
static bool is_high_half(uint32_t reg)
{
	return reg > 4 && reg < 10 && rig.f.bars[reg - 4].kind == BAR_MEM64_HIGH;
}

static bool is_bar(uint32_t reg)
{
	return reg >= 0x10 / 4 && reg < 0x28 / 4 && rig.build.view != VPCI_VIEW_BRIDGE;
}

static uint32_t command_changes(void)
{
	return rig.maps + rig.unmaps + rig.io_changes + rig.intx_changes;
}

/* All registers, once without decode and once with: then BARs hold still. */
static void check_registers(bool decode)
{
	uint32_t command = decode ? 3 & reference.own[1] : 0;
	uint32_t changes;

	/* COMMAND first: what a domain can set of it. */
	rig_set(&rig, 0x04, 4, 0);
	rig_write(&rig, 0x04, 2, 0xffff);
	assert_int_equal((rig_read(&rig, 0x04, 4) ^ reference.start[1]) & ~reference.see[1] &
			 ~reference.own[1], 0);
	assert_int_equal(rig_read(&rig, 0x04, 4) & reference.own[1], reference.own[1]);
	rig_write(&rig, 0x04, 2, command);
	changes = command_changes();
	for (uint32_t reg = 0; reg < VPCI_REGS; reg++) {
		bool exact = reference.covered[reg] <= 1;
		bool power = rig.f.cap_pm && reg == rig.f.cap_pm / 4 + 1U;
		bool still = is_bar(reg) && (rig_read(&rig, 0x10 + 4 * (reg - 4), 1) & 1
						     ? command & 1 : command & 2);

		property_say("decode %d, register 0x%x", decode, 4 * reg);
		check_live(reg, exact);
		if (!exact || reg == 1 || is_high_half(reg)) {
			continue;
		}
		check_pattern(reg, still ? 0 : reference.own[reg], 0xffffffff);
		if (!power) { /* half of D3hot is discarded */
			check_pattern(reg, still ? 0 : reference.own[reg], 0x55555555);
			check_pattern(reg, still ? 0 : reference.own[reg], 0x99999999);
		}
		/* Nothing but COMMAND maps, unmaps, opens ports or masks the interrupt. */
		assert_int_equal(command_changes(), changes);
	}
}

static void end(void)
{
	check_registers(true);
	check_registers(false);
	rig_free(&rig);
	rig_free(&pieces);
	assert_int_equal(fake_heap_live, 0);
}

static void config_space_is_as_granted(void **state)
{
	static const struct property p = {
		.name = "config", .cases = 6000, .steps = 120,
		.begin = begin, .step = step, .end = end,
	};

	(void)state;
	property_check(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_space_is_as_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
