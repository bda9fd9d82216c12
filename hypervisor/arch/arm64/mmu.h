/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2 stage 1 (DDI0487 D8). 48-bit addresses, four regions:
 *   image and heap  VA = PA + a constant fixed at boot (the image is linked at MMU_IMAGE_VA)
 *   devices         VA = MMU_DEVICE_VA + PA
 *   stacks          one a pCPU, guard pages below and above
 *   windows         2 MiB a pCPU, for a moment's look at RAM that is not EL2's
 * Nothing is writable and executable; RAM of domains is mapped nowhere but in a window.
 */
#ifndef ARCH_ARM64_MMU_H
#define ARCH_ARM64_MMU_H

#define MMU_IMAGE_VA  0x0000400000000000
#define MMU_STACK_VA  0x0000600000000000
#define MMU_WINDOW_VA 0x0000700000000000
#define MMU_DEVICE_VA 0x0000800000000000

#define MMU_IMAGE_MAX  0x200000 /* bytes mapped by one last-level table */
#define MMU_STACK_SIZE 0x4000   /* bytes; a valid stack pointer has this bit set, see vectors.S */

#define MMU_MAIR 0x000000000044ff04UL /* 0: Device-nGnRE, 1: Normal WB, 2: Normal NC */

#ifndef __ASSEMBLER__
#include "lib/types.h"

extern uint64_t mmu_offset; /* VA - PA of image and heap */

static inline void *mmu_pa_to_va(paddr_t p)
{
	return (void *)(p.v + mmu_offset);
}

static inline paddr_t mmu_va_to_pa(const void *va)
{
	return pa((uint64_t)va - mmu_offset);
}

/* Map a 2 MiB block of RAM for the heap, read-write. Returns its VA; NULL: no memory for tables. */
void *mmu_map_heap_block(paddr_t block);
/* Its opposite, on all CPUs; nobody uses the block any more. */
void mmu_unmap_heap_block(void *block);

/* Boot: make the tables for [p, +size) of RAM, so that mmu_map_heap_block() there cannot fail. */
void mmu_prepare_heap_tables(paddr_t p, uint64_t size);

/* This pCPU's window onto the 2 MiB block that holds p; the pointer is to p itself. No nesting. */
void *mmu_map_window(paddr_t p);
void mmu_unmap_window(void);

/* Boot only: a read-only look at [p, +size), gone after mmu_unmap_boot(). */
const void *mmu_map_boot(paddr_t p, uint64_t size);
void mmu_unmap_boot(paddr_t p, uint64_t size);

/* Stack for a pCPU; returns its top. Boot only. */
uint64_t mmu_map_stack(uint32_t cpu);

/* Boot CPU, once: what secondary CPUs read with caches off is written out to memory. */
void mmu_init(void);
#endif

#endif
