/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/arm64/mmu.h and the cache operations of cpu.h over an arena that stands for RAM: physical
 * address FAKE_RAM_BASE is its first byte. Windows are counted. A block of the heap that is
 * unmapped loses what was in it.
 */
#ifndef FAKE_MMU_H
#define FAKE_MMU_H

#include "lib/types.h"

#define FAKE_RAM_BASE   0x40000000ULL
#define FAKE_RAM_BLOCKS 48

extern bool fake_mmu_map_fails;    /* mmu_map_heap_block() has no memory */
extern bool fake_mmu_map_allocs;   /* it takes a heap page for its tables each time */
/* Of this thread, as a pCPU has its own. */
extern _Thread_local uint32_t fake_mmu_windows; /* opened so far */
extern _Thread_local bool fake_mmu_window_open;

/* Fresh RAM full of old contents; forgets everything else. Call before heap_init(). */
void fake_mmu_reset(void);
/* The byte of RAM at a physical address. */
uint8_t *fake_ram(paddr_t p);

/* What job_should_yield() says. */
extern bool fake_interrupt_waits;
/* Called behind each step of cleaning. */
extern void (*fake_mmu_step)(void);

#endif
