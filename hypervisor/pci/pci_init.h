/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of pci_init(). */
#ifndef PCI_PCI_INIT_H
#define PCI_PCI_INIT_H

#include "core/log.h"
#include "pci/function.h"
#include "pci/host_bridge.h"

/*
 * Scan, place, turn ACS on, name streams and devices. Groups are numbered by pci_init() at the end.
 */
void pci_bring_up(struct host_bridge *b);
/*
 * For who does that in parts: before b is scanned; and when it is placed, the parts for each of its
 * functions, from 0 on. True: that was the last.
 */
void pci_bring_up_begin(struct host_bridge *b);
bool pci_bring_up_part(struct pci_function *f, uint32_t part);
/* f's line, in two parts of which each takes its time: BARs; what else there is, and it is said. */
void pci_log_begin(struct log_text *l, const struct pci_function *f);
void pci_log_end(struct log_text *l, const struct pci_function *f);
/* Fill in what the IOMMU and the ITS call f. */
void pci_identify(struct pci_function *f);

#endif
