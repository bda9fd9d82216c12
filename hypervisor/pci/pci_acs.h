/* SPDX-License-Identifier: BSD-2-Clause */
/* Access control services: peer-to-peer traffic must go up to the IOMMU (PCIe 6.0 6.12). */
#ifndef PCI_PCI_ACS_H
#define PCI_PCI_ACS_H

#include "pci/function.h"

/*
 * Turn on all redirection f has, read back, and record it in f->acs_enabled and f->isolated. Also
 * after a reset of f, which clears it.
 */
void pci_acs_enable(struct pci_function *f);

/*
 * Does enabled do what a port, or one function of a multi-function device, must do? Pure. Ports
 * need source validation and both redirects; upstream forwarding where they have it; functions of a
 * device need the redirects.
 */
bool pci_acs_sufficient(bool port, uint16_t capable, uint16_t enabled);

#endif
