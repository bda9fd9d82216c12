/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual GIC of a domain: creation, and the signals the hypervisor sends into it. */
#include "irq/vgic.h"

#include "core/heap.h"
#include "core/sched.h"
#include "irq/irq.h"
#include "irq/irq_meter.h"
#include "irq/vgic_gich.h"
#include "irq/vgic_lpi.h"
#include "irq/vgic_state.h"
#include "lib/errno.h"

/* Blocks of LPIs given back a call. */
#define LPI_BLOCKS_A_SLICE 32U

/* A host SPI given to a domain. */
struct vgic_route {
	struct vgic_route *next;
	struct domain *domain;
	struct irq_meter *meter; /* or NULL: nobody counts */
	uint32_t host_intid;
	uint32_t vintid;
};

void vgic_kick(struct vgic *g, uint32_t mask)
{
	for (; mask != 0; mask &= mask - 1) {
		vcpu_kick(g->domain->vcpus[__builtin_ctz(mask)]);
	}
}

static void vgic_free(struct domain *d, struct vgic *g)
{
	uint32_t i;

	vgic_direct_free(g);
	vgic_lpi_free_some(g, VGIC_LPI_BLOCKS);
	for (i = 0; i < g->cpu_count; i++) {
		d->vcpus[i]->vgic = NULL;
		heap_free(g->cpus[i]);
	}
	heap_free(g->routes_written);
	heap_free(g->spis);
	heap_free(g);
	d->vgic = NULL;
}

static int vgic_add_regions(struct domain *d, struct vgic *g, const struct vgic_config *config)
{
	int ret;

	if (g->version == 2) {
		ret = mmio_add(&d->mmio, config->dist, SZ_4K, &vgic_dist_v2_ops, g);
		return ret != 0 ? ret : vgic_gich_map_interface(d, config->cpu_interface);
	}
	ret = mmio_add(&d->mmio, config->dist, SZ_64K, &vgic_dist_ops, g);
	if (ret == 0) {
		ret = mmio_add(&d->mmio, config->redist, 2 * SZ_64K * d->vcpu_count,
			       &vgic_redist_ops, g);
	}
	return ret;
}

int vgic_begin(struct domain *d, const struct vgic_config *config)
{
	struct vgic *g;
	int ret = -ENOMEM;
	uint32_t i;

	if (config->spi_count == 0 || config->spi_count > VGIC_SPI_MAX ||
	    config->spi_count % 32 != 0 ||
	    (config->version == 2 && d->vcpu_count > VGIC_V2_CPUS_MAX)) {
		return -EINVAL;
	}
	g = heap_alloc(sizeof(*g));
	if (g == NULL) {
		return -ENOMEM;
	}
	g->domain = d;
	g->version = config->version;
	g->has_its = config->has_its;
	g->spi_count = config->spi_count;
	g->spis = heap_alloc(config->spi_count * sizeof(*g->spis));
	g->routes_written = heap_alloc(config->spi_count * sizeof(*g->routes_written));
	if (g->spis == NULL || g->routes_written == NULL) {
		goto fail;
	}
	for (i = 0; i < g->spi_count; i++) {
		vgic_irq_init(&g->spis[i], VGIC_PRIVATE + i, 0);
		g->routes_written[i] = config->version == 2 ? 1 : 0; /* both mean vCPU 0 */
	}
	ret = vgic_add_regions(d, g, config);
	if (ret != 0) {
		goto fail;
	}
	d->vgic = g;
	return 0;
fail:
	vgic_free(d, g);
	return ret;
}

int vgic_add_cpu(struct domain *d)
{
	struct vgic *g = d->vgic;
	struct vgic_cpu *c = heap_alloc(sizeof(*c));
	struct vcpu *v = d->vcpus[g->cpu_count];

	if (c == NULL) {
		return -ENOMEM;
	}
	vgic_cpu_init(c, v);
	v->vgic = c;
	g->cpus[g->cpu_count++] = c;
	return g->cpu_count == d->vcpu_count ? 0 : -EAGAIN;
}

int vgic_create(struct domain *d, const struct vgic_config *config)
{
	int ret = vgic_begin(d, config);

	if (ret != 0) {
		return ret;
	}
	do {
		ret = vgic_add_cpu(d);
	} while (ret == -EAGAIN);
	if (ret != 0) {
		vgic_free(d, d->vgic);
	}
	return ret;
}

/* Releasing also leaves the line inactive, taken by the guest or not. */
static void vgic_drop_routes(struct vgic *g)
{
	while (g->routes != NULL) {
		struct vgic_route *r = g->routes;

		g->routes = r->next;
		irq_release(r->host_intid);
		heap_free(r);
	}
}

bool vgic_clear_slice(struct domain *d)
{
	return d->vgic == NULL || vgic_lpi_free_some(d->vgic, LPI_BLOCKS_A_SLICE);
}

void vgic_destroy(struct domain *d)
{
	if (d->vgic != NULL) {
		vgic_drop_routes(d->vgic);
		vgic_free(d, d->vgic);
	}
}

void vgic_set_level(struct domain *d, struct vcpu *v, uint32_t intid, bool high)
{
	struct vgic *g = d->vgic;
	struct vgic_irq *irq = vgic_irq_find(g, v == NULL ? NULL : v->vgic, intid);
	uint32_t kick = 0;

	if (irq == NULL || __atomic_load_n(&irq->line, __ATOMIC_ACQUIRE) == high) {
		return;
	}
	spin_lock(&g->lock);
	vgic_irq_line(g, irq, high, &kick);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

void vgic_pulse(struct domain *d, struct vcpu *v, uint32_t intid)
{
	struct vgic *g = d->vgic;
	struct vgic_irq *irq = vgic_irq_find(g, v == NULL ? NULL : v->vgic, intid);
	uint32_t kick = 0;

	if (irq == NULL) {
		return;
	}
	spin_lock(&g->lock);
	vgic_irq_pulse(g, irq, &kick);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

void vgic_forward(struct domain *d, struct vcpu *v, uint32_t intid, uint32_t host_intid)
{
	struct vgic *g = d->vgic;
	struct vgic_irq *irq = vgic_irq_find(g, v == NULL ? NULL : v->vgic, intid);
	uint32_t kick = 0;

	if (irq == NULL) {
		return;
	}
	spin_lock(&g->lock);
	irq->host_intid = host_intid;
	irq->host_active = true;
	if (v != NULL) {
		v->vgic->forwarded |= 1U << intid;
	}
	vgic_irq_pulse(g, irq, &kick);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

static enum irq_result route_irq(uint32_t intid, void *arg)
{
	struct vgic_route *r = arg;
	struct irq_meter *meter = __atomic_load_n(&r->meter, __ATOMIC_ACQUIRE);

	__atomic_fetch_add(&r->domain->interrupts_injected, 1, __ATOMIC_RELAXED);
	if (meter != NULL && irq_meter_hit(meter)) {
		pci_wire_storm(meter, intid);
	}
	vgic_forward(r->domain, NULL, r->vintid, intid);
	return IRQ_FORWARDED;
}

int vgic_route_spi(struct domain *d, uint32_t host_intid, uint32_t vintid, bool edge)
{
	struct vgic *g = d->vgic;
	struct vgic_irq *irq = vgic_irq_find(g, NULL, vintid);
	struct vgic_route *r;
	int ret;

	if (irq == NULL) {
		return -EINVAL;
	}
	r = heap_alloc(sizeof(*r));
	if (r == NULL) {
		return -ENOMEM;
	}
	r->domain = d;
	r->host_intid = host_intid;
	r->vintid = vintid;
	ret = irq_request(host_intid, edge, route_irq, r);
	if (ret != 0) {
		heap_free(r);
		return ret;
	}
	spin_lock(&g->lock);
	r->next = g->routes;
	g->routes = r;
	irq->level = !edge;
	irq->host_intid = host_intid;
	irq_set_affinity(host_intid, d->vcpus[irq->target == VGIC_NONE ? 0 : irq->target]->pcpu);
	spin_unlock(&g->lock);
	irq_enable(host_intid);
	return 0;
}

void vgic_route_meter(struct domain *d, uint32_t host_intid, struct irq_meter *meter)
{
	struct vgic *g = d->vgic;

	spin_lock(&g->lock);
	for (struct vgic_route *r = g->routes; r != NULL; r = r->next) {
		if (r->host_intid == host_intid) {
			__atomic_store_n(&r->meter, meter, __ATOMIC_RELEASE);
		}
	}
	spin_unlock(&g->lock);
}

void vgic_unroute_spi(struct domain *d, uint32_t host_intid)
{
	struct vgic *g = d->vgic;
	struct vgic_route **link = &g->routes;
	struct vgic_route *r;
	struct vgic_irq *irq;

	spin_lock(&g->lock);
	while (*link != NULL && (*link)->host_intid != host_intid) {
		link = &(*link)->next;
	}
	r = *link;
	if (r != NULL) {
		*link = r->next;
	}
	spin_unlock(&g->lock);
	if (r == NULL) {
		return;
	}
	irq_release(host_intid);
	spin_lock(&g->lock);
	irq = vgic_irq_find(g, NULL, r->vintid);
	irq->host_active = false; /* released lines are not active */
	if (irq->host_intid == host_intid) {
		irq->host_intid = 0;
	}
	spin_unlock(&g->lock);
	heap_free(r);
}

void vgic_set_resample(struct domain *d, uint32_t vintid, uint32_t host_intid)
{
	struct vgic *g = d->vgic;
	struct vgic_irq *irq = vgic_irq_find(g, NULL, vintid);
	uint32_t kick = 0;

	if (irq == NULL) {
		return;
	}
	spin_lock(&g->lock);
	irq->resample = host_intid;
	if (host_intid == 0) {
		vgic_irq_line(g, irq, false, &kick);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

uint32_t vgic_spi_cpu(struct domain *d, uint32_t vintid)
{
	struct vgic *g = d->vgic;
	const struct vgic_irq *irq = vgic_irq_find(g, NULL, vintid);
	uint8_t target;

	spin_lock(&g->lock);
	target = irq == NULL || irq->target == VGIC_NONE ? 0 : irq->target;
	spin_unlock(&g->lock);
	return d->vcpus[target]->pcpu;
}

bool vgic_level(struct domain *d, uint32_t vintid)
{
	const struct vgic_irq *irq = vgic_irq_find(d->vgic, NULL, vintid);

	return irq != NULL && __atomic_load_n(&irq->line, __ATOMIC_ACQUIRE);
}

/* ICC_SGI1R_EL1 (IHI0069 12.2). vCPUs have affinity 0.0.0.n with n < 16: range selector 0. */
void vgic_sgi1r(struct vcpu *v, uint64_t value)
{
	struct vgic *g = v->domain->vgic;
	uint32_t intid = (uint32_t)BITS(value, 27, 24);
	uint32_t targets = (uint32_t)BITS(value, 15, 0);
	uint32_t kick = 0;

	if (g->version != 3) {
		return;
	}
	if ((value & BIT(40)) != 0) {
		targets = ~(1U << v->index);
	} else if ((value & (GENMASK(55, 44) | GENMASK(39, 32) | GENMASK(23, 16))) != 0) {
		return;
	}
	targets &= (uint32_t)(BIT(g->cpu_count) - 1);
	spin_lock(&g->lock);
	for (; targets != 0; targets &= targets - 1) {
		struct vgic_cpu *c = g->cpus[__builtin_ctz(targets)];

		vgic_irq_pulse(g, &c->private[intid], &kick);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}
