/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and writes of a virtual config space: bits in, value or plan out. */
#include "core/heap.h"
#include "vpci/shadow.h"
#include "vpci/sriov.h"

#define PM_STATE            0x00000003U /* PCIe 6.0 7.5.2.2 */
#define PM_NO_SOFT_RESET    0x00000008U
#define EXPRESS_FLR         0x00008000U /* 7.5.3.4 */
#define EXPRESS_FLR_CAPABLE 0x10000000U /* 7.5.3.3 */
#define EXPRESS_MRRS        0x00007000U /* 6 and 7 are reserved */
#define EXPRESS_MRRS_LARGEST 0x00005000U
#define AF_FLR              0x00000001U
#define AF_FLR_CAPABLE      0x02000000U
#define MSI_CAPABLE         0x000e0000U /* 7.7.1.2: log2 of the messages there are... */
#define MSI_IN_USE          0x00700000U /* ...and of those in use, three bits further up */
#define VPD_ADDRESS         0xffff0000U /* 7.9.19 */
#define VPD_WRITE           0x80000000U

static uint32_t lane_mask(uint32_t offset, uint32_t size)
{
	return (uint32_t)((1ULL << 8 * size) - 1) << (8 * (offset & 3));
}

static const struct vpci_reg *find(const struct vpci_shadow *s, uint32_t offset)
{
	const struct vpci_block *block = s->blocks[offset / VPCI_BLOCK_SIZE];

	return block ? &block->regs[(offset % VPCI_BLOCK_SIZE) / 4] : &s->fallback;
}

bool vpci_shadow_read_own(const struct vpci_shadow *s, uint32_t offset, uint32_t size,
			  uint32_t *value)
{
	const struct vpci_reg *reg = find(s, offset);
	uint32_t lanes = lane_mask(offset, size);

	*value = (reg->value & lanes) >> (8 * (offset & 3));
	return (lanes & ~reg->virt) == 0;
}

uint32_t vpci_shadow_read(const struct vpci_shadow *s, uint32_t offset, uint32_t size, uint32_t hw)
{
	const struct vpci_reg *reg = find(s, offset);
	uint32_t shift = 8 * (offset & 3);
	uint32_t v = (reg->value & reg->virt) | ((hw << shift) & ~reg->virt);

	return (v & lane_mask(offset, size)) >> shift;
}

/* Bits of lanes whose write reaches the hardware. NumVFs is the owner's and the hardware's. */
static uint32_t through_of(const struct vpci_reg *reg, uint32_t lanes)
{
	return reg->write & lanes & (reg->kind == VPCI_SRIOV_NUM ? ~0U : ~reg->virt);
}

bool vpci_shadow_write_reads_hw(const struct vpci_shadow *s, uint32_t offset, uint32_t size)
{
	const struct vpci_reg *reg = find(s, offset);
	uint32_t lanes = lane_mask(offset, size);
	uint32_t through = through_of(reg, lanes);

	return through != 0 && (lanes & ~through & ~reg->w1c) != 0;
}

/* Registers whose write must not take place at all just now. in: in its lanes. */
static bool write_refused(const struct vpci_shadow *s, const struct vpci_reg *reg, uint32_t lanes,
			  uint32_t in)
{
	switch (reg->kind) {
	case VPCI_BAR_MEM:
		/* Moving a BAR under its own decoder is undefined on hardware too. */
		return (vpci_shadow_command(s) & VPCI_COMMAND_MEM) != 0;
	case VPCI_BAR_IO:
		return (vpci_shadow_command(s) & VPCI_COMMAND_IO) != 0;
	case VPCI_BAR_ROM:
		/* The same, but the write that ends its decoding may say where to go on. */
		return (vpci_shadow_command(s) & VPCI_COMMAND_MEM) &&
		       (reg->value & VPCI_ROM_ENABLE) &&
		       ((in & VPCI_ROM_ENABLE) || !(lanes & VPCI_ROM_ENABLE));
	case VPCI_PM_STATE:
		/* PM 1.2 3.2.4: a state that is not implemented is discarded. */
		return (in & PM_STATE) == 1 || (in & PM_STATE) == 2;
	case VPCI_VPD:
		/* Half an address next to an F that the device has set may be a write to it. */
		return (lanes & VPD_ADDRESS) &&
		       ((lanes & VPD_ADDRESS) != VPD_ADDRESS || in & VPD_WRITE);
	default:
		return false;
	}
}

/* Values no register may have are brought down to the largest it may. */
static uint32_t bounded(const struct vpci_reg *reg, uint32_t in)
{
	uint32_t most;

	switch (reg->kind) {
	case VPCI_EXPRESS_CONTROL:
		most = EXPRESS_MRRS_LARGEST;
		return (in & EXPRESS_MRRS) > most ? (in & ~EXPRESS_MRRS) | most : in;
	case VPCI_MSI_CONTROL:
		most = (reg->value & MSI_CAPABLE) << 3;
		return (in & MSI_IN_USE) > most ? (in & ~MSI_IN_USE) | most : in;
	default:
		return in;
	}
}

/* What a write does instead of changing bits in hardware. in and hw are in their lanes. */
static enum vpci_effect reset_effect(const struct vpci_shadow *s, uint32_t offset, uint32_t lanes,
				     uint32_t in, uint32_t hw)
{
	const struct vpci_reg *reg = find(s, offset);
	uint32_t before = offset >= 4 ? find(s, offset - 4)->value : 0;

	switch (reg->kind) {
	case VPCI_PM_STATE:
		return (lanes & reg->write & ~reg->virt & PM_STATE) && (in & PM_STATE) == 0 &&
				       (hw & (PM_STATE | PM_NO_SOFT_RESET)) == PM_STATE
			       ? VPCI_WAKE
			       : VPCI_NOTHING;
	case VPCI_EXPRESS_CONTROL:
		return (in & EXPRESS_FLR) && (before & EXPRESS_FLR_CAPABLE) ? VPCI_RESET
									    : VPCI_NOTHING;
	case VPCI_AF_CONTROL:
		return (in & AF_FLR) && (before & AF_FLR_CAPABLE) ? VPCI_RESET : VPCI_NOTHING;
	default:
		return VPCI_NOTHING;
	}
}

/* The power state follows what is written: D1 and D2 were refused, and bridges only remember. */
static enum vpci_effect power_effect(struct vpci_shadow *s, const struct vpci_reg *reg,
				     uint32_t lanes, uint32_t in)
{
	bool was = s->asleep;

	if (reg->kind != VPCI_PM_STATE || !(lanes & reg->write & ~reg->virt & PM_STATE)) {
		return VPCI_NOTHING;
	}
	s->asleep = (in & PM_STATE) != 0;
	if (s->asleep == was) {
		return VPCI_NOTHING;
	}
	if (s->asleep) {
		return VPCI_SLEEP;
	}
	return vpci_shadow_command(s) & VPCI_COMMAND_MEM ? VPCI_RISE : VPCI_NOTHING;
}

static bool is_msi(const struct vpci_reg *reg)
{
	return reg->kind == VPCI_MSI_CONTROL || reg->kind == VPCI_MSI_MESSAGE ||
	       reg->kind == VPCI_MSIX_CONTROL;
}

/* What COMMAND goes from and to; hw: the hardware's, in its lanes. */
static void plan_command(uint32_t lanes, uint32_t from, uint32_t to, uint32_t hw,
			 struct vpci_plan *plan)
{
	uint32_t changed = from ^ to;
	uint32_t decode = from & to & lanes & (VPCI_COMMAND_MEM | VPCI_COMMAND_IO);

	if (changed & VPCI_COMMAND_MEM) {
		plan->effect = (to & VPCI_COMMAND_MEM) ? VPCI_MAP : VPCI_UNMAP;
	}
	plan->io_changed = changed & VPCI_COMMAND_IO;
	plan->io_decode = to & VPCI_COMMAND_IO;
	plan->intx_changed = changed & VPCI_COMMAND_INTX_OFF;
	plan->lost = (decode & ~hw) != 0;
}

static enum vpci_effect rom_effect(const struct vpci_shadow *s, uint32_t before, uint32_t after)
{
	if (!(vpci_shadow_command(s) & VPCI_COMMAND_MEM) || !((before ^ after) & VPCI_ROM_ENABLE)) {
		return VPCI_NOTHING;
	}
	return (after & VPCI_ROM_ENABLE) ? VPCI_MAP_ROM : VPCI_UNMAP_ROM;
}

/* The register's own value after in was written to its bits own. */
static uint32_t merge(const struct vpci_reg *reg, uint32_t own, uint32_t in)
{
	uint32_t set = own & ~reg->w1c;

	return (reg->value & ~set & ~(in & own & reg->w1c)) | (in & set);
}

struct vpci_plan vpci_shadow_write(struct vpci_shadow *s, uint32_t offset, uint32_t size,
				   uint32_t value, uint32_t hw)
{
	struct vpci_block *block = s->blocks[offset / VPCI_BLOCK_SIZE];
	const struct vpci_reg *reg = find(s, offset);
	uint32_t shift = 8 * (offset & 3);
	uint32_t lanes = lane_mask(offset, size);
	uint32_t in = bounded(reg, (value << shift) & lanes);
	uint32_t through = through_of(reg, lanes);
	uint32_t merged = merge(reg, reg->write & reg->virt & lanes, in);
	struct vpci_plan plan = { .effect = VPCI_NOTHING };
	uint32_t changed;

	if (write_refused(s, reg, lanes, in)) {
		return plan;
	}
	plan.effect = reset_effect(s, offset & ~3U, lanes, in, hw << shift);
	if (s->sriov.cap && !vpci_sriov_allows(s, reg, lanes, in, merged, &plan)) {
		return plan;
	}
	if (plan.effect != VPCI_NOTHING) {
		return plan;
	}
	if (through) {
		uint32_t keep = (hw << shift) & lanes & ~through & ~reg->w1c;

		plan.hw_write = true;
		plan.hw_value = (keep | (in & through)) >> shift;
	}
	plan.effect = power_effect(s, reg, lanes, in);
	plan.msi_changed = is_msi(reg);
	if (reg->kind == VPCI_COMMAND) {
		plan_command(lanes, reg->value, merged, hw << shift, &plan);
	}
	if (reg->kind == VPCI_BAR_ROM) {
		plan.effect = rom_effect(s, reg->value, merged);
	}
	changed = merged ^ reg->value;
	if (block) {
		block->regs[(offset % VPCI_BLOCK_SIZE) / 4].value = merged;
	}
	if (reg->kind >= VPCI_SRIOV_CONTROL) {
		vpci_sriov_written(s, reg->kind, changed, &plan);
	}
	return plan;
}

/* A write to it reaches nothing but the shadow. */
static bool is_own(const struct vpci_reg *reg, uint32_t lanes)
{
	return reg->kind == VPCI_PLAIN && (reg->write & ~reg->virt & lanes) == 0;
}

bool vpci_shadow_write_own(struct vpci_shadow *s, uint32_t offset, uint32_t size, uint32_t value)
{
	struct vpci_block *block = s->blocks[offset / VPCI_BLOCK_SIZE];
	uint32_t lanes = lane_mask(offset, size);
	struct vpci_reg *reg;

	if (!block) {
		return is_own(&s->fallback, lanes);
	}
	reg = &block->regs[(offset % VPCI_BLOCK_SIZE) / 4];
	if (!is_own(reg, lanes)) {
		return false;
	}
	/* Often to no bit at all, which costs less than to look. */
	reg->value = merge(reg, reg->write & lanes, value << (8 * (offset & 3)));
	return true;
}

static void fill(struct vpci_block *block, struct vpci_reg with)
{
	for (uint32_t i = 0; i < VPCI_BLOCK_REGS; i++) {
		block->regs[i] = with;
	}
}

struct vpci_reg *vpci_shadow_reg(struct vpci_shadow *s, uint32_t offset)
{
	struct vpci_block **block = &s->blocks[offset / VPCI_BLOCK_SIZE];

	if (!*block) {
		*block = heap_alloc(sizeof(**block));
		if (!*block) {
			return NULL;
		}
		fill(*block, s->fallback);
	}
	return &(*block)->regs[(offset % VPCI_BLOCK_SIZE) / 4];
}

void vpci_shadow_initial(struct vpci_shadow *s)
{
	s->asleep = false;
	for (uint32_t b = 0; b < VPCI_BLOCKS; b++) {
		for (uint32_t i = 0; s->blocks[b] && i < VPCI_BLOCK_REGS; i++) {
			struct vpci_reg *reg = &s->blocks[b]->regs[i];

			reg->value &= ~(reg->virt & reg->write);
		}
	}
	vpci_sriov_initial(s);
}

void vpci_shadow_reset(struct vpci_shadow *s, struct vpci_reg fallback)
{
	s->sriov = (struct vpci_sriov){ .cap = 0 };
	s->fallback = fallback;
	s->asleep = false;
	for (uint32_t b = 0; b < VPCI_BLOCKS; b++) {
		if (s->blocks[b]) {
			fill(s->blocks[b], fallback);
		}
	}
}

void vpci_shadow_free(struct vpci_shadow *s)
{
	for (uint32_t b = 0; b < VPCI_BLOCKS; b++) {
		heap_free(s->blocks[b]);
		s->blocks[b] = NULL;
	}
}

void vpci_shadow_set_multifunction(struct vpci_shadow *s, bool on)
{
	struct vpci_reg *reg = vpci_shadow_reg(s, VPCI_REG_TYPE);

	reg->value &= ~VPCI_TYPE_MULTIFUNCTION;
	reg->value |= on ? VPCI_TYPE_MULTIFUNCTION : 0;
}

uint32_t vpci_shadow_command(const struct vpci_shadow *s)
{
	return find(s, VPCI_REG_COMMAND)->value & 0xffff;
}

uint64_t vpci_shadow_bar(const struct vpci_shadow *s, uint32_t bar, enum bar_kind kind)
{
	uint64_t v = find(s, VPCI_REG_BAR0 + 4 * bar)->value;

	if (kind == BAR_IO) {
		return v & ~3ULL;
	}
	v &= ~15ULL;
	if (kind == BAR_MEM64) {
		v |= (uint64_t)find(s, VPCI_REG_BAR0 + 4 * (bar + 1))->value << 32;
	}
	return v;
}

bool vpci_shadow_rom(const struct vpci_shadow *s, uint64_t *address)
{
	const struct vpci_reg *reg = find(s, VPCI_REG_ROM);

	*address = reg->value & VPCI_ROM_ADDRESS;
	return reg->kind == VPCI_BAR_ROM && (reg->value & VPCI_ROM_ENABLE);
}
