/* SPDX-License-Identifier: BSD-2-Clause */
/* Address windows of the R-Car Gen3 controller as register values. Pure. */
#include "lib/errno.h"
#include "pci/bridges/rcar_gen3.h"

#define OUTBOUND_UNIT 128U
#define INBOUND_MAX   BIT(32)
#define INBOUND_UNIT  16U

static uint64_t power_of_two_from(uint64_t n)
{
	return n <= 1 ? 1 : BIT(64 - __builtin_clzll(n - 1));
}

int rcar_plan_outbound(const struct machine_window *w, struct rcar_outbound *out)
{
	uint64_t size = power_of_two_from(w->size);

	if (w->size == 0 || size > BIT(32) || !IS_ALIGNED(w->pci, MAX(size, OUTBOUND_UNIT))) {
		return -EINVAL;
	}
	out->palr = (uint32_t)w->pci;
	out->paur = (uint32_t)(w->pci >> 32);
	out->pamr = size <= OUTBOUND_UNIT ? 0 : (uint32_t)((size / OUTBOUND_UNIT - 1) << 7);
	out->ptctlr = (uint32_t)(RCAR_PTCTLR_ENABLE | (w->kind == WINDOW_IO ? RCAR_PTCTLR_IO : 0));
	return 0;
}

static struct rcar_inbound inbound(uint64_t base, uint64_t size)
{
	return (struct rcar_inbound){
		.prar = { (uint32_t)base, (uint32_t)(base >> 32) },
		.lar = { (uint32_t)base, (uint32_t)(base >> 32) },
		.lamr = (uint32_t)((size - 1) & ~0xfULL) | RCAR_LAMR_64BIT | RCAR_LAMR_ENABLE,
	};
}

/* The largest naturally aligned power of two that begins at base and ends by end. */
static uint64_t chunk(uint64_t base, uint64_t end)
{
	uint64_t size = INBOUND_MAX;

	while (size > end - base || !IS_ALIGNED(base, size)) {
		size /= 2;
	}
	return size;
}

/* [base, end) in as few windows as can be. False: they do not suffice. */
static bool cover(uint64_t base, uint64_t end, struct rcar_inbound out[RCAR_INBOUND_PAIRS],
		  uint32_t *pairs)
{
	while (base < end && *pairs < RCAR_INBOUND_PAIRS) {
		uint64_t size = chunk(base, end);

		out[(*pairs)++] = inbound(base, size);
		base += size;
	}
	return base >= end;
}

int rcar_plan_inbound(const struct machine_bridge *desc, const struct range *ram, uint32_t count,
		      struct rcar_inbound out[RCAR_INBOUND_PAIRS], uint32_t *pairs)
{
	*pairs = 0;
	for (uint32_t i = 0; i < desc->dma_count; i++) {
		const struct machine_window *w = &desc->dma[i];

		if (w->pci != w->cpu || !IS_ALIGNED(w->pci | w->size, INBOUND_UNIT) ||
		    !cover(w->pci, w->pci + w->size, out, pairs)) {
			return -EINVAL;
		}
	}
	if (desc->dma_count != 0) {
		return 0;
	}
	(void)cover(0, INBOUND_MAX, out, pairs);
	for (uint32_t i = 0; i < count; i++) {
		(void)cover(MAX(ram[i].base, INBOUND_MAX), ram[i].base + ram[i].size, out, pairs);
	}
	return 0;
}

int rcar_inbound_range(const struct rcar_inbound *regs, struct range *out)
{
	bool open = (regs->lamr & RCAR_LAMR_ENABLE) != 0;

	out->base = (uint64_t)regs->prar[1] << 32 | regs->prar[0];
	out->size = open ? (uint64_t)(regs->lamr | (INBOUND_UNIT - 1)) + 1 : 0;
	if (open && (regs->lar[0] != regs->prar[0] || regs->lar[1] != regs->prar[1])) {
		return -EINVAL;
	}
	return 0;
}

/* How far the reached ranges go from at on without a gap; *next: where the first above begins. */
static uint64_t reach_from(const struct range *reached, uint32_t count, uint64_t at, uint64_t *next)
{
	*next = UINT64_MAX;
	for (uint32_t i = 0; i < count; i++) {
		if (at >= reached[i].base && at - reached[i].base < reached[i].size) {
			return reached[i].base + reached[i].size;
		}
		if (reached[i].size != 0 && reached[i].base > at) {
			*next = MIN(*next, reached[i].base);
		}
	}
	return at;
}

uint64_t rcar_inbound_missed(const struct range *reached, uint32_t reached_count,
			     const struct range *ram, uint32_t ram_count)
{
	uint64_t missed = 0;

	for (uint32_t i = 0; i < ram_count; i++) {
		uint64_t at = ram[i].base;
		uint64_t end = ram[i].base + ram[i].size;

		while (at < end) {
			uint64_t gap_end;
			uint64_t covered = reach_from(reached, reached_count, at, &gap_end);

			if (covered == at) {
				covered = MIN(gap_end, end);
				missed += covered - at;
			}
			at = covered;
		}
	}
	return missed;
}
