/* SPDX-License-Identifier: BSD-2-Clause */
/* Capability lists and what they say. */
#ifndef PCI_PCI_CAPS_H
#define PCI_PCI_CAPS_H

#include "pci/function.h"

/*
 * Walk both lists and fill the cap_* offsets, what resets f, express_type, hotplug and MSI
 * geometry. Loops, pointers into the header and capabilities that reach past their space end the
 * walk or are skipped.
 */
void pci_caps_read(struct pci_function *f);

/* MSI-X geometry, after the BARs are sized; an impossible one counts as no MSI-X at all. */
void pci_msix_read(struct pci_function *f);
/*
 * Table and pending bits (8 bytes per 64 vectors, PCIe 6.0 7.7.2) each inside a memory BAR that
 * exists, and not over each other. Pure.
 */
bool pci_msix_valid(const struct pci_msix *m, const struct pci_bar bars[PCI_BARS]);

/* ARI forwarding of the port above, if f is function 0 and both can. Believed once read back. */
void pci_ari_enable(struct pci_function *f);
/*
 * SR-IOV: VF numbers and the size of one VF's BARs. After pci_caps_read() and pci_ari_enable(), VFs
 * disabled. A capability whose VFs could not be reached counts as none.
 */
void pci_sriov_read(struct pci_function *f);

#endif
