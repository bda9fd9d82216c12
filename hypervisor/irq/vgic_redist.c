/* SPDX-License-Identifier: BSD-2-Clause */
/* GICR: the redistributors of a domain, 128 KiB a vCPU (IHI0069 12.10, 12.11). */
#include "core/mmio.h"
#include "irq/vgic_lpi.h"
#include "irq/vgic_state.h"

#define GICR_STRIDE    0x20000U
#define GICR_SGI_FRAME 0x10000U

#define GICR_CTLR      0x0000U
#define GICR_IIDR      0x0004U
#define GICR_TYPER     0x0008U
#define GICR_WAKER     0x0014U
#define GICR_PROPBASER 0x0070U
#define GICR_PENDBASER 0x0078U
#define GICR_PIDR2     0xffe8U

#define CTLR_ENABLE_LPIS BIT(0)
#define CTLR_CES         BIT(1) /* EnableLPIs can be cleared again */

#define TYPER_PLPIS      BIT(0)
#define TYPER_LAST       BIT(4)

#define WAKER_SLEEP      BIT(1) /* ProcessorSleep */
#define WAKER_ASLEEP     BIT(2) /* ChildrenAsleep */

/* Writable fields; PTZ of PENDBASER reads as zero. */
#define PROPBASER_MASK (GENMASK(58, 56) | GENMASK(51, 12) | GENMASK(11, 7) | GENMASK(4, 0))
#define PENDBASER_MASK (GENMASK(58, 56) | GENMASK(51, 16) | GENMASK(11, 7))

static uint64_t redist_typer(const struct vgic *g, const struct vgic_cpu *c)
{
	uint64_t index = c->vcpu->index;
	uint64_t typer = index << 32 | index << 8;

	typer |= g->has_its ? TYPER_PLPIS : 0;
	typer |= index == g->cpu_count - 1 ? TYPER_LAST : 0;
	return typer;
}

static uint64_t redist_read(const struct vgic *g, const struct vgic_cpu *c, uint64_t offset)
{
	switch (offset) {
	case GICR_CTLR:
		if (!g->has_its) {
			return 0;
		}
		return CTLR_CES | (c->lpis_enabled ? CTLR_ENABLE_LPIS : 0);
	case GICR_IIDR:
		return VGIC_IIDR;
	case GICR_TYPER:
		return redist_typer(g, c);
	case GICR_WAKER:
		return c->asleep ? WAKER_SLEEP | WAKER_ASLEEP : 0;
	case GICR_PROPBASER:
		return c->propbaser;
	case GICR_PENDBASER:
		return c->pendbaser;
	case GICR_PIDR2:
		return VGIC_PIDR2;
	default:
		return 0;
	}
}

/* False: the store is to be executed again. */
static bool redist_write(struct vgic *g, struct vgic_cpu *c, uint64_t offset, uint64_t value,
			 uint32_t *kick)
{
	switch (offset) {
	case GICR_CTLR:
		if (g->has_its) {
			return vgic_lpi_enable(g, c, (value & CTLR_ENABLE_LPIS) != 0, kick);
		}
		break;
	case GICR_WAKER:
		c->asleep = (value & WAKER_SLEEP) != 0;
		break;
	case GICR_PROPBASER:
		/* Fixed while LPIs are enabled (IHI0069 12.11). */
		if (g->has_its && !c->lpis_enabled) {
			__atomic_store_n(&c->propbaser, value & PROPBASER_MASK, __ATOMIC_RELAXED);
		}
		break;
	case GICR_PENDBASER:
		if (g->has_its && !c->lpis_enabled) {
			c->pendbaser = value & PENDBASER_MASK;
		}
		break;
	default:
		break;
	}
	return true;
}

/*
 * The 64-bit registers may be reached by halves; the rest by words only. False: the access is to be
 * executed again.
 */
static bool redist_frame(struct vgic *g, struct vgic_cpu *c, uint64_t offset,
			 struct mmio_access *a, uint32_t *kick)
{
	uint64_t base = ALIGN_DOWN(offset, 8);
	bool wide = base == GICR_TYPER || base == GICR_PROPBASER;
	uint32_t shift = 0;
	uint64_t mask = ~0ULL;

	if (base == GICR_PENDBASER) {
		wide = true;
	}
	if (a->size < 4 || (a->size == 8 && !wide)) {
		a->value = 0;
		return true;
	}
	if (wide && a->size == 4) {
		shift = (offset & 4) != 0 ? 32 : 0;
		mask = 0xffffffffULL << shift;
		offset = base;
	}
	if (!a->write) {
		a->value = redist_read(g, c, offset) >> shift;
	} else {
		uint64_t old = wide ? redist_read(g, c, offset) & ~mask : 0;

		return redist_write(g, c, offset, old | ((a->value << shift) & mask), kick);
	}
	return true;
}

static enum mmio_result redist_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vgic *g = opaque;
	struct vgic_cpu *c = g->cpus[a->offset / GICR_STRIDE];
	uint64_t offset = a->offset % GICR_STRIDE;
	enum mmio_result result;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	if (offset < GICR_SGI_FRAME) {
		result = redist_frame(g, c, offset, a, &kick) ? MMIO_DONE : MMIO_RETRY;
	} else {
		struct mmio_access inner = *a;

		inner.offset = offset - GICR_SGI_FRAME;
		result = vgic_bank_access(g, v->vgic, c, &inner, &kick);
		a->value = inner.value;
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
	return result;
}

const struct mmio_ops vgic_redist_ops = {
	.name = "gicr",
	.kind = EXIT_MMIO_GIC,
	.access = redist_access,
};
