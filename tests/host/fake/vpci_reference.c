/* SPDX-License-Identifier: BSD-2-Clause */
/* See vpci_reference.h. Section numbers are of PCIe 6.0. */
#include "vpci_reference.h"

#include <string.h>

#define ALL 0xffffffffU

enum { ID_PM = 1, ID_VPD = 3, ID_MSI = 5, ID_VENDOR = 9, ID_SSVID = 13, ID_EXPRESS = 16,
       ID_MSIX = 17, ID_AF = 19 };

/* What a field is to a view. The first four do not follow the hardware, nor change. */
enum right {
	ZERO,
	ONE,
	COPY,   /* as the hardware has it when the function comes */
	HELD,   /* zero, over a hardware bit that clears by writing one */
	OWN,    /* remembered; zero at first */
	KEPT,   /* remembered; at first as the hardware has it */
	SEEN,   /* hardware's, read only */
	ARMED,  /* the same, and writing one would start something */
	REAL,   /* hardware's, read and write */
	CLEARS, /* hardware's, writing one clears */
};

/* One field: its register from the start of header or capability, highest and lowest bit. */
struct field {
	uint8_t at, high, low;
	uint8_t guest, owner, bridge;
};

#define STATUS(bit) (16 + (bit))

/*
 * 7.5.1.1, 7.5.1.2, 7.5.1.3. A register that is listed is zero where no field is. BARs, I/O decode
 * and the list of capabilities depend on the function: see bars(), list().
 */
static const struct field header[] = {
	{ 0x00, 31, 0, COPY, COPY, COPY },
	{ 0x04, 0, 0, ZERO, ZERO, KEPT },                   /* I/O space */
	{ 0x04, 1, 1, OWN, OWN, KEPT },                     /* memory space */
	{ 0x04, 2, 2, REAL, REAL, KEPT },                   /* bus master */
	{ 0x04, 3, 3, ZERO, ZERO, COPY },
	{ 0x04, 4, 4, ZERO, REAL, COPY },                   /* MWI */
	{ 0x04, 5, 5, ZERO, ZERO, COPY },
	{ 0x04, 6, 6, ZERO, SEEN, KEPT },                   /* parity response */
	{ 0x04, 7, 7, ZERO, SEEN, COPY },
	{ 0x04, 8, 8, ZERO, ZERO, KEPT },                   /* SERR */
	{ 0x04, 9, 9, ZERO, SEEN, COPY },
	{ 0x04, 10, 10, OWN, OWN, KEPT },                   /* INTx disable */
	{ 0x04, 15, 11, ZERO, SEEN, COPY },
	{ 0x04, STATUS(2), STATUS(0), ZERO, SEEN, SEEN },
	{ 0x04, STATUS(3), STATUS(3), SEEN, SEEN, ZERO },   /* interrupt */
	{ 0x04, STATUS(5), STATUS(5), SEEN, SEEN, SEEN },
	{ 0x04, STATUS(6), STATUS(6), ZERO, SEEN, SEEN },
	{ 0x04, STATUS(7), STATUS(7), SEEN, SEEN, SEEN },
	{ 0x04, STATUS(8), STATUS(8), CLEARS, CLEARS, CLEARS },
	{ 0x04, STATUS(10), STATUS(9), SEEN, SEEN, SEEN },
	{ 0x04, STATUS(15), STATUS(11), CLEARS, CLEARS, CLEARS },
	{ 0x08, 31, 0, COPY, COPY, COPY },
	{ 0x0c, 7, 0, OWN, REAL, KEPT },                    /* cache line */
	{ 0x0c, 15, 8, ZERO, REAL, COPY },                  /* latency timer */
	{ 0x0c, 22, 16, COPY, COPY, COPY },                 /* header type */
	{ 0x0c, 23, 23, ZERO, COPY, COPY },                 /* multi-function */
	{ 0x10, 31, 0, ZERO, ZERO, ZERO },
	{ 0x14, 31, 0, ZERO, ZERO, ZERO },
	{ 0x18, 31, 0, ZERO, ZERO, COPY },                  /* bus numbers */
	{ 0x1c, 3, 0, ZERO, ZERO, COPY },
	{ 0x1c, 7, 4, ZERO, ZERO, KEPT },                   /* I/O base */
	{ 0x1c, 11, 8, ZERO, ZERO, COPY },
	{ 0x1c, 15, 12, ZERO, ZERO, KEPT },                 /* I/O limit */
	{ 0x1c, STATUS(7), STATUS(0), ZERO, ZERO, SEEN },   /* secondary status */
	{ 0x1c, STATUS(8), STATUS(8), ZERO, ZERO, CLEARS },
	{ 0x1c, STATUS(10), STATUS(9), ZERO, ZERO, SEEN },
	{ 0x1c, STATUS(15), STATUS(11), ZERO, ZERO, CLEARS },
	{ 0x20, 3, 0, ZERO, ZERO, COPY },
	{ 0x20, 15, 4, ZERO, ZERO, KEPT },                  /* memory base and limit */
	{ 0x20, 19, 16, ZERO, ZERO, COPY },
	{ 0x20, 31, 20, ZERO, ZERO, KEPT },
	{ 0x24, 3, 0, ZERO, ZERO, COPY },
	{ 0x24, 15, 4, ZERO, ZERO, KEPT },                  /* prefetchable ones */
	{ 0x24, 19, 16, ZERO, ZERO, COPY },
	{ 0x24, 31, 20, ZERO, ZERO, KEPT },
	{ 0x28, 31, 0, ZERO, COPY, KEPT },
	{ 0x2c, 31, 0, COPY, COPY, KEPT },                  /* subsystem; prefetchable limit */
	{ 0x30, 31, 0, ZERO, ZERO, KEPT },                  /* ROM; I/O base and limit, upper */
	{ 0x34, 31, 0, ZERO, ZERO, ZERO },
	{ 0x38, 31, 0, ZERO, ZERO, ZERO },
	{ 0x3c, 7, 0, OWN, KEPT, KEPT },                    /* interrupt line */
	{ 0x3c, 15, 8, ZERO, COPY, ZERO },                  /* interrupt pin */
	{ 0x3c, 25, 16, ZERO, COPY, KEPT },                 /* bridge control */
	{ 0x3c, 26, 26, ZERO, COPY, COPY },
	{ 0x3c, 27, 27, ZERO, COPY, KEPT },
	{ 0x3c, 31, 28, ZERO, COPY, COPY },
};

/*
 * 9.3.4.1, for the owner of the bridge: BARs, ROM and interrupt pin are not a VF's, its IDs are not
 * there, and of COMMAND it has bus mastering.
 */
static const struct field vf_header[] = {
	{ 0x00, 31, 0, ZERO, ONE, ZERO },
	{ 0x04, 2, 2, ZERO, REAL, ZERO },                   /* bus master */
	{ 0x04, STATUS(2), STATUS(0), ZERO, SEEN, ZERO },
	{ 0x04, STATUS(7), STATUS(5), ZERO, SEEN, ZERO },
	{ 0x04, STATUS(8), STATUS(8), ZERO, CLEARS, ZERO },
	{ 0x04, STATUS(10), STATUS(9), ZERO, SEEN, ZERO },
	{ 0x04, STATUS(15), STATUS(11), ZERO, CLEARS, ZERO },
	{ 0x08, 31, 0, ZERO, COPY, ZERO },
	{ 0x0c, 23, 16, ZERO, COPY, ZERO },                 /* header type */
	{ 0x10, 31, 0, ZERO, ZERO, ZERO },
	{ 0x14, 31, 0, ZERO, ZERO, ZERO },
	{ 0x18, 31, 0, ZERO, ZERO, ZERO },
	{ 0x1c, 31, 0, ZERO, ZERO, ZERO },
	{ 0x20, 31, 0, ZERO, ZERO, ZERO },
	{ 0x24, 31, 0, ZERO, ZERO, ZERO },
	{ 0x28, 31, 0, ZERO, ZERO, ZERO },
	{ 0x2c, 31, 0, ZERO, COPY, ZERO },                  /* subsystem */
	{ 0x30, 31, 0, ZERO, ZERO, ZERO },
	{ 0x34, 31, 0, ZERO, ZERO, ZERO },
	{ 0x38, 31, 0, ZERO, ZERO, ZERO },
	{ 0x3c, 31, 0, ZERO, ZERO, ZERO },
};

/* All there is of a function that is not its owner's just now, whoever looks. */
static const struct field identity[] = {
	{ 0x00, 31, 0, COPY, COPY, COPY },
	{ 0x08, 31, 0, COPY, COPY, COPY },
	{ 0x0c, 23, 16, COPY, COPY, COPY },
	{ 0x2c, 31, 0, COPY, COPY, COPY },
};

/* In a capability's first word the lower half is the list's: see list(). 7.5.2: */
static const struct field pm[] = {
	{ 0x00, 18, 16, COPY, COPY, COPY },
	{ 0x00, 21, 21, COPY, COPY, COPY }, /* its driver sets it up after a reset */
	{ 0x04, 1, 0, REAL, REAL, OWN },    /* power state */
	{ 0x04, 3, 3, SEEN, SEEN, ONE },    /* No_Soft_Reset */
	{ 0x04, 15, 15, HELD, HELD, HELD }, /* PME status */
};

/* 7.7.1, without what depends on its shape */
static const struct field msi[] = {
	{ 0x00, 16, 16, REAL, REAL, ZERO }, /* enable */
	{ 0x00, 19, 17, COPY, COPY, ZERO },
	{ 0x00, 22, 20, REAL, REAL, ZERO }, /* multiple message enable */
	{ 0x00, 31, 23, COPY, COPY, ZERO },
	{ 0x04, 1, 0, ZERO, SEEN, ZERO },
	{ 0x04, 31, 2, REAL, REAL, ZERO },  /* address */
};

/* The same without an ITS: what it says stays the domain's own, but for mask and pending. */
static const struct field msi_own[] = {
	{ 0x00, 16, 16, OWN, OWN, ZERO },
	{ 0x00, 19, 17, COPY, COPY, ZERO },
	{ 0x00, 22, 20, OWN, OWN, ZERO },
	{ 0x00, 31, 23, COPY, COPY, ZERO },
	{ 0x04, 31, 2, OWN, OWN, ZERO },
};
static const struct field msi_own_word[] = { { 0, 31, 0, OWN, OWN, ZERO } };
static const struct field msi_own_data[] = { { 0, 15, 0, OWN, OWN, ZERO } };

static const struct field msi_word[] = { { 0, 31, 0, REAL, REAL, ZERO } };
static const struct field msi_data[] = { { 0, 15, 0, REAL, REAL, ZERO } };
static const struct field msi_pending[] = { { 0, 31, 0, SEEN, SEEN, ZERO } };

/* 7.7.2 */
static const struct field msix[] = {
	{ 0x00, 29, 16, COPY, COPY, ZERO },
	{ 0x00, 31, 30, REAL, REAL, ZERO }, /* enable, function mask */
	{ 0x04, 31, 0, COPY, COPY, ZERO },
	{ 0x08, 31, 0, COPY, COPY, ZERO },
};

/* 7.5.3. A guest's is a root-complex integrated endpoint: type 9, no slot, no link. */
static const struct field express[] = {
	{ 0x00, 19, 16, COPY, COPY, COPY },
	{ 0x00, 20, 20, ONE, COPY, COPY },
	{ 0x00, 22, 21, ZERO, COPY, COPY },
	{ 0x00, 23, 23, ONE, COPY, COPY },
	{ 0x00, 24, 24, ZERO, COPY, ZERO },
	{ 0x00, 29, 25, COPY, COPY, COPY },
	{ 0x00, 31, 30, ZERO, COPY, COPY },
	{ 0x04, 2, 0, COPY, COPY, SEEN },
	{ 0x04, 4, 3, ZERO, COPY, SEEN },       /* phantom functions */
	{ 0x04, 17, 5, COPY, COPY, SEEN },
	{ 0x04, 27, 18, ZERO, COPY, SEEN },     /* slot power */
	{ 0x04, 31, 28, COPY, COPY, SEEN },     /* FLR */
	{ 0x08, 3, 0, OWN, OWN, KEPT },         /* error reporting */
	{ 0x08, 4, 4, REAL, REAL, KEPT },       /* relaxed ordering */
	{ 0x08, 7, 5, KEPT, KEPT, KEPT },       /* MPS */
	{ 0x08, 8, 8, SEEN, REAL, KEPT },       /* extended tags */
	{ 0x08, 9, 9, ZERO, ZERO, KEPT },       /* phantom functions */
	{ 0x08, 10, 10, ZERO, REAL, KEPT },     /* auxiliary power */
	{ 0x08, 14, 11, REAL, REAL, KEPT },     /* no snoop, MRRS */
	{ 0x08, 15, 15, ZERO, ZERO, COPY },
	{ 0x08, 19, 16, CLEARS, CLEARS, CLEARS },
	{ 0x08, 21, 20, SEEN, SEEN, SEEN },     /* AUX power, transactions pending */
	{ 0x08, 31, 22, ZERO, SEEN, SEEN },
	{ 0x0c, 31, 0, ZERO, SEEN, SEEN },      /* link */
	{ 0x10, 4, 0, ZERO, KEPT, KEPT },
	{ 0x10, 5, 5, ZERO, ZERO, ZERO },      /* retrain */
	{ 0x10, 15, 6, ZERO, KEPT, KEPT },
	{ 0x10, 31, 16, ZERO, SEEN, SEEN },
	{ 0x14, 31, 0, ZERO, SEEN, ZERO },      /* slot */
	{ 0x18, 31, 0, ZERO, SEEN, ZERO },
	{ 0x1c, 4, 0, ZERO, KEPT, KEPT },       /* root control */
	{ 0x1c, 15, 5, ZERO, SEEN, COPY },
	{ 0x1c, 31, 16, ZERO, SEEN, SEEN },
	{ 0x20, 15, 0, ZERO, SEEN, ZERO },
	{ 0x20, 16, 16, ZERO, CLEARS, ZERO },   /* PME status */
	{ 0x20, 31, 17, ZERO, SEEN, ZERO },
};

static const struct field express2[] = {
	{ 0x24, 4, 0, COPY, SEEN, SEEN },       /* completion timeout ranges */
	{ 0x24, 31, 5, ZERO, SEEN, SEEN },
	{ 0x28, 4, 0, REAL, REAL, KEPT },       /* completion timeout */
	{ 0x28, 5, 5, ZERO, COPY, KEPT },       /* ARI forwarding */
	{ 0x28, 9, 6, ZERO, REAL, KEPT },
	{ 0x28, 10, 10, ZERO, KEPT, KEPT },     /* LTR */
	{ 0x28, 15, 11, ZERO, REAL, KEPT },
	{ 0x28, 31, 16, ZERO, SEEN, SEEN },
	{ 0x2c, 31, 0, ZERO, SEEN, SEEN },
	{ 0x30, 15, 0, ZERO, KEPT, KEPT },
	{ 0x30, 31, 16, ZERO, SEEN, SEEN },
};

/* PCI Advanced Capabilities ECN */
static const struct field af[] = {
	{ 0x00, 31, 16, COPY, COPY, ZERO },
	{ 0x04, 8, 8, SEEN, SEEN, ZERO }, /* transactions pending */
};

/* 7.9.19: a guest never writes F, nor the data that F would write. */
static const struct field vpd[] = {
	{ 0x00, 30, 16, REAL, REAL, ZERO }, /* address */
	{ 0x00, 31, 31, ARMED, REAL, ZERO },
	{ 0x04, 31, 0, SEEN, REAL, ZERO },  /* data */
};

static const struct field ssvid[] = {
	{ 0x00, 31, 16, ZERO, COPY, COPY },
	{ 0x04, 31, 0, ZERO, COPY, COPY },
};

static const struct field closed[] = { { 0, 31, 0, ZERO, ZERO, ZERO } };
static const struct field raw_head[] = { { 0, 31, 16, REAL, REAL, SEEN } };
static const struct field virtio[] = { { 0, 31, 0, COPY, ZERO, ZERO } };

#define FIELDS(name) name, ARRAY_SIZE(name)

static uint32_t bits(uint32_t high, uint32_t low)
{
	return (high == 31 ? ALL : (1U << (high + 1)) - 1) & ~((1U << low) - 1);
}

static uint32_t word(const uint8_t hw[4096], uint32_t at)
{
	return hw[at] | (uint32_t)hw[at + 1] << 8 | (uint32_t)hw[at + 2] << 16 |
	       (uint32_t)hw[at + 3] << 24;
}

static enum right right_of(const struct field *f, enum vpci_view view)
{
	switch (view) {
	case VPCI_VIEW_GUEST:
		return (enum right)f->guest;
	case VPCI_VIEW_OWNER:
	case VPCI_VIEW_VF:
		return (enum right)f->owner;
	case VPCI_VIEW_BRIDGE:
	case VPCI_VIEW_IDENTITY:
	default:
		return (enum right)f->bridge;
	}
}

/* What a register is that no capability has a say in. */
static void forget_default(struct vpci_reference *r, uint32_t reg)
{
	if (r->covered[reg] == 0) {
		r->see[reg] = r->write[reg] = r->w1c[reg] = r->own[reg] = r->start[reg] = 0;
	}
}

static void grant(struct vpci_reference *r, uint32_t reg, uint32_t mask, enum right right,
		  uint32_t hw)
{
	r->start[reg] |= right == ONE ? mask : right == COPY || right == KEPT ? hw & mask : 0;
	r->own[reg] |= right == OWN || right == KEPT ? mask : 0;
	r->see[reg] |= right >= SEEN ? mask : 0;
	r->write[reg] |= right >= REAL ? mask : 0;
	r->w1c[reg] |= right == CLEARS || right == HELD || right == ARMED ? mask : 0;
}

/* One capability's, or the header's, say on its registers. */
static void apply(struct vpci_reference *r, const uint8_t hw[4096], uint32_t base,
		  enum vpci_view view, const struct field *fields, uint32_t count)
{
	uint32_t last = ~0U;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t reg = (base + fields[i].at) / 4;

		if (reg >= 0x40) {
			break; /* a capability too close to the end */
		}
		if (reg != last) {
			forget_default(r, reg);
			r->covered[reg]++;
			last = reg;
		}
		grant(r, reg, bits(fields[i].high, fields[i].low), right_of(&fields[i], view),
		      word(hw, 4 * reg));
	}
}

static void bars(struct vpci_reference *r, const struct vpci_build *b)
{
	const struct pci_function *f = b->function;

	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];
		uint64_t size = bar->size < SZ_4K ? SZ_4K : bar->size;
		bool memory = (bar->kind == BAR_MEM32 || bar->kind == BAR_MEM64) &&
			      (bar->cpu.v & (SZ_4K - 1)) == 0;

		if (bar->size == 0 || bar->address == 0) {
			continue;
		}
		if (bar->kind == BAR_IO) {
			r->own[0x10 / 4 + i] = (uint32_t)-bar->size & ~3U;
			r->own[0x04 / 4] |= 1;
			r->start[0x10 / 4 + i] = (uint32_t)b->bars[i] | 1;
		}
		if (memory) {
			r->own[0x10 / 4 + i] = (uint32_t)-size & ~15U;
			r->start[0x10 / 4 + i] = (uint32_t)b->bars[i] |
						 (bar->kind == BAR_MEM64 ? 4U : 0U) |
						 (bar->prefetchable ? 8U : 0U);
		}
		if (memory && bar->kind == BAR_MEM64) {
			r->own[0x14 / 4 + i] = (uint32_t)(-size >> 32);
			r->start[0x14 / 4 + i] = (uint32_t)(b->bars[i] >> 32);
		}
	}
}

static void msi_shape(struct vpci_reference *r, const uint8_t hw[4096], uint32_t at,
		      enum vpci_view view, const struct pci_msi *shape, bool its)
{
	uint32_t data = shape->is_64bit ? 12 : 8;

	r->bounded[at / 4] |= 0x00700000;
	if (its) {
		apply(r, hw, at, view, FIELDS(msi));
		apply(r, hw, at + data, view, FIELDS(msi_data));
	} else {
		apply(r, hw, at, view, FIELDS(msi_own));
		apply(r, hw, at + data, view, FIELDS(msi_own_data));
	}
	if (shape->is_64bit && its) {
		apply(r, hw, at + 8, view, FIELDS(msi_word));
	} else if (shape->is_64bit) {
		apply(r, hw, at + 8, view, FIELDS(msi_own_word));
	}
	if (shape->maskable) {
		apply(r, hw, at + data + 4, view, FIELDS(msi_word));
		apply(r, hw, at + data + 8, view, FIELDS(msi_pending));
	}
}

/* Capabilities nobody is shown: as long as the specification makes them. */
static void hide(struct vpci_reference *r, const uint8_t hw[4096], uint32_t at, enum vpci_view view)
{
	uint32_t control = word(hw, at) >> 16;
	uint32_t length = 4;

	switch (hw[at]) {
	case ID_MSI:
		length = 12U + (control & 0x80 ? 4U : 0U) + (control & 0x100 ? 8U : 0U);
		break;
	case ID_MSIX:
		length = 12;
		break;
	case ID_PM:
	case ID_VPD:
	case ID_AF:
	case ID_SSVID:
		length = 8;
		break;
	case ID_VENDOR:
		length = (control & 0xfc) > 4 ? control & 0xfc : 4;
		break;
	case ID_EXPRESS:
		length = (control & 15) >= 2 ? 0x3c : 0x24;
		break;
	default:
		break;
	}
	for (uint32_t o = at; o < at + length && o < 0x100; o += 4) {
		apply(r, hw, o, view, FIELDS(closed));
	}
}

/* Virtio 1.2 4.1.4: structures 1 to 4 and 8 of 16, 20 or 24 bytes. */
static bool virtio_part(const struct pci_function *f, const uint8_t *cap)
{
	return f->vendor == 0x1af4 && f->device >= 0x1000 && f->device < 0x1080 &&
	       ((cap[3] >= 1 && cap[3] <= 4) || cap[3] == 8) &&
	       (cap[2] == 16 || cap[2] == 20 || cap[2] == 24);
}

/* True when there is a policy for it and it is the one the scan took. */
static bool known(struct vpci_reference *r, const uint8_t hw[4096], uint32_t at,
		  const struct vpci_build *b)
{
	const struct pci_function *f = b->function;
	bool port = b->view == VPCI_VIEW_BRIDGE;

	if (hw[at] == ID_PM && f->cap_pm == at) {
		apply(r, hw, at, b->view, FIELDS(pm));
	} else if (hw[at] == ID_MSI && f->msi.cap == at && (b->msi || b->msi_trapped) &&
		   !port) {
		msi_shape(r, hw, at, b->view, &f->msi, b->msi);
	} else if (hw[at] == ID_MSIX && f->msix.cap == at && (b->msi || b->msix_trapped) &&
		   !port) {
		apply(r, hw, at, b->view, FIELDS(msix));
	} else if (hw[at] == ID_EXPRESS && f->cap_express == at) {
		apply(r, hw, at, b->view, FIELDS(express));
		if ((hw[at + 2] & 15) >= 2) {
			apply(r, hw, at, b->view, FIELDS(express2));
		}
		if (!port && at + 8 < 0x100) {
			r->bounded[at / 4 + 2] |= 0x7000; /* read request size */
		}
		if (!port && at + 8 < 0x100 && (word(hw, at + 4) & 0x10000000)) {
			r->trigger[at / 4 + 2] |= 0x8000;
		}
	} else if (hw[at] == ID_AF && f->cap_af == at && !port) {
		apply(r, hw, at, b->view, FIELDS(af));
		if (at + 4 < 0x100 && (hw[at + 3] & 2)) {
			r->trigger[at / 4 + 1] |= 1;
		}
	} else if (hw[at] == ID_VPD && f->cap_vpd == at && !port) {
		apply(r, hw, at, b->view, FIELDS(vpd));
		if (b->view == VPCI_VIEW_GUEST) {
			r->trigger[at / 4] |= 0x80000000;
			r->whole[at / 4] |= 0xffff0000;
		}
	} else if (hw[at] == ID_SSVID && b->view != VPCI_VIEW_GUEST) {
		apply(r, hw, at, b->view, FIELDS(ssvid));
	} else if (hw[at] == ID_VENDOR && b->view == VPCI_VIEW_GUEST && virtio_part(f, &hw[at])) {
		for (uint32_t o = 0; o < hw[at + 2] && at + o < 0x100; o += 4) {
			apply(r, hw, at + o, b->view, FIELDS(virtio));
		}
	} else {
		return false;
	}
	return true;
}

static bool has_policy(uint8_t id)
{
	return id == ID_PM || id == ID_VPD || id == ID_MSI || id == ID_SSVID || id == ID_EXPRESS ||
	       id == ID_MSIX || id == ID_AF;
}

/* 7.5.1.1.11: what is shown, linked anew. These bytes read so whatever lies on them. */
static void list(struct vpci_reference *r, const uint8_t hw[4096], const uint8_t *shown,
		 uint32_t count)
{
	r->start[0x04 / 4] |= count ? 0x00100000 : 0;
	r->start[0x34 / 4] = count ? shown[0] : 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t reg = shown[i] / 4;
		uint32_t next = i + 1 < count ? shown[i + 1] : 0;

		r->start[reg] = (r->start[reg] & ~0xffffU) | next << 8 | hw[shown[i]];
		r->see[reg] &= ~0xffffU;
		r->write[reg] &= ~0xffffU;
		r->own[reg] &= ~0xffffU;
	}
}

static void capabilities(struct vpci_reference *r, const uint8_t hw[4096],
			 const struct vpci_build *b)
{
	bool seen[64] = { false };
	uint8_t shown[48];
	uint32_t count = 0;
	uint32_t at = hw[6] & 0x10 ? hw[0x34] & 0xfcU : 0;

	while (at >= 0x40 && !seen[at / 4]) {
		seen[at / 4] = true;
		if (known(r, hw, at, b)) {
			shown[count++] = (uint8_t)at;
		} else if (vpci_view_is_owners(b->view) && !has_policy(hw[at])) {
			apply(r, hw, at, b->view, FIELDS(raw_head));
			shown[count++] = (uint8_t)at;
		} else {
			hide(r, hw, at, b->view);
		}
		at = hw[at + 1] & 0xfcU;
	}
	list(r, hw, shown, count);
}

/*
 * Looked at, not touched. 7.7.11, 7.8.8, 10.5.1, 9.3.3, 10.5.2, 7.8.6, 7.8.2, 7.8.9, 7.8.3, 7.8.7;
 * 7.9.11 multicast, 7.9.14 port containment, 7.9.15 time, 7.7.9 Device 3, 7.9.3 serial number. A
 * guest: the last and errors (7.8.4) up to the log of headers.
 */
static uint32_t read_only_length(uint16_t id, enum vpci_view view)
{
	if (view == VPCI_VIEW_GUEST) {
		return id == 0x01 ? 0x2c : id == 0x03 ? 12 : 0;
	}
	switch (id) {
	case 0x0d: case 0x0e: case 0x0f: case 0x18: case 0x1b:
		return 8;
	case 0x01:
		return 0x2c;
	case 0x03: case 0x1d: case 0x1f:
		return 12;
	case 0x10:
		return 0x40;
	case 0x12:
		return 0x30;
	case 0x13: case 0x2f:
		return 0x10;
	case 0x15: case 0x24:
		return 4 + 6 * 8;
	case 0x1e:
		return 0x14;
	default:
		return 0;
	}
}

static void read_only(struct vpci_reference *r, const struct vpci_ext_cap *cap, enum vpci_view view)
{
	uint32_t length = read_only_length(cap->id, view);

	for (uint32_t o = 0; o < length && cap->offset + o < 4096; o += 4) {
		uint32_t reg = (cap->offset + o) / 4;

		forget_default(r, reg);
		r->covered[reg]++;
		/* InitialVFs and TotalVFs: none. */
		grant(r, reg, cap->id == 0x10 && o == 0xc ? 0 : ALL, SEEN, 0);
	}
}

/* 7.6.3: a guest's list is its own, and begins at 0x100 whatever is there. */
static void guest_ext_list(struct vpci_reference *r, const struct vpci_image *image)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < image->ext_count; i++) {
		const struct vpci_ext_cap *cap = &image->ext[i];
		uint32_t reg = cap->offset / 4;

		if (read_only_length(cap->id, VPCI_VIEW_GUEST) == 0) {
			continue;
		}
		r->see[0x100 / 4] = r->see[reg] = 0;
		if (reg != 0x100 / 4 && last == 0) {
			last = 0x100 / 4;
		}
		if (last != 0) {
			r->start[last] |= (uint32_t)cap->offset << 20;
		}
		r->start[reg] = cap->id | (uint32_t)cap->version << 16;
		last = reg;
	}
}

static void extended(struct vpci_reference *r, const struct vpci_image *image, enum vpci_view view)
{
	/* Where the list is not known whole, all may be what the owner must not write. */
	for (uint32_t reg = 0x100 / 4; image->ext_more && reg < VPCI_REGS; reg++) {
		r->write[reg] = 0;
	}
	for (uint32_t i = 0; i < image->ext_count; i++) {
		read_only(r, &image->ext[i], view);
	}
	if (view == VPCI_VIEW_GUEST) {
		guest_ext_list(r, image);
	}
}

void vpci_reference(struct vpci_reference *r, const uint8_t hw[4096], const struct vpci_build *b)
{
	memset(r, 0, sizeof(*r));
	/* Deny; but an owner's drivers are those of bare metal, and a bridge may be looked at. */
	for (uint32_t reg = 0x40 / 4; reg < VPCI_REGS; reg++) {
		bool owner = vpci_view_is_owners(b->view);

		r->see[reg] = owner || b->view == VPCI_VIEW_BRIDGE ? ALL : 0;
		r->write[reg] = owner ? ALL : 0;
	}
	if (b->view == VPCI_VIEW_IDENTITY) {
		apply(r, hw, 0, b->view, FIELDS(identity));
		return;
	}
	if (b->view == VPCI_VIEW_VF) {
		apply(r, hw, 0, b->view, FIELDS(vf_header));
	} else {
		apply(r, hw, 0, b->view, FIELDS(header));
	}
	if (b->view == VPCI_VIEW_GUEST || b->view == VPCI_VIEW_OWNER) {
		bars(r, b);
	}
	if (b->view == VPCI_VIEW_GUEST && b->intx) {
		r->start[0x3c / 4] |= word(hw, 0x3c) & 0xff00;
	}
	capabilities(r, hw, b);
	if (b->view == VPCI_VIEW_GUEST || vpci_view_is_owners(b->view)) {
		extended(r, b->image, b->view);
	}
}
