/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A shared wire: whoever asserts is silenced, told, and looked at again when its domain has ended
 * the handling. A wire that interrupts for nobody is disabled and its functions are looked at every
 * millisecond for a while.
 */
#include "core/log.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/intx_wire.h"

/* In steps of the job, 1 ms or more each: how long a wire stays disabled. */
#define POLLS 10U

/* What one interrupt looks at, of the silent and of the others; some 100 instructions each. */
#define LOOKS_MAX 16U

static struct job poll_job;
static bool poll_queued; /* intx_wires.lock */
/* The same; lines to be looked at in this millisecond, and those that were. */
static struct list polls_due = { &polls_due, &polls_due };
static struct list polls_done = { &polls_done, &polls_done };

/*
 * The wire's next interrupt goes where this one does: most come from who had the last, its domain
 * may have moved it, and a storm is to cost the CPU of who makes it.
 */
static void raise_wire(struct intx_member *m)
{
	struct irq_meter *meter = &intx_function(m)->function->meter;
	struct intx_route *r = m->route;

	__atomic_fetch_add(&r->domain->interrupts_injected, 1, __ATOMIC_RELAXED);
	if (irq_meter_hit(meter)) {
		pci_wire_storm(meter, 0);
	}
	list_del(&r->raised);
	list_add_tail(&r->line->raised, &r->raised);
	vgic_set_resample(r->domain, r->vintid, r->line->intid);
	vgic_set_level(r->domain, NULL, r->vintid, true);
	irq_set_affinity(r->line->intid, vgic_spi_cpu(r->domain, r->vintid));
}

/* A function that does not answer asks for nothing. */
static bool asserts(struct pci_function *f)
{
	uint32_t status = pci_read(f, PCI_STATUS, 2);

	return status != 0xffff && (status & PCI_STATUS_INTERRUPT) != 0;
}

/* function->lock held. */
static void move(struct intx_member *m, enum intx_action action)
{
	struct intx_line *line = m->route->line;

	list_del(&m->node);
	switch (action) {
	case INTX_MASK:
	case INTX_RAISE:
		list_add_tail(&m->route->silent, &m->node);
		break;
	case INTX_HOLD:
		list_add_tail(&m->route->held, &m->node);
		break;
	case INTX_UNMASK:
		list_add_head(&line->asked, &m->node);
		break;
	case INTX_LEAVE:
	default:
		list_add_tail(&line->asked, &m->node);
		break;
	}
}

/* m speaks, or is silent and its virtual wire has fallen. */
static enum intx_action look_at(struct intx_member *m)
{
	struct vpci_function *vf = intx_function(m);
	bool storms = pci_storm_lasts(vf->function);
	enum intx_action action;

	spin_lock(&vf->function->lock);
	action = intx_decide(m->masked, intx_turned_off(vf), storms, asserts(vf->function));
	move(m, action);
	if (action != INTX_LEAVE && action != INTX_RAISE) {
		intx_set_masked(m, action != INTX_UNMASK);
	}
	spin_unlock(&vf->function->lock);
	if (action == INTX_MASK || action == INTX_RAISE) {
		raise_wire(m);
	}
	return action;
}

/*
 * The silent ones at a place, of other wires, too, until one of them asks still. False: `left`, of
 * which the place and each of them take one, did not last.
 */
static bool look_at_place(const struct intx_route *place, uint32_t *left)
{
	struct intx_route *r;

	if (*left == 0) {
		return false;
	}
	--*left;
	for (r = intx_wire_first(place->domain, place->vintid); r; r = intx_wire_next(r)) {
		while (r->line->mode == INTX_SHARED && !list_empty(&r->silent)) {
			if (*left == 0) {
				return false;
			}
			--*left;
			if (look_at(list_first(&r->silent, struct intx_member, node)) ==
			    INTX_RAISE) {
				return true;
			}
		}
	}
	return true;
}

/*
 * Where domains ended the handling; they have four places each at most. False: there is more, and
 * the line was set pending.
 */
static bool look_at_ended(struct intx_line *line, bool *useful)
{
	uint32_t left = LOOKS_MAX;
	struct intx_route *r, *next;

	list_for_each_safe(r, next, &line->raised, raised) {
		if (vgic_level(r->domain, r->vintid)) {
			continue;
		}
		*useful = true;
		list_del(&r->raised);
		if (!look_at_place(r, &left)) {
			list_add_tail(&line->raised, &r->raised);
			irq_set_pending(line->intid);
			return false;
		}
	}
	return true;
}

static void begin_round(struct intx_line *line)
{
	list_prepend(&line->speaking, &line->asked);
}

/*
 * Who asserts? One is enough: it is silenced, so a wire that others assert, a level, interrupts
 * again at once. True: the round is over.
 */
static bool ask(struct intx_line *line, bool *useful)
{
	if (list_empty(&line->speaking)) {
		begin_round(line);
	}
	for (uint32_t i = 0; i < LOOKS_MAX && !list_empty(&line->speaking); i++) {
		if (look_at(list_first(&line->speaking, struct intx_member, node)) != INTX_LEAVE) {
			*useful = true;
			break;
		}
	}
	return list_empty(&line->speaking);
}

/* Lock held. True: there is no more to look at for now. */
static bool look_at_line(struct intx_line *line, bool *useful)
{
	bool asserted = irq_is_pending(line->intid);
	bool over = look_at_ended(line, useful);

	if (!asserted) {
		begin_round(line);
		return over;
	}
	return ask(line, useful) && over;
}

static void poll_line(struct intx_line *line)
{
	bool useful = false;

	if (!look_at_line(line, &useful)) {
		return;
	}
	list_del(&line->polled);
	line->polls_left--;
	if (line->polls_left != 0) {
		list_add_tail(&polls_done, &line->polled);
	} else {
		irq_enable(line->intid);
	}
}

static enum job_status poll_step(struct job *j)
{
	enum job_status status = JOB_MORE;

	(void)j;
	spin_lock(&intx_wires.change_lock);
	spin_lock(&intx_wires.lock);
	if (!list_empty(&polls_due)) {
		poll_line(list_first(&polls_due, struct intx_line, polled));
	}
	if (list_empty(&polls_due)) {
		list_prepend(&polls_due, &polls_done);
		status = list_empty(&polls_due) ? JOB_DONE : JOB_WAIT;
	}
	spin_unlock(&intx_wires.lock);
	spin_unlock(&intx_wires.change_lock);
	return status;
}

/* A wire that was disabled since the last step found the job queued. */
static void poll_finish(struct job *j, bool cancelled)
{
	(void)cancelled;
	spin_lock(&intx_wires.lock);
	poll_queued = !list_empty(&polls_due);
	if (poll_queued) {
		job_start(j);
	}
	spin_unlock(&intx_wires.lock);
}

static const struct job_ops poll_ops = {
	.name = "INTx poll",
	.step = poll_step,
	.finish = poll_finish,
};

/* Lock held. A device can cause this for ever, so only the counts 1, 2, 4, 8... are said. */
static void poll_begin(struct intx_line *line)
{
	irq_disable(line->intid);
	line->empty = 0;
	line->polls_left = POLLS;
	list_add_tail(&polls_due, &line->polled);
	line->poll_count++;
	if ((line->poll_count & (line->poll_count - 1)) == 0) {
		log_warn("pci", "INTx line %u: interrupts for none of its functions (%llu times), "
			 "they are polled", line->intid, (unsigned long long)line->poll_count);
	}
	if (!poll_queued) {
		poll_queued = true;
		job_init(&poll_job, &poll_ops);
		job_start(&poll_job);
	}
}

static enum irq_result shared_irq(uint32_t intid, void *arg)
{
	struct intx_line *line = arg;
	bool useful = false;
	bool over;

	spin_lock(&intx_wires.lock);
	over = look_at_line(line, &useful);
	/* Before its round is over it may be for who is asked next. */
	if ((over || useful) && intx_judge(&line->empty, useful) && line->polls_left == 0) {
		poll_begin(line);
	}
	spin_unlock(&intx_wires.lock);
	return IRQ_HANDLED;
}

void intx_share_look(struct intx_route *r)
{
	spin_lock(&intx_wires.lock);
	list_del(&r->raised);
	list_add_tail(&r->line->raised, &r->raised);
	spin_unlock(&intx_wires.lock);
	irq_set_pending(r->line->intid);
}

void intx_share_storm_over(struct intx_member *m)
{
	bool held;

	spin_lock(&intx_wires.lock);
	held = m->masked;
	if (held) {
		list_del(&m->node);
		list_add_tail(&m->route->silent, &m->node);
	}
	spin_unlock(&intx_wires.lock);
	if (held) {
		intx_share_look(m->route);
	}
}

int intx_share_start(struct intx_line *line)
{
	int ret = irq_request(line->intid, false, shared_irq, line);
	struct intx_route *r;

	if (ret == 0) {
		irq_enable(line->intid);
		/* Silent since they came, if the line could not be served then. */
		list_for_each(r, &line->routes, of_line) {
			intx_share_look(r);
		}
	}
	return ret;
}

void intx_share_stop(struct intx_line *line)
{
	struct intx_route *r;

	irq_release(line->intid);
	spin_lock(&intx_wires.lock);
	line->empty = 0;
	line->polls_left = 0;
	list_del(&line->polled);
	begin_round(line);
	list_for_each(r, &line->routes, of_line) {
		list_del(&r->raised);
	}
	spin_unlock(&intx_wires.lock);
	list_for_each(r, &line->routes, of_line) {
		vgic_set_resample(r->domain, r->vintid, 0);
	}
}
