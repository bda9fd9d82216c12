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
/* Host events that one trap gives up when a device is unmapped; each waits for the host ITS. */
#define HOST_EVENTS_A_TRAP 16U

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

	if (dev->host == NULL || e->host || event >= its_device_events(dev->host)) {
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

void vits_host_map_all(struct vits *t, struct vits_device *dev)
{
	uint32_t event;

	for (event = 0; event < dev->event_count; event++) {
		struct vits_event *e = vits_event_find(dev, event);

		if (e != NULL && e->irq != NULL) {
			event_host_map(t, dev, e, event);
		}
	}
}

void vits_host_unmap(struct vits_device *dev, uint32_t max)
{
	uint32_t keep = dev->host_count > max ? dev->host_count - max : 0;
	uint32_t event;

	for (event = 0; event < dev->event_count && dev->host_count > keep; event++) {
		struct vits_event *e = vits_event_find(dev, event);

		if (e != NULL) {
			event_host_unmap(dev, e, event);
		}
	}
}

void vits_device_free(struct vits *t, struct vits_device *dev)
{
	uint32_t b;
	uint32_t i;

	for (b = 0; b < VITS_BLOCKS_OF_DEVICE; b++) {
		if (dev->blocks[b] == NULL) {
			continue;
		}
		for (i = 0; i < VITS_BLOCK_EVENTS; i++) {
			event_unmap(t, dev, &dev->blocks[b]->events[i], b * VITS_BLOCK_EVENTS + i);
		}
		heap_free(dev->blocks[b]);
		t->block_count--;
	}
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
	vits_device_free(t, dev);
	return true;
}

static int exec_mapd(struct vits *t, const struct vits_cmd *c)
{
	struct vits_device *dev = vits_device_find(t, c->device);

	/* Mapping a device anew forgets its events, as a new ITT would. */
	if (dev != NULL) {
		vits_host_unmap(dev, HOST_EVENTS_A_TRAP);
		if (dev->host_count != 0) {
			return -EAGAIN;
		}
		vits_device_free(t, dev);
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
	if (t->ops != NULL) {
		dev->host = t->ops->host_device(t->domain, c->device);
	}
	list_add_tail(&t->devices, &dev->node);
	t->device_count++;
	return 0;
}

/* Every event of collection is delivered to target from now on. */
static void retarget_collection(struct vits *t, uint32_t collection, uint32_t target)
{
	struct vits_device *dev;
	uint32_t event;

	list_for_each(dev, &t->devices, node) {
		for (event = 0; event < dev->event_count; event++) {
			struct vits_event *e = vits_event_find(dev, event);

			if (e == NULL) {
				event |= VITS_BLOCK_EVENTS - 1; /* the whole block is absent */
			} else if (e->irq != NULL && e->collection == collection) {
				vgic_lpi_move(t->domain, e->irq, target);
			}
		}
	}
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
	if (t->collections[c->collection] != target) {
		t->collections[c->collection] = target;
		retarget_collection(t, c->collection, target);
	}
	return 0;
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
		vgic_lpi_reload_all(t->domain);
		return 0;
	case VITS_CMD_MOVALL:
		*cost = COST_WALK;
		if (c->target >= t->domain->vcpu_count || c->target_to >= t->domain->vcpu_count) {
			return -ERANGE;
		}
		vgic_lpi_move_all(t->domain, c->target, c->target_to);
		return 0;
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
