/* SPDX-License-Identifier: BSD-2-Clause */
/* Which wires are in use, and each as its members want it: forwarded or shared. */
#include "vpci/intx_wire.h"

#include "core/heap.h"
#include "core/log.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "pci/registry.h"

struct intx_wires intx_wires;

/*
 * Whatever was held back may have changed hands: what virtual wires do at EOI where a function's
 * own is shared is said anew, wires silent for a storm speak, and every function is looked at.
 */
static void resample(void)
{
	for (const struct intx_member *m = intx_wires.members; m; m = m->next) {
		if (m->shared) {
			vgic_set_resample(m->domain, m->vintid, m->line);
		}
	}
	for (struct intx_line *line = intx_wires.lines; line; line = line->next) {
		if (line->mode == INTX_SHARED) {
			intx_share_look(line);
		} else {
			irq_enable(line->intid);
		}
	}
}

static void stop_line(struct intx_line *line)
{
	if (line->mode == INTX_FORWARD) {
		vgic_unroute_spi(line->domain, line->intid);
	} else if (line->mode == INTX_SHARED) {
		intx_share_stop(line);
	}
	line->mode = INTX_OFF;
}

static int start_line(struct intx_line *line, enum intx_mode mode)
{
	if (mode == INTX_FORWARD) {
		return vgic_route_spi(line->domain, line->intid, line->vintid, false);
	}
	return intx_share_start(line);
}

/* Functions of a forwarded wire are heard; those of a shared one once the handler saw them. */
static void tell_members(const struct intx_line *line)
{
	spin_lock(&intx_wires.lock);
	for (struct intx_member *m = intx_wires.members; m; m = m->next) {
		if (m->line != line->intid) {
			continue;
		}
		m->shared = line->mode == INTX_SHARED;
		if (m->masked && line->mode == INTX_FORWARD) {
			spin_lock(&intx_function(m)->function->lock);
			intx_set_masked(m, false);
			spin_unlock(&intx_function(m)->function->lock);
		}
	}
	spin_unlock(&intx_wires.lock);
}

/* Functions of one domain cannot be told apart on a forwarded wire: one stands for all. */
static struct irq_meter *meter_of(uint32_t intid)
{
	struct intx_member *m = intx_wires.members;

	while (m->line != intid) {
		m = m->next;
	}
	return &intx_function(m)->function->meter;
}

static void apply(struct intx_line *line)
{
	const struct intx_member *first;
	enum intx_mode mode = intx_mode_of(intx_wires.members, line->intid, &first);
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

void intx_wire_apply_all(void)
{
	struct intx_line **link = &intx_wires.lines;

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
	resample();
}

bool intx_wire_prepare(uint32_t intid)
{
	struct intx_line *line = intx_wires.lines;

	while (line && line->intid != intid) {
		line = line->next;
	}
	if (line) {
		return true;
	}
	line = heap_alloc(sizeof(*line));
	if (!line) {
		return false;
	}
	line->intid = intid;
	line->next = intx_wires.lines;
	intx_wires.lines = line;
	return true;
}

void pci_storm_over(struct pci_function *f)
{
	struct intx_member *m;
	struct intx_line *line;

	spin_lock(&intx_wires.change_lock);
	m = intx_wires.members;
	while (m && intx_function(m)->function != f) {
		m = m->next;
	}
	for (line = intx_wires.lines; m && line; line = line->next) {
		if (line->intid == m->line && line->mode == INTX_FORWARD) {
			irq_enable(line->intid);
		} else if (line->intid == m->line) {
			intx_share_look(line);
		}
	}
	spin_unlock(&intx_wires.change_lock);
}
