/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2m frames as MSI controllers: a vector is an SPI, an edge, masked at the distributor. */
#include "irq/gicv2m.h"

#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "core/machine.h"
#include "irq/irq.h"
#include "irq/msi.h"

struct frame {
	struct msi_controller msi;
	uint32_t first; /* INTID of vector 0 */
};

static struct frame frames[MACHINE_MAX_FRAMES];

static struct frame *frame_of(const struct msi_controller *c)
{
	return (struct frame *)c->driver;
}

static void frame_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	m->address = c->doorbell.v + GICV2M_SETSPI;
	m->data = frame_of(c)->first + vector;
}

static void frame_mask(struct msi_controller *c, uint32_t vector)
{
	irq_disable(frame_of(c)->first + vector);
}

static void frame_unmask(struct msi_controller *c, uint32_t vector)
{
	irq_enable(frame_of(c)->first + vector);
}

static void frame_clear(struct msi_controller *c, uint32_t vector)
{
	irq_clear_pending(frame_of(c)->first + vector);
}

static void frame_route(struct msi_controller *c, uint32_t vector, uint32_t cpu)
{
	irq_set_affinity(frame_of(c)->first + vector, cpu);
}

static const struct msi_ops frame_ops = {
	.message = frame_message,
	.mask = frame_mask,
	.unmask = frame_unmask,
	.clear = frame_clear,
	.route = frame_route,
};

static enum irq_result frame_fired(uint32_t intid, void *arg)
{
	struct frame *f = arg;

	msi_fired(&f->msi, intid - f->first);
	return IRQ_HANDLED;
}

/* The tree may know better than the frame which SPIs are its own. */
static void frame_init(struct frame *f, const struct machine_frame *m)
{
	volatile uint8_t *regs = mmio_map_device(m->regs.base, SZ_4K);
	uint32_t typer = mmio_read32(regs + GICV2M_TYPER);
	uint32_t first = m->count != 0 ? m->first : GICV2M_TYPER_FIRST(typer);
	uint32_t count = m->count != 0 ? m->count : GICV2M_TYPER_COUNT(typer);

	f->first = first;
	for (uint32_t i = 0; i < MIN(count, MSI_VECTORS_MAX); i++) {
		/* A vector less where something else has the line: the run ends there. */
		if (first < 32 || irq_request(first + i, true, frame_fired, f) != 0) {
			break;
		}
		f->msi.vector_count++;
	}
	f->msi.ops = &frame_ops;
	f->msi.name = "GICv2m frame";
	f->msi.phandle = m->phandle;
	f->msi.doorbell = pa(m->regs.base);
	f->msi.driver = f;
	if (msi_register(&f->msi) != 0) {
		log_warn("msi", "GICv2m frame at 0x%llx: no SPIs (first %u, %u of them), not used",
			 (unsigned long long)m->regs.base, first, count);
	}
}

void gicv2m_init(void)
{
	for (uint32_t i = 0; i < machine.gic.frame_count; i++) {
		frame_init(&frames[i], &machine.gic.frames[i]);
	}
}
