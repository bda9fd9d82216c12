/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICD of a domain on a GICv2 (IHI0048B 4.3): one security state, private interrupts banked by who
 * asks. All interrupts are group 0; GICD_IGROUPR is RAZ/WI.
 */
#include "core/mmio.h"
#include "irq/vgic_state.h"

#define GICD_CTLR      0x000U
#define GICD_TYPER     0x004U
#define GICD_IIDR      0x008U
#define GICD_BANKS     0x100U
#define GICD_ITARGETSR 0x800U
#define GICD_ICFGR     0xc00U
#define GICD_BANKS_END 0xd00U
#define GICD_SGIR      0xf00U
#define GICD_CPENDSGIR 0xf10U
#define GICD_SGI_END   0xf30U
#define GICD_PIDR2     0xfe8U

#define CTLR_ENABLE BIT(0)

enum sgir_filter { SGIR_LISTED = 0, SGIR_OTHERS = 1, SGIR_SELF = 2 };

static uint32_t all_cpus(const struct vgic *g)
{
	return (uint32_t)BIT(g->cpu_count) - 1;
}

static uint32_t dist_read_id(const struct vgic *g, uint64_t offset)
{
	switch (offset) {
	case GICD_CTLR:
		return g->enabled ? (uint32_t)CTLR_ENABLE : 0;
	case GICD_TYPER:
		return ((VGIC_PRIVATE + g->spi_count) / 32 - 1) | (g->cpu_count - 1) << 5;
	case GICD_IIDR:
		return VGIC_IIDR;
	case GICD_PIDR2:
		return VGIC_V2_PIDR2;
	default:
		return 0;
	}
}

static uint32_t read_targets(const struct vgic *g, const struct vgic_cpu *self, uint32_t intid)
{
	if (intid < VGIC_PRIVATE) {
		return 1U << self->vcpu->index;
	}
	if (intid - VGIC_PRIVATE < g->spi_count) {
		return (uint32_t)g->routes_written[intid - VGIC_PRIVATE];
	}
	return 0;
}

/* Any one of the listed takes it: the first does. */
static void write_targets(struct vgic *g, uint32_t intid, uint32_t mask, uint32_t *kick)
{
	uint32_t spi = intid - VGIC_PRIVATE;

	if (intid < VGIC_PRIVATE || spi >= g->spi_count) {
		return;
	}
	mask &= all_cpus(g);
	g->routes_written[spi] = mask;
	vgic_dist_route(g, &g->spis[spi],
			mask == 0 ? (uint8_t)VGIC_NONE : (uint8_t)__builtin_ctz(mask), kick);
}

/* One byte an interrupt; bytes and words. */
static void dist_targets(struct vgic *g, const struct vgic_cpu *self, struct mmio_access *a,
			 uint32_t *kick)
{
	uint32_t first = (uint32_t)a->offset - GICD_ITARGETSR;
	uint64_t value = 0;

	for (uint32_t i = 0; (a->size == 1 || a->size == 4) && i < a->size; i++) {
		if (a->write) {
			write_targets(g, first + i, (uint32_t)(a->value >> 8 * i) & 0xff, kick);
		} else {
			value |= (uint64_t)read_targets(g, self, first + i) << 8 * i;
		}
	}
	if (!a->write) {
		a->value = value;
	}
}

static void dist_sgi(struct vgic *g, const struct vgic_cpu *self, uint64_t value, uint32_t *kick)
{
	uint32_t intid = (uint32_t)BITS(value, 3, 0);
	uint32_t own = self->vcpu->index;
	uint32_t targets = 0;

	switch ((enum sgir_filter)BITS(value, 25, 24)) {
	case SGIR_LISTED:
		targets = (uint32_t)BITS(value, 23, 16);
		break;
	case SGIR_OTHERS:
		targets = ~(1U << own);
		break;
	case SGIR_SELF:
		targets = 1U << own;
		break;
	default:
		break;
	}
	for (targets &= all_cpus(g); targets != 0; targets &= targets - 1) {
		struct vgic_cpu *c = g->cpus[__builtin_ctz(targets)];

		vgic_irq_signal(g, &c->private[intid], own, kick);
	}
}

static void dist_other(struct vgic *g, const struct vgic_cpu *self, struct mmio_access *a,
		       uint32_t *kick)
{
	if (a->size != 4) {
		a->value = 0;
	} else if (!a->write) {
		a->value = dist_read_id(g, a->offset);
	} else if (a->offset == GICD_CTLR) {
		vgic_dist_enable(g, (a->value & CTLR_ENABLE) != 0, kick);
	} else if (a->offset == GICD_SGIR) {
		dist_sgi(g, self, a->value, kick);
	}
}

static enum mmio_result dist_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vgic *g = opaque;
	enum mmio_result result = MMIO_DONE;
	uint64_t at = a->offset;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	if (at >= GICD_ITARGETSR && at < GICD_ICFGR) {
		dist_targets(g, v->vgic, a, &kick);
	} else if (at >= GICD_BANKS && at < GICD_BANKS_END) {
		result = vgic_bank_access(g, v->vgic, v->vgic, a, &kick);
	} else if (at >= GICD_CPENDSGIR && at < GICD_SGI_END) {
		result = vgic_bank_sgi_access(g, v->vgic, a, &kick);
	} else {
		dist_other(g, v->vgic, a, &kick);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
	return result;
}

const struct mmio_ops vgic_dist_v2_ops = {
	.name = "gicd",
	.kind = EXIT_MMIO_GIC,
	.access = dist_access,
};
