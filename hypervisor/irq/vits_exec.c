/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ITS commands do to the virtual tables. Only those about a device with hardware behind it
 * reach the host ITS, with the guest's own EventID: MAPD, MAPTI and DISCARD, and of an event that
 * hardware delivers (vgic_direct.h) all others.
 */
#include "core/heap.h"
#include "irq/vgic_direct.h"
#include "irq/vgic_lpi.h"
#include "irq/vits_state.h"
#include "lib/errno.h"
#include "lib/hash.h"

/* Budget taken by a command that waits for the host ITS, and by one that is its trap's last. */
#define COST_HOST 2U
#define COST_WALK VITS_COMMANDS_A_TRAP
/* Of a walk's budget, one event that goes to another vCPU; one that the host ITS has to move. */
#define COST_MOVE 4U
#define COST_MOVE_DIRECT 16U
/* Events that one trap gives up when a device is unmapped; each may wait for the host ITS. */
#define EVENTS_A_TRAP 16U
/* Events or LPIs that one trap walks when a command is about all of them. */
#define WALK_A_TRAP 64U

/* Where the way to that device begins. */
static struct vits_device **bucket_of(struct vits *t, uint32_t id)
{
	return &t->buckets[hash_bucket(id, VITS_BUCKET_BITS)];
}

struct vits_device *vits_device_find(struct vits *t, uint32_t id)
{
	struct vits_device *dev = *bucket_of(t, id);

	while (dev != NULL && dev->id != id) {
		dev = dev->bucket_next;
	}
	return dev;
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

static void event_unmap(struct vits *t, struct vits_event *e)
{
	struct vgic_irq *irq = e->irq;

	vits_event_unmap(e);
	if (irq != NULL) {
		__atomic_store_n(&e->irq, NULL, __ATOMIC_RELEASE);
		vgic_lpi_put(t->domain, irq);
	}
}

static void device_free(struct vits *t, struct vits_device *dev)
{
	struct vits_device **link = bucket_of(t, dev->id);

	while (*link != dev) {
		link = &(*link)->bucket_next;
	}
	*link = dev->bucket_next;
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
		event_unmap(t, vits_event_find(dev, event));
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
	dev->domain = t->domain;
	dev->id = c->device;
	dev->event_count = c->event_count;
	dev->host = vits_host_wanted(t, dev);
	list_add_tail(&t->devices, &dev->node);
	dev->bucket_next = *bucket_of(t, dev->id);
	*bucket_of(t, dev->id) = dev;
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

/* c is MAPC, which is about the events of a collection, or MOVALL: about those of a vCPU. */
static bool event_moves(const struct vits_event *e, const struct vits_cmd *c)
{
	if (e->irq == NULL) {
		return false;
	}
	return c->kind == VITS_CMD_MAPC ? e->collection == c->collection
					: vgic_lpi_target(e->irq) == c->target;
}

/* Every event that c is about is delivered to target from now on. True: all are. */
static bool retarget_some(struct vits *t, const struct vits_cmd *c, uint32_t target)
{
	struct vits_device *dev = device_at(t, t->walk_device);
	uint32_t budget = WALK_A_TRAP;

	while (dev != NULL) {
		struct vits_event *e = vits_event_find(dev, t->walk_next);
		bool moves = e != NULL && event_moves(e, c);
		uint32_t cost = 1;

		if (t->walk_next >= dev->event_count) {
			t->walk_next = 0;
			t->walk_device++;
			dev = dev->node.next != &t->devices ?
				      container_of(dev->node.next, struct vits_device, node) : NULL;
			continue;
		}
		if (moves) {
			cost = e->direct ? COST_MOVE_DIRECT : COST_MOVE;
		}
		if (budget < cost) {
			return false;
		}
		budget -= cost;
		if (moves) {
			vits_event_retarget(t, e, target);
		}
		t->walk_next += e != NULL ? 1 : VITS_BLOCK_EVENTS;
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
	return retarget_some(t, c, target) ? 0 : -EAGAIN;
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
			(*block)->events[i].device = dev;
			(*block)->events[i].number =
				(uint16_t)(ALIGN_DOWN(event, VITS_BLOCK_EVENTS) + i);
		}
	}
	return vits_event_find(dev, event);
}

static int exec_mapti(struct vits *t, const struct vits_cmd *c, uint32_t *cost)
{
	struct vits_device *dev = vits_device_find(t, c->device);
	struct vits_event *e;
	struct vits_event *other;
	struct vgic_irq *irq;
	struct vgic_irq *old;

	if (dev == NULL || c->event >= dev->event_count) {
		return -ENOENT;
	}
	/* Delivered by hardware, it may need a vPE, and another event be taken from there. */
	*cost = dev->host != NULL && its_device_direct(dev->host) ? COST_WALK : COST_HOST;
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
	/* It may be another LPI now. */
	if (e->direct) {
		vits_event_unmap(e);
	}
	other = vgic_direct_owner(irq);
	if (other != NULL) {
		vits_event_undirect(t, other);
	}
	e->collection = (uint16_t)c->collection;
	__atomic_store_n(&e->irq, irq, __ATOMIC_RELEASE);
	if (old != NULL) {
		vgic_lpi_put(t->domain, old);
	}
	vits_event_map(t, e);
	return 0;
}

/* Commands about one event that is mapped. */
static int exec_event(struct vits *t, const struct vits_cmd *c, uint32_t *cost)
{
	struct vits_device *dev = vits_device_find(t, c->device);
	struct vits_event *e = dev == NULL ? NULL : vits_event_find(dev, c->event);

	if (e == NULL || e->irq == NULL) {
		return -ENOENT;
	}
	if (e->direct) {
		*cost = COST_HOST;
	}
	switch (c->kind) {
	case VITS_CMD_INT:
		if (e->direct) {
			its_event_int(dev->host, c->event);
		} else {
			vgic_lpi_pend(t->domain, e->irq);
		}
		return 0;
	case VITS_CMD_CLEAR:
		if (e->direct) {
			its_event_clear(dev->host, c->event);
		} else {
			vgic_lpi_clear(t->domain, e->irq);
		}
		return 0;
	case VITS_CMD_INV:
		vgic_lpi_reload(t->domain, e->irq);
		if (e->direct) {
			its_event_inv(dev->host, c->event);
		}
		return 0;
	case VITS_CMD_MOVI:
		e->collection = (uint16_t)c->collection;
		vits_event_retarget(t, e, t->collections[e->collection]);
		return 0;
	case VITS_CMD_DISCARD:
		event_unmap(t, e);
		return 0;
	default:
		return -EINVAL;
	}
}

static int exec_invall(struct vits *t, const struct vits_cmd *c)
{
	uint32_t target = t->collections[c->collection];

	if (!vgic_lpi_reload_some(t->domain, &t->walk_next, WALK_A_TRAP)) {
		return -EAGAIN;
	}
	if (target != VGIC_NO_TARGET) {
		vgic_direct_invalidate(t->domain, target);
	}
	return 0;
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
		return exec_mapti(t, c, cost);
	case VITS_CMD_INVALL:
		*cost = COST_WALK;
		return exec_invall(t, c);
	case VITS_CMD_MOVALL:
		*cost = COST_WALK;
		if (c->target >= t->domain->vcpu_count || c->target_to >= t->domain->vcpu_count) {
			return -ERANGE;
		}
		return retarget_some(t, c, c->target_to) ? 0 : -EAGAIN;
	case VITS_CMD_DISCARD:
		*cost = COST_HOST;
		return exec_event(t, c, cost);
	case VITS_CMD_INT:
	case VITS_CMD_CLEAR:
	case VITS_CMD_INV:
	case VITS_CMD_MOVI:
		return exec_event(t, c, cost);
	case VITS_CMD_SYNC:
		return 0;
	case VITS_CMD_BAD:
	default:
		return -EINVAL;
	}
}
