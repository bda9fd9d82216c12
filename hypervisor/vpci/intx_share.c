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

static struct job poll_job;
static bool poll_queued; /* intx_wires.lock */
static struct list polled = { &polled, &polled }; /* the same; lines */

/*
 * The wire's next interrupt goes where this one does: most come from who had the last, its domain
 * may have moved it, and a storm is to cost the CPU of who makes it.
 */
static void raise_wire(struct intx_member *m)
{
	struct irq_meter *meter = &intx_function(m)->function->meter;
	const struct intx_route *r = m->route;

	__atomic_fetch_add(&r->domain->interrupts_injected, 1, __ATOMIC_RELAXED);
	if (irq_meter_hit(meter)) {
		pci_wire_storm(meter, 0);
	}
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

/* True: there was something to do. */
static bool look_at(struct intx_member *m)
{
	struct vpci_function *vf = intx_function(m);
	bool high = vgic_level(m->route->domain, m->route->vintid);
	bool storms = pci_storm_lasts(vf->function);
	enum intx_action action;

	if (m->masked && (high || storms)) {
		return false;
	}
	spin_lock(&vf->function->lock);
	action = intx_decide(m->masked, intx_turned_off(vf), high, storms, asserts(vf->function));
	if (action == INTX_MASK || action == INTX_HOLD || action == INTX_UNMASK) {
		intx_set_masked(m, action != INTX_UNMASK);
	}
	spin_unlock(&vf->function->lock);
	if (action == INTX_MASK || action == INTX_RAISE) {
		raise_wire(m);
	}
	return action != INTX_LEAVE;
}

static bool look_at_list(struct list *members)
{
	struct intx_member *m, *next;
	bool useful = false;

	list_for_each_safe(m, next, members, node) {
		useful |= look_at(m);
	}
	return useful;
}

/* Lock held. Silent ones of other wires, too: their domain ended the handling. */
static bool look_at_line(const struct intx_line *line)
{
	struct intx_route *r, *there;
	bool useful = false;

	list_for_each(r, &line->routes, of_line) {
		useful |= look_at_list(&r->speaking);
		for (there = intx_wire_first(r->domain, r->vintid); there;
		     there = intx_wire_next(there)) {
			if (there->line->mode == INTX_SHARED) {
				useful |= look_at_list(&there->silent);
			}
		}
	}
	return useful;
}

static enum job_status poll_step(struct job *j)
{
	struct intx_line *line, *next;
	enum job_status status;

	(void)j;
	spin_lock(&intx_wires.change_lock);
	spin_lock(&intx_wires.lock);
	list_for_each_safe(line, next, &polled, polled) {
		(void)look_at_line(line);
		line->polls_left--;
		if (line->polls_left == 0) {
			list_del(&line->polled);
			irq_enable(line->intid);
		}
	}
	status = list_empty(&polled) ? JOB_DONE : JOB_WAIT;
	spin_unlock(&intx_wires.lock);
	spin_unlock(&intx_wires.change_lock);
	return status;
}

/* A wire that was disabled since the last step found the job queued. */
static void poll_finish(struct job *j, bool cancelled)
{
	(void)cancelled;
	spin_lock(&intx_wires.lock);
	poll_queued = !list_empty(&polled);
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
	list_add_tail(&polled, &line->polled);
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

	spin_lock(&intx_wires.lock);
	if (intx_judge(&line->empty, look_at_line(line)) && line->polls_left == 0) {
		poll_begin(line);
	}
	spin_unlock(&intx_wires.lock);
	return IRQ_HANDLED;
}

int intx_share_start(struct intx_line *line)
{
	int r = irq_request(line->intid, false, shared_irq, line);

	if (r == 0) {
		irq_enable(line->intid);
	}
	return r;
}

void intx_share_stop(struct intx_line *line)
{
	const struct intx_route *r;

	irq_release(line->intid);
	spin_lock(&intx_wires.lock);
	line->empty = 0;
	line->polls_left = 0;
	list_del(&line->polled);
	spin_unlock(&intx_wires.lock);
	list_for_each(r, &line->routes, of_line) {
		vgic_set_resample(r->domain, r->vintid, 0);
	}
}

void intx_share_look(struct intx_line *line)
{
	irq_set_pending(line->intid);
}
