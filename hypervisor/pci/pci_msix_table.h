/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages of a BAR that hold a function's MSI-X table, as EL2 reaches them: where no ITS tells
 * devices apart, it writes the table itself.
 */
#ifndef PCI_PCI_MSIX_TABLE_H
#define PCI_PCI_MSIX_TABLE_H

#include "pci/function.h"

/* Boot: map them, if EL2 will need them and the BAR has its place. */
void pci_msix_map(struct pci_function *f);
/* Bytes [*start, *end) of the table's BAR. */
void pci_msix_pages(const struct pci_function *f, uint64_t *start, uint64_t *end);

/*
 * At offset of the BAR, in those pages; size 1, 2 or 4, aligned; memory decode is on. What aborts
 * reads as all ones.
 */
uint32_t pci_msix_page_read(struct pci_function *f, uint64_t offset, uint32_t size);
void pci_msix_page_write(struct pci_function *f, uint64_t offset, uint32_t size, uint32_t value);

#endif
