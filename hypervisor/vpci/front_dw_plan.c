/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a DesignWare controller's registers mean when its owner uses them. Address translation is a
 * record: config cycles are found by it, and the controller's own regions are the hypervisor's.
 */
#include "pci/bridges/designware.h"
#include "vpci/front_dw.h"

#define WORD(offset)   ((offset) / 4)
#define UPPER_LIMIT    0x20 /* newer cores */
#define REGION_SIZE    (4 * FRONT_DW_WORDS)
#define VIEWPORT_BITS  ((uint32_t)DW_VIEWPORT_INBOUND | (FRONT_DW_REGIONS - 1))
#define GRANULE        0xfffU /* low bits of base, limit and target that are not there */
#define KIND(ctrl1)    ((ctrl1) & 0x1f)

const struct front_dw_range front_dw_ranges[] = {
	{ 0x000, 0x6ff, FRONT_DW_PORT, "config space of the root port" },
	{ 0x700, 0x81f, FRONT_DW_LINK, "port logic: link, lanes, debug" },
	{ 0x820, 0x827, FRONT_DW_LINK, "MSI capture address" },
	{ 0x828, 0x887, FRONT_DW_DIRECT, "MSI enable, mask, status" },
	{ 0x888, 0x8ff, FRONT_DW_LINK, "port logic: misc control, version" },
	{ 0x900, 0x927, FRONT_DW_SHADOW, "address translation: viewport" },
	{ 0x928, 0xfff, FRONT_DW_LINK, "port logic: the rest" },
};
const uint32_t front_dw_range_count = ARRAY_SIZE(front_dw_ranges);

enum front_dw_rule front_dw_rule_at(uint32_t offset)
{
	for (uint32_t i = 0; i < front_dw_range_count; i++) {
		if (offset >= front_dw_ranges[i].from && offset <= front_dw_ranges[i].to) {
			return front_dw_ranges[i].rule;
		}
	}
	return FRONT_DW_HIDDEN;
}

void front_dw_init(void *regs, const struct host_bridge *b)
{
	struct front_dw *d = regs;

	d->bridge = b;
	/* As after reset (DesignWare databook; QEMU does so too): inbound, the lower 4 GiB. */
	d->inbound[0][WORD(DW_CTRL2)] = (uint32_t)DW_CTRL2_ENABLE;
	d->inbound[0][WORD(DW_LIMIT)] = ~0U;
}

void front_dw_learn(struct front_dw *d, uint32_t value)
{
	d->variant = value == ~0U ? FRONT_DW_UNROLLED : FRONT_DW_VIEWPORT;
}

static uint64_t wide(const uint32_t *words, uint32_t low, uint32_t high)
{
	return (uint64_t)words[WORD(high)] << 32 | words[WORD(low)];
}

/* The last byte; without an upper half of its own its upper half is the base's. */
static uint64_t limit_of(const uint32_t *words)
{
	uint32_t upper = words[WORD(UPPER_LIMIT)];

	return (uint64_t)(upper != 0 ? upper : words[WORD(DW_BASE_UPPER)]) << 32 |
	       words[WORD(DW_LIMIT)];
}

static bool enabled(const uint32_t *words)
{
	return (words[WORD(DW_CTRL2)] & DW_CTRL2_ENABLE) != 0;
}

static bool is_config(const uint32_t *words)
{
	return KIND(words[WORD(DW_CTRL1)]) == DW_CONFIG0 ||
	       KIND(words[WORD(DW_CTRL1)]) == DW_CONFIG1;
}

static bool inside(uint64_t first, uint64_t last, uint64_t base, uint64_t size)
{
	return first <= last && first >= base && last - base < size;
}

bool front_dw_useful(const struct front_dw *d, bool in, uint32_t index)
{
	const struct machine_bridge *b = d->bridge->desc;
	const uint32_t *words = in ? d->inbound[index] : d->outbound[index];
	uint64_t first = wide(words, DW_BASE, DW_BASE_UPPER);
	uint64_t last = limit_of(words);
	uint64_t target = wide(words, DW_TARGET, DW_TARGET_UPPER);

	if (in) {
		return target == first;
	}
	if (is_config(words)) {
		return inside(first, last, b->cfg.base, b->cfg.size);
	}
	for (uint32_t i = 0; i < b->window_count; i++) {
		const struct machine_window *w = &b->windows[i];

		if ((w->kind == WINDOW_IO ? DW_IO : DW_MEMORY) == KIND(words[WORD(DW_CTRL1)]) &&
		    inside(first, last, w->cpu, w->size) && target - w->pci == first - w->cpu) {
			return true;
		}
	}
	return false;
}

static void write_region(uint32_t *words, uint32_t offset, uint32_t value)
{
	if (offset == DW_BASE) {
		value &= ~GRANULE;
	} else if (offset == DW_LIMIT) {
		value |= GRANULE;
	}
	words[WORD(offset)] = value;
}

/* A register of a region; the hypervisor has a look at one that is being enabled. */
static void access_region(struct front_dw *d, bool in, uint32_t index, uint32_t offset,
			  struct vpci_front_plan *p)
{
	uint32_t *words = in ? d->inbound[index] : d->outbound[index];

	if (offset >= REGION_SIZE || p->size != 4) {
		p->value = 0;
		return;
	}
	if (!p->write) {
		p->value = words[WORD(offset)];
		return;
	}
	write_region(words, offset, p->value);
	if (offset == DW_CTRL2 && enabled(words) && !front_dw_useful(d, in, index)) {
		p->kind = VPCI_FRONT_HARDWARE;
		p->offset = DW_VIEWPORT;
		p->value = index | (in ? (uint32_t)DW_VIEWPORT_INBOUND : 0);
	}
}

/* Writes remember which region, in bits that there are: that is how owners count regions. */
static void access_viewport(struct front_dw *d, uint32_t offset, struct vpci_front_plan *p)
{
	if (d->variant == FRONT_DW_UNROLLED) {
		p->value = ~0U;
	} else if (offset != DW_VIEWPORT) {
		access_region(d, (d->viewport & DW_VIEWPORT_INBOUND) != 0,
			      d->viewport & (FRONT_DW_REGIONS - 1), offset - DW_REGION, p);
	} else if (p->write && p->size == 4) {
		d->viewport = p->value & VIEWPORT_BITS;
	} else if (!p->write && d->variant == FRONT_DW_UNKNOWN) {
		p->kind = VPCI_FRONT_HARDWARE;
		p->offset = DW_VIEWPORT;
	} else if (!p->write) {
		p->value = d->viewport;
	}
}

static void access_unrolled(struct front_dw *d, uint64_t offset, struct vpci_front_plan *p)
{
	uint64_t index = offset / DW_ATU_STRIDE;

	if (index >= FRONT_DW_REGIONS || d->variant != FRONT_DW_UNROLLED) {
		p->value = 0;
		return;
	}
	access_region(d, (offset & DW_ATU_INBOUND) != 0, (uint32_t)index,
		      (uint32_t)offset & (DW_ATU_INBOUND - 1), p);
}

static void config(struct vpci_front_plan *p, uint32_t bus, uint32_t devfn, uint32_t offset)
{
	p->kind = VPCI_FRONT_CONFIG;
	p->bus = (uint8_t)bus;
	p->devfn = (uint8_t)devfn;
	p->offset = (uint16_t)offset;
}

static void access_dbi(struct front_dw *d, uint64_t offset, struct vpci_front_plan *p)
{
	bool own_atu = d->bridge->desc->atu.size != 0;

	if (offset >= DW_DBI_SIZE) {
		if (!own_atu && offset >= DW_ATU_OFFSET && offset - DW_ATU_OFFSET < DW_ATU_SIZE) {
			access_unrolled(d, offset - DW_ATU_OFFSET, p);
		} else {
			p->value = 0;
		}
		return;
	}
	switch (front_dw_rule_at((uint32_t)offset)) {
	case FRONT_DW_PORT:
		if (host_bridge_is_up(d->bridge)) {
			config(p, d->bridge->desc->bus_start, 0, (uint32_t)offset);
			return;
		}
		/* Falls through: the owner is bringing it up. */
		__attribute__((fallthrough));
	case FRONT_DW_LINK:
	case FRONT_DW_DIRECT:
		p->kind = VPCI_FRONT_HARDWARE;
		p->offset = (uint16_t)offset;
		return;
	case FRONT_DW_SHADOW:
		access_viewport(d, (uint32_t)offset, p);
		return;
	default:
		p->value = 0;
	}
}

/* Through the first enabled region that makes config cycles of it; all ones otherwise. */
static void access_config(const struct front_dw *d, uint64_t offset, struct vpci_front_plan *p)
{
	uint64_t address = d->bridge->desc->cfg.base + offset;

	p->value = ~0U;
	for (uint32_t i = 0; i < FRONT_DW_REGIONS; i++) {
		const uint32_t *words = d->outbound[i];
		uint64_t base = wide(words, DW_BASE, DW_BASE_UPPER);
		uint64_t cycle = (words[WORD(DW_TARGET)] & ~GRANULE) + (address - base);

		if (!enabled(words) || address < base || address > limit_of(words)) {
			continue;
		}
		/* bus 31:24, device and function 23:16, register 11:0 */
		if (is_config(words) && (cycle >> 12 & 0xf) == 0 &&
		    (cycle >> 24 & 0xff) != d->bridge->desc->bus_start) {
			config(p, cycle >> 24 & 0xff, cycle >> 16 & 0xff, cycle & 0xfff);
		}
		return;
	}
}

struct vpci_front_plan front_dw_plan(void *regs, uint32_t region, const struct mmio_access *a)
{
	struct vpci_front_plan p = { .kind = VPCI_FRONT_VALUE,
				     .size = a->size,
				     .write = a->write,
				     .value = a->write ? (uint32_t)a->value : ~0U };
	struct front_dw *d = regs;

	if (a->size > 4 || !IS_ALIGNED(a->offset, a->size)) {
		p.value = ~0U;
	} else if (region == FRONT_DW_CONFIG) {
		uint32_t written = p.value;

		access_config(d, a->offset, &p);
		p.value = a->write ? written : p.value;
	} else if (region == FRONT_DW_ATU) {
		access_unrolled(d, a->offset, &p);
	} else {
		access_dbi(d, a->offset, &p);
	}
	return p;
}
