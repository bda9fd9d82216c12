/* SPDX-License-Identifier: BSD-2-Clause */
/* What a physical function's VFs will need: requester IDs and BAR space (PCIe 6.0 9.3.3). */
#include "core/log.h"
#include "pci/host_bridge.h"
#include "pci/pci_bar.h"
#include "pci/pci_caps.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

/*
 * Below a port with ARI forwarding the device number is part of the function number (6.13), which
 * is where most devices have their VFs. Without an ARI device there the port must not do it: the
 * one device would answer for 32.
 */
void pci_ari_enable(struct pci_function *f)
{
	struct pci_function *port = f->parent;
	uint32_t cap = port != NULL ? port->cap_express : 0;
	uint32_t control;

	if (f->cap_ari == 0 || SBDF_DEVFN(f->sbdf) != 0 || cap == 0 ||
	    !(pci_read(port, cap + PCI_EXP_DEVCAP2, 4) & PCI_EXP_DEVCAP2_ARI)) {
		return;
	}
	control = pci_read(port, cap + PCI_EXP_DEVCTL2, 2);
	pci_write(port, cap + PCI_EXP_DEVCTL2, 2, control | PCI_EXP_DEVCTL2_ARI);
	port->ari_forwarding =
		(pci_read(port, cap + PCI_EXP_DEVCTL2, 2) & PCI_EXP_DEVCTL2_ARI) != 0;
	if (!port->ari_forwarding) {
		log_warn("pci", SBDF_FMT ": ARI forwarding did not take", SBDF_ARG(port->sbdf));
	}
}

/* The port above passes what has its secondary bus number on to device 0, or with ARI to any. */
static bool reachable(const struct pci_function *f, uint32_t rid)
{
	const struct pci_function *port = f->parent;

	return port == NULL || port->ari_forwarding || rid >> 8 != SBDF_BUS(f->sbdf) ||
	       (rid & 0xff) >> 3 == SBDF_DEV(f->sbdf);
}

/* On a root bus nothing leads to the numbers above it. */
static bool on_a_bus(const struct pci_function *f, uint32_t rid)
{
	return f->parent == NULL ? rid >> 8 == SBDF_BUS(f->sbdf)
				 : rid >> 8 <= f->bridge->desc->bus_end;
}

/* NULL: all VFs can be told apart and spoken to. */
static const char *routing_problem(const struct pci_function *f)
{
	const struct pci_sriov *s = &f->sriov;
	uint32_t first = SBDF_RID(f->sbdf) + s->first;
	uint32_t i;

	if (s->first == 0 || (s->total > 1 && s->stride == 0)) {
		return "they have no requester IDs of their own";
	}
	if (!on_a_bus(f, first + (s->total - 1U) * s->stride)) {
		return "no bus numbers for them";
	}
	for (i = 0; i < s->total; i++) {
		if (!reachable(f, first + i * s->stride)) {
			return "no ARI forwarding above them";
		}
	}
	return NULL;
}

/* Offset and stride depend on both registers (9.3.3.9, 9.3.3.10). */
static void read_routing(struct pci_function *f)
{
	struct pci_sriov *s = &f->sriov;
	uint32_t cap = f->cap_sriov;

	s->ari = f->parent == NULL || f->parent->ari_forwarding;
	pci_write(f, cap + PCI_SRIOV_CONTROL, 2, s->ari ? PCI_SRIOV_CONTROL_ARI : 0);
	pci_write(f, cap + PCI_SRIOV_NUM, 2, s->total);
	s->first = (uint16_t)pci_read(f, cap + PCI_SRIOV_FIRST, 2);
	s->stride = (uint16_t)pci_read(f, cap + PCI_SRIOV_STRIDE, 2);
	pci_write(f, cap + PCI_SRIOV_NUM, 2, 0);
}

void pci_sriov_read(struct pci_function *f)
{
	struct pci_sriov *s = &f->sriov;
	uint32_t cap = f->cap_sriov;
	const char *problem;
	uint32_t i;

	if (cap == 0) {
		return;
	}
	pci_write(f, cap + PCI_SRIOV_CONTROL, 2, 0);
	s->total = (uint16_t)pci_read(f, cap + PCI_SRIOV_TOTAL, 2);
	s->device = (uint16_t)pci_read(f, cap + PCI_SRIOV_VF_DEVICE, 2);
	s->pages = pci_read(f, cap + PCI_SRIOV_PAGES_SUPPORTED, 4);
	if (s->total == 0) {
		return;
	}
	read_routing(f);
	problem = routing_problem(f);
	if (problem != NULL) {
		log_warn("pci", SBDF_FMT ": its %u virtual functions are not used: %s",
			 SBDF_ARG(f->sbdf), s->total, problem);
		*s = (struct pci_sriov){ 0 };
		return;
	}
	/* Smallest system page: a BAR's true size. Bit n of the register means 2^(n+12) bytes. */
	pci_write(f, cap + PCI_SRIOV_PAGE_SIZE, 4, 1);
	pci_bars_size_at(f, cap + PCI_SRIOV_BAR0, PCI_BARS, s->bars);
	for (i = 0; i < PCI_BARS; i++) {
		if (s->bars[i].kind == BAR_IO) {
			s->bars[i] = (struct pci_bar){ .kind = BAR_NONE };
		}
	}
}
