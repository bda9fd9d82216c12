/* SPDX-License-Identifier: BSD-2-Clause */
/* Address windows of the R-Car Gen3 controller as register values. Pure. */
#include "lib/errno.h"
#include "pci/bridges/rcar_gen3.h"

#define OUTBOUND_UNIT 128U
#define INBOUND_MAX   BIT(32)

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

uint32_t rcar_plan_inbound(const struct range *ram, uint32_t count,
			   struct rcar_inbound out[RCAR_INBOUND_PAIRS], uint64_t *missed)
{
	uint32_t pairs = 1;

	*missed = 0;
	out[0] = inbound(0, INBOUND_MAX);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t base = MAX(ram[i].base, INBOUND_MAX);
		uint64_t end = ram[i].base + ram[i].size;

		while (base < end) {
			uint64_t size = chunk(base, end);

			if (pairs < RCAR_INBOUND_PAIRS) {
				out[pairs++] = inbound(base, size);
			} else {
				*missed += size;
			}
			base += size;
		}
	}
	return pairs;
}
