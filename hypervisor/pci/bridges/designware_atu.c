/* SPDX-License-Identifier: BSD-2-Clause */
/* Address translation regions of a DesignWare controller, unrolled or behind the viewport. */
#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "lib/errno.h"
#include "pci/bridges/designware.h"

#define ENABLE_MS 50

static volatile uint8_t *select_region(const struct designware *d, bool inbound, uint32_t index)
{
	if (d->atu != NULL) {
		return d->atu + index * DW_ATU_STRIDE + (inbound ? DW_ATU_INBOUND : 0);
	}
	mmio_write32(d->dbi + DW_VIEWPORT, index | (inbound ? (uint32_t)DW_VIEWPORT_INBOUND : 0));
	return d->dbi + DW_REGION;
}

static uint32_t region_read(const struct designware *d, bool inbound, uint32_t index,
			    uint32_t offset)
{
	return mmio_read32(select_region(d, inbound, index) + offset);
}

static void region_write(const struct designware *d, bool inbound, uint32_t index, uint32_t offset,
			 uint32_t value)
{
	mmio_write32(select_region(d, inbound, index) + offset, value);
}

/* A value of a region's own, in bits that every granule leaves. */
static uint32_t mark(uint32_t index)
{
	return (index + 1) << 24;
}

/*
 * How many regions take a value and keep it: an index too high is ignored, or means a region that
 * was there before.
 */
static uint32_t count_regions(const struct designware *d, bool inbound)
{
	uint32_t count = 0;

	while (count < DW_ATU_REGIONS) {
		region_write(d, inbound, count, DW_CTRL2, 0);
		region_write(d, inbound, count, DW_TARGET, mark(count));
		if (region_read(d, inbound, count, DW_TARGET) != mark(count) ||
		    region_read(d, inbound, 0, DW_TARGET) != mark(0)) {
			break;
		}
		count++;
	}
	return count;
}

void dw_atu_probe(struct designware *d)
{
	uint32_t low;

	d->outbound = count_regions(d, false);
	d->inbound = count_regions(d, true);
	d->granule = 1;
	if (d->outbound != 0) {
		region_write(d, false, 0, DW_BASE, ~0U);
		low = region_read(d, false, 0, DW_BASE);
		d->granule = low == 0 ? BIT(32) : BIT(__builtin_ctz(low));
	}
	d->shown = DW_NOTHING;
}

int dw_atu_set(const struct designware *d, const struct dw_region *r)
{
	const uint32_t values[][2] = {
		{ DW_CTRL2, 0 },
		{ DW_BASE, (uint32_t)r->base },
		{ DW_BASE_UPPER, (uint32_t)(r->base >> 32) },
		{ DW_LIMIT, (uint32_t)r->limit },
		{ DW_TARGET, (uint32_t)r->target },
		{ DW_TARGET_UPPER, (uint32_t)(r->target >> 32) },
		{ DW_CTRL1, (uint32_t)r->kind },
		{ DW_CTRL2, (uint32_t)DW_CTRL2_ENABLE },
	};
	uint64_t end = ticks_now() + ticks_per_second() * ENABLE_MS / 1000 + 1;
	volatile uint8_t *regs = select_region(d, r->inbound, r->index);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		mmio_write32(regs + values[i][0], values[i][1]);
	}
	while ((mmio_read32(regs + DW_CTRL2) & DW_CTRL2_ENABLE) == 0) {
		if (ticks_now() > end) {
			return -EIO;
		}
	}
	return 0;
}
