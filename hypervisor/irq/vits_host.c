/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual events in the host ITS: coming, going and being moved there, and what they cause. */
#include "core/log.h"
#include "irq/vgic_direct.h"
#include "irq/vgic_lpi.h"
#include "irq/vits_state.h"

/* Looking at so many events is as much work as mapping one in the host ITS, or unmapping it. */
#define LOOKS_AN_EVENT 16U

/* A host LPI fired. Runs on any pCPU, without the vITS lock. */
static void host_lpi_fired(void *arg, uint32_t event)
{
	struct vits_event *e = arg;
	struct vgic_irq *irq = __atomic_load_n(&e->irq, __ATOMIC_ACQUIRE);

	if (irq != NULL) {
		struct domain *d = e->device->domain;

		__atomic_fetch_add(&d->interrupts_injected, 1, __ATOMIC_RELAXED);
		vgic_lpi_pend(d, irq);
	}
}

/* Of an event that hardware delivers: one came while its vCPU did not run. As above. */
static void host_doorbell_rang(void *arg, uint32_t event)
{
	struct vits_event *e = arg;
	struct vgic_irq *irq = __atomic_load_n(&e->irq, __ATOMIC_ACQUIRE);

	if (irq != NULL) {
		vgic_direct_doorbell(e->device->domain, irq);
	}
}

struct its_device *vits_host_wanted(const struct vits *t, const struct vits_device *dev)
{
	return t->ops == NULL ? NULL : t->ops->host_device(t->domain, dev->id);
}

/* False: the budget does not reach for one more event. */
static bool spend(uint32_t *budget, bool host_works)
{
	uint32_t cost = host_works ? LOOKS_AN_EVENT : 1;

	if (*budget < cost) {
		return false;
	}
	*budget -= cost;
	return true;
}

/* NULL: where e goes hardware cannot deliver it. */
static struct its_vpe *event_vpe(struct vits *t, const struct vits_event *e)
{
	uint32_t target = vgic_lpi_target(e->irq);

	return target == VGIC_NO_TARGET || !its_device_direct(e->device->host)
		       ? NULL : vgic_direct_vpe(t->domain, target);
}

/* False: it is to come by way of the hypervisor. */
static bool event_direct_map(struct vits *t, struct vits_event *e)
{
	struct its_device *host = e->device->host;
	struct its_vpe *vpe = event_vpe(t, e);
	bool pending;

	if (vpe == NULL || !vgic_direct_take(t->domain, e->irq, e, &pending)) {
		return false;
	}
	if (its_event_map_direct(host, e->number, vpe, vgic_direct_intid(e->irq),
				 host_doorbell_rang, e) != 0) {
		vgic_direct_drop(t->domain, e->irq);
		return false;
	}
	e->direct = true;
	if (pending) {
		its_event_int(host, e->number);
	}
	return true;
}

void vits_event_map(struct vits *t, struct vits_event *e)
{
	struct vits_device *dev = e->device;
	uint32_t target = vgic_lpi_target(e->irq);
	struct vcpu *v = t->domain->vcpus[target == VGIC_NO_TARGET ? 0 : target];
	int ret = 0;

	if (dev->host == NULL || e->host || dev->host != vits_host_wanted(t, dev) ||
	    e->number >= its_device_events(dev->host)) {
		return;
	}
	if (!event_direct_map(t, e)) {
		ret = its_event_map(dev->host, e->number, v->pcpu, host_lpi_fired, e);
	}
	if (ret == 0) {
		e->host = true;
		dev->host_count++;
	} else {
		log_domain(t->domain, LOG_WARN, "vits", "device 0x%x event %u: no host LPI (%d)",
			   dev->id, e->number, ret);
	}
}

void vits_event_unmap(struct vits_event *e)
{
	struct vits_device *dev = e->device;

	if (e->host) {
		its_event_unmap(dev->host, e->number);
		e->host = false;
		dev->host_count--;
	}
	if (e->direct) {
		e->direct = false;
		vgic_direct_drop(dev->domain, e->irq);
	}
}

void vits_event_undirect(struct vits *t, struct vits_event *e)
{
	vits_event_unmap(e);
	/* Not by hardware again: no way leads there, or another event names the LPI too. */
	vits_event_map(t, e);
	/* What was pending there was lost with that. */
	vgic_lpi_pend(t->domain, e->irq);
}

void vits_event_retarget(struct vits *t, struct vits_event *e, uint32_t target)
{
	struct its_vpe *vpe;

	vgic_lpi_move(t->domain, e->irq, target);
	if (!e->direct) {
		return;
	}
	vpe = target == VGIC_NO_TARGET ? NULL : vgic_direct_vpe(t->domain, target);
	if (vpe != NULL) {
		its_event_move(e->device->host, e->number, vpe);
	} else {
		vits_event_undirect(t, e);
	}
}

/* One event more, or one block of them that is absent; then from the start again. */
static void host_step(struct vits_device *dev, const struct vits_event *e)
{
	dev->host_next += e != NULL ? 1 : VITS_BLOCK_EVENTS - dev->host_next % VITS_BLOCK_EVENTS;
}

/* True: none is left. The guest maps none meanwhile. */
static bool host_leave(struct vits_device *dev, uint32_t *budget)
{
	while (dev->host_count != 0) {
		uint32_t event = dev->host_next;
		struct vits_event *e = vits_event_find(dev, event);

		if (event >= dev->event_count) {
			dev->host_next = 0;
			continue;
		}
		if (!spend(budget, e != NULL && e->host)) {
			return false;
		}
		if (e != NULL) {
			vits_event_unmap(e);
		}
		host_step(dev, e);
	}
	return true;
}

/* True: all that are mapped are mapped there. */
static bool host_come(struct vits *t, struct vits_device *dev, uint32_t *budget)
{
	while (dev->host_next < dev->event_count) {
		struct vits_event *e = vits_event_find(dev, dev->host_next);
		bool missing = e != NULL && e->irq != NULL && !e->host;

		if (!spend(budget, missing)) {
			return false;
		}
		if (missing) {
			vits_event_map(t, e);
		}
		host_step(dev, e);
	}
	return true;
}

/* True: what is behind dev is what belongs there. */
static bool host_change(struct vits *t, struct vits_device *dev, uint32_t *budget)
{
	struct its_device *wanted = vits_host_wanted(t, dev);

	if (dev->host != wanted) {
		if (!host_leave(dev, budget)) {
			return false;
		}
		dev->host = wanted;
		dev->host_next = 0;
	}
	return true;
}

bool vits_host_leave(struct vits *t, struct vits_device *dev, uint32_t max)
{
	uint32_t budget = max * LOOKS_AN_EVENT;

	return host_change(t, dev, &budget);
}

bool vits_host_follow(struct vits *t, struct vits_device *dev, uint32_t max)
{
	uint32_t budget = max * LOOKS_AN_EVENT;

	return host_change(t, dev, &budget) &&
	       (dev->host == NULL || host_come(t, dev, &budget));
}
