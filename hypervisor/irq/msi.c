/* SPDX-License-Identifier: BSD-2-Clause */
/* Who owns which vector of which MSI controller. */
#include "irq/msi.h"

#include "core/log.h"
#include "lib/errno.h"

#define RUN_MAX 32U

static struct msi_controller *controllers[MSI_CONTROLLERS_MAX];
static uint32_t controller_count;

int msi_register(struct msi_controller *c)
{
	if (c->vector_count == 0 || c->vector_count > MSI_VECTORS_MAX) {
		return -EINVAL;
	}
	if (controller_count == MSI_CONTROLLERS_MAX) {
		return -ENOSPC;
	}
	controllers[controller_count++] = c;
	log_info("msi", "%s: %u vectors, doorbell page 0x%llx", c->name, c->vector_count,
		 (unsigned long long)c->doorbell.v);
	return 0;
}

struct msi_controller *msi_by_phandle(uint32_t phandle)
{
	for (uint32_t i = 0; i < controller_count; i++) {
		if (controllers[i]->phandle == phandle) {
			return controllers[i];
		}
	}
	return NULL;
}

/* Lock held. */
static bool run_is_free(const struct msi_controller *c, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (c->vectors[first + i].handler != NULL) {
			return false;
		}
	}
	return true;
}

/* Lock held. */
static void take_run(struct msi_controller *c, uint32_t first, uint32_t count, msi_handler handler,
		     void *arg)
{
	for (uint32_t i = 0; i < count; i++) {
		struct msi_vector *v = &c->vectors[first + i];

		/* What a device raised while it was nobody's is nobody's. */
		c->ops->clear(c, first + i);
		v->arg = arg;
		v->index = i;
		__atomic_store_n(&v->handler, handler, __ATOMIC_SEQ_CST);
	}
	c->used += count;
}

/* Lock held: from which vector on count are free, data aligned; ~0U: nowhere. */
static uint32_t find_run(const struct msi_controller *c, uint32_t count)
{
	struct msi_message m;

	for (uint32_t at = 0; at + count <= c->vector_count; at++) {
		c->ops->message(c, at, &m);
		if ((m.data & (count - 1)) == 0 && run_is_free(c, at, count)) {
			return at;
		}
	}
	return ~0U;
}

int msi_alloc(struct msi_controller *c, uint32_t count, msi_handler handler, void *arg,
	      uint32_t *first)
{
	uint32_t at;

	if (count == 0 || count > RUN_MAX || (count & (count - 1)) != 0 || handler == NULL) {
		return -EINVAL;
	}
	spin_lock(&c->lock);
	at = find_run(c, count);
	if (at != ~0U) {
		take_run(c, at, count, handler, arg);
		*first = at;
	}
	spin_unlock(&c->lock);
	return at != ~0U ? 0 : -ENOSPC;
}

void msi_free(struct msi_controller *c, uint32_t first, uint32_t count)
{
	uint32_t i;

	spin_lock(&c->lock);
	for (i = 0; i < count; i++) {
		c->ops->mask(c, first + i);
	}
	spin_unlock(&c->lock);
	for (i = 0; i < count; i++) {
		struct msi_vector *v = &c->vectors[first + i];

		__atomic_store_n(&v->handler, NULL, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&v->running, __ATOMIC_SEQ_CST) != 0) {
		}
	}
	spin_lock(&c->lock);
	c->used -= count;
	spin_unlock(&c->lock);
}

void msi_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	c->ops->message(c, vector, m);
}

void msi_mask(struct msi_controller *c, uint32_t vector)
{
	c->ops->mask(c, vector);
}

void msi_unmask(struct msi_controller *c, uint32_t vector)
{
	c->ops->unmask(c, vector);
}

void msi_route(struct msi_controller *c, uint32_t vector, uint32_t cpu)
{
	if (c->ops->route != NULL) {
		c->ops->route(c, vector, cpu);
	}
}

/* Only the counts 1, 2, 4, 8... are said: a device can do this for ever. */
static void stray(struct msi_controller *c, uint32_t vector)
{
	uint64_t count = __atomic_add_fetch(&c->strays, 1, __ATOMIC_RELAXED);

	c->ops->mask(c, vector);
	if ((count & (count - 1)) == 0) {
		log_warn("msi", "%s: vector %u fired and is nobody's; masked (%llu times)", c->name,
			 vector, (unsigned long long)count);
	}
}

void msi_fired(struct msi_controller *c, uint32_t vector)
{
	struct msi_vector *v;
	msi_handler handler;

	if (vector >= c->vector_count) {
		return;
	}
	v = &c->vectors[vector];
	/* Announced before the handler is read: msi_free() clears it, then waits for us. */
	__atomic_fetch_add(&v->running, 1, __ATOMIC_SEQ_CST);
	handler = __atomic_load_n(&v->handler, __ATOMIC_SEQ_CST);
	if (handler != NULL) {
		handler(v->arg, v->index);
	} else {
		stray(c, vector);
	}
	__atomic_fetch_sub(&v->running, 1, __ATOMIC_SEQ_CST);
}
