/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bits of config space that writing a 1 clears. A controller that only knows whole dwords merges a
 * narrow write with zeros there: what it read back would clear status nobody looked at. Pure.
 */
#ifndef PCI_PCI_W1C_H
#define PCI_PCI_W1C_H

#include "pci/function.h"

/* offset: of a dword in f's config space. */
uint32_t pci_w1c(const struct pci_function *f, uint32_t offset);

#endif
