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

/*
 * The wire's next interrupt goes where this one does: most come from who had the last, its domain
 * may have moved it, and a storm is to cost the CPU of who makes it.
 */
static void raise_wire(struct intx_member *m)
{
	struct irq_meter *meter = &intx_function(m)->function->meter;

	__atomic_fetch_add(&m->domain->interrupts_injected, 1, __ATOMIC_RELAXED);
	if (irq_meter_hit(meter)) {
		pci_wire_storm(meter, 0);
	}
	vgic_set_level(m->domain, NULL, m->vintid, true);
	irq_set_affinity(m->line, vgic_spi_cpu(m->domain, m->vintid));
}

/* A function that does not answer asks for nothing. */
static bool asserts(struct pci_function *f)
{
	uint32_t status = pci_read(f, PCI_STATUS, 2);

	return status != 0xffff && (status & PCI_STATUS_INTERRUPT) != 0;
}

/* Lock held. True: there was something to do. */
static bool look_at(struct intx_member *m, uint32_t intid)
{
	struct vpci_function *vf = intx_function(m);
	bool high = vgic_level(m->domain, m->vintid);
	bool storms = pci_storm_lasts(vf->function);
	enum intx_action action;

	/* Functions of other wires matter when their domain ended the handling. */
	if (!m->shared || (m->masked ? high || storms : m->line != intid)) {
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

static bool look_at_all(uint32_t intid)
{
	bool useful = false;

	for (struct intx_member *m = intx_wires.members; m; m = m->next) {
		useful |= look_at(m, intid);
	}
	return useful;
}

/* Lock held. */
static bool poll_line(struct intx_line *line)
{
	if (line->polls_left == 0) {
		return false;
	}
	(void)look_at_all(line->intid);
	line->polls_left--;
	if (line->polls_left == 0) {
		irq_enable(line->intid);
	}
	return line->polls_left != 0;
}

static enum job_status poll_step(struct job *j)
{
	enum job_status status = JOB_DONE;

	(void)j;
	spin_lock(&intx_wires.change_lock);
	spin_lock(&intx_wires.lock);
	for (struct intx_line *line = intx_wires.lines; line; line = line->next) {
		if (poll_line(line)) {
			status = JOB_WAIT;
		}
	}
	spin_unlock(&intx_wires.lock);
	spin_unlock(&intx_wires.change_lock);
	return status;
}

/* A wire that was disabled since the last step found the job queued. */
static void poll_finish(struct job *j, bool cancelled)
{
	(void)cancelled;
	spin_lock(&intx_wires.change_lock);
	spin_lock(&intx_wires.lock);
	poll_queued = false;
	for (const struct intx_line *line = intx_wires.lines; line; line = line->next) {
		poll_queued |= line->polls_left != 0;
	}
	if (poll_queued) {
		job_start(j);
	}
	spin_unlock(&intx_wires.lock);
	spin_unlock(&intx_wires.change_lock);
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
	if (intx_judge(&line->empty, look_at_all(intid)) && line->polls_left == 0) {
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
	irq_release(line->intid);
	spin_lock(&intx_wires.lock);
	line->empty = 0;
	line->polls_left = 0;
	spin_unlock(&intx_wires.lock);
	for (const struct intx_member *m = intx_wires.members; m; m = m->next) {
		if (m->line == line->intid) {
			vgic_set_resample(m->domain, m->vintid, 0);
		}
	}
}

void intx_share_look(struct intx_line *line)
{
	irq_set_pending(line->intid);
}
