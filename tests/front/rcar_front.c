/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of an R-Car Gen3 controller: what they keep, and which access is a config cycle. */
#include "rcar_front.h"

#include "lib/string.h"

#define ALL 0xffffffffU

/* Registers [first], [first + stride], ...: which bits keep what is written, which a 1 clears. */
static const struct row {
	uint32_t first;
	uint32_t stride;
	uint32_t count;
	uint32_t keep;
	uint32_t clear;
} rows[] = {
	{ 0x00010, 0, 1, 0xffff0ffc, 0 },   /* PCIECAR */
	{ 0x00018, 0, 1, 0x80000100, 0 },   /* PCIECCTLR */
	{ 0x00028, 0, 1, 0x00000001, 0 },   /* PCIEMSR */
	{ 0x00400, 0, 1, 0x00010f00, 0 },   /* PCIEINTXR */
	{ 0x00840, 0, 1, ALL, 0 },          /* PCIEMSITXR */
	{ 0x02000, 0, 1, 0x00000001, 0 },   /* PCIETCTLR */
	{ 0x02020, 0, 1, 0, ALL },          /* PCIEERRFR */
	{ 0x02044, 0, 1, 0, ALL },          /* PCIEMSIFR */
	{ 0x02048, 4, 3, ALL, 0 },          /* PCIEMSIALR, AUR, IER */
	{ 0x02080, 4, 6, ALL, 0 },          /* PCIEPRAR */
	{ 0x02200, 0x20, 6, ALL, 0 },       /* PCIELAR */
	{ 0x02208, 0x20, 6, 0xfffffffe, 0 }, /* PCIELAMR */
	{ 0x03400, 0x20, 4, 0xffffff80, 0 }, /* PCIEPALR */
	{ 0x03404, 0x20, 4, ALL, 0 },       /* PCIEPAUR */
	{ 0x03408, 0x20, 4, 0xffffff80, 0 }, /* PCIEPAMR */
	{ 0x0340c, 0x20, 4, 0x80000100, 0 }, /* PCIEPTCTLR */
	{ 0x11004, 0, 1, ALL, 0 },          /* IDSETR1 */
	{ 0x11048, 0, 1, ALL, 0 },          /* TLCTLR */
	{ 0x11058, 0, 1, ALL, 0 },          /* MACCTLR */
	{ 0x1105c, 0, 1, 0, 0x80800000 },   /* PMSR */
	{ 0x11060, 0, 1, 0x80000000, 0 },   /* PMCTLR */
	{ 0x11084, 0, 1, 0x80000000, 0 },   /* MACCGSPSETR */
};

/* A PHY that is ready, a link of one lane at 2.5 GT/s that can do no more. */
static const struct {
	uint32_t offset;
	uint32_t value;
} fixed[] = {
	{ 0x007f0, 0x00000001 }, /* PCIEPHYSR */
	{ 0x11054, 0x00110000 }, /* MACSR */
	{ 0x11078, 0x00010000 }, /* MACS2R */
};

#define CAR    0x00010U
#define CCTLR  0x00018U
#define CDR    0x00020U
#define MSR    0x00028U
#define TCTLR  0x02000U
#define TSTR   0x02004U
#define ERRFR  0x02020U
#define PORT   0x10000U

#define CCTLR_ENABLE 0x80000000U
#define CCTLR_TYPE1  0x00000100U
#define ERRFR_UNSUPPORTED 0x10U

/* In the port's own config space. */
#define PORT_SIZE      0x1000U
#define STATUS_DWORD   0x04U
#define STATUS_ABORTED 0x20000000U
#define NUMBERS_DWORD  0x18U

/* Where the value of the register at offset is; NULL: there is none. */
static uint32_t *find(struct rcar_front *r, uint32_t offset, const struct row **row)
{
	uint32_t index = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (uint32_t n = 0; n < rows[i].count; n++, index++) {
			if (rows[i].first + n * rows[i].stride == offset) {
				*row = &rows[i];
				return &r->values[index];
			}
		}
	}
	return NULL;
}

static uint32_t *value_of(struct rcar_front *r, uint32_t offset)
{
	const struct row *row;

	return find(r, offset, &row);
}

static bool link_up(struct rcar_front *r)
{
	return (*value_of(r, MSR) & 1) != 0 && (*value_of(r, TCTLR) & 1) != 0;
}

static void write_register(struct rcar_front *r, uint32_t offset, uint32_t value)
{
	const struct row *row;
	uint32_t *at = find(r, offset, &row);

	if (at != NULL) {
		*at = ((*at & ~row->keep) | (value & row->keep)) & ~(value & row->clear);
	}
}

static uint32_t read_register(struct rcar_front *r, uint32_t offset)
{
	const uint32_t *at = value_of(r, offset);

	if (offset == TSTR) {
		return link_up(r);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (fixed[i].offset == offset) {
			return fixed[i].value;
		}
	}
	return at != NULL ? *at : 0;
}

/* Nobody took the cycle: sticky, here and in the port's status. */
static void unsupported(struct rcar_front *r)
{
	*value_of(r, ERRFR) |= ERRFR_UNSUPPORTED;
	r->aborted = true;
}

/*
 * A cycle on the link. The partner takes each of type 0 as its own, whatever bus and device it
 * names; one of type 1 goes by the ports' numbers, and none gets back to the root bus.
 */
static struct vpci_front_plan cycle(struct rcar_front *r, struct vpci_front_plan p)
{
	uint32_t car = *value_of(r, CAR);
	uint32_t secondary = r->numbers >> 8 & 0xff;
	uint32_t subordinate = r->numbers >> 16 & 0xff;
	bool type1 = (*value_of(r, CCTLR) & CCTLR_TYPE1) != 0;
	uint32_t bus = type1 ? car >> 24 : secondary;

	p.value = p.write ? p.value : ALL;
	if ((*value_of(r, CCTLR) & CCTLR_ENABLE) == 0 || !link_up(r)) {
		return p;
	}
	if (secondary <= r->root_bus || (type1 && (bus <= secondary || bus > subordinate))) {
		unsupported(r);
		return p;
	}
	p.kind = VPCI_FRONT_CONFIG;
	p.bus = (uint8_t)bus;
	p.devfn = (uint8_t)(car >> 16 & (type1 ? 0xff : 7));
	p.offset = car & 0xffc;
	return p;
}

struct vpci_front_plan rcar_front_plan(void *regs, uint32_t region, const struct mmio_access *a)
{
	struct vpci_front_plan p = { .kind = VPCI_FRONT_VALUE, .size = 4, .write = a->write,
				     .value = a->write ? (uint32_t)a->value : 0 };
	struct rcar_front *r = regs;

	(void)region;
	/* Registers know 32 bits at a time only. */
	if (a->size != 4) {
		return p;
	}
	if (a->offset == CDR) {
		return cycle(r, p);
	}
	if (a->offset - PORT < PORT_SIZE) {
		p.kind = VPCI_FRONT_CONFIG;
		p.bus = r->root_bus;
		p.devfn = r->port;
		p.offset = (uint16_t)(a->offset - PORT);
	} else if (a->write) {
		write_register(r, (uint32_t)a->offset, p.value);
	} else {
		p.value = read_register(r, (uint32_t)a->offset);
	}
	return p;
}

/* A register of the port was read or written. */
static uint32_t port_answer(struct rcar_front *r, const struct vpci_front_plan *p, uint32_t value)
{
	if (p->offset == NUMBERS_DWORD && !p->write) {
		r->numbers = value;
	}
	if (p->offset == STATUS_DWORD && p->write && (p->value & STATUS_ABORTED) != 0) {
		r->aborted = false;
	}
	if (p->offset == STATUS_DWORD && r->aborted) {
		value |= STATUS_ABORTED;
	}
	return value;
}

uint32_t rcar_front_answer(void *regs, const struct vpci_front_plan *p, bool answered,
			   uint32_t value)
{
	struct rcar_front *r = regs;

	if (p->bus == r->root_bus) {
		return port_answer(r, p, value);
	}
	if (!answered) {
		unsupported(r);
	}
	return value;
}
