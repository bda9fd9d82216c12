/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding every function below a host bridge, and giving bus numbers. */
#ifndef PCI_PCI_SCAN_H
#define PCI_PCI_SCAN_H

#include "pci/function.h"

#define PCI_DEPTH_MAX      16 /* bridges in a row; deeper ones stay closed */
#define PCI_HOTPLUG_BUSES  1  /* spare bus numbers of an empty hot-plug port, beside its own */

/* Where a scan is. */
struct pci_scan {
	struct host_bridge *bridge;
	struct pci_function *parent;  /* the bridge in front of this bus; NULL: the first bus */
	struct pci_function *first;   /* found on this bus */
	struct pci_function *reading; /* NULL: the next one is to be looked for */
	uint32_t part;                /* of reading it */
	uint32_t bus, device, fn;
	uint32_t functions; /* that device may have */
	uint32_t next_bus;  /* lowest number not given to anyone */
};

/*
 * Depth first, from b's first bus. Every function found is in the registry with header,
 * capabilities, BAR sizes and MSI-X geometry, decode and bus mastering off. -ENOMEM: the rest was
 * not looked at.
 */
int pci_scan(struct host_bridge *b);
/* The same in parts, each as short as interrupts may wait. -EAGAIN: there is more. */
void pci_scan_begin(struct pci_scan *s, struct host_bridge *b);
int pci_scan_step(struct pci_scan *s);
/*
 * Function fn of the device that came into port's slot, device 0 of its bus: in the registry, but
 * ABSENT and gone, until pci_plug.c is done with it; all but its header is yet to be read. Registry
 * lock held. *out NULL: nobody answers. -ENOMEM.
 */
int pci_scan_function(struct pci_function *port, uint32_t fn, struct pci_function **out);
/* Reads one of the parts that f consists of, from 0 on. True: that was the last. Registry lock. */
bool pci_scan_part(struct pci_function *f, uint32_t part);
/* Identity, class and header layout. */
void pci_header_read(struct pci_function *f);

#endif
