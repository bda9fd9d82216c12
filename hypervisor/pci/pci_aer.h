/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error messages of PCI Express functions (PCIe 6.0 6.2, 7.8.4). The hypervisor owns them:
 * functions below a root port with Advanced Error Reporting send them, the port keeps the first and
 * raises neither an interrupt nor a system error; it is looked at ten times a second. So no device
 * storms by errors, and EL2 needs no MSI of its own.
 */
#ifndef PCI_PCI_AER_H
#define PCI_PCI_AER_H

#include "pci/host_bridge.h"

struct pci_function;

#define PCI_AER_PERIOD_MS 100

/* What a root port received since it was last looked at. */
struct pci_aer_report {
	bool corrected;
	uint16_t corrected_by; /* requester ID of the first */
	bool uncorrected;
	bool fatal;       /* one of them was: the link may not be trusted */
	bool several;     /* others besides the first, whose names are lost */
	uint16_t culprit; /* requester ID of the first */
};

/* Root Error Status and Error Source Identification (7.8.4.10, 7.8.4.11). Pure. */
struct pci_aer_report pci_aer_decode(uint32_t status, uint32_t source);

/* All functions below b are known: clear what is old, let messages through to root ports. */
void pci_aer_enable(const struct host_bridge *b);
/* The same for a function that came into a slot. */
void pci_aer_join(struct pci_function *f);
/*
 * Look at every root port once: corrected errors are counted, who sent an uncorrectable one is
 * contained, but for a non-fatal one of a function its bridge's owner uses: that is counted and
 * logged. A message whose sender is a bridge, or not known, is everyone's below.
 */
void pci_aer_look(void);

#endif
