/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the heap's 2 MiB blocks come from and go to: ram.h, or until that is up what boot gave. */
#ifndef CORE_HEAP_BLOCK_H
#define CORE_HEAP_BLOCK_H

#include "lib/types.h"

/* next: as for heap_init(). */
void heap_block_init(paddr_t next);

/* A block, mapped at EL2, dirty; NULL: none. Heap lock not held: mapping may need a page. */
void *heap_block_take(void);
/* One that was taken when blocks did not stay. */
void heap_block_give(void *block);

/* Until heap_ram_is_up(): what is taken now cannot be given back. */
bool heap_block_stays(void);

#endif
