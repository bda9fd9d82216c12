/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that came: what boot does for all functions of a bridge, for those of one slot. */
#include "pci/pci_plug.h"

#include "core/log.h"
#include "pci/pci_acs.h"
#include "pci/pci_aer.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/pci_place.h"
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

/* Function 0 says whether there are others. */
static void find(struct pci_function *port, struct pci_plug *p, uint32_t fn)
{
	struct pci_function *f;
	int error;

	if (fn == 0) {
		ari_off(port);
	}
	spin_lock(&pci_registry_lock);
	error = pci_scan_function(port, fn, &f);
	spin_unlock(&pci_registry_lock);
	p->step++;
	if (error != 0) {
		log_error("pci", SBDF_FMT ": out of memory for what came into its slot",
			  SBDF_ARG(port->sbdf));
		p->step = PCI_PLUG_FUNCTIONS;
	} else if (f != NULL && f->header_type != 0) {
		log_warn("pci", SBDF_FMT ": a bridge that comes while the machine runs is not used",
			 SBDF_ARG(f->sbdf));
	} else if (f != NULL) {
		p->functions[p->count++] = f;
	}
	if (fn == 0 && (f == NULL || !f->multifunction)) {
		p->step = PCI_PLUG_FUNCTIONS;
	}
}

static void place(struct pci_function *port, struct pci_plug *p)
{
	p->step++;
	if (p->count != 0 && pci_place_behind(port, p->functions, p->count) != 0) {
		log_error("pci", SBDF_FMT ": out of memory for what came into its slot",
			  SBDF_ARG(port->sbdf));
		p->count = 0;
	}
}

static bool write_bars(struct pci_function *f)
{
	pci_place_write(f);
	return true;
}

static bool identify(struct pci_function *f)
{
	pci_acs_enable(f);
	spin_lock(&pci_registry_lock);
	pci_identify(f);
	pci_groups_leave(f);
	pci_groups_add(f);
	spin_unlock(&pci_registry_lock);
	return true;
}

static bool join(struct pci_function *f)
{
	f->reset_methods = pci_reset_probe(f);
	pci_aer_join(f);
	return true;
}

static bool remember(struct pci_function *f)
{
	pci_reset_remember(f);
	return true;
}

static bool say(struct pci_function *f)
{
	pci_log_function(f);
	return true;
}

static bool (*const parts[])(struct pci_function *f) = {
	write_bars, identify, join, remember, pci_plugged, say,
};

/* A part of giving the next one; each says when it is over. */
static void give(struct pci_plug *p)
{
	p->part += parts[p->part](p->functions[p->given]) ? 1 : 0;
	if (p->part == ARRAY_SIZE(parts)) {
		p->part = 0;
		p->given++;
	}
}

bool pci_plug_step(struct pci_function *port, struct pci_plug *p)
{
	if (p->step < PCI_PLUG_FUNCTIONS) {
		find(port, p, p->step);
	} else if (p->step == PCI_PLUG_FUNCTIONS) {
		place(port, p);
	} else if (p->given < p->count) {
		give(p);
	}
	return p->step > PCI_PLUG_FUNCTIONS && p->given == p->count;
}
