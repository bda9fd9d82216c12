/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's pin: which wire it leads to, when it gets on and off, and who has silenced it. */
#include "core/log.h"
#include "irq/vgic.h"
#include "pci/host_bridge.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/intx_wire.h"

#include <viaduct/guest_map.h>

bool intx_turned_off(const struct vpci_function *vf)
{
	return (vpci_shadow_command(&vf->shadow) & PCI_COMMAND_INTX_OFF) != 0;
}

void vpci_intx_update(struct vpci_function *vf)
{
	const struct intx_member *m = &vf->intx;
	bool off = !m->route || m->masked || intx_turned_off(vf);
	uint32_t old = pci_read(vf->function, PCI_COMMAND, 2);
	uint32_t command = off ? old | VPCI_COMMAND_INTX_OFF : old & ~VPCI_COMMAND_INTX_OFF;

	if (command != old) {
		pci_write(vf->function, PCI_COMMAND, 2, command);
	}
}

void intx_set_masked(struct intx_member *m, bool masked)
{
	m->masked = masked;
	vpci_intx_update(intx_function(m));
}

/*
 * PCI-to-PCI Bridge Architecture 1.2, 9.1: each bridge turns pins by its device's number. *device,
 * of the root bus, and the pin of its that f's arrives at, from 0.
 */
static uint32_t root_pin(const struct pci_function *f, uint32_t *device)
{
	uint32_t pin = f->interrupt_pin - 1U;

	for (; f->parent; f = f->parent) {
		pin = (pin + SBDF_DEV(f->sbdf)) % 4;
	}
	*device = SBDF_DEV(f->sbdf);
	return pin;
}

static uint32_t host_line(const struct pci_function *f)
{
	uint32_t device, pin;

	if (f->interrupt_pin < 1 || f->interrupt_pin > 4 || f->header_type != 0 ||
	    f->bridge->desc->intx_edge) {
		return 0;
	}
	pin = root_pin(f, &device);
	return f->bridge->desc->intx[device % 4][pin];
}

/* Where f interrupts the owner of its bridge. Only one that is direct has the host's INTIDs. */
static uint32_t owner_vintid(const struct pci_function *f, const struct domain *owner)
{
	uint32_t device, pin;

	if (owner->direct) {
		return host_line(f);
	}
	pin = root_pin(f, &device);
	return GUEST_INTX_INTID + (device + pin) % 4;
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
	spin_lock(&intx_wires.change_lock);
	ok = intx_can_join(intx_wire_line(line), vf->domain, maskable(f));
	spin_unlock(&intx_wires.change_lock);
	if (!ok) {
		return 0;
	}
	return guest ? GUEST_INTX_INTID + (SBDF_DEV(vf->where) + f->interrupt_pin - 1U) % 4
		     : owner_vintid(f, vf->domain);
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
	spin_lock(&intx_wires.change_lock);
	m->maskable = maskable(f);
	if (!intx_wire_join(m, host_line(f), vf->domain, vintid)) {
		log_warn("pci", SBDF_FMT ": no INTx: no memory", SBDF_ARG(f->sbdf));
	}
	spin_unlock(&intx_wires.change_lock);
}

void vpci_intx_leave(struct vpci_function *vf)
{
	spin_lock(&intx_wires.change_lock);
	if (vf->intx.route) {
		intx_wire_leave(&vf->intx);
	}
	spin_unlock(&intx_wires.change_lock);
}
