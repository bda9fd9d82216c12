/* SPDX-License-Identifier: BSD-2-Clause */
/* The header as each view has it (PCIe 6.0 7.5.1): one table a view, then the BARs. */
#include "lib/errno.h"
#include "vpci/build.h"

#define ALL 0xffffffffU
#define INTERRUPT     0x3cU
#define INTERRUPT_PIN 0x0000ff00U
#define STATUS_W1C 0xf9000000U /* error bits of STATUS and of a bridge's secondary status */

/*
 * COMMAND for a guest: MEM is its own, MASTER is real, IO is its own where there is an I/O BAR (see
 * build_bar()). INTx disable is its own, the hardware's is also the hypervisor's (vpci_intx.c).
 * STATUS.Interrupt is real. SERR and parity stay as the hypervisor set them: no guest arms
 * error messages that stop the machine.
 */
static const struct vpci_rule guest_header[] = {
	{ .at = 0x00, .virt = ALL },
	{ .at = 0x04, .kind = VPCI_COMMAND, .virt = 0x0057fffb, .write = 0x0406 | STATUS_W1C,
	  .w1c = STATUS_W1C, .clear = 0x0057fffb },
	{ .at = 0x08, .virt = ALL },
	/* Cache line is a scratch byte. The multi-function bit is of the guest's bus: vpci_bus.c. */
	{ .at = 0x0c, .virt = ALL, .write = 0x000000ff, .clear = 0xff80ffff },
	{ .at = 0x2c, .virt = ALL },
	/* Line is scratch; the pin appears when there is a line for it. */
	{ .at = 0x3c, .virt = ALL, .write = 0x000000ff, .clear = ALL },
};

static const struct vpci_rule owner_header[] = {
	{ .at = 0x00, .virt = ALL },
	{ .at = 0x04, .kind = VPCI_COMMAND, .virt = 0x0010042b, .write = 0x0416 | STATUS_W1C,
	  .w1c = STATUS_W1C, .clear = 0x0010042b },
	{ .at = 0x08, .virt = ALL },
	{ .at = 0x0c, .virt = 0xffff0000, .write = 0x0000ffff, .clear = 0xff000000 },
	{ .at = 0x10, .virt = ALL, .clear = ALL },
	{ .at = 0x14, .virt = ALL, .clear = ALL },
	{ .at = 0x18, .virt = ALL, .clear = ALL },
	{ .at = 0x1c, .virt = ALL, .clear = ALL },
	{ .at = 0x20, .virt = ALL, .clear = ALL },
	{ .at = 0x24, .virt = ALL, .clear = ALL },
	{ .at = 0x28, .virt = ALL },
	{ .at = 0x2c, .virt = ALL },
	{ .at = 0x30, .virt = ALL, .clear = ALL }, /* no expansion ROM */
	{ .at = 0x34, .virt = ALL, .clear = ALL },
	{ .at = 0x38, .virt = ALL, .clear = ALL },
	{ .at = 0x3c, .virt = ALL, .write = 0x000000ff },
};

/*
 * Bridges: bus numbers are the host's for good; windows, decode bits and secondary reset are state
 * of the domain's own that begins as the host's. No pin: see the missing MSI in vpci_caps.c.
 */
static const struct vpci_rule bridge_header[] = {
	{ .at = 0x00, .virt = ALL },
	{ .at = 0x04, .virt = 0x0018ffff, .write = 0x0547 | STATUS_W1C, .w1c = STATUS_W1C,
	  .clear = 0x00180000 },
	{ .at = 0x08, .virt = ALL },
	{ .at = 0x0c, .virt = ALL, .write = 0x000000ff, .clear = 0xff000000 },
	{ .at = 0x10, .virt = ALL, .clear = ALL },
	{ .at = 0x14, .virt = ALL, .clear = ALL },
	{ .at = 0x18, .virt = ALL },
	{ .at = 0x1c, .virt = 0x0000ffff, .write = 0xf0f0 | STATUS_W1C, .w1c = STATUS_W1C },
	{ .at = 0x20, .virt = ALL, .write = 0xfff0fff0 },
	{ .at = 0x24, .virt = ALL, .write = 0xfff0fff0 },
	{ .at = 0x28, .virt = ALL, .write = ALL },
	{ .at = 0x2c, .virt = ALL, .write = ALL },
	{ .at = 0x30, .virt = ALL, .write = ALL },
	{ .at = 0x34, .virt = ALL, .clear = ALL },
	{ .at = 0x38, .virt = ALL, .clear = ALL },
	{ .at = 0x3c, .virt = ALL, .write = 0x0bff00ff, .clear = 0x0000ff00 },
};

static const struct vpci_rule identity_header[] = {
	{ .at = 0x00, .virt = ALL },
	{ .at = 0x08, .virt = ALL },
	{ .at = 0x0c, .virt = ALL, .clear = 0xff00ffff },
	{ .at = 0x2c, .virt = ALL },
};

/* By enum vpci_view. fallback: registers no table speaks of. */
static const struct {
	const struct vpci_rule *header;
	uint32_t count;
	struct vpci_reg fallback;
} views[] = {
	[VPCI_VIEW_GUEST] = { guest_header, ARRAY_SIZE(guest_header), { .virt = ALL } },
	[VPCI_VIEW_OWNER] = { owner_header, ARRAY_SIZE(owner_header), { .write = ALL } },
	[VPCI_VIEW_BRIDGE] = { bridge_header, ARRAY_SIZE(bridge_header), { .virt = 0 } },
	[VPCI_VIEW_IDENTITY] = { identity_header, ARRAY_SIZE(identity_header), { .virt = ALL } },
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

int vpci_build_rules(struct vpci_shadow *s, const struct vpci_rule *rules, uint32_t count,
		     const struct vpci_image *image, uint32_t base)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t offset = base + rules[i].at;
		struct vpci_reg *reg;

		if (offset >= VPCI_BLOCK_SIZE) {
			break; /* a capability too close to the end of the first 256 bytes */
		}
		reg = vpci_shadow_reg(s, offset);
		if (!reg) {
			return -ENOMEM;
		}
		*reg = (struct vpci_reg){
			.value = (image->regs[offset / 4] & ~rules[i].clear) | rules[i].set,
			.virt = rules[i].virt,
			.write = rules[i].write,
			.w1c = rules[i].w1c,
			.kind = rules[i].kind,
		};
	}
	return 0;
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

int vpci_build(struct vpci_shadow *s, const struct vpci_build *b)
{
	int r;

	vpci_shadow_reset(s, views[b->view].fallback);
	r = vpci_build_rules(s, views[b->view].header, views[b->view].count, b->image, 0);
	if (r == 0 && (b->view == VPCI_VIEW_GUEST || b->view == VPCI_VIEW_OWNER)) {
		for (uint32_t i = 0; i < PCI_BARS; i++) {
			build_bar(s, b, i);
		}
	}
	if (r == 0 && b->view == VPCI_VIEW_GUEST && b->intx) {
		vpci_shadow_reg(s, INTERRUPT)->value |= b->image->regs[INTERRUPT / 4] & INTERRUPT_PIN;
	}
	if (r == 0 && b->view != VPCI_VIEW_IDENTITY) {
		r = vpci_build_caps(s, b);
	}
	if (r == 0 && b->view == VPCI_VIEW_OWNER) {
		r = vpci_build_ext_caps(s, b);
	}
	if (r) {
		vpci_shadow_reset(s, views[VPCI_VIEW_IDENTITY].fallback);
	}
	return r;
}
