/* SPDX-License-Identifier: BSD-2-Clause */
/* SR-IOV registers of the owner of a physical function. */
#include "vpci/sriov.h"

#include "lib/errno.h"

#define ALL 0xffffffffU

#define CONTROL 0x08U
#define NUM     0x10U
#define PAGE    0x20U
#define BAR0    0x24U
#define VF_ENABLE 0x0001U
#define VF_MSE    0x0008U
#define VF_ARI    0x0010U
#define PM_D3HOT  3U
#define PAGE_4K   1U

/*
 * PCIe 6.0 9.3.3. No VF migration. Offset and stride are the hardware's, which is told NumVFs. ARI
 * Capable Hierarchy shows what the hypervisor found. VF BARs: vpci_sriov_build().
 */
static const struct row {
	uint8_t at;
	uint8_t kind; /* enum vpci_reg_kind */
	uint32_t virt;
	uint32_t write;
	uint32_t set;
} rows[] = {
	{ .at = 0x00 },
	{ .at = 0x04, .virt = 0x00000001 },
	{ .at = CONTROL, .kind = VPCI_SRIOV_CONTROL, .virt = ALL, .write = VF_ENABLE | VF_MSE },
	{ .at = 0x0c },
	{ .at = NUM, .kind = VPCI_SRIOV_NUM, .virt = 0x0000ffff, .write = 0x0000ffff },
	{ .at = 0x14 },
	{ .at = 0x18 },
	{ .at = 0x1c },
	{ .at = PAGE, .kind = VPCI_SRIOV_PAGE, .virt = ALL, .write = ALL, .set = PAGE_4K },
	{ .at = 0x24, .virt = ALL },
	{ .at = 0x28, .virt = ALL },
	{ .at = 0x2c, .virt = ALL },
	{ .at = 0x30, .virt = ALL },
	{ .at = 0x34, .virt = ALL },
	{ .at = 0x38, .virt = ALL },
	{ .at = 0x3c, .virt = ALL },
};

static struct vpci_reg *reg_at(const struct vpci_shadow *s, uint32_t at)
{
	uint32_t offset = s->sriov.cap + at;

	return &s->blocks[offset / VPCI_BLOCK_SIZE]->regs[offset % VPCI_BLOCK_SIZE / 4];
}

static uint32_t get(const struct vpci_shadow *s, uint32_t at)
{
	return reg_at(s, at)->value;
}

static bool is_wide(const struct vpci_shadow *s, uint32_t bar)
{
	return (get(s, BAR0 + 4 * bar) & 4) != 0;
}

/* A VF BAR is as large as a system page at least (9.3.3.13): size bits that cannot be set. */
static void set_bar_masks(struct vpci_shadow *s)
{
	uint64_t page = (uint64_t)get(s, PAGE) << 12;

	for (uint32_t i = 0; i < PCI_BARS; i++) {
		uint64_t mask = ~(MAX(1ULL << s->sriov.bar_bits[i], page) - 1);
		struct vpci_reg *low = reg_at(s, BAR0 + 4 * i);

		if (s->sriov.bar_bits[i] == 0) {
			continue;
		}
		low->write = (uint32_t)mask & ~15U;
		low->value &= low->write | 15U;
		if (is_wide(s, i)) {
			reg_at(s, BAR0 + 4 * (i + 1))->write = (uint32_t)(mask >> 32);
		}
	}
}

static void build_bar(struct vpci_shadow *s, const struct pci_bar *bar, uint32_t i)
{
	uint32_t flags = (bar->kind == BAR_MEM64 ? 4U : 0U) | (bar->prefetchable ? 8U : 0U);

	if ((bar->kind != BAR_MEM32 && bar->kind != BAR_MEM64) || bar->size < SZ_4K) {
		return;
	}
	s->sriov.bar_bits[i] = (uint8_t)__builtin_ctzll(bar->size);
	*reg_at(s, BAR0 + 4 * i) = (struct vpci_reg){ .value = (uint32_t)bar->address | flags,
						      .virt = ALL, .kind = VPCI_SRIOV_BAR };
	if (bar->kind == BAR_MEM64) {
		*reg_at(s, BAR0 + 4 * (i + 1)) = (struct vpci_reg){
			.value = (uint32_t)(bar->address >> 32), .virt = ALL,
			.kind = VPCI_SRIOV_BAR };
	}
}

int vpci_sriov_build(struct vpci_shadow *s, const struct pci_function *f)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct vpci_reg *reg = vpci_shadow_reg(s, f->cap_sriov + row->at);

		if (!reg) {
			return -ENOMEM;
		}
		*reg = (struct vpci_reg){ .value = row->set, .virt = row->virt,
					  .write = row->write, .kind = row->kind };
	}
	s->sriov = (struct vpci_sriov){ .cap = f->cap_sriov, .total = f->sriov.total,
					.pages = f->sriov.pages };
	reg_at(s, CONTROL)->value = f->sriov.ari ? VF_ARI : 0;
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		build_bar(s, &f->sriov.bars[i], i);
	}
	set_bar_masks(s);
	return 0;
}

struct vpci_sriov_regs vpci_sriov_regs(const struct vpci_shadow *s)
{
	struct vpci_sriov_regs regs = { .enable = false };

	if (!s->sriov.cap) {
		return regs;
	}
	regs.enable = get(s, CONTROL) & VF_ENABLE;
	regs.decode = get(s, CONTROL) & VF_MSE;
	regs.count = (uint16_t)get(s, NUM);
	regs.page = (uint64_t)get(s, PAGE) << 12;
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		if (s->sriov.bar_bits[i] != 0) {
			regs.bars[i] = get(s, BAR0 + 4 * i) & ~15U;
			regs.bars[i] |=
				is_wide(s, i) ? (uint64_t)get(s, BAR0 + 4 * (i + 1)) << 32 : 0;
		}
	}
	return regs;
}

void vpci_sriov_give_up(struct vpci_shadow *s)
{
	if (s->sriov.cap) {
		reg_at(s, CONTROL)->value &= ~(VF_ENABLE | VF_MSE);
	}
}

static bool refuse(struct vpci_plan *plan, const char *why)
{
	*plan = (struct vpci_plan){ .refused = why };
	return false;
}

static bool later(struct vpci_plan *plan)
{
	*plan = (struct vpci_plan){ .effect = VPCI_LATER };
	return false;
}

static bool control_allows(const struct vpci_shadow *s, uint32_t before, uint32_t after,
			   struct vpci_plan *plan)
{
	uint32_t changed = before ^ after;

	if (!(changed & (VF_ENABLE | VF_MSE))) {
		return true;
	}
	if (s->sriov.hold & VPCI_HOLD_BUSY) {
		return later(plan);
	}
	if ((changed & VF_ENABLE) && (after & VF_ENABLE) && (uint16_t)get(s, NUM) == 0) {
		return refuse(plan, "VF Enable with NumVFs 0");
	}
	if ((changed & VF_ENABLE) && (s->sriov.hold & VPCI_HOLD_LENT)) {
		return refuse(plan, "VF Enable cannot be cleared, a virtual function is lent");
	}
	return true;
}

/* What must stand still while VFs are there; a change is dropped, as hardware may do (9.3.3.7). */
static bool layout_allows(const struct vpci_shadow *s, uint32_t fixed_by, struct vpci_plan *plan)
{
	*plan = (struct vpci_plan){ .effect = VPCI_NOTHING };
	if (get(s, CONTROL) & fixed_by) {
		return false;
	}
	return s->sriov.hold & VPCI_HOLD_BUSY ? later(plan) : true;
}

static bool power_allows(const struct vpci_shadow *s, uint32_t lanes, uint32_t state,
			 struct vpci_plan *plan)
{
	if (!(lanes & PM_D3HOT) || (state & PM_D3HOT) != PM_D3HOT) {
		return true;
	}
	if (s->sriov.hold & VPCI_HOLD_BUSY) {
		return later(plan);
	}
	return s->sriov.hold & VPCI_HOLD_VFS
		       ? refuse(plan, "no D3hot while its virtual functions are enabled")
		       : true;
}

bool vpci_sriov_allows(const struct vpci_shadow *s, const struct vpci_reg *reg, uint32_t lanes,
		       uint32_t in, uint32_t merged, struct vpci_plan *plan)
{
	switch (reg->kind) {
	case VPCI_SRIOV_CONTROL:
		return control_allows(s, reg->value, merged, plan);
	case VPCI_SRIOV_NUM:
		return layout_allows(s, VF_ENABLE, plan) && (uint16_t)merged <= s->sriov.total;
	case VPCI_SRIOV_PAGE:
		return layout_allows(s, VF_ENABLE, plan) && (merged & (merged - 1)) == 0 &&
		       (merged & s->sriov.pages) != 0;
	case VPCI_SRIOV_BAR:
		return layout_allows(s, VF_MSE, plan);
	case VPCI_PM_STATE:
		return power_allows(s, lanes, in, plan);
	default:
		break;
	}
	if (plan->effect != VPCI_RESET) {
		return true;
	}
	if (s->sriov.hold & VPCI_HOLD_BUSY) {
		return later(plan);
	}
	return s->sriov.hold & VPCI_HOLD_LENT ? refuse(plan, "no reset, a virtual function is lent")
					      : true;
}

void vpci_sriov_written(struct vpci_shadow *s, uint32_t kind, uint32_t changed,
			struct vpci_plan *plan)
{
	switch (kind) {
	case VPCI_SRIOV_CONTROL:
		if (changed & (VF_ENABLE | VF_MSE)) {
			plan->effect = VPCI_VFS;
		}
		break;
	case VPCI_SRIOV_PAGE:
		set_bar_masks(s);
		break;
	default:
		break;
	}
}

void vpci_sriov_initial(struct vpci_shadow *s)
{
	if (s->sriov.cap) {
		reg_at(s, PAGE)->value = PAGE_4K;
		set_bar_masks(s);
	}
}
