/* SPDX-License-Identifier: BSD-2-Clause */
#include "vpci_rig.h"

#include <stdlib.h>
#include <string.h>

void rig_set(struct vpci_rig *r, uint32_t offset, uint32_t size, uint32_t value)
{
	for (uint32_t i = 0; i < size; i++) {
		r->hw[offset + i] = (uint8_t)(value >> (8 * i));
	}
}

uint32_t rig_hw(const struct vpci_rig *r, uint32_t offset, uint32_t size)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < size; i++) {
		v |= (uint32_t)r->hw[offset + i] << (8 * i);
	}
	return v;
}

static void hw_write(struct vpci_rig *r, uint32_t offset, uint32_t size, uint32_t value)
{
	r->hw_writes++;
	for (uint32_t i = 0; i < size; i++) {
		uint8_t in = (uint8_t)(value >> (8 * i));
		uint8_t w1c = r->hw_w1c[offset + i];
		uint8_t old = r->hw[offset + i];

		r->hw[offset + i] = (uint8_t)((in & ~w1c) | (old & ~in & w1c));
		r->hw_changed[offset + i] |= old ^ r->hw[offset + i];
	}
}

void rig_init(struct vpci_rig *r)
{
	memset(r, 0, sizeof(*r));
	rig_set(r, 0x00, 4, 0x10d38086);
	rig_set(r, 0x08, 4, 0x02000003);
	rig_set(r, 0x2c, 4, 0x00018086);
	rig_set(r, 0x3c, 4, 0x000001ff);
	r->hw_w1c[0x07] = 0xf9;
}

void rig_free(struct vpci_rig *r)
{
	vpci_shadow_free(&r->s);
}

void rig_cap(struct vpci_rig *r, uint8_t at, uint8_t id)
{
	r->hw[at] = id;
	r->hw[at + 1] = 0;
	r->hw[r->last_cap ? r->last_cap + 1 : 0x34] = at;
	r->hw[0x06] |= 0x10;
	r->last_cap = at;
}

void rig_ext_cap(struct vpci_rig *r, uint16_t at, uint16_t id)
{
	rig_set(r, at, 4, 0x00010000U | id);
	if (r->last_ext) {
		rig_set(r, r->last_ext, 4,
			(rig_hw(r, r->last_ext, 4) & 0xfffff) | (uint32_t)at << 20);
	}
	r->last_ext = at;
	r->image.ext[r->image.ext_count++] = (struct vpci_ext_cap){ id, at, 1 };
}

void rig_bar(struct vpci_rig *r, uint32_t i, enum bar_kind kind, bool prefetchable, uint64_t size,
	     uint64_t host, uint64_t initial)
{
	uint32_t flags =
		kind == BAR_IO ? 1U : (kind == BAR_MEM64 ? 4U : 0U) | (prefetchable ? 8U : 0U);

	r->f.bars[i] = (struct pci_bar){ kind, prefetchable, size, host, pa(host) };
	rig_set(r, 0x10 + 4 * i, 4, (uint32_t)host | flags);
	r->build.bars[i] = initial;
	if (kind == BAR_MEM64) {
		r->f.bars[i + 1].kind = BAR_MEM64_HIGH;
		rig_set(r, 0x14 + 4 * i, 4, (uint32_t)(host >> 32));
	}
}

void rig_typical(struct vpci_rig *r)
{
	rig_bar(r, 0, BAR_MEM64, false, 0x4000, 0x10004000, 0x10000000);
	rig_bar(r, 2, BAR_MEM32, false, 0x80, 0x10008000, 0x10010000);
	rig_bar(r, 4, BAR_IO, false, 0x20, 0x1000, 0x2000);
	rig_set(r, 0x42, 2, 0xc823);
	rig_cap(r, 0x40, 0x01);
	rig_set(r, 0x52, 2, 0x0007);
	rig_set(r, 0x54, 4, 0x00002000);
	rig_set(r, 0x58, 4, 0x00003000);
	rig_cap(r, 0x50, 0x11);
	rig_set(r, 0x62, 2, 0x018a); /* 32 vectors, 64-bit, maskable */
	rig_cap(r, 0x60, 0x05);
	rig_set(r, 0x82, 2, 0x0002);
	rig_set(r, 0x84, 4, 0x10008fc2);
	rig_set(r, 0x88, 4, 0x00002810);
	rig_set(r, 0x8c, 4, 0x00477d03);
	rig_set(r, 0xa4, 4, 0x0000081f);
	rig_cap(r, 0x80, 0x10);
	r->hw_w1c[0x8a] = 0x0f;
	r->f.cap_express = 0x80;
	r->f.cap_pm = 0x40;
	r->f.msix = (struct pci_msix){ .cap = 0x50, .entries = 8, .table_bar = 0, .pba_bar = 0,
				       .table_offset = 0x2000, .pba_offset = 0x3000 };
	r->f.msi = (struct pci_msi){ .cap = 0x60, .vectors = 32, .is_64bit = true,
				     .maskable = true };
}

int rig_build(struct vpci_rig *r, enum vpci_view view, bool msi)
{
	for (uint32_t i = 0; i < VPCI_BLOCK_REGS; i++) {
		r->image.regs[i] = rig_hw(r, 4 * i, 4);
	}
	r->build.view = view;
	r->build.msi = msi;
	r->build.function = &r->f;
	r->build.image = &r->image;
	return vpci_build(&r->s, &r->build);
}

/* Not an assertion: fuzz targets have no test that could fail. */
static void check(bool good)
{
	if (!good) {
		abort();
	}
}

uint32_t rig_read(struct vpci_rig *r, uint32_t offset, uint32_t size)
{
	uint32_t value;

	if (vpci_shadow_read_own(&r->s, offset, size, &value)) {
		/* Where the shadow needs no hardware value, noise must make no difference. */
		check(vpci_shadow_read(&r->s, offset, size, 0xa5a5a5a5) == value);
		return value;
	}
	return vpci_shadow_read(&r->s, offset, size, rig_hw(r, offset, size));
}

void rig_write(struct vpci_rig *r, uint32_t offset, uint32_t size, uint32_t value)
{
	struct vpci_plan plan;
	uint32_t hw = 0xa5a5a5a5;

	if (vpci_shadow_write_own(&r->s, offset, size, value)) {
		return;
	}
	if (vpci_shadow_write_reads_hw(&r->s, offset, size)) {
		hw = rig_hw(r, offset, size);
	}
	plan = vpci_shadow_write(&r->s, offset, size, value, hw);
	if (plan.hw_write) {
		hw_write(r, offset, size, plan.hw_value);
	}
	r->maps += plan.effect == VPCI_MAP;
	r->unmaps += plan.effect == VPCI_UNMAP;
	r->io_changes += plan.io_changed;
	r->intx_changes += plan.intx_changed;
	r->resets += plan.effect == VPCI_RESET;
	r->wakes += plan.effect == VPCI_WAKE;
	r->vfs += plan.effect == VPCI_VFS;
	r->laters += plan.effect == VPCI_LATER;
	r->refused = plan.refused;
}

uint32_t rig_seen_cap(struct vpci_rig *r, uint8_t id)
{
	uint32_t at = rig_read(r, 0x34, 1);

	if (!(rig_read(r, 0x06, 2) & 0x10)) {
		return 0;
	}
	for (uint32_t steps = 0; at != 0; steps++) {
		check(at >= 0x40 && at % 4 == 0 && steps < 48);
		if (rig_read(r, at, 1) == id) {
			return at;
		}
		at = rig_read(r, at + 1, 1);
	}
	return 0;
}

uint32_t rig_seen_ext_cap(struct vpci_rig *r, uint16_t id)
{
	uint32_t at = 0x100;

	for (uint32_t steps = 0; at != 0; steps++) {
		uint32_t header = rig_read(r, at, 4);

		check(at >= 0x100 && at % 4 == 0 && steps < 960);
		if (header != 0 && (header & 0xffff) == id) {
			return at;
		}
		at = header >> 20;
	}
	return 0;
}

uint32_t rig_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}
