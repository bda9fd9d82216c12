/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry of a domain node's pci-devices, as people write it. Pure. */
#ifndef BOOT_DOMAIN_PCI_H
#define BOOT_DOMAIN_PCI_H

#include "core/machine.h"

/*
 * [DDDD:]BB:DD.F[,vslot=N][,quirk=NAME]*, numbers hexadecimal: what means the same to via, but for
 * `*`, names and ROM files. False: it is not that.
 */
bool domain_pci_parse(const char *text, struct machine_lent *out);

#endif
