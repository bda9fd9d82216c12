/* SPDX-License-Identifier: BSD-2-Clause */
/* LPIs of a domain: lookup by number, configuration, routing. */
#include "irq/vgic_lpi.h"

#include "core/guest_copy.h"
#include "core/heap.h"
#include "irq/vgic_state.h"

/* LPI configuration table entry (IHI0069 5.1.1). */
#define LPI_CONFIG_ENABLE   BIT(0)
#define LPI_CONFIG_PRIORITY GENMASK(7, 2)

/* LPIs looked at by one trap that turns them on or off. */
#define ENABLE_A_TRAP 128U

#define PROPBASER_ADDRESS   GENMASK(51, 12)
#define PROPBASER_ID_BITS(p) ((uint32_t)BITS(p, 4, 0) + 1)

bool vgic_lpi_valid(uint32_t lpi)
{
	return lpi >= VGIC_LPI_FIRST && lpi < VGIC_LPI_LIMIT;
}

struct vgic_irq *vgic_lpi_find(struct vgic *g, uint32_t lpi)
{
	uint32_t n = lpi - VGIC_LPI_FIRST;
	struct vgic_irq *block;

	if (!vgic_lpi_valid(lpi)) {
		return NULL;
	}
	block = __atomic_load_n(&g->lpis[n / VGIC_LPI_BLOCK], __ATOMIC_ACQUIRE);
	return block == NULL ? NULL : &block[n % VGIC_LPI_BLOCK];
}

/* A block for lpi, filled before others can see it. Lock held. */
static int lpi_block_add(struct vgic *g, uint32_t lpi)
{
	uint32_t block = (lpi - VGIC_LPI_FIRST) / VGIC_LPI_BLOCK;
	struct vgic_irq *irqs;
	uint32_t i;

	if (g->lpis[block] != NULL) {
		return 0;
	}
	irqs = heap_alloc(VGIC_LPI_BLOCK * sizeof(*irqs));
	if (irqs == NULL) {
		return -1;
	}
	for (i = 0; i < VGIC_LPI_BLOCK; i++) {
		vgic_irq_init(&irqs[i], VGIC_LPI_FIRST + block * VGIC_LPI_BLOCK + i, VGIC_NONE);
	}
	__atomic_store_n(&g->lpis[block], irqs, __ATOMIC_RELEASE);
	g->lpi_blocks[g->lpi_block_count++] = (uint8_t)block;
	return 0;
}

/* Configuration bytes of [lpi, +count) from the guest's table; what cannot be read is disabled. */
static void lpi_read_config(struct vgic *g, uint32_t lpi, uint32_t count, uint8_t *config)
{
	uint64_t propbaser = 0;
	uint32_t i;

	/* The guest keeps one table: redistributors must agree (GICR_TYPER.CommonLPIAff = 0). */
	for (i = 0; i < g->cpu_count && propbaser == 0; i++) {
		propbaser = __atomic_load_n(&g->cpus[i]->propbaser, __ATOMIC_RELAXED);
	}
	if (propbaser != 0 && PROPBASER_ID_BITS(propbaser) >= VGIC_LPI_ID_BITS - 1 &&
	    guest_copy_from(g->domain, config,
			    ipa((propbaser & PROPBASER_ADDRESS) + lpi - VGIC_LPI_FIRST),
			    count) == 0) {
		return;
	}
	for (i = 0; i < count; i++) {
		config[i] = 0;
	}
}

static void lpi_set_config(struct vgic *g, struct vgic_irq *irq, uint8_t config, uint32_t *kick)
{
	bool enabled = (config & LPI_CONFIG_ENABLE) != 0;
	uint8_t priority = (uint8_t)(config & LPI_CONFIG_PRIORITY & VGIC_PRIORITY_MASK);

	if (irq->enabled == enabled && irq->priority == priority) {
		return;
	}
	irq->enabled = enabled;
	irq->priority = priority;
	vgic_direct_configure(g, irq);
	vgic_irq_changed(g, irq, kick);
}

struct vgic_irq *vgic_lpi_get(struct domain *d, uint32_t lpi, uint32_t target)
{
	struct vgic *g = d->vgic;
	struct vgic_irq *irq = NULL;
	uint32_t kick = 0;
	uint8_t config;

	lpi_read_config(g, lpi, 1, &config);
	spin_lock(&g->lock);
	if (lpi_block_add(g, lpi) == 0) {
		irq = vgic_lpi_find(g, lpi);
		irq->mappings++;
		vgic_irq_retarget(g, irq, (uint8_t)target, &kick);
		lpi_set_config(g, irq, config, &kick);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
	return irq;
}

void vgic_lpi_put(struct domain *d, struct vgic_irq *irq)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	irq->mappings--;
	if (irq->mappings == 0) {
		irq->enabled = false;
		vgic_irq_clear_pending(g, irq, &kick);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

void vgic_lpi_pend(struct domain *d, struct vgic_irq *irq)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	if (irq->mappings != 0) {
		vgic_irq_pulse(g, irq, &kick);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

void vgic_lpi_clear(struct domain *d, struct vgic_irq *irq)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	vgic_irq_clear_pending(g, irq, &kick);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

uint32_t vgic_lpi_target(const struct vgic_irq *irq)
{
	return __atomic_load_n(&irq->target, __ATOMIC_RELAXED);
}

void vgic_lpi_move(struct domain *d, struct vgic_irq *irq, uint32_t target)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	vgic_irq_retarget(g, irq, (uint8_t)target, &kick);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

/*
 * From *next on, the next block of LPIs that is there, its number in *next, within max LPIs: one
 * that is absent costs as much as looking at one LPI. NULL: *next is where to go on, or the end.
 */
static struct vgic_irq *next_block(struct vgic *g, uint32_t *next, uint32_t *max)
{
	for (; *next < VGIC_LPI_BLOCKS && *max != 0; (*next)++) {
		struct vgic_irq *irqs = __atomic_load_n(&g->lpis[*next], __ATOMIC_ACQUIRE);

		if (irqs != NULL) {
			if (*max < VGIC_LPI_BLOCK) {
				return NULL;
			}
			*max -= VGIC_LPI_BLOCK;
			return irqs;
		}
		(*max)--;
	}
	return NULL;
}

void vgic_lpi_reload(struct domain *d, struct vgic_irq *irq)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;
	uint8_t config;

	lpi_read_config(g, irq->intid, 1, &config);
	spin_lock(&g->lock);
	lpi_set_config(g, irq, config, &kick);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

bool vgic_lpi_reload_some(struct domain *d, uint32_t *next, uint32_t max)
{
	struct vgic *g = d->vgic;
	uint8_t config[VGIC_LPI_BLOCK];
	struct vgic_irq *irqs;

	while ((irqs = next_block(g, next, &max)) != NULL) {
		uint32_t kick = 0;
		uint32_t i;

		lpi_read_config(g, irqs[0].intid, VGIC_LPI_BLOCK, config);
		spin_lock(&g->lock);
		for (i = 0; i < VGIC_LPI_BLOCK; i++) {
			if (irqs[i].mappings != 0) {
				lpi_set_config(g, &irqs[i], config[i], &kick);
			}
		}
		spin_unlock(&g->lock);
		vgic_kick(g, kick);
		(*next)++;
	}
	return *next == VGIC_LPI_BLOCKS;
}

bool vgic_lpi_enable(struct vgic *g, struct vgic_cpu *c, bool enable, uint32_t *kick)
{
	uint32_t max = ENABLE_A_TRAP;
	struct vgic_irq *irqs;
	uint32_t i;

	/* One change after the other: until all know of the last, there is no next. */
	if (c->lpis_enabled != enable && c->lpi_walk == VGIC_LPI_BLOCKS) {
		__atomic_store_n(&c->lpis_enabled, enable, __ATOMIC_RELAXED);
		c->lpi_walk = 0;
		/* For direct ones it is so at its next entry. */
		__atomic_store_n(&c->dirty, true, __ATOMIC_RELEASE);
		*kick |= 1U << c->vcpu->index;
	}
	/* Pending ones were kept: deliver them, or take them out of the queues. */
	while ((irqs = next_block(g, &c->lpi_walk, &max)) != NULL) {
		c->lpi_walk++;
		for (i = 0; i < VGIC_LPI_BLOCK; i++) {
			if (irqs[i].target == c->vcpu->index &&
			    (irqs[i].pending || irqs[i].lr != VGIC_NONE)) {
				vgic_irq_changed(g, &irqs[i], kick);
			}
		}
	}
	return c->lpi_walk == VGIC_LPI_BLOCKS && c->lpis_enabled == enable;
}

bool vgic_lpi_free_some(struct vgic *g, uint32_t max)
{
	while (g->lpi_block_count != 0 && max-- != 0) {
		uint32_t block = --g->lpi_block_count;

		heap_free(g->lpis[g->lpi_blocks[block]]);
		g->lpis[g->lpi_blocks[block]] = NULL;
	}
	return g->lpi_block_count == 0;
}
