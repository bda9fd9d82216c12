/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wires: who is on them, physical interrupts in, virtual ones out. See intx.h.
 *
 * Locks: registry > change_lock > intx_lock > function > virtual GIC. change_lock is held over the
 * whole of a change, also while irq_release() waits for a handler, which takes intx_lock only.
 */
#include "core/heap.h"
#include "core/log.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "pci/host_bridge.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/bus.h"

#include <viaduct/guest_map.h>

struct intx_line {
	struct intx_line *next;
	uint32_t intid;
	uint32_t empty; /* intx_lock */
	enum intx_mode mode;
	struct domain *domain; /* INTX_FORWARD: where to */
	uint32_t vintid;
};

static struct spinlock change_lock;
static struct spinlock intx_lock;
static struct intx_member *members; /* written under both locks, read under one */
static struct intx_line *lines;     /* change_lock; those in use */

static struct vpci_function *function_of(struct intx_member *m)
{
	return container_of(m, struct vpci_function, intx);
}

static bool turned_off(const struct vpci_function *vf)
{
	return (vpci_shadow_command(&vf->shadow) & PCI_COMMAND_INTX_OFF) != 0;
}

void vpci_intx_update(struct vpci_function *vf)
{
	const struct intx_member *m = &vf->intx;
	bool off = m->line == 0 || m->masked || turned_off(vf);
	uint32_t old = pci_read(vf->function, PCI_COMMAND, 2);
	uint32_t command = off ? old | VPCI_COMMAND_INTX_OFF : old & ~VPCI_COMMAND_INTX_OFF;

	if (command != old) {
		pci_write(vf->function, PCI_COMMAND, 2, command);
	}
}

static void set_masked(struct intx_member *m, bool masked)
{
	m->masked = masked;
	vpci_intx_update(function_of(m));
}

static void raise_wire(struct intx_member *m)
{
	struct irq_meter *meter = &function_of(m)->function->meter;

	__atomic_fetch_add(&m->domain->interrupts_injected, 1, __ATOMIC_RELAXED);
	if (irq_meter_hit(meter)) {
		pci_irq_storm(meter, IRQ_NO_EVENT);
	}
	vgic_set_level(m->domain, NULL, m->vintid, true);
}

/* A function that does not answer asks for nothing. */
static bool asserts(struct pci_function *f)
{
	uint32_t status = pci_read(f, PCI_STATUS, 2);

	return status != 0xffff && (status & PCI_STATUS_INTERRUPT) != 0;
}

/* intx_lock held. True: there was something to do. */
static bool look_at(struct intx_member *m, uint32_t intid)
{
	struct vpci_function *vf = function_of(m);
	enum intx_action action = INTX_LEAVE;
	bool high = vgic_level(m->domain, m->vintid);

	/* Functions of other wires matter when their domain ended the handling. */
	if (!m->shared || (m->masked ? high : m->line != intid)) {
		return false;
	}
	spin_lock(&vf->function->lock);
	action = intx_decide(m->masked, turned_off(vf), high, asserts(vf->function));
	if (action == INTX_MASK || action == INTX_UNMASK) {
		set_masked(m, action == INTX_MASK);
	}
	spin_unlock(&vf->function->lock);
	if (action == INTX_MASK || action == INTX_RAISE) {
		raise_wire(m);
	}
	return action != INTX_LEAVE;
}

/* Silence every function of the wire. False: they are already. */
static bool mask_all(uint32_t intid)
{
	bool any = false;

	for (struct intx_member *m = members; m; m = m->next) {
		if (m->line == intid && !m->masked) {
			spin_lock(&function_of(m)->function->lock);
			set_masked(m, true);
			spin_unlock(&function_of(m)->function->lock);
			raise_wire(m);
			any = true;
		}
	}
	return any;
}

static enum irq_result shared_irq(uint32_t intid, void *arg)
{
	struct intx_line *line = arg;
	enum intx_verdict verdict;
	bool useful = false;

	spin_lock(&intx_lock);
	for (struct intx_member *m = members; m; m = m->next) {
		useful |= look_at(m, intid);
	}
	verdict = intx_judge(&line->empty, useful);
	if (verdict != INTX_GO_ON && !mask_all(intid) && verdict == INTX_GIVE_UP) {
		irq_disable(intid);
		log_warn("pci", "INTx line %u: asserted by no function it is known for; disabled",
			 intid);
	}
	spin_unlock(&intx_lock);
	return IRQ_HANDLED;
}

/* change_lock held, from here on. */

/* What virtual wires do at EOI where a function's own is shared; then look at every function. */
static void resample_shared(void)
{
	for (const struct intx_member *m = members; m; m = m->next) {
		if (m->shared) {
			vgic_set_resample(m->domain, m->vintid, m->line);
		}
	}
	for (struct intx_line *line = lines; line; line = line->next) {
		if (line->mode == INTX_SHARED) {
			irq_enable(line->intid); /* it may have been given up */
			irq_set_pending(line->intid);
		}
	}
}

static void stop_line(struct intx_line *line)
{
	if (line->mode == INTX_FORWARD) {
		vgic_unroute_spi(line->domain, line->intid);
	} else if (line->mode == INTX_SHARED) {
		irq_release(line->intid);
		for (const struct intx_member *m = members; m; m = m->next) {
			if (m->line == line->intid) {
				vgic_set_resample(m->domain, m->vintid, 0);
			}
		}
	}
	line->mode = INTX_OFF;
}

static int start_line(struct intx_line *line, enum intx_mode mode)
{
	int r;

	if (mode == INTX_FORWARD) {
		return vgic_route_spi(line->domain, line->intid, line->vintid, false);
	}
	line->empty = 0;
	r = irq_request(line->intid, false, shared_irq, line);
	if (r == 0) {
		irq_enable(line->intid);
	}
	return r;
}

/* Functions of a forwarded wire are heard; those of a shared one once the handler saw them. */
static void tell_members(const struct intx_line *line)
{
	spin_lock(&intx_lock);
	for (struct intx_member *m = members; m; m = m->next) {
		if (m->line != line->intid) {
			continue;
		}
		m->shared = line->mode == INTX_SHARED;
		if (m->masked && line->mode == INTX_FORWARD) {
			spin_lock(&function_of(m)->function->lock);
			set_masked(m, false);
			spin_unlock(&function_of(m)->function->lock);
		}
	}
	spin_unlock(&intx_lock);
}

/* Functions of one domain cannot be told apart on a forwarded wire: one stands for all. */
static struct irq_meter *meter_of(uint32_t intid)
{
	struct intx_member *m = members;

	while (m->line != intid) {
		m = m->next;
	}
	return &function_of(m)->function->meter;
}

static void apply(struct intx_line *line)
{
	const struct intx_member *first;
	enum intx_mode mode = intx_mode_of(members, line->intid, &first);
	int r = 0;

	if (mode != line->mode ||
	    (mode == INTX_FORWARD &&
	     (line->domain != first->domain || line->vintid != first->vintid))) {
		stop_line(line);
		if (mode != INTX_OFF) {
			line->domain = first->domain;
			line->vintid = first->vintid;
			r = start_line(line, mode);
		}
		line->mode = r ? INTX_OFF : mode;
		if (r) {
			log_warn("pci", "INTx line %u is not served: error %d", line->intid, r);
		}
		log_info("pci", "INTx line %u: %s", line->intid,
			  mode == INTX_OFF ? "off" : mode == INTX_FORWARD ? "forwarded" : "shared");
	}
	if (line->mode == INTX_FORWARD) {
		vgic_route_meter(line->domain, line->intid, meter_of(line->intid));
	}
	tell_members(line);
}

static void apply_all(void)
{
	struct intx_line **link = &lines;

	while (*link) {
		struct intx_line *line = *link;

		apply(line);
		if (line->mode == INTX_OFF) {
			*link = line->next;
			heap_free(line);
		} else {
			link = &line->next;
		}
	}
	resample_shared();
}

static bool find_or_add_line(uint32_t intid)
{
	struct intx_line *line = lines;

	while (line && line->intid != intid) {
		line = line->next;
	}
	if (!line) {
		line = heap_alloc(sizeof(*line));
		if (!line) {
			return false;
		}
		line->intid = intid;
		line->next = lines;
		lines = line;
	}
	return true;
}

/* PCI-to-PCI Bridge Architecture 1.2, 9.1: each bridge turns pins by its device's number. */
static uint32_t host_line(const struct pci_function *f)
{
	uint32_t pin = f->interrupt_pin;

	if (pin < 1 || pin > 4 || f->header_type != 0 || f->bridge->desc->intx_edge) {
		return 0;
	}
	for (pin--; f->parent; f = f->parent) {
		pin = (pin + SBDF_DEV(f->sbdf)) % 4;
	}
	return f->bridge->desc->intx[SBDF_DEV(f->sbdf) % 4][pin];
}

static bool maskable(struct pci_function *f)
{
	return (pci_read(f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF) != 0;
}

uint32_t vpci_intx_vintid(const struct vpci_function *vf, bool guest)
{
	struct pci_function *f = vf->function;
	uint32_t line = host_line(f);
	bool ok;

	if (line == 0) {
		return 0;
	}
	spin_lock(&change_lock);
	ok = intx_can_join(members, line, vf->domain, maskable(f));
	spin_unlock(&change_lock);
	if (!ok) {
		return 0;
	}
	return guest ? GUEST_INTX_INTID + (SBDF_DEV(vf->where) + f->interrupt_pin - 1U) % 4 : line;
}

void vpci_intx_join(struct vpci_function *vf)
{
	struct pci_function *f = vf->function;
	struct intx_member *m = &vf->intx;
	uint32_t vintid = vpci_intx_vintid(vf, vf->view == VPCI_VIEW_GUEST);

	if (vintid == 0) {
		if (host_line(f) != 0) {
			log_warn("pci", SBDF_FMT ": no INTx: line %u cannot be shared",
				 SBDF_ARG(f->sbdf), host_line(f));
		}
		return;
	}
	spin_lock(&change_lock);
	if (!find_or_add_line(host_line(f))) {
		log_warn("pci", SBDF_FMT ": no INTx: no memory", SBDF_ARG(f->sbdf));
		goto out;
	}
	spin_lock(&intx_lock);
	spin_lock(&f->lock);
	*m = (struct intx_member){ .next = members, .domain = vf->domain, .line = host_line(f),
				   .vintid = vintid, .maskable = maskable(f), .masked = true };
	members = m;
	spin_unlock(&f->lock);
	spin_unlock(&intx_lock);
	apply_all();
out:
	spin_unlock(&change_lock);
}

void vpci_intx_leave(struct vpci_function *vf)
{
	struct intx_member **link = &members;
	struct intx_member *m = &vf->intx;

	spin_lock(&change_lock);
	if (m->line == 0) {
		goto out;
	}
	spin_lock(&intx_lock);
	while (*link != m) {
		link = &(*link)->next;
	}
	*link = m->next;
	spin_lock(&vf->function->lock);
	m->line = 0;
	vpci_intx_update(vf);
	spin_unlock(&vf->function->lock);
	spin_unlock(&intx_lock);
	/* What its virtual wire is for others of this domain, apply_all() finds out anew. */
	vgic_set_resample(vf->domain, m->vintid, 0);
	apply_all();
out:
	spin_unlock(&change_lock);
}
