/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ITS commands do to the virtual tables. Only MAPD, MAPTI and DISCARD of a device with
 * hardware behind it reach the host ITS, with the guest's own EventID.
 */
#include "core/heap.h"
#include "core/log.h"
#include "irq/vgic_lpi.h"
#include "irq/vits_state.h"
#include "lib/errno.h"

/* Budget taken by a command that waits for the host ITS, and by one that walks everything. */
#define COST_HOST 8U
#define COST_WALK VITS_COMMANDS_A_TRAP
/* Events that one trap gives up when a device is unmapped; each may wait for the host ITS. */
#define EVENTS_A_TRAP 16U
/* Looking at so many events is as much work as mapping one in the host ITS, or unmapping it. */
#define LOOKS_AN_EVENT 16U
/* Events or LPIs that one trap walks when a command is about all of them. */
#define WALK_A_TRAP 64U

struct vits_device *vits_device_find(struct vits *t, uint32_t id)
{
	struct vits_device *dev;

	list_for_each(dev, &t->devices, node) {
		if (dev->id == id) {
			return dev;
		}
	}
	return NULL;
}

struct vits_event *vits_event_find(struct vits_device *dev, uint32_t event)
{
	struct vits_block *block;

	if (event >= dev->event_count) {
		return NULL;
	}
	block = dev->blocks[event / VITS_BLOCK_EVENTS];
	return block == NULL ? NULL : &block->events[event % VITS_BLOCK_EVENTS];
}

/* A host LPI fired. Runs on any pCPU, without the vITS lock. */
static void host_lpi_fired(void *arg, uint32_t event)
{
	struct vits_event *e = arg;
	struct vgic_irq *irq = __atomic_load_n(&e->irq, __ATOMIC_ACQUIRE);

	if (irq != NULL) {
		__atomic_fetch_add(&e->domain->interrupts_injected, 1, __ATOMIC_RELAXED);
		vgic_lpi_pend(e->domain, irq);
	}
}

/* What belongs behind dev. While that is not dev->host, nothing new is mapped there. */
static struct its_device *host_wanted(const struct vits *t, const struct vits_device *dev)
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

static uint32_t event_target(const struct vits *t, const struct vits_event *e)
{
	return t->collections[e->collection];
}

static void event_host_map(struct vits *t, struct vits_device *dev, struct vits_event *e,
			   uint32_t event)
{
	uint32_t target = event_target(t, e);
	struct vcpu *v = t->domain->vcpus[target == VGIC_NO_TARGET ? 0 : target];
	int ret;

	if (dev->host == NULL || e->host || dev->host != host_wanted(t, dev) ||
	    event >= its_device_events(dev->host)) {
		return;
	}
	ret = its_event_map(dev->host, event, v->pcpu, host_lpi_fired, e);
	if (ret == 0) {
		e->host = true;
		dev->host_count++;
	} else {
		log_domain(t->domain, LOG_WARN, "vits", "device 0x%x event %u: no host LPI (%d)",
			   dev->id, event, ret);
	}
}

static void event_host_unmap(struct vits_device *dev, struct vits_event *e, uint32_t event)
{
	if (e->host) {
		its_event_unmap(dev->host, event);
		e->host = false;
		dev->host_count--;
	}
}

static void event_unmap(struct vits *t, struct vits_device *dev, struct vits_event *e,
			uint32_t event)
{
	struct vgic_irq *irq = e->irq;

	event_host_unmap(dev, e, event);
	if (irq != NULL) {
		__atomic_store_n(&e->irq, NULL, __ATOMIC_RELEASE);
		vgic_lpi_put(t->domain, irq);
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
			event_host_unmap(dev, e, event);
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
			event_host_map(t, dev, e, dev->host_next);
		}
		host_step(dev, e);
	}
	return true;
}

/* True: what is behind dev is what belongs there. */
static bool host_change(struct vits *t, struct vits_device *dev, uint32_t *budget)
{
	struct its_device *wanted = host_wanted(t, dev);

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

static void device_free(struct vits *t, struct vits_device *dev)
{
	list_del(&dev->node);
	t->device_count--;
	heap_free(dev);
}

/* From the last event to the first, so that dev->event_count says how far it is. */
bool vits_device_shrink(struct vits *t, struct vits_device *dev, uint32_t max)
{
	for (; max != 0 && dev->event_count != 0; max--) {
		uint32_t event = dev->event_count - 1;
		struct vits_block **block = &dev->blocks[event / VITS_BLOCK_EVENTS];

		if (*block == NULL) {
			dev->event_count = (uint32_t)ALIGN_DOWN(event, VITS_BLOCK_EVENTS);
			continue;
		}
		event_unmap(t, dev, vits_event_find(dev, event), event);
		if (event % VITS_BLOCK_EVENTS == 0) {
			heap_free(*block);
			*block = NULL;
			t->block_count--;
		}
		dev->event_count--;
	}
	if (dev->event_count != 0) {
		return false;
	}
	device_free(t, dev);
	return true;
}

static int exec_mapd(struct vits *t, const struct vits_cmd *c)
{
	struct vits_device *dev = vits_device_find(t, c->device);

	/* Mapping a device anew forgets its events, as a new ITT would. */
	if (dev != NULL && !vits_device_shrink(t, dev, EVENTS_A_TRAP)) {
		return -EAGAIN;
	}
	if (!c->valid) {
		return 0;
	}
	if (t->device_count == t->device_max) {
		return -ENOSPC;
	}
	dev = heap_alloc(sizeof(*dev));
	if (dev == NULL) {
		return -ENOMEM;
	}
	dev->id = c->device;
	dev->event_count = c->event_count;
	dev->host = host_wanted(t, dev);
	list_add_tail(&t->devices, &dev->node);
	t->device_count++;
	return 0;
}

/* Device number n of the list. NULL: there are not so many. */
static struct vits_device *device_at(struct vits *t, uint32_t n)
{
	struct vits_device *dev;

	list_for_each(dev, &t->devices, node) {
		if (n-- == 0) {
			return dev;
		}
	}
	return NULL;
}

/* Events of one block. */
static void retarget_block(struct vits *t, struct vits_block *block, uint32_t collection,
			   uint32_t target)
{
	uint32_t i;

	for (i = 0; block != NULL && i < VITS_BLOCK_EVENTS; i++) {
		struct vits_event *e = &block->events[i];

		if (e->irq != NULL && e->collection == collection) {
			vgic_lpi_move(t->domain, e->irq, target);
		}
	}
}

/* Every event of collection is delivered to target from now on. True: all are. */
static bool retarget_some(struct vits *t, uint32_t collection, uint32_t target)
{
	struct vits_device *dev = device_at(t, t->walk_device);
	uint32_t budget = WALK_A_TRAP;

	while (dev != NULL) {
		struct vits_block *block;

		if (t->walk_next * VITS_BLOCK_EVENTS >= dev->event_count) {
			t->walk_next = 0;
			t->walk_device++;
			dev = dev->node.next == &t->devices
				      ? NULL : container_of(dev->node.next, struct vits_device, node);
			continue;
		}
		block = dev->blocks[t->walk_next];
		if (budget < VITS_BLOCK_EVENTS) {
			return false;
		}
		budget -= block != NULL ? VITS_BLOCK_EVENTS : 1;
		retarget_block(t, block, collection, target);
		t->walk_next++;
	}
	return true;
}

static int exec_mapc(struct vits *t, const struct vits_cmd *c)
{
	uint8_t target = VGIC_NO_TARGET;

	if (c->valid) {
		if (c->target >= t->domain->vcpu_count) {
			return -ERANGE;
		}
		target = (uint8_t)c->target;
	}
	if (t->collections[c->collection] == target && t->walk_device + t->walk_next == 0) {
		return 0;
	}
	t->collections[c->collection] = target;
	return retarget_some(t, c->collection, target) ? 0 : -EAGAIN;
}

static struct vits_event *event_make(struct vits *t, struct vits_device *dev, uint32_t event)
{
	struct vits_block **block = &dev->blocks[event / VITS_BLOCK_EVENTS];
	uint32_t i;

	if (*block == NULL) {
		if (t->block_count == t->block_max) {
			return NULL;
		}
		*block = heap_alloc(sizeof(**block));
		if (*block == NULL) {
			return NULL;
		}
		t->block_count++;
		for (i = 0; i < VITS_BLOCK_EVENTS; i++) {
			(*block)->events[i].domain = t->domain;
		}
	}
	return vits_event_find(dev, event);
}

static int exec_mapti(struct vits *t, const struct vits_cmd *c)
{
	struct vits_device *dev = vits_device_find(t, c->device);
	struct vits_event *e;
	struct vgic_irq *irq;
	struct vgic_irq *old;

	if (dev == NULL || c->event >= dev->event_count) {
		return -ENOENT;
	}
	if (!vgic_lpi_valid(c->lpi)) {
		return -ERANGE;
	}
	e = event_make(t, dev, c->event);
	if (e == NULL) {
		return -ENOSPC;
	}
	irq = vgic_lpi_get(t->domain, c->lpi, t->collections[c->collection]);
	if (irq == NULL) {
		return -ENOMEM;
	}
	old = e->irq;
	e->collection = (uint16_t)c->collection;
	__atomic_store_n(&e->irq, irq, __ATOMIC_RELEASE);
	if (old != NULL) {
		vgic_lpi_put(t->domain, old);
	}
	event_host_map(t, dev, e, c->event);
	return 0;
}

/* Commands about one event that is mapped. */
static int exec_event(struct vits *t, const struct vits_cmd *c)
{
	struct vits_device *dev = vits_device_find(t, c->device);
	struct vits_event *e = dev == NULL ? NULL : vits_event_find(dev, c->event);

	if (e == NULL || e->irq == NULL) {
		return -ENOENT;
	}
	switch (c->kind) {
	case VITS_CMD_INT:
		vgic_lpi_pend(t->domain, e->irq);
		return 0;
	case VITS_CMD_CLEAR:
		vgic_lpi_clear(t->domain, e->irq);
		return 0;
	case VITS_CMD_INV:
		vgic_lpi_reload(t->domain, e->irq);
		return 0;
	case VITS_CMD_MOVI:
		e->collection = (uint16_t)c->collection;
		vgic_lpi_move(t->domain, e->irq, event_target(t, e));
		return 0;
	case VITS_CMD_DISCARD:
		event_unmap(t, dev, e, c->event);
		return 0;
	default:
		return -EINVAL;
	}
}

int vits_execute(struct vits *t, const struct vits_cmd *c, uint32_t *cost)
{
	switch (c->kind) {
	case VITS_CMD_MAPD:
		/* Unmapping may discard every event. */
		*cost = vits_device_find(t, c->device) == NULL ? 1 : COST_WALK;
		return exec_mapd(t, c);
	case VITS_CMD_MAPC:
		*cost = COST_WALK;
		return exec_mapc(t, c);
	case VITS_CMD_MAPTI:
		*cost = COST_HOST;
		return exec_mapti(t, c);
	case VITS_CMD_INVALL:
		*cost = COST_WALK;
		return vgic_lpi_reload_some(t->domain, &t->walk_next, WALK_A_TRAP) ? 0 : -EAGAIN;
	case VITS_CMD_MOVALL:
		*cost = COST_WALK;
		if (c->target >= t->domain->vcpu_count || c->target_to >= t->domain->vcpu_count) {
			return -ERANGE;
		}
		return vgic_lpi_move_some(t->domain, c->target, c->target_to, &t->walk_next,
					  WALK_A_TRAP) ? 0 : -EAGAIN;
	case VITS_CMD_DISCARD:
		*cost = COST_HOST;
		return exec_event(t, c);
	case VITS_CMD_INT:
	case VITS_CMD_CLEAR:
	case VITS_CMD_INV:
	case VITS_CMD_MOVI:
		return exec_event(t, c);
	case VITS_CMD_SYNC:
		return 0;
	case VITS_CMD_BAD:
	default:
		return -EINVAL;
	}
}
