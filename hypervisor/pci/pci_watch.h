/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ports have to tell, errors (pci_aer.h) and slots (pci_slots.h), is looked at ten times a
 * second. So no device storms by it, and EL2 needs no interrupt of its own.
 */
#ifndef PCI_PCI_WATCH_H
#define PCI_PCI_WATCH_H

#include "pci/host_bridge.h"

/* For ever. Of each bridge once, when its functions are known. */
void pci_watch_start(const struct host_bridge *b);

#endif
