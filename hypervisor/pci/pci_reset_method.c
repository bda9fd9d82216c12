/* SPDX-License-Identifier: BSD-2-Clause */
/* Reset methods: function-level reset (PCIe 6.0 6.6.2) and secondary bus reset (7.5.1.3.13). */
#include "pci/pci_reset_method.h"

#include "pci/pci_config.h"
#include "pci/registry.h"

static bool flr_able(const struct pci_function *f)
{
	return f->flr;
}

static bool flr_pending(struct pci_function *f)
{
	return (pci_read(f, f->cap_express + PCI_EXP_DEVSTA, 2) & PCI_EXP_DEVSTA_PENDING) != 0;
}

static void flr_assert(struct pci_function *f)
{
	uint32_t offset = f->cap_express + PCI_EXP_DEVCTL;

	pci_write(f, offset, 2, pci_read(f, offset, 2) | PCI_EXP_DEVCTL_FLR);
}

/* Only when nothing else hangs on that bus: the reset would hit it too. */
static bool bus_able(const struct pci_function *f)
{
	const struct pci_function *other;

	if (f->parent == NULL || f->header_type != 0 || f->parent->cap_express == 0 ||
	    (f->parent->express_type != PCI_EXP_TYPE_ROOT_PORT &&
	     f->parent->express_type != PCI_EXP_TYPE_DOWNSTREAM)) {
		return false;
	}
	for (other = pci_function_first(); other != NULL; other = other->next) {
		if (other != f && other->parent == f->parent) {
			return false;
		}
	}
	return true;
}

static void bus_set(struct pci_function *port, bool on)
{
	uint32_t control = pci_read(port, PCI_BRIDGE_CONTROL, 2);

	control &= ~(uint32_t)PCI_BRIDGE_CONTROL_RESET;
	pci_write(port, PCI_BRIDGE_CONTROL, 2, control | (on ? PCI_BRIDGE_CONTROL_RESET : 0));
}

static void bus_assert(struct pci_function *f)
{
	bus_set(f->parent, true);
}

static void bus_release(struct pci_function *f)
{
	bus_set(f->parent, false);
}

/* A port that does not report its link is believed; polling the function decides. */
static bool bus_link_up(struct pci_function *f)
{
	struct pci_function *port = f->parent;

	if (!(pci_read(port, port->cap_express + PCI_EXP_LNKCAP, 4) & PCI_EXP_LNKCAP_ACTIVE)) {
		return true;
	}
	return (pci_read(port, port->cap_express + PCI_EXP_LNKSTA, 2) & PCI_EXP_LNKSTA_ACTIVE) != 0;
}

const struct pci_reset_method pci_reset_methods[] = {
	{
		.id = RESET_FLR,
		.name = "FLR",
		.able = flr_able,
		.pending = flr_pending,
		.assert_reset = flr_assert,
	},
	{
		.id = RESET_BUS,
		.name = "bus reset",
		.able = bus_able,
		.assert_reset = bus_assert,
		.release = bus_release,
		.link_up = bus_link_up,
	},
	{ .name = NULL },
};
