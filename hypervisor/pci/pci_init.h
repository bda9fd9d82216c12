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
/* f's line, in two parts of which each takes its time: BARs; what else there is, and it is said. */
void pci_log_begin(struct log_text *l, const struct pci_function *f);
void pci_log_end(struct log_text *l, const struct pci_function *f);
/* A line for each function below b. */
void pci_log_functions(const struct host_bridge *b);
/* Fill in what the IOMMU and the ITS call f. */
void pci_identify(struct pci_function *f);

#endif
