/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual ITS of a domain: its life, and lent functions coming and going behind its devices. */
#include "irq/vits.h"

#include "core/heap.h"
#include "core/mmio.h"
#include "irq/vgic_lpi.h"
#include "irq/vits_state.h"
#include "lib/errno.h"

#define VITS_SIZE (2 * SZ_64K)
/* Events unmapped a call; each waits for the host ITS. */
#define EVENTS_A_SLICE 16U

int vits_create(struct domain *d, ipaddr_t base, const struct vits_ops *ops)
{
	struct vits *t = heap_alloc(sizeof(*t));
	uint32_t i;
	int ret;

	if (t == NULL) {
		return -ENOMEM;
	}
	t->domain = d;
	t->ops = ops;
	t->device_max = d->control ? VITS_CONTROL_DEVICES_MAX : VITS_DEVICES_MAX;
	t->block_max = d->control ? VITS_CONTROL_BLOCKS_MAX : VITS_BLOCKS_MAX;
	list_init(&t->devices);
	for (i = 0; i < VITS_COLLECTIONS; i++) {
		t->collections[i] = VGIC_NO_TARGET;
	}
	ret = mmio_add(&d->mmio, base, VITS_SIZE, &vits_mmio_ops, t);
	if (ret != 0) {
		heap_free(t);
		return ret;
	}
	d->vits = t;
	return 0;
}

bool vits_clear_slice(struct domain *d)
{
	struct vits *t = d->vits;
	bool empty;

	if (t == NULL) {
		return true;
	}
	spin_lock(&t->lock);
	empty = list_empty(&t->devices);
	if (!empty) {
		vits_device_shrink(t, list_first(&t->devices, struct vits_device, node),
				   EVENTS_A_SLICE);
	}
	spin_unlock(&t->lock);
	return empty;
}

void vits_destroy(struct domain *d)
{
	struct vits *t = d->vits;

	if (t == NULL) {
		return;
	}
	while (!vits_clear_slice(d)) {
	}
	d->vits = NULL;
	heap_free(t);
}

bool vits_device_update(struct domain *d, uint32_t vdevice, uint32_t max)
{
	struct vits *t = d->vits;
	struct vits_device *dev;
	bool done;

	if (t == NULL) {
		return true;
	}
	spin_lock(&t->lock);
	dev = vits_device_find(t, vdevice);
	done = dev == NULL || vits_host_follow(t, dev, max);
	spin_unlock(&t->lock);
	return done;
}

bool vits_devices_update(struct domain *d, uint32_t max)
{
	struct vits *t = d->vits;
	struct vits_device *dev;
	bool done = true;

	if (t == NULL) {
		return true;
	}
	spin_lock(&t->lock);
	list_for_each(dev, &t->devices, node) {
		done = done && vits_host_leave(t, dev, max);
	}
	list_for_each(dev, &t->devices, node) {
		done = done && vits_host_follow(t, dev, max);
	}
	spin_unlock(&t->lock);
	return done;
}

int vits_msi(struct domain *d, uint32_t vdevice, uint32_t event)
{
	struct vits *t = d->vits;
	const struct vits_cmd c = { .kind = VITS_CMD_INT, .device = vdevice, .event = event };
	uint32_t cost;
	int ret;

	if (t == NULL) {
		return -ENOENT;
	}
	spin_lock(&t->lock);
	ret = t->enabled ? vits_execute(t, &c, &cost) : -ENOENT;
	spin_unlock(&t->lock);
	return ret;
}
