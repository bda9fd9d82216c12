/* SPDX-License-Identifier: BSD-2-Clause */
/* See vpci_reference.h. Section numbers are of PCIe 6.0. */
#include "vpci_reference.h"

#include <string.h>

#define ALL 0xffffffffU

enum { ID_PM = 1, ID_VPD = 3, ID_MSI = 5, ID_VENDOR = 9, ID_SSVID = 13, ID_EXPRESS = 16,
       ID_MSIX = 17, ID_AF = 19 };

/* What a field is to a view. */
enum right {
	FIXED,  /* reads as it was built */
	HELD,   /* the same, over hardware's bits that clear by writing one */
	OWN,    /* remembered */
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

#define BUS_MASTER  2
#define INTX_OFF    10
#define STATUS(bit) (16 + (bit))

/* 7.5.1.1, 7.5.1.2, 7.5.1.3. BARs and I/O decode depend on the function: see bars(). */
static const struct field header[] = {
	{ 0x04, 0, 0, FIXED, FIXED, OWN },                   /* I/O space */
	{ 0x04, 1, 1, OWN, OWN, OWN },                       /* memory space */
	{ 0x04, BUS_MASTER, BUS_MASTER, REAL, REAL, OWN },
	{ 0x04, 4, 4, FIXED, REAL, FIXED },                  /* MWI */
	{ 0x04, 6, 6, FIXED, SEEN, OWN },                    /* parity response */
	{ 0x04, 7, 7, FIXED, SEEN, FIXED },
	{ 0x04, 8, 8, FIXED, SEEN, OWN },                    /* SERR */
	{ 0x04, 9, 9, FIXED, SEEN, FIXED },
	{ 0x04, INTX_OFF, INTX_OFF, OWN, OWN, OWN },
	{ 0x04, 15, 11, FIXED, SEEN, FIXED },
	{ 0x04, STATUS(2), STATUS(0), FIXED, SEEN, SEEN },
	{ 0x04, STATUS(3), STATUS(3), SEEN, SEEN, FIXED },   /* interrupt */
	{ 0x04, STATUS(5), STATUS(5), SEEN, SEEN, SEEN },
	{ 0x04, STATUS(6), STATUS(6), FIXED, SEEN, SEEN },
	{ 0x04, STATUS(7), STATUS(7), SEEN, SEEN, SEEN },
	{ 0x04, STATUS(8), STATUS(8), CLEARS, CLEARS, CLEARS },
	{ 0x04, STATUS(10), STATUS(9), SEEN, SEEN, SEEN },
	{ 0x04, STATUS(15), STATUS(11), CLEARS, CLEARS, CLEARS },
	{ 0x0c, 7, 0, OWN, REAL, OWN },                      /* cache line */
	{ 0x0c, 15, 8, FIXED, REAL, FIXED },                 /* latency timer */
	{ 0x1c, 7, 4, FIXED, FIXED, OWN },                   /* I/O base */
	{ 0x1c, 15, 12, FIXED, FIXED, OWN },                 /* I/O limit */
	{ 0x1c, STATUS(7), STATUS(0), FIXED, FIXED, SEEN },  /* secondary status */
	{ 0x1c, STATUS(8), STATUS(8), FIXED, FIXED, CLEARS },
	{ 0x1c, STATUS(10), STATUS(9), FIXED, FIXED, SEEN },
	{ 0x1c, STATUS(15), STATUS(11), FIXED, FIXED, CLEARS },
	{ 0x20, 15, 4, FIXED, FIXED, OWN },                  /* memory base and limit */
	{ 0x20, 31, 20, FIXED, FIXED, OWN },
	{ 0x24, 15, 4, FIXED, FIXED, OWN },                  /* prefetchable ones */
	{ 0x24, 31, 20, FIXED, FIXED, OWN },
	{ 0x28, 31, 0, FIXED, FIXED, OWN },
	{ 0x2c, 31, 0, FIXED, FIXED, OWN },
	{ 0x30, 31, 0, FIXED, FIXED, OWN },
	{ 0x3c, 7, 0, OWN, OWN, OWN },                       /* interrupt line */
	{ 0x3c, 25, 16, FIXED, FIXED, OWN },                 /* bridge control */
	{ 0x3c, 27, 27, FIXED, FIXED, OWN },
};

/* 7.5.2 */
static const struct field pm[] = {
	{ 0x00, 31, 0, FIXED, FIXED, FIXED },
	{ 0x04, 1, 0, REAL, REAL, OWN },    /* power state */
	{ 0x04, 3, 3, SEEN, SEEN, FIXED },  /* No_Soft_Reset */
	{ 0x04, 15, 15, HELD, HELD, HELD }, /* PME status */
};

/* 7.7.1, without what depends on its shape */
static const struct field msi[] = {
	{ 0x00, 16, 16, REAL, REAL, FIXED },  /* enable */
	{ 0x00, 22, 20, REAL, REAL, FIXED },  /* multiple message enable */
	{ 0x04, 31, 2, REAL, REAL, FIXED },   /* address */
	{ 0x04, 1, 0, FIXED, SEEN, FIXED },
};

static const struct field msi_upper[] = { { 0, 31, 0, REAL, REAL, FIXED } };
static const struct field msi_data[] = { { 0, 15, 0, REAL, REAL, FIXED } };
static const struct field msi_pending[] = { { 0, 31, 0, SEEN, SEEN, FIXED } };

/* 7.7.2 */
static const struct field msix[] = {
	{ 0x00, 31, 30, REAL, REAL, FIXED }, /* enable, function mask */
	{ 0x04, 31, 0, FIXED, FIXED, FIXED },
	{ 0x08, 31, 0, FIXED, FIXED, FIXED },
};

/* 7.5.3 */
static const struct field express[] = {
	{ 0x00, 31, 0, FIXED, FIXED, FIXED },
	{ 0x04, 31, 0, FIXED, FIXED, SEEN },
	{ 0x08, 3, 0, OWN, REAL, OWN },         /* error reporting */
	{ 0x08, 4, 4, REAL, REAL, OWN },        /* relaxed ordering */
	{ 0x08, 7, 5, OWN, OWN, OWN },          /* MPS */
	{ 0x08, 8, 8, SEEN, REAL, OWN },        /* extended tags */
	{ 0x08, 9, 9, FIXED, FIXED, OWN },      /* phantom functions */
	{ 0x08, 10, 10, FIXED, REAL, OWN },     /* auxiliary power */
	{ 0x08, 14, 11, REAL, REAL, OWN },      /* no snoop, MRRS */
	{ 0x08, 19, 16, CLEARS, CLEARS, CLEARS },
	{ 0x08, 21, 20, SEEN, SEEN, SEEN },     /* AUX power, transactions pending */
	{ 0x08, 31, 22, FIXED, SEEN, SEEN },
	{ 0x0c, 31, 0, FIXED, SEEN, SEEN },     /* link */
	{ 0x10, 4, 0, FIXED, OWN, OWN },
	{ 0x10, 15, 6, FIXED, OWN, OWN },
	{ 0x10, 31, 16, FIXED, SEEN, SEEN },
	{ 0x14, 31, 0, FIXED, SEEN, FIXED },    /* slot */
	{ 0x18, 31, 0, FIXED, SEEN, FIXED },
	{ 0x1c, 4, 0, FIXED, OWN, OWN },        /* root control */
	{ 0x1c, 15, 5, FIXED, SEEN, FIXED },
	{ 0x1c, 31, 16, FIXED, SEEN, SEEN },
	{ 0x20, 15, 0, FIXED, SEEN, FIXED },
	{ 0x20, 16, 16, FIXED, CLEARS, FIXED }, /* PME status */
	{ 0x20, 31, 17, FIXED, SEEN, FIXED },
};

static const struct field express2[] = {
	{ 0x24, 31, 0, FIXED, SEEN, SEEN },
	{ 0x28, 4, 0, REAL, REAL, OWN },        /* completion timeout */
	{ 0x28, 5, 5, FIXED, FIXED, OWN },      /* ARI forwarding */
	{ 0x28, 9, 6, FIXED, REAL, OWN },
	{ 0x28, 10, 10, FIXED, OWN, OWN },      /* LTR */
	{ 0x28, 15, 11, FIXED, REAL, OWN },
	{ 0x28, 31, 16, FIXED, SEEN, SEEN },
	{ 0x2c, 31, 0, FIXED, SEEN, SEEN },
	{ 0x30, 15, 0, FIXED, OWN, OWN },
	{ 0x30, 31, 16, FIXED, SEEN, SEEN },
};

/* PCI Advanced Capabilities ECN */
static const struct field af[] = {
	{ 0x00, 31, 0, FIXED, FIXED, FIXED },
	{ 0x04, 8, 8, SEEN, SEEN, FIXED }, /* transactions pending */
};

/* 7.9.19: a guest never writes F, nor the data that F would write */
static const struct field vpd[] = {
	{ 0x00, 30, 16, REAL, REAL, FIXED }, /* address */
	{ 0x00, 31, 31, ARMED, REAL, FIXED },
	{ 0x04, 31, 0, SEEN, REAL, FIXED },  /* data */
};

static const struct field ssvid[] = {
	{ 0x00, 31, 0, FIXED, FIXED, FIXED },
	{ 0x04, 31, 0, FIXED, FIXED, FIXED },
};

static const struct field closed[] = { { 0, 31, 0, FIXED, FIXED, FIXED } };
static const struct field raw_head[] = { { 0, 31, 16, REAL, REAL, SEEN } };

#define FIELDS(name) name, ARRAY_SIZE(name)

static uint32_t bits(uint32_t high, uint32_t low)
{
	return (high == 31 ? ALL : (1U << (high + 1)) - 1) & ~((1U << low) - 1);
}

static enum right right_of(const struct field *f, enum vpci_view view)
{
	switch (view) {
	case VPCI_VIEW_GUEST:
		return (enum right)f->guest;
	case VPCI_VIEW_OWNER:
		return (enum right)f->owner;
	case VPCI_VIEW_BRIDGE:
		return (enum right)f->bridge;
	case VPCI_VIEW_IDENTITY:
	default:
		return FIXED;
	}
}

/* What a register is that no capability has a say in. */
static void forget_default(struct vpci_reference *r, uint32_t reg)
{
	if (r->covered[reg] == 0) {
		r->see[reg] = r->write[reg] = r->w1c[reg] = r->own[reg] = 0;
	}
}

static void grant(struct vpci_reference *r, uint32_t reg, uint32_t mask, enum right right)
{
	r->own[reg] |= right == OWN ? mask : 0;
	r->see[reg] |= right >= SEEN ? mask : 0;
	r->write[reg] |= right >= REAL ? mask : 0;
	r->w1c[reg] |= right == CLEARS || right == HELD || right == ARMED ? mask : 0;
}

/* One capability's, or the header's, say on its registers. */
static void apply(struct vpci_reference *r, uint32_t base, enum vpci_view view,
		  const struct field *fields, uint32_t count)
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
		grant(r, reg, bits(fields[i].high, fields[i].low), right_of(&fields[i], view));
	}
}

static void bars(struct vpci_reference *r, const struct pci_function *f)
{
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
		}
		if (memory) {
			r->own[0x10 / 4 + i] = (uint32_t)-size & ~15U;
		}
		if (memory && bar->kind == BAR_MEM64) {
			r->own[0x14 / 4 + i] = (uint32_t)(-size >> 32);
		}
	}
}

static uint32_t word(const uint8_t hw[4096], uint32_t at)
{
	return hw[at] | (uint32_t)hw[at + 1] << 8 | (uint32_t)hw[at + 2] << 16 |
	       (uint32_t)hw[at + 3] << 24;
}

static void msi_shape(struct vpci_reference *r, uint32_t at, enum vpci_view view,
		      const struct pci_msi *shape)
{
	uint32_t data = shape->is_64bit ? 12 : 8;

	apply(r, at, view, FIELDS(msi));
	r->bounded[at / 4] |= 0x00700000;
	if (shape->is_64bit) {
		apply(r, at + 8, view, FIELDS(msi_upper));
	}
	apply(r, at + data, view, FIELDS(msi_data));
	if (shape->maskable) {
		apply(r, at + data + 4, view, FIELDS(msi_upper));
		apply(r, at + data + 8, view, FIELDS(msi_pending));
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
		apply(r, o, view, FIELDS(closed));
	}
}

/* True when there is a policy for it and it is the one the scan took. */
static bool known(struct vpci_reference *r, const uint8_t hw[4096], uint32_t at,
		  const struct vpci_build *b)
{
	const struct pci_function *f = b->function;
	bool port = b->view == VPCI_VIEW_BRIDGE;

	if (hw[at] == ID_PM && f->cap_pm == at) {
		apply(r, at, b->view, FIELDS(pm));
	} else if (hw[at] == ID_MSI && f->msi.cap == at && b->msi && !port) {
		msi_shape(r, at, b->view, &f->msi);
	} else if (hw[at] == ID_MSIX && f->msix.cap == at && b->msi && !port) {
		apply(r, at, b->view, FIELDS(msix));
	} else if (hw[at] == ID_EXPRESS && f->cap_express == at) {
		apply(r, at, b->view, FIELDS(express));
		if ((hw[at + 2] & 15) >= 2) {
			apply(r, at, b->view, FIELDS(express2));
		}
		if (!port && at + 8 < 0x100) {
			r->bounded[at / 4 + 2] |= 0x7000; /* read request size */
		}
		if (!port && at + 8 < 0x100 && (word(hw, at + 4) & 0x10000000)) {
			r->trigger[at / 4 + 2] |= 0x8000;
		}
	} else if (hw[at] == ID_AF && f->cap_af == at && !port) {
		apply(r, at, b->view, FIELDS(af));
		if (at + 4 < 0x100 && (hw[at + 3] & 2)) {
			r->trigger[at / 4 + 1] |= 1;
		}
	} else if (hw[at] == ID_VPD && f->cap_vpd == at && !port) {
		apply(r, at, b->view, FIELDS(vpd));
		if (b->view == VPCI_VIEW_GUEST) {
			r->trigger[at / 4] |= 0x80000000;
			r->whole[at / 4] |= 0xffff0000;
		}
	} else if (hw[at] == ID_SSVID && b->view != VPCI_VIEW_GUEST) {
		apply(r, at, b->view, FIELDS(ssvid));
	} else {
		return false;
	}
	return true;
}

static bool has_policy(uint8_t id)
{
	return id == ID_PM || id == ID_VPD || id == ID_MSI || id == ID_SSVID ||
	       id == ID_EXPRESS || id == ID_MSIX || id == ID_AF;
}

static void capabilities(struct vpci_reference *r, const uint8_t hw[4096],
			 const struct vpci_build *b)
{
	bool seen[64] = { false };
	uint32_t at = hw[6] & 0x10 ? hw[0x34] & 0xfcU : 0;

	while (at >= 0x40 && !seen[at / 4]) {
		seen[at / 4] = true;
		if (!known(r, hw, at, b)) {
			if (b->view == VPCI_VIEW_OWNER && !has_policy(hw[at])) {
				apply(r, at, b->view, FIELDS(raw_head));
			} else {
				hide(r, hw, at, b->view);
			}
		}
		at = hw[at + 1] & 0xfcU;
	}
}

/*
 * Looked at, not touched. 7.7.11, 7.8.8, 10.5.1, 9.3.3, 10.5.2, 7.8.6, 7.8.2, 7.8.9, 7.8.3, 7.8.7;
 * 7.9.11 multicast, 7.9.15 time, 7.7.9 Device 3, 7.9.3 serial number. A guest: the last and errors
 * (7.8.4) up to the log of headers.
 */
static uint32_t read_only_length(uint16_t id, enum vpci_view view)
{
	if (view == VPCI_VIEW_GUEST) {
		return id == 0x01 ? 0x2c : id == 0x03 ? 12 : 0;
	}
	switch (id) {
	case 0x0d: case 0x0e: case 0x0f: case 0x18: case 0x1b:
		return 8;
	case 0x03: case 0x1f:
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

static void extended(struct vpci_reference *r, const struct vpci_image *image, enum vpci_view view)
{
	for (uint32_t i = 0; i < image->ext_count; i++) {
		uint32_t at = image->ext[i].offset;

		uint32_t length = read_only_length(image->ext[i].id, view);

		for (uint32_t o = 0; o < length && at + o < 4096; o += 4) {
			uint32_t reg = (at + o) / 4;

			forget_default(r, reg);
			r->covered[reg]++;
			/* InitialVFs and TotalVFs: none. */
			grant(r, reg, image->ext[i].id == 0x10 && o == 0xc ? 0 : ALL, SEEN);
		}
	}
	/* Headers are of a list that is the guest's own, whatever lies over them. */
	for (uint32_t i = 0; i < image->ext_count && view == VPCI_VIEW_GUEST; i++) {
		if (read_only_length(image->ext[i].id, view) != 0) {
			r->see[image->ext[i].offset / 4] = 0;
		}
	}
}

void vpci_reference(struct vpci_reference *r, const uint8_t hw[4096], const struct vpci_build *b)
{
	memset(r, 0, sizeof(*r));
	/* Deny; but an owner's drivers are those of bare metal, and a bridge may be looked at. */
	for (uint32_t reg = 0x40 / 4; reg < VPCI_REGS; reg++) {
		r->see[reg] = b->view == VPCI_VIEW_OWNER || b->view == VPCI_VIEW_BRIDGE ? ALL : 0;
		r->write[reg] = b->view == VPCI_VIEW_OWNER ? ALL : 0;
	}
	apply(r, 0, b->view, FIELDS(header));
	if (b->view == VPCI_VIEW_GUEST || b->view == VPCI_VIEW_OWNER) {
		bars(r, b->function);
	}
	if (b->view != VPCI_VIEW_IDENTITY) {
		capabilities(r, hw, b);
	}
	if (b->view == VPCI_VIEW_GUEST || b->view == VPCI_VIEW_OWNER) {
		extended(r, b->image, b->view);
	}
}
