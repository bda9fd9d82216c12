/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a driver domain sees the host bridges it owns. Pure. */
#ifndef BOOT_DOMAIN_BRIDGES_H
#define BOOT_DOMAIN_BRIDGES_H

#include "common/guest_fdt.h"
#include "core/machine.h"

/*
 * [DDDD:]BB-BB, hexadecimal: a bridge by segment and bus range. False: it is not that, or the range
 * is empty.
 */
bool domain_bridges_parse(const char *text, struct machine_owned *out);

/*
 * Config windows and windows of count bridges in a guest's address space, from GUEST_PCI_ECAM_BASE
 * up, whatever the host's addresses; a window keeps its offset within 1 GiB, so that what is mapped
 * by blocks there can be here. -ENOSPC: they reach past P2M_IPA_SIZE.
 */
int domain_bridges_place(const struct machine_bridge *const *bridges, uint32_t count,
			 struct guest_fdt_bridge *out);

#endif
