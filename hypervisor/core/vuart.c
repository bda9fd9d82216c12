/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's UART: trapped registers around the PL011 state machine, input FIFO, output ring. */
#include "core/vuart.h"

#include "core/console.h"
#include "core/heap.h"
#include "core/log_ring.h"
#include "core/vuart_pl011.h"
#include "irq/vgic.h"
#include "lib/errno.h"

#define VUART_REGION_SIZE SZ_4K
#define VUART_RING_ORDER  2 /* 16 KiB */
#define VUART_RING_SIZE   (SZ_4K << VUART_RING_ORDER)

/* Lock order: before the vGIC's. */
struct vuart {
	struct spinlock lock;
	struct vuart_pl011 state;
	struct text_ring output;
	uint32_t intid;
	bool level; /* as the vGIC was told last */
};

/* Lock held: tell the vGIC when the wire moved. */
static void vuart_update(struct domain *d, struct vuart *u)
{
	bool level = vuart_pl011_level(&u->state);

	if (level != u->level) {
		u->level = level;
		vgic_set_level(d, NULL, u->intid, level);
	}
}

static enum mmio_result vuart_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	struct domain *d = v->domain;
	struct vuart *u = opaque;
	uint32_t offset = (uint32_t)a->offset;
	bool sent = false;
	char c = 0;

	if (a->size > 4) {
		return MMIO_ABORT;
	}
	spin_lock(&u->lock);
	if (a->write) {
		sent = vuart_pl011_write(&u->state, offset, (uint32_t)a->value, &c);
		if (sent) {
			text_ring_put(&u->output, &c, 1);
		}
	} else {
		a->value = vuart_pl011_read(&u->state, offset) >> (offset % 4 * 8);
	}
	vuart_update(d, u);
	spin_unlock(&u->lock);
	if (sent) {
		console_domain_output(d, &c, 1);
	}
	return MMIO_DONE;
}

static const struct mmio_ops vuart_ops = {
	.name = "uart",
	.kind = EXIT_MMIO_UART,
	.access = vuart_access,
};

int vuart_create(struct domain *d, ipaddr_t base, uint32_t intid)
{
	struct vuart *u = heap_alloc(sizeof(*u));
	int err = -ENOMEM;

	if (u == NULL) {
		return -ENOMEM;
	}
	vuart_pl011_reset(&u->state);
	u->intid = intid;
	u->output.size = (uint32_t)VUART_RING_SIZE;
	u->output.text = heap_pages_dirty(VUART_RING_ORDER);
	if (u->output.text == NULL) {
		goto out_free;
	}
	err = mmio_add(&d->mmio, base, VUART_REGION_SIZE, &vuart_ops, u);
	if (err != 0) {
		goto out_free_ring;
	}
	__atomic_store_n(&d->uart, u, __ATOMIC_RELEASE);
	return 0;

out_free_ring:
	heap_pages_free(u->output.text, VUART_RING_ORDER);
out_free:
	heap_free(u);
	return err;
}

void vuart_destroy(struct domain *d)
{
	struct vuart *u = d->uart;

	if (u == NULL) {
		return;
	}
	d->uart = NULL;
	heap_pages_free(u->output.text, VUART_RING_ORDER);
	heap_free(u);
}

uint32_t vuart_input(struct domain *d, const char *s, uint32_t size)
{
	struct vuart *u = __atomic_load_n(&d->uart, __ATOMIC_ACQUIRE);
	uint32_t taken;

	if (u == NULL) {
		return 0;
	}
	spin_lock(&u->lock);
	taken = vuart_pl011_receive(&u->state, s, size);
	vuart_update(d, u);
	spin_unlock(&u->lock);
	return taken;
}

uint32_t vuart_output(struct domain *d, uint64_t *pos, char *buf, uint32_t size)
{
	struct vuart *u = d->uart;
	uint32_t copied;

	if (u == NULL) {
		return 0;
	}
	spin_lock(&u->lock);
	copied = (uint32_t)text_ring_get(&u->output, pos, buf, size);
	spin_unlock(&u->lock);
	return copied;
}
