/* SPDX-License-Identifier: BSD-2-Clause */
/* BARs and ROM in a domain's stage 2. Private to vpci/. */
#ifndef VPCI_MAP_H
#define VPCI_MAP_H

#include "vpci/bus.h"

/* How much is mapped before it is looked whether an interrupt waits. */
#define VPCI_MAP_CHUNK 32U /* stage-2 entries */

/*
 * Map a chunk of map i (a BAR, or VPCI_ROM) where the domain wants it. 0: it is there, not wanted,
 * or refused, which the log says. -EAGAIN: there is another chunk. function->lock held.
 */
int vpci_map_chunk(struct vpci_function *vf, uint32_t i);
/* Stage-2 entries that taking it away clears. function->lock held. */
uint32_t vpci_map_entries(const struct vpci_mapping *m);
/* On return no CPU reaches it; no-op when it is not mapped. function->lock held. */
void vpci_map_remove(struct vpci_function *vf, uint32_t i);

#endif
