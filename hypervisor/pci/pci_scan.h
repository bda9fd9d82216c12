/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding every function below a host bridge, and giving bus numbers. */
#ifndef PCI_PCI_SCAN_H
#define PCI_PCI_SCAN_H

#include "pci/function.h"

#define PCI_DEPTH_MAX      16 /* bridges in a row; deeper ones stay closed */
#define PCI_HOTPLUG_BUSES  1  /* spare bus numbers of an empty hot-plug port, beside its own */

/*
 * Depth first, from b's first bus. Every function found is in the registry with header,
 * capabilities, BAR sizes and MSI-X geometry, decode and bus mastering off. -ENOMEM: the rest was
 * not looked at.
 */
int pci_scan(struct host_bridge *b);
/*
 * Function fn of the device that came into port's slot, device 0 of its bus: in the registry like
 * those, but ABSENT and gone, until pci_plug.c is done with it. Registry lock held. *out NULL:
 * nobody answers. -ENOMEM.
 */
int pci_scan_function(struct pci_function *port, uint32_t fn, struct pci_function **out);
/* Identity, class and header layout. */
void pci_header_read(struct pci_function *f);

#endif
