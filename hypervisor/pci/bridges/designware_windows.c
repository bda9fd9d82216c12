/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address windows of a DesignWare controller as regions. Pure. Older cores have no upper half of
 * the limit, so no region crosses a multiple of 4 GiB.
 */
#include "lib/errno.h"
#include "pci/bridges/designware.h"

#define SPAN BIT(32)

/* Where a region that begins at base and wants to end at end must end. */
static uint64_t piece_end(uint64_t base, uint64_t end)
{
	return MIN(end, ALIGN_DOWN(base, SPAN) + SPAN);
}

int dw_plan_outbound(const struct machine_bridge *desc, uint64_t granule, struct dw_region *out,
		     uint32_t max)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < desc->window_count; i++) {
		const struct machine_window *w = &desc->windows[i];
		uint64_t end = w->cpu + w->size;
		uint64_t next;

		if (!IS_ALIGNED(w->cpu | w->pci | w->size, granule)) {
			return -EINVAL;
		}
		for (uint64_t at = w->cpu; at < end; at = next) {
			next = piece_end(at, end);
			if (count == max) {
				return -ENOSPC;
			}
			out[count] = (struct dw_region){
				.index = DW_CONFIG_REGION + 1 + count,
				.kind = w->kind == WINDOW_IO ? DW_IO : DW_MEMORY,
				.base = at,
				.limit = next - 1,
				.target = w->pci + (at - w->cpu),
			};
			count++;
		}
	}
	return (int)count;
}

static bool covered(const struct dw_region *regions, uint32_t count, uint64_t address)
{
	for (uint32_t i = 0; i < count; i++) {
		if (address >= regions[i].base && address <= regions[i].limit) {
			return true;
		}
	}
	return false;
}

uint32_t dw_plan_inbound(const struct range *ram, uint32_t count, struct dw_region *out,
			 uint32_t max, uint64_t *missed)
{
	uint32_t used = 0;

	*missed = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t end = ram[i].base + ram[i].size;
		uint64_t next;

		for (uint64_t at = ram[i].base; at < end; at = next) {
			uint64_t base = ALIGN_DOWN(at, SPAN);

			next = piece_end(at, end);
			if (covered(out, used, at)) {
				continue;
			}
			if (used == max) {
				*missed += next - at;
				continue;
			}
			out[used] = (struct dw_region){
				.inbound = true,
				.index = used,
				.kind = DW_MEMORY,
				.base = base,
				.limit = base + SPAN - 1,
				.target = base,
			};
			used++;
		}
	}
	return used;
}
