/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All RAM that is not the hypervisor's, in 2 MiB blocks. A block is free-dirty, free-clean or owned
 * by a domain; domains get clean blocks only. Not mapped at EL2. Any context; own lock.
 */
#ifndef CORE_RAM_H
#define CORE_RAM_H

#include "lib/types.h"

#define RAM_BLOCK_SIZE SZ_2M

/* One clean block, or -ENOMEM. owner is a domain id (not 0xffff). */
int ram_block_alloc(uint16_t owner, paddr_t *block);
/* A given block (control domain's direct map). Not cleaned. -EBUSY when not free. */
int ram_block_claim(uint16_t owner, paddr_t block);
/* Back to free-dirty; idle CPUs clean it. */
void ram_block_free(paddr_t block);

/* Clean one dirty free block if there is one; called by idle pCPUs. Returns false when none. */
bool ram_clean_one(void);

/* Counts of 2 MiB blocks. */
void ram_stats(uint64_t *free_blocks, uint64_t *total_blocks);

#endif
