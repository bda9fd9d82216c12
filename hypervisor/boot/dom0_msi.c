/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control domain's drivers take for its MSI doorbell. */
#include "boot/dom0_msi.h"

#include "irq/msi.h"
#include "pci/host_bridge.h"
#include "vpci/front.h"

#define SPI_FIRST  32U
#define SPI_BLOCK  32U   /* the distributor tells how many there are in such units */
#define INTIDS_MAX 1020U

static struct range registers_of(const struct host_bridge *b)
{
	return b->desc->regs.size != 0 ? b->desc->regs : b->desc->cfg;
}

static bool has_place(const struct host_bridge *b)
{
	struct range regs = registers_of(b);

	return vpci_front_of(b) == NULL && b->ops->indirect && regs.size >= SZ_4K &&
	       IS_ALIGNED(regs.base, SZ_4K);
}

/* As many virtual SPIs as the blocks have vectors, if there is room for them. */
static void put_behind(struct dom0_msi_frame *f)
{
	uint32_t room = (INTIDS_MAX - SPI_FIRST - f->spi_count) / SPI_BLOCK * SPI_BLOCK;
	uint32_t count = 0;

	for (uint32_t i = 0; i < host_bridge_count; i++) {
		const struct host_bridge *b = &host_bridges[i];

		if (b->msi == NULL || b->its != NULL || !has_place(b)) {
			continue;
		}
		f->base = count == 0 ? registers_of(b).base : f->base;
		count += (b->msi->vector_count + SPI_BLOCK - 1) / SPI_BLOCK * SPI_BLOCK;
	}
	f->first = SPI_FIRST + f->spi_count;
	f->count = MIN(count, room);
	f->spi_count += f->count;
}

struct dom0_msi_frame dom0_msi_frame(const struct machine_gic *gic, uint32_t line_count)
{
	const struct msi_controller *c = NULL;
	struct dom0_msi_frame f = {
		.spi_count = (MIN(line_count, INTIDS_MAX) - SPI_FIRST) / SPI_BLOCK * SPI_BLOCK,
	};
	struct msi_message message;

	if (gic->its_count != 0) {
		return f;
	}
	if (gic->frame_count != 0) {
		c = msi_by_phandle(gic->frames[0].phandle);
	}
	if (c == NULL) {
		put_behind(&f);
		return f;
	}
	msi_message(c, 0, &message);
	f.base = gic->frames[0].regs.base;
	f.first = message.data;
	f.count = c->vector_count;
	return f;
}
