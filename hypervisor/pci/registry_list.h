/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry's list, for pci/ itself. It grows at boot, and when VFs are enabled. */
#ifndef PCI_REGISTRY_LIST_H
#define PCI_REGISTRY_LIST_H

#include "pci/function.h"

extern struct pci_function *registry_functions;
extern struct pci_function *registry_newest; /* came last; the place of the next one is near */

/* Keeps ascending SBDF order. f is complete enough for whoever walks the list. */
void registry_insert(struct pci_function *f);
/*
 * f is ABSENT, and not what it was when it comes back: place, list link, locks, jobs, stream and
 * counters stay.
 */
void registry_forget(struct pci_function *f);
/* Also one that is ABSENT. */
struct pci_function *registry_find_any(struct sbdf s);

#endif
