/* SPDX-License-Identifier: BSD-2-Clause */
/* Carrying a placement out. */
#ifndef PCI_PCI_PLACE_H
#define PCI_PCI_PLACE_H

#include "pci/function.h"

/*
 * Which windows a bridge implements (f->window_io, window_pref, window_pref64); leaves all closed.
 * Memory and I/O decode of f are off.
 */
void pci_windows_probe(struct pci_function *f);

/*
 * Place every BAR and bridge window below b, write them, and turn bridges on (memory and I/O
 * windows, bus mastering for what is below). Endpoints stay off. -ENOMEM: nothing placed.
 */
int pci_place(struct host_bridge *b);

/*
 * Places for count endpoints that came behind port, within its windows, which are what they were
 * at boot: pci_place_write() each. -ENOMEM.
 */
int pci_place_behind(const struct pci_function *port, struct pci_function *const functions[],
		     uint32_t count);
/* What f's place is into its BARs. f is not placed any more if they do not hold it. */
void pci_place_write(struct pci_function *f);

#endif
