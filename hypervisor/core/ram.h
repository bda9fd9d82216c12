/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All RAM that is not the hypervisor's, in 2 MiB blocks. A block is free-dirty, free-clean, in use
 * or reserved; domains get clean blocks only. Not mapped at EL2. Any
 * context; own lock.
 */
#ifndef CORE_RAM_H
#define CORE_RAM_H

#include "lib/rangeset.h"
#include "lib/types.h"

#define RAM_BLOCK_SIZE SZ_2M

/*
 * Boot: every whole block inside the ranges becomes free-dirty; what is left at their edges is not
 * used. Ranges do not overlap. The heap is up; panics if it cannot hold the table, 10 bits a block.
 */
void ram_init(const struct range *usable, uint32_t count);
/*
 * Boot, before any block is in use: take all that [base, +size) touches out of use for good. Parts
 * outside RAM are ignored.
 */
void ram_reserve(uint64_t base, uint64_t size);

/*
 * Count free blocks, whichever, are kept for the caller: nobody else gets the last ones. All or
 * -ENOMEM, at once. What is not allocated of them is given back.
 */
int ram_promise(uint32_t count);
void ram_promise_end(uint32_t count);
/*
 * One block of those promised to the caller, a clean one while there are any. *dirty:
 * ram_block_clean() it before a domain can see it; that takes long (2 MiB).
 */
void ram_block_alloc(paddr_t *block, bool *dirty);
/*
 * Clean on from a byte offset (a multiple of 16 KiB) in a block: 128 KiB, or less when an interrupt
 * or somebody waits. Returns how far it is clean now: call again until RAM_BLOCK_SIZE.
 */
uint64_t ram_block_clean(paddr_t block, uint64_t from);
/* One block in whatever state, for the hypervisor's own use. -ENOMEM. */
int ram_block_take(paddr_t *block);
/*
 * A given block (control domain's direct map), not cleaned. -EBUSY: not free, or promised;
 * -EINVAL: no block.
 */
int ram_block_claim(paddr_t block);
/*
 * The lowest run of count free blocks one behind the other within [from, end), not cleaned.
 * -ENOMEM: fewer are free, promised ones left out; -ERANGE: not in one piece there. Looks at 64
 * blocks at a time, under the lock.
 */
int ram_run_claim(uint32_t count, uint64_t from, uint64_t end, paddr_t *base);
/* Back to free-dirty; idle CPUs clean it. */
void ram_block_free(paddr_t block);

/* Clean a part of a dirty free block if there is one; called by idle pCPUs. False: none. */
bool ram_clean_one(void);

/* Counts of 2 MiB blocks. Reserved blocks are in neither, promised ones are not free. */
void ram_stats(uint64_t *free_blocks, uint64_t *total_blocks);

#endif
