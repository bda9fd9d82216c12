/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's power key: trapped registers around the PL061 state machine. */
#include "core/vgpio.h"

#include "core/heap.h"
#include "core/vgpio_pl061.h"
#include "irq/vgic.h"
#include "lib/errno.h"

#define VGPIO_REGION_SIZE SZ_4K
#define POWER_KEY_LINE    3 /* common/guest_fdt.c says so */

/* Lock order: before the vGIC's. */
struct vgpio {
	struct spinlock lock;
	struct vgpio_pl061 state;
	uint32_t intid;
	bool level; /* as the vGIC was told last */
};

/* Lock held: tell the vGIC when the wire moved. */
static void vgpio_update(struct domain *d, struct vgpio *g)
{
	bool level = vgpio_pl061_level(&g->state);

	if (level != g->level) {
		g->level = level;
		vgic_set_level(d, NULL, g->intid, level);
	}
}

static enum mmio_result vgpio_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct vgpio *g = opaque;
	uint32_t offset = (uint32_t)a->offset;

	if (a->size > 4) {
		return MMIO_ABORT;
	}
	spin_lock(&g->lock);
	if (a->write) {
		vgpio_pl061_write(&g->state, offset, (uint32_t)a->value);
	} else {
		a->value = vgpio_pl061_read(&g->state, offset) >> (offset % 4 * 8);
	}
	vgpio_update(v->domain, g);
	spin_unlock(&g->lock);
	return MMIO_DONE;
}

static const struct mmio_ops vgpio_ops = {
	.name = "gpio",
	.kind = EXIT_MMIO_OTHER,
	.access = vgpio_access,
};

int vgpio_create(struct domain *d, ipaddr_t base, uint32_t intid)
{
	struct vgpio *g = heap_alloc(sizeof(*g));
	int err;

	if (g == NULL) {
		return -ENOMEM;
	}
	vgpio_pl061_reset(&g->state);
	g->intid = intid;
	err = mmio_add(&d->mmio, base, VGPIO_REGION_SIZE, &vgpio_ops, g);
	if (err != 0) {
		heap_free(g);
		return err;
	}
	__atomic_store_n(&d->gpio, g, __ATOMIC_RELEASE);
	return 0;
}

void vgpio_destroy(struct domain *d)
{
	struct vgpio *g = d->gpio;

	d->gpio = NULL;
	if (g != NULL) {
		heap_free(g);
	}
}

struct vgpio_key vgpio_key(struct domain *d)
{
	struct vgpio *g = d->gpio;
	struct vgpio_key key;

	spin_lock(&g->lock);
	key.down = (g->state.inputs & BIT(POWER_KEY_LINE)) != 0;
	key.unread = (g->state.unread & BIT(POWER_KEY_LINE)) != 0;
	spin_unlock(&g->lock);
	return key;
}

void vgpio_key_move(struct domain *d, bool down)
{
	struct vgpio *g = d->gpio;

	spin_lock(&g->lock);
	vgpio_pl061_set(&g->state, POWER_KEY_LINE, down);
	vgpio_update(d, g);
	spin_unlock(&g->lock);
}
