/* SPDX-License-Identifier: BSD-2-Clause */
/* The header as each view has it (PCIe 6.0 7.5.1): one table a kind, then the BARs. */
#include "vpci/policy.h"

#define ALL 0xffffffffU
#define INTERRUPT     0x3cU
#define INTERRUPT_PIN 0x0000ff00U

/*
 * Type 0. Decode bits of COMMAND are the domain's own, IO only where there is an I/O BAR (see
 * build_bar()); MASTER is real. So is INTx disable its own, the hardware's being also the
 * hypervisor's (vpci_intx.c). SERR and parity stay as the hypervisor set them: error messages are
 * its own (pci_aer.c). BARs are filled in by build_bar().
 */
static const struct vpci_field header[] = {
	/*at   bits         guest   owner */
	{ 0x00, 0xffffffff, { COPY,   COPY   } }, /* vendor, device */
	/* Command */
	{ 0x04, 0x00000002, { DECODE, DECODE } }, /* memory */
	{ 0x04, 0x00000004, { HW,     HW     } }, /* bus master */
	{ 0x04, 0x00000010, { ZERO,   HW     } }, /* memory write and invalidate */
	{ 0x04, 0x00000029, { ZERO,   ZERO   } }, /* I/O, special cycles, VGA palette */
	{ 0x04, 0x00000100, { ZERO,   ZERO   } }, /* SERR */
	{ 0x04, 0x00000400, { OWN_0,  OWN_0  } }, /* INTx disable */
	/* Status */
	{ 0x04, 0x00080000, { RO,     RO     } }, /* interrupt */
	{ 0x04, 0x00100000, { ZERO,   ZERO   } }, /* capabilities: see link_caps() */
	{ 0x04, 0x06a00000, { RO,     RO     } }, /* 66 MHz, back to back, DEVSEL timing */
	{ 0x04, 0xf9000000, { W1C,    W1C    } }, /* errors */

	{ 0x08, 0xffffffff, { COPY,   COPY   } }, /* revision, class */
	{ 0x0c, 0x000000ff, { OWN_0,  HW     } }, /* cache line */
	{ 0x0c, 0x0000ff00, { ZERO,   HW     } }, /* latency */
	{ 0x0c, 0x007f0000, { COPY,   COPY   } }, /* header type */
	{ 0x0c, 0x00800000, { ZERO,   COPY   } }, /* multi-function: see vpci_bus.c */
	{ 0x0c, 0xff000000, { ZERO,   ZERO   } }, /* BIST */
	{ 0x10, 0xffffffff, { ZERO,   ZERO   } }, /* BARs */
	{ 0x14, 0xffffffff, { ZERO,   ZERO   } },
	{ 0x18, 0xffffffff, { ZERO,   ZERO   } },
	{ 0x1c, 0xffffffff, { ZERO,   ZERO   } },
	{ 0x20, 0xffffffff, { ZERO,   ZERO   } },
	{ 0x24, 0xffffffff, { ZERO,   ZERO   } },
	{ 0x28, 0xffffffff, { ZERO,   COPY   } }, /* CardBus CIS */
	{ 0x2c, 0xffffffff, { COPY,   COPY   } }, /* subsystem */
	{ 0x30, 0xffffffff, { ZERO,   ZERO   } }, /* expansion ROM: see build_rom() */
	{ 0x34, 0xffffffff, { ZERO,   ZERO   } }, /* capabilities: see link_caps() */
	{ 0x38, 0xffffffff, { ZERO,   ZERO   } },
	{ 0x3c, 0x000000ff, { OWN_0,  OWN    } }, /* interrupt line */
	{ 0x3c, 0x0000ff00, { ZERO,   COPY   } }, /* pin: a guest's when it has a line */
	{ 0x3c, 0xffff0000, { ZERO,   COPY   } }, /* grants */
};

/*
 * What is left of a type 0 or 1 that is not the owner's just now. No row for what reads zero: this
 * one is made while somebody waits.
 */
static const struct vpci_field identity[] = {
	{ 0x00, 0xffffffff, { COPY } }, /* vendor, device */
	{ 0x08, 0xffffffff, { COPY } }, /* revision, class */
	{ 0x0c, 0x00ff0000, { COPY } }, /* header type */
	{ 0x2c, 0xffffffff, { COPY } }, /* subsystem */
};

/*
 * Type 1, for the owner: bus numbers are the host's for good; windows, decode bits and secondary
 * reset are state of the domain's own that begins as the host's. No pin: see the missing MSI in
 * vpci_std_caps.c.
 */
static const struct vpci_field bridge_header[] = {
	{ 0x00, 0xffffffff, { COPY } },
	{ 0x04, 0x00000547, { OWN } },  /* decodes, bus master, parity, SERR, INTx disable */
	{ 0x04, 0x0000fab8, { COPY } },
	{ 0x04, 0x00180000, { ZERO } }, /* interrupt, capabilities */
	{ 0x04, 0xf9000000, { W1C } },
	{ 0x08, 0xffffffff, { COPY } },
	{ 0x0c, 0x000000ff, { OWN } },  /* cache line */
	{ 0x0c, 0x00ffff00, { COPY } },
	{ 0x0c, 0xff000000, { ZERO } },
	{ 0x10, 0xffffffff, { ZERO } },
	{ 0x14, 0xffffffff, { ZERO } },
	{ 0x18, 0xffffffff, { COPY } }, /* bus numbers */
	{ 0x1c, 0x0000f0f0, { OWN } },  /* I/O window */
	{ 0x1c, 0x00000f0f, { COPY } },
	{ 0x1c, 0xf9000000, { W1C } },  /* secondary status */
	{ 0x20, 0xfff0fff0, { OWN } },  /* memory window */
	{ 0x20, 0x000f000f, { COPY } },
	{ 0x24, 0xfff0fff0, { OWN } },  /* prefetchable window */
	{ 0x24, 0x000f000f, { COPY } },
	{ 0x28, 0xffffffff, { OWN } },
	{ 0x2c, 0xffffffff, { OWN } },
	{ 0x30, 0xffffffff, { OWN } },
	{ 0x34, 0xffffffff, { ZERO } },
	{ 0x38, 0xffffffff, { ZERO } },
	{ 0x3c, 0x000000ff, { OWN } },  /* interrupt line */
	{ 0x3c, 0x0000ff00, { ZERO } }, /* pin */
	{ 0x3c, 0x0bff0000, { OWN } },  /* bridge control */
	{ 0x3c, 0xf4000000, { COPY } },
};

/*
 * A VF (9.3.4.1), for the owner: only bus mastering is its own, and it has no BARs but those in its
 * physical function, whose VF MSE maps them (lend_vfs.c). Guests see an endpoint like any.
 */
static const struct vpci_field vf_header[] = {
	{ 0x00, 0xffffffff, { ONE } },
	{ 0x04, 0x00000004, { HW } },   /* bus master */
	{ 0x04, 0x0000fffb, { ZERO } },
	{ 0x04, 0x00180000, { ZERO } }, /* interrupt, capabilities */
	{ 0x04, 0x06a00000, { RO } },
	{ 0x04, 0xf9000000, { W1C } },
	{ 0x08, 0xffffffff, { COPY } },
	{ 0x0c, 0x0000ffff, { ZERO } },
	{ 0x0c, 0x00ff0000, { COPY } },
	{ 0x0c, 0xff000000, { ZERO } },
	{ 0x10, 0xffffffff, { ZERO } },
	{ 0x14, 0xffffffff, { ZERO } },
	{ 0x18, 0xffffffff, { ZERO } },
	{ 0x1c, 0xffffffff, { ZERO } },
	{ 0x20, 0xffffffff, { ZERO } },
	{ 0x24, 0xffffffff, { ZERO } },
	{ 0x28, 0xffffffff, { ZERO } },
	{ 0x2c, 0xffffffff, { COPY } },
	{ 0x30, 0xffffffff, { ZERO } },
	{ 0x34, 0xffffffff, { ZERO } },
	{ 0x38, 0xffffffff, { ZERO } },
	{ 0x3c, 0xffffffff, { ZERO } },
};

/* By enum vpci_view. fallback: registers no table speaks of. */
static const struct {
	const struct vpci_field *fields;
	uint32_t count;
	uint32_t column;
	struct vpci_reg fallback;
} views[] = {
	[VPCI_VIEW_GUEST] = { header, ARRAY_SIZE(header), 0, { .virt = ALL } },
	[VPCI_VIEW_OWNER] = { header, ARRAY_SIZE(header), 1, { .write = ALL } },
	[VPCI_VIEW_BRIDGE] = { bridge_header, ARRAY_SIZE(bridge_header), 0, { .virt = 0 } },
	[VPCI_VIEW_IDENTITY] = { identity, ARRAY_SIZE(identity), 0, { .virt = ALL } },
	[VPCI_VIEW_VF] = { vf_header, ARRAY_SIZE(vf_header), 0, { .write = ALL } },
};

bool vpci_bar_usable(const struct pci_bar *bar)
{
	return (bar->kind == BAR_MEM32 || bar->kind == BAR_MEM64) && bar->size != 0 &&
	       bar->address != 0 && IS_ALIGNED(bar->cpu.v, SZ_4K);
}

bool vpci_io_bar_usable(const struct pci_bar *bar)
{
	return bar->kind == BAR_IO && bar->size != 0 && bar->address != 0;
}

uint64_t vpci_bar_size(const struct pci_bar *bar)
{
	return MAX(bar->size, SZ_4K);
}

/* PCIe 6.0 7.5.1.2.1: size bits read zero, so what sizing writes comes back as the mask. */
static void build_bar(struct vpci_shadow *s, const struct vpci_build *b, uint32_t i)
{
	const struct pci_bar *bar = &b->function->bars[i];
	struct vpci_reg *low = vpci_shadow_reg(s, VPCI_REG_BAR0 + 4 * i);
	uint64_t mask = ~(vpci_bar_size(bar) - 1);
	uint32_t flags = (bar->kind == BAR_MEM64 ? 4U : 0U) | (bar->prefetchable ? 8U : 0U);

	if (vpci_io_bar_usable(bar)) {
		*low = (struct vpci_reg){ .value = (uint32_t)b->bars[i] | 1U, .virt = ALL,
					  .write = (uint32_t)~(bar->size - 1) & ~3U,
					  .kind = VPCI_BAR_IO };
		vpci_shadow_reg(s, VPCI_REG_COMMAND)->write |= VPCI_COMMAND_IO;
		return;
	}
	if (!vpci_bar_usable(bar)) {
		return;
	}
	*low = (struct vpci_reg){ .value = (uint32_t)b->bars[i] | flags, .virt = ALL,
				  .write = (uint32_t)mask, .kind = VPCI_BAR_MEM };
	if (bar->kind == BAR_MEM64 && i + 1 < PCI_BARS) {
		*vpci_shadow_reg(s, VPCI_REG_BAR0 + 4 * (i + 1)) = (struct vpci_reg){
			.value = (uint32_t)(b->bars[i] >> 32), .virt = ALL,
			.write = (uint32_t)(mask >> 32), .kind = VPCI_BAR_MEM };
	}
}

/* PCIe 6.0 7.5.1.2.4. A guest gives it an address when it wants to read it. */
static void build_rom(struct vpci_shadow *s, const struct pci_bar *rom)
{
	if (vpci_bar_usable(rom)) {
		*vpci_shadow_reg(s, VPCI_REG_ROM) = (struct vpci_reg){
			.virt = ALL, .write = (uint32_t)~(rom->size - 1) | VPCI_ROM_ENABLE,
			.kind = VPCI_BAR_ROM };
	}
}

void vpci_build_pin(struct vpci_shadow *s, const struct vpci_image *image)
{
	vpci_shadow_reg(s, INTERRUPT)->value |= image->regs[INTERRUPT / 4] & INTERRUPT_PIN;
}

int vpci_build_header(struct vpci_shadow *s, const struct vpci_build *b)
{
	int r;

	vpci_shadow_reset(s, views[b->view].fallback);
	r = vpci_apply(s, views[b->view].fields, views[b->view].count, views[b->view].column,
		       b->image, 0, VPCI_BLOCK_SIZE);
	if (r == 0 && (b->view == VPCI_VIEW_GUEST || b->view == VPCI_VIEW_OWNER)) {
		for (uint32_t i = 0; i < PCI_BARS; i++) {
			build_bar(s, b, i);
		}
	}
	if (r == 0 && b->view == VPCI_VIEW_GUEST) {
		build_rom(s, &b->function->lent_rom);
	}
	if (r == 0 && b->view == VPCI_VIEW_GUEST && b->intx) {
		vpci_build_pin(s, b->image);
	}
	return r;
}

int vpci_build_lists(struct vpci_shadow *s, const struct vpci_build *b)
{
	int r = b->view == VPCI_VIEW_IDENTITY ? 0 : vpci_build_caps(s, b);

	if (r == 0 && (b->view == VPCI_VIEW_GUEST || vpci_view_is_owners(b->view))) {
		r = vpci_build_ext_caps(s, b);
	}
	return r;
}

int vpci_build(struct vpci_shadow *s, const struct vpci_build *b)
{
	int r = vpci_build_header(s, b);

	r = r == 0 ? vpci_build_lists(s, b) : r;
	if (r) {
		vpci_shadow_reset(s, views[VPCI_VIEW_IDENTITY].fallback);
	}
	return r;
}
