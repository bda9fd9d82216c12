/* SPDX-License-Identifier: BSD-2-Clause */
/* LPIs of a domain: lookup by number, configuration, routing. */
#include "irq/vgic_lpi.h"

#include "core/guest_copy.h"
#include "core/heap.h"
#include "irq/vgic_state.h"

/* LPI configuration table entry (IHI0069 5.1.1). */
#define LPI_CONFIG_ENABLE   BIT(0)
#define LPI_CONFIG_PRIORITY GENMASK(7, 2)

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
	g->lpi_block_count++;
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

void vgic_lpi_move(struct domain *d, struct vgic_irq *irq, uint32_t target)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	vgic_irq_retarget(g, irq, (uint8_t)target, &kick);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

void vgic_lpi_move_all(struct domain *d, uint32_t from, uint32_t to)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;
	uint32_t block;
	uint32_t i;

	spin_lock(&g->lock);
	for (block = 0; block < VGIC_LPI_BLOCKS; block++) {
		for (i = 0; g->lpis[block] != NULL && i < VGIC_LPI_BLOCK; i++) {
			struct vgic_irq *irq = &g->lpis[block][i];

			if (irq->target == from) {
				vgic_irq_retarget(g, irq, (uint8_t)to, &kick);
			}
		}
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
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

void vgic_lpi_reload_all(struct domain *d)
{
	struct vgic *g = d->vgic;
	uint8_t config[VGIC_LPI_BLOCK];
	uint32_t block;
	uint32_t i;

	for (block = 0; block < VGIC_LPI_BLOCKS; block++) {
		struct vgic_irq *irqs = g->lpis[block];
		uint32_t kick = 0;

		if (irqs == NULL) {
			continue;
		}
		lpi_read_config(g, irqs[0].intid, VGIC_LPI_BLOCK, config);
		spin_lock(&g->lock);
		for (i = 0; i < VGIC_LPI_BLOCK; i++) {
			if (irqs[i].mappings != 0) {
				lpi_set_config(g, &irqs[i], config[i], &kick);
			}
		}
		spin_unlock(&g->lock);
		vgic_kick(g, kick);
	}
}

void vgic_lpi_enable(struct vgic *g, struct vgic_cpu *c, bool enable, uint32_t *kick)
{
	uint32_t block;
	uint32_t i;

	if (c->lpis_enabled == enable) {
		return;
	}
	c->lpis_enabled = enable;
	/* Pending ones were kept: deliver them, or take them out of the queues. */
	for (block = 0; block < VGIC_LPI_BLOCKS; block++) {
		for (i = 0; g->lpis[block] != NULL && i < VGIC_LPI_BLOCK; i++) {
			struct vgic_irq *irq = &g->lpis[block][i];

			if (irq->target == c->vcpu->index &&
			    (irq->pending || irq->lr != VGIC_NONE)) {
				vgic_irq_changed(g, irq, kick);
			}
		}
	}
}

void vgic_lpi_free_all(struct vgic *g)
{
	uint32_t block;

	for (block = 0; block < VGIC_LPI_BLOCKS; block++) {
		heap_free(g->lpis[block]);
		g->lpis[block] = NULL;
	}
}
