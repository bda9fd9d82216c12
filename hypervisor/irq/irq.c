/* SPDX-License-Identifier: BSD-2-Clause */
/* Who handles which physical interrupt, and the loop that asks them. */
#include "irq/irq.h"

#include "core/grace.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "core/trace.h"
#include "irq/gic.h"
#include "irq/its.h"
#include "lib/errno.h"

/* Interrupts taken in one go; a device that storms must not keep the CPU from the scheduler. */
#define DISPATCH_MAX 64

/* Interrupts in a row at a shared line that were nobody's; one may be, where several lines tell. */
#define EMPTY_MAX 32U

struct irq_line {
	irq_handler handler; /* NULL: not requested */
	void *arg;
	irq_sharer sharer; /* NULL: not shared; constant once others run */
	void *sharer_arg;
	uint32_t empty; /* nobody's, since the last that was somebody's; atomic */
	uint32_t running; /* CPUs inside the handler */
	bool edge;
};

static const struct gic_ops *const drivers[] = { &gicv3_ops, &gicv2_ops };

static const struct gic_ops *gic;
static struct irq_line *lines;
static struct spinlock request_lock;

int gic_init(void)
{
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (drivers[i]->version == machine.gic.version) {
			gic = drivers[i];
		}
	}
	if (gic == NULL) {
		log_error("gic", "%s is not supported by this build",
			  machine.gic.compatible != NULL ? machine.gic.compatible :
							   "a machine without a GIC");
		return -ENODEV;
	}
	ret = gic->init();
	if (ret != 0) {
		return ret;
	}
	lines = heap_alloc(gic->line_count() * sizeof(*lines));
	return lines != NULL ? 0 : -ENOMEM;
}

int gic_init_cpu(void)
{
	return gic->init_cpu();
}

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	gic->send_sgi(cpu, sgi);
}

uint32_t irq_line_count(void)
{
	return gic->line_count();
}

static bool intid_valid(uint32_t intid)
{
	return intid >= GIC_FIRST_PPI && intid < gic->line_count();
}

int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg)
{
	struct irq_line *line;
	int ret = -EBUSY;

	if (!intid_valid(intid) || handler == NULL) {
		return -EINVAL;
	}
	line = &lines[intid];
	spin_lock(&request_lock);
	if (line->handler == NULL) {
		line->arg = arg;
		line->edge = edge && line->sharer == NULL;
		__atomic_store_n(&line->handler, handler, __ATOMIC_RELEASE);
		ret = 0;
	}
	spin_unlock(&request_lock);
	return ret;
}

void irq_release(uint32_t intid)
{
	struct irq_line *line = &lines[intid];

	gic->disable(intid);
	__atomic_store_n(&line->handler, NULL, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&line->running, __ATOMIC_SEQ_CST) != 0) {
		spin_wait();
	}
	gic->set_active(intid, false);
	if (line->sharer != NULL) {
		irq_enable(intid);
	}
}

int irq_share(uint32_t intid, irq_sharer sharer, void *arg)
{
	struct irq_line *line;

	if (!intid_valid(intid) || intid < GIC_FIRST_SPI) {
		return -EINVAL;
	}
	line = &lines[intid];
	if (line->sharer != NULL || line->handler != NULL) {
		return -EBUSY;
	}
	line->sharer_arg = arg;
	line->sharer = sharer;
	irq_enable(intid);
	return 0;
}

void irq_unshare(uint32_t intid)
{
	gic->disable(intid);
	lines[intid].sharer = NULL;
}

void irq_enable(uint32_t intid)
{
	__atomic_store_n(&lines[intid].empty, 0, __ATOMIC_RELAXED);
	gic->enable(intid, lines[intid].edge);
}

void irq_disable(uint32_t intid)
{
	gic->disable(intid);
}

void irq_set_affinity(uint32_t intid, uint32_t cpu)
{
	gic->route(intid, cpu);
}

void irq_set_pending(uint32_t intid)
{
	gic->set_pending(intid);
}

void irq_clear_pending(uint32_t intid)
{
	gic->clear_pending(intid);
}

bool irq_is_pending(uint32_t intid)
{
	return gic->is_pending(intid);
}

void irq_set_active(uint32_t intid, bool active)
{
	gic->set_active(intid, active);
}

/* Asked, at a line that is shared. */
static bool is_sharers(struct irq_line *line, uint32_t intid)
{
	if (!line->sharer(intid, line->sharer_arg)) {
		return false;
	}
	__atomic_store_n(&line->empty, 0, __ATOMIC_RELAXED);
	return true;
}

/* No handler wants it. */
static void nobodys(struct irq_line *line, uint32_t intid)
{
	if (line->sharer != NULL &&
	    __atomic_add_fetch(&line->empty, 1, __ATOMIC_RELAXED) < EMPTY_MAX) {
		return;
	}
	gic->disable(intid);
	log_warn("irq", "INTID %u fired and has no handler; disabled", intid);
}

static void dispatch_line(uint32_t intid)
{
	struct irq_line *line = &lines[intid];
	enum irq_result result = IRQ_HANDLED;
	irq_handler handler;

	/* Announced before the handler is read: irq_release() clears it, then waits for us. */
	__atomic_fetch_add(&line->running, 1, __ATOMIC_SEQ_CST);
	handler = __atomic_load_n(&line->handler, __ATOMIC_SEQ_CST);
	if (line->sharer != NULL && is_sharers(line, intid)) {
		result = IRQ_HANDLED;
	} else if (handler != NULL) {
		result = handler(intid, line->arg);
	} else {
		nobodys(line, intid);
	}
	__atomic_fetch_sub(&line->running, 1, __ATOMIC_SEQ_CST);
	if (result == IRQ_HANDLED) {
		gic->deactivate(intid);
	}
}

uint32_t irq_peek(void)
{
	return gic->peek();
}

void irq_dispatch(void)
{
	for (uint32_t taken = 0; taken < DISPATCH_MAX; taken++) {
		uint32_t intid = gic->acknowledge();

		if (intid >= GIC_FIRST_LPI) { /* LPIs have no active state */
			gic->drop_priority(intid);
			its_lpi_dispatch(intid);
		} else if (intid >= GIC_LINES_MAX) {
			return;
		} else {
			gic->drop_priority(intid);
			if (intid < GIC_FIRST_PPI) { /* the exit it caused is its whole effect */
				gic->deactivate(intid);
				grace_quiet();
				if (intid == SGI_LOOK) {
					panic_stop_if_wanted();
					trace_follow();
				}
			} else {
				dispatch_line(intid);
			}
		}
	}
}
