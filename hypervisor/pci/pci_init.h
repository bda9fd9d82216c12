/* SPDX-License-Identifier: BSD-2-Clause */
/* One bridge of pci_init(), for tests. */
#ifndef PCI_PCI_INIT_H
#define PCI_PCI_INIT_H

#include "pci/host_bridge.h"

/*
 * Scan, place, turn ACS on, name streams and devices. Groups are numbered by pci_init() at the end.
 */
void pci_bring_up(struct host_bridge *b);

#endif
