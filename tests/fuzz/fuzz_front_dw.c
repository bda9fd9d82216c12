/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: an owner's driver at the trapped registers of a DesignWare controller. It writes what
 * it likes where it likes. What is checked holds for every stream: an access that becomes a config
 * cycle is one that the translations as they read back say, and changes nothing; nothing but what
 * the policy lets through reaches the controller; narrow and wide accesses leave translations
 * alone.
 */
#include <stdlib.h>
#include <string.h>

#include "pci/bridges/designware.h"
#include "vpci/front_dw.h"

#define HEADER 4
#define RECORD 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct machine_bridge desc;
static struct host_bridge bridge;
static struct front_dw dw;

static void check(bool good)
{
	if (!good) {
		abort();
	}
}

static uint32_t word(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void begin(const uint8_t *header)
{
	memset(&dw, 0, sizeof(dw));
	memset(&desc, 0, sizeof(desc));
	desc.bus_start = header[0];
	desc.bus_end = 255;
	desc.owner_driven = true;
	desc.regs = (struct range){ 0x33800000, 0x400000 };
	desc.cfg = (struct range){ header[1] & 1 ? 0x1fff00000ULL : 0x1ff00000, 0x80000 };
	desc.atu = (struct range){ 0x33c00000, header[1] & 2 ? 0x2000 : 0 };
	desc.windows[0] =
		(struct machine_window){ WINDOW_MEM32, false, 0x18000000, 0x18000000, 0x7f00000 };
	desc.window_count = 1;
	bridge = (struct host_bridge){ .desc = &desc, .owner_driven = true, .up = header[1] & 4 };
	front_dw_init(&dw, &bridge);
	if (header[1] & 8) {
		front_dw_learn(&dw, header[1] & 16 ? ~0U : 0);
	}
}

/* Offsets that mean something are rare: some bits say near which one it is. */
static uint64_t offset_of(uint32_t region, const uint8_t *p)
{
	static const uint32_t near[] = { 0, DW_VIEWPORT, DW_ATU_OFFSET, 0x820 };
	static const uint32_t sizes[] = { 0x400000, 0x80000, 0x2000 };
	uint32_t offset = p[1] & 0x80 ? word(p + 2) & 0xffffff : word(p + 2) & 0x3ff;

	if (region == FRONT_DW_DBI) {
		offset += near[p[1] >> 5 & 3];
	}
	return offset % sizes[region];
}

/* The cycle that the first enabled translation of the address makes, from its registers. */
static bool cycle_at(uint64_t address, uint64_t *cycle)
{
	for (uint32_t i = 0; i < FRONT_DW_REGIONS; i++) {
		const uint32_t *w = dw.outbound[i];
		uint64_t base = (uint64_t)w[3] << 32 | w[2];
		uint64_t limit = (uint64_t)(w[8] != 0 ? w[8] : w[3]) << 32 | w[4];

		if (w[1] >> 31 == 0 || address < base || address > limit) {
			continue;
		}
		*cycle = (w[5] & ~0xfffU) + (address - base);
		return (w[0] & 31) == 4 || (w[0] & 31) == 5;
	}
	return false;
}

static void check_config(uint32_t region, const struct mmio_access *a,
			 const struct vpci_front_plan *p)
{
	uint64_t cycle = 0;

	check(p->offset + p->size <= 0x1000 && p->offset % p->size == 0);
	if (region == FRONT_DW_DBI) {
		check(bridge.up && a->offset < DW_PORT_LOGIC && p->offset == a->offset);
		check(p->bus == desc.bus_start && p->devfn == 0);
		return;
	}
	check(region == FRONT_DW_CONFIG && p->bus != desc.bus_start);
	check(cycle_at(desc.cfg.base + a->offset, &cycle));
	check(p->bus == (cycle >> 24 & 0xff) && p->devfn == (cycle >> 16 & 0xff) &&
	      p->offset == (cycle & 0xffff));
}

/* What reaches the controller is for it, or names a translation that says something of its own. */
static void check_hardware(const struct mmio_access *a, const struct vpci_front_plan *p,
			   bool changed)
{
	enum front_dw_rule rule = front_dw_rule_at(p->offset);

	check(p->offset < DW_DBI_SIZE && p->offset % p->size == 0);
	if (rule != FRONT_DW_SHADOW) {
		check(rule != FRONT_DW_HIDDEN && !(rule == FRONT_DW_PORT && bridge.up));
		check(p->offset == a->offset && p->value == (a->write ? (uint32_t)a->value : ~0U));
		check(!changed);
		return;
	}
	check(p->offset == DW_VIEWPORT);
	if (a->write) {
		uint32_t index = p->value & 0xff;

		check(index < FRONT_DW_REGIONS);
		check(!front_dw_useful(&dw, p->value >> 31, index));
	} else {
		check(!changed && dw.variant == FRONT_DW_UNKNOWN);
	}
}

static bool same(const struct vpci_front_plan *a, const struct vpci_front_plan *b)
{
	return a->kind == b->kind && a->bus == b->bus && a->devfn == b->devfn &&
	       a->offset == b->offset && a->size == b->size && a->write == b->write &&
	       a->value == b->value;
}

static void step(const uint8_t *record)
{
	uint32_t region = record[0] % (desc.atu.size != 0 ? 3 : 2);
	struct mmio_access a = {
		.size = (uint8_t)(1U << (record[1] & 3)), .write = record[1] & 4,
		.offset = offset_of(region, record), .value = word(record + 5),
	};
	struct front_dw before = dw;
	struct vpci_front_plan p;
	bool changed;

	a.offset -= a.offset % a.size;
	p = front_dw_plan(&dw, region, &a);
	changed = memcmp(&before, &dw, sizeof(dw)) != 0;
	check(!changed || (a.write && a.size == 4));
	if (p.kind == VPCI_FRONT_VALUE) {
		return;
	}
	check(a.size <= 4 && p.size == a.size && p.write == a.write);
	if (p.kind == VPCI_FRONT_CONFIG) {
		struct vpci_front_plan again = front_dw_plan(&dw, region, &a);

		check(!changed && same(&again, &p));
		check(!a.write || p.value == (uint32_t)a.value);
		check_config(region, &a, &p);
		return;
	}
	check(p.kind == VPCI_FRONT_HARDWARE && region != FRONT_DW_CONFIG);
	check_hardware(&a, &p, changed);
	if (!a.write && p.offset == DW_VIEWPORT) {
		front_dw_learn(&dw, a.value & 1 ? ~0U : 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEADER) {
		return 0;
	}
	begin(data);
	for (size_t at = HEADER; at + RECORD <= size; at += RECORD) {
		step(data + at);
	}
	return 0;
}
