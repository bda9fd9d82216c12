/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI block of a DesignWare controller, the first 32 vectors of it: writes to one bus address
 * set the status bit their data names, before any window sees them, and an interrupt of its own is
 * up as long as a bit is whose vector is not masked.
 *
 * Not everywhere is that all true: QEMU's model looks at the mask only when a message comes, and
 * drops the interrupt only when no bit is left at all, and a 1 written over a 0 sets the bit. So
 * every bit is taken, those of masked vectors are remembered here, and only what was read is
 * written back.
 */
#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "irq/irq.h"
#include "pci/bridges/designware.h"

#define VECTORS 32U

/* A level comes again by itself; so often it is looked for without. */
#define ROUNDS 4

static struct designware *bridge_of(const struct msi_controller *c)
{
	return (struct designware *)c->driver;
}

static void dw_msi_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	m->address = bridge_of(c)->capture;
	m->data = vector;
}

/* Lock held. */
static void collect(struct designware *d)
{
	uint32_t status = mmio_read32(d->dbi + DW_MSI_STATUS);

	if (status != 0) {
		mmio_write32(d->dbi + DW_MSI_STATUS, status);
		d->msi_pending |= status;
	}
}

static void dw_msi_mask(struct msi_controller *c, uint32_t vector)
{
	struct designware *d = bridge_of(c);

	spin_lock(&d->msi_lock);
	d->msi_masked |= 1U << vector;
	mmio_write32(d->dbi + DW_MSI_MASK, d->msi_masked);
	spin_unlock(&d->msi_lock);
}

static void dw_msi_unmask(struct msi_controller *c, uint32_t vector)
{
	struct designware *d = bridge_of(c);

	spin_lock(&d->msi_lock);
	d->msi_masked &= ~(1U << vector);
	mmio_write32(d->dbi + DW_MSI_MASK, d->msi_masked);
	/* What came before may never raise the interrupt. */
	collect(d);
	if ((d->msi_pending & ~d->msi_masked) != 0) {
		irq_set_pending(d->msi_intid);
	}
	spin_unlock(&d->msi_lock);
}

static void dw_msi_clear(struct msi_controller *c, uint32_t vector)
{
	struct designware *d = bridge_of(c);

	spin_lock(&d->msi_lock);
	collect(d);
	d->msi_pending &= ~(1U << vector);
	spin_unlock(&d->msi_lock);
}

static const struct msi_ops dw_msi_ops = {
	.message = dw_msi_message,
	.mask = dw_msi_mask,
	.unmask = dw_msi_unmask,
	.clear = dw_msi_clear,
};

static uint32_t take_vectors(struct designware *d)
{
	uint32_t vectors;

	spin_lock(&d->msi_lock);
	collect(d);
	vectors = d->msi_pending & ~d->msi_masked;
	d->msi_pending &= ~vectors;
	spin_unlock(&d->msi_lock);
	return vectors;
}

static enum irq_result dw_msi_irq(uint32_t intid, void *arg)
{
	struct designware *d = arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t vectors = take_vectors(d);

		if (vectors == 0) {
			break;
		}
		for (; vectors != 0; vectors &= vectors - 1) {
			msi_fired(&d->msi, (uint32_t)__builtin_ctz(vectors));
		}
	}
	return IRQ_HANDLED;
}

/* Behind the bridge the address must not be a BAR's, nor may a device ever mean it for DMA. */
static bool is_a_bars(const struct machine_bridge *desc, uint64_t address)
{
	for (uint32_t i = 0; i < desc->window_count; i++) {
		const struct machine_window *w = &desc->windows[i];

		if (address >= w->pci && address - w->pci < w->size) {
			return true;
		}
	}
	return false;
}

struct msi_controller *dw_msi_start(struct designware *d, const struct machine_bridge *desc)
{
	/* Whatever is not 0 here after a reset or firmware: no vector before somebody owns it. */
	mmio_write32(d->dbi + DW_MSI_ENABLE, 0);
	/* Its own registers: no RAM, so no device's DMA. */
	d->capture = desc->regs.base;
	d->msi_masked = ~0U;
	d->msi_intid = desc->msi_intid;
	if (is_a_bars(desc, d->capture)) {
		log_warn("pci", "%s: no bus address is free for MSIs; no MSI", desc->path);
		return NULL;
	}
	if (d->msi_intid == 0 || irq_request(d->msi_intid, false, dw_msi_irq, d) != 0) {
		log_warn("pci", "%s: no interrupt \"msi\" that can be had; no MSI", desc->path);
		return NULL;
	}
	d->msi.ops = &dw_msi_ops;
	d->msi.name = desc->path;
	d->msi.phandle = desc->phandle;
	d->msi.vector_count = VECTORS;
	d->msi.driver = d;
	if (msi_register(&d->msi) != 0) {
		log_warn("pci", "%s: one MSI controller too many; no MSI", desc->path);
		irq_release(d->msi_intid);
		return NULL;
	}
	mmio_write32(d->dbi + DW_MSI_MASK, d->msi_masked);
	mmio_write32(d->dbi + DW_MSI_ADDRESS, (uint32_t)d->capture);
	mmio_write32(d->dbi + DW_MSI_ADDRESS + 4, (uint32_t)(d->capture >> 32));
	mmio_write32(d->dbi + DW_MSI_ENABLE, ~0U);
	/* What firmware left. */
	spin_lock(&d->msi_lock);
	collect(d);
	d->msi_pending = 0;
	spin_unlock(&d->msi_lock);
	irq_enable(d->msi_intid);
	return &d->msi;
}
