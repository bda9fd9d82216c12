/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that came: what boot does for all functions of a bridge, for those of one slot. */
#include "pci/pci_plug.h"

#include "core/heap.h"
#include "core/log.h"
#include "pci/pci_acs.h"
#include "pci/pci_aer.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/pci_place.h"
#include "pci/pci_placement.h"
#include "pci/pci_scan.h"
#include "pci/registry.h"

/* What was there before may have had it. */
static void ari_off(struct pci_function *port)
{
	uint32_t control = port->cap_express + PCI_EXP_DEVCTL2;

	if (port->ari_forwarding) {
		pci_write(port, control, 2,
			  pci_read(port, control, 2) & ~(uint32_t)PCI_EXP_DEVCTL2_ARI);
		port->ari_forwarding = false;
	}
}

void pci_plug_begin(struct pci_plug *p)
{
	*p = (struct pci_plug){ .step = 0 };
}

/* Is there one? Function 0 says whether there are others. */
static void find(struct pci_function *port, struct pci_plug *p)
{
	struct pci_function *f;
	int error;

	if (p->step == 0) {
		ari_off(port);
	}
	spin_lock(&pci_registry_lock);
	error = pci_scan_function(port, p->step, &f);
	spin_unlock(&pci_registry_lock);
	if (error != 0) {
		log_error("pci", SBDF_FMT ": out of memory for what came into its slot",
			  SBDF_ARG(port->sbdf));
	}
	p->found = f;
	p->part = 0;
	if (error != 0 || (p->step == 0 && f == NULL)) {
		p->step = PCI_PLUG_FUNCTIONS;
	} else if (f == NULL) {
		p->step++;
	}
}

/* A part of it. */
static void read_part(struct pci_plug *p)
{
	struct pci_function *f = p->found;
	bool all;

	spin_lock(&pci_registry_lock);
	all = pci_scan_part(f, p->part++);
	spin_unlock(&pci_registry_lock);
	if (!all) {
		return;
	}
	p->found = NULL;
	p->part = 0;
	if (f->header_type != 0) {
		log_warn("pci", SBDF_FMT ": a bridge that comes while the machine runs is not used",
			 SBDF_ARG(f->sbdf));
	} else {
		p->functions[p->count++] = f;
	}
	p->step = p->step == 0 && !f->multifunction ? PCI_PLUG_FUNCTIONS : p->step + 1;
}

/* In two parts. */
static void place(struct pci_function *port, struct pci_plug *p)
{
	if (p->plan == NULL && p->count != 0) {
		p->plan = pci_place_nodes(p->functions, p->count);
		if (p->plan != NULL) {
			return;
		}
		log_error("pci", SBDF_FMT ": out of memory for what came into its slot",
			  SBDF_ARG(port->sbdf));
		p->count = 0;
	}
	if (p->count != 0) {
		pci_place_behind(port, p->plan, p->count);
	}
	p->step++;
}

static bool adopt(struct pci_plug *p, struct pci_function *f)
{
	pci_place_adopt(f, &p->plan[p->given]);
	return true;
}

static bool write_bars(struct pci_plug *p, struct pci_function *f)
{
	pci_place_write(f);
	return true;
}

static bool identify(struct pci_plug *p, struct pci_function *f)
{
	pci_acs_enable(f);
	spin_lock(&pci_registry_lock);
	pci_identify(f);
	pci_groups_leave(f);
	pci_groups_add(f);
	spin_unlock(&pci_registry_lock);
	return true;
}

static bool join(struct pci_plug *p, struct pci_function *f)
{
	f->reset_methods = pci_reset_probe(f);
	pci_aer_join(f);
	return true;
}

static bool remember(struct pci_plug *p, struct pci_function *f)
{
	pci_reset_remember(f);
	return true;
}

static bool hand_over(struct pci_plug *p, struct pci_function *f)
{
	return pci_plugged(f);
}

static bool begin_line(struct pci_plug *p, struct pci_function *f)
{
	pci_log_begin(&p->line, f);
	return true;
}

static bool end_line(struct pci_plug *p, struct pci_function *f)
{
	pci_log_end(&p->line, f);
	return true;
}

static bool (*const parts[])(struct pci_plug *p, struct pci_function *f) = {
	adopt, write_bars, identify, join, remember, hand_over, begin_line, end_line,
};

/* A part of giving the next one; each says when it is over. */
static void give(struct pci_plug *p)
{
	p->part += parts[p->part](p, p->functions[p->given]) ? 1 : 0;
	if (p->part == ARRAY_SIZE(parts)) {
		p->part = 0;
		p->given++;
	}
}

bool pci_plug_step(struct pci_function *port, struct pci_plug *p)
{
	if (p->found != NULL) {
		read_part(p);
	} else if (p->step < PCI_PLUG_FUNCTIONS) {
		find(port, p);
	} else if (p->step == PCI_PLUG_FUNCTIONS) {
		place(port, p);
	} else if (p->given < p->count) {
		give(p);
	}
	return p->step > PCI_PLUG_FUNCTIONS && p->given == p->count;
}

void pci_plug_end(struct pci_plug *p)
{
	heap_free(p->plan);
	p->plan = NULL;
}
