/* SPDX-License-Identifier: BSD-2-Clause */
/* Base address registers: what a function asks for, and writing what it was given. */
#ifndef PCI_PCI_BAR_H
#define PCI_PCI_BAR_H

#include "pci/function.h"

/* Memory and I/O decode of f are off. Fills f->bars and f->rom_size; the BARs are left at 0. */
void pci_bars_size(struct pci_function *f);
/*
 * Kinds and sizes of count BARs at offset (an SR-IOV capability has a set of its own). Decode of
 * them is off; registers are left as found. A 64-bit BAR in the last place does not exist.
 */
void pci_bars_size_at(struct pci_function *f, uint32_t offset, uint32_t count,
		      struct pci_bar *bars);

/* Write the addresses of f->bars into the function. BARs without an address are set to 0. */
void pci_bars_write(struct pci_function *f);
/* Do the registers hold them? */
bool pci_bars_verify(struct pci_function *f);

/* 6 of a type 0 header, 2 of a bridge. */
static inline uint32_t pci_bar_count(const struct pci_function *f)
{
	return f->header_type == 1 ? 2 : PCI_BARS;
}

static inline bool pci_bar_is_memory(const struct pci_bar *b)
{
	return b->kind == BAR_MEM32 || b->kind == BAR_MEM64;
}

#endif
