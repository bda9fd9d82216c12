/* SPDX-License-Identifier: BSD-2-Clause */
/* GICD: a domain's distributor (IHI0069 12.9), one security state, affinity routing always on. */
#include "core/mmio.h"
#include "irq/irq.h"
#include "irq/vgic_state.h"

#define GICD_CTLR    0x0000U
#define GICD_TYPER   0x0004U
#define GICD_IIDR    0x0008U
#define GICD_BANKS   0x0080U
#define GICD_BANKS_END 0x0d00U
#define GICD_IROUTER 0x6100U /* of INTID 32 */
#define GICD_PIDR2   0xffe8U

#define CTLR_ENABLE_GRP1 BIT(1)
#define CTLR_ARE         BIT(4)
#define CTLR_DS          BIT(6)

#define TYPER_LPIS        BIT(17)
#define TYPER_IDBITS(n)   ((uint64_t)((n)-1) << 19)
#define TYPER_NO_1_OF_N   BIT(25)

#define IROUTER_AFFINITY (GENMASK(39, 32) | GENMASK(23, 0))

static uint32_t dist_typer(const struct vgic *g)
{
	uint64_t typer = (VGIC_PRIVATE + g->spi_count) / 32 - 1;

	typer |= (uint64_t)(MIN(g->cpu_count, 8U) - 1) << 5;
	typer |= g->has_its ? TYPER_LPIS | TYPER_IDBITS(VGIC_LPI_ID_BITS) : TYPER_IDBITS(10);
	return (uint32_t)(typer | TYPER_NO_1_OF_N);
}

void vgic_dist_enable(struct vgic *g, bool enabled, uint32_t *kick)
{
	uint32_t i;

	if (g->enabled == enabled) {
		return;
	}
	__atomic_store_n(&g->enabled, enabled, __ATOMIC_RELAXED);
	for (i = 0; i < g->cpu_count; i++) {
		g->cpus[i]->fold_all = true;
		__atomic_store_n(&g->cpus[i]->dirty, true, __ATOMIC_RELEASE);
		*kick |= 1U << i;
	}
}

void vgic_dist_route(struct vgic *g, struct vgic_irq *irq, uint8_t target, uint32_t *kick)
{
	vgic_irq_retarget(g, irq, target, kick);
	if (irq->host_intid != 0 && target != VGIC_NONE) {
		irq_set_affinity(irq->host_intid, g->cpus[target]->vcpu->pcpu);
	}
}

/* vCPU i has MPIDR affinity 0.0.0.i. */
static uint8_t dist_route_target(const struct vgic *g, uint64_t route)
{
	return route < g->cpu_count ? (uint8_t)route : (uint8_t)VGIC_NONE;
}

static void dist_irouter(struct vgic *g, struct mmio_access *a, uint32_t *kick)
{
	uint64_t spi = (a->offset - GICD_IROUTER) / 8;
	uint32_t shift = (a->offset & 4) != 0 ? 32 : 0;
	uint64_t mask = a->size == 8 ? ~0ULL : 0xffffffffULL << shift;
	uint64_t route;

	if (spi >= g->spi_count || a->size < 4) {
		a->value = 0;
		return;
	}
	if (!a->write) {
		a->value = g->routes_written[spi] >> shift;
		return;
	}
	route = ((g->routes_written[spi] & ~mask) | ((a->value << shift) & mask)) &
		IROUTER_AFFINITY;
	g->routes_written[spi] = route;
	vgic_dist_route(g, &g->spis[spi], dist_route_target(g, route), kick);
}

static uint64_t dist_read_id(const struct vgic *g, uint64_t offset)
{
	switch (offset) {
	case GICD_CTLR:
		return CTLR_ARE | CTLR_DS | (g->enabled ? CTLR_ENABLE_GRP1 : 0);
	case GICD_TYPER:
		return dist_typer(g);
	case GICD_IIDR:
		return VGIC_IIDR;
	case GICD_PIDR2:
		return VGIC_PIDR2;
	default:
		return 0;
	}
}

static enum mmio_result dist_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vgic *g = opaque;
	enum mmio_result result = MMIO_DONE;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	if (a->offset >= GICD_BANKS && a->offset < GICD_BANKS_END) {
		result = vgic_bank_access(g, v->vgic, NULL, a, &kick);
	} else if (a->offset >= GICD_IROUTER && a->offset < GICD_IROUTER + 8 * VGIC_SPI_MAX) {
		dist_irouter(g, a, &kick);
	} else if (!a->write) {
		a->value = a->size == 4 ? dist_read_id(g, a->offset) : 0;
	} else if (a->offset == GICD_CTLR && a->size == 4) {
		vgic_dist_enable(g, (a->value & CTLR_ENABLE_GRP1) != 0, &kick);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
	return result;
}

const struct mmio_ops vgic_dist_ops = {
	.name = "gicd",
	.kind = EXIT_MMIO_GIC,
	.access = dist_access,
};
