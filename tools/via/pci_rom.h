/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with expansion ROMs (PCI Firmware 3.3, 5.1). */
#ifndef VIA_PCI_ROM_H
#define VIA_PCI_ROM_H

#include <stddef.h>
#include <stdint.h>

/* All of a file that looks like a ROM; the caller frees *data. -errno with a clause in why. */
int pci_rom_read(const char *path, uint8_t **data, size_t *size, char *why, size_t why_size);

#endif
