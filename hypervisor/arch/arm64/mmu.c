/* SPDX-License-Identifier: BSD-2-Clause */
/* EL2 stage 1 tables: four levels, 4 KiB granule. */
#include "arch/arm64/mmu.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/spinlock.h"
#include "lib/errno.h"

/* Stage 1 descriptors of the EL2 regime (DDI0487 D8.3). */
#define PTE_VALID     BIT(0)
#define PTE_TABLE     BIT(1) /* levels 0-2: table; level 3: page */
#define PTE_ATTR(i)   ((uint64_t)(i) << 2)
#define PTE_AP_RES1   BIT(6)
#define PTE_READ_ONLY BIT(7)
#define PTE_INNER     (3ULL << 8)
#define PTE_AF        BIT(10)
#define PTE_GUARDED   BIT(50) /* BTI; ignored by CPUs without it */
#define PTE_XN        BIT(54)
#define PTE_ADDRESS   GENMASK(47, 12)

#define PTE_DEVICE (PTE_VALID | PTE_AP_RES1 | PTE_AF | PTE_XN | PTE_ATTR(0))
#define PTE_NORMAL (PTE_VALID | PTE_AP_RES1 | PTE_AF | PTE_INNER | PTE_ATTR(1))
#define PTE_DATA   (PTE_NORMAL | PTE_XN)
#define PTE_CONST  (PTE_NORMAL | PTE_XN | PTE_READ_ONLY)
#define PTE_CODE   (PTE_NORMAL | PTE_READ_ONLY | PTE_GUARDED)

#define ENTRIES     512
#define TABLE_SIZE  4096
#define EARLY_TABLES 12
#define POOL_TABLES  4

typedef uint64_t table[ENTRIES];

extern char image_start[], text_end[], rodata_end[], idmap_start[];

uint64_t mmu_offset;
uint64_t boot_ttbr; /* read by secondary CPUs with caches off */

static table root __attribute__((aligned(TABLE_SIZE)));
static table image_l1 __attribute__((aligned(TABLE_SIZE)));
static table image_l2 __attribute__((aligned(TABLE_SIZE)));
static table image_l3 __attribute__((aligned(TABLE_SIZE)));
static table identity_l1 __attribute__((aligned(TABLE_SIZE)));
static table identity_l2 __attribute__((aligned(TABLE_SIZE)));
static table identity_l3 __attribute__((aligned(TABLE_SIZE)));
static table window_l1 __attribute__((aligned(TABLE_SIZE)));
static table window_l2 __attribute__((aligned(TABLE_SIZE)));
/* Tables for what is mapped before the heap exists. */
static table early[EARLY_TABLES] __attribute__((aligned(TABLE_SIZE)));
static uint32_t early_used;
static uint64_t *pool[POOL_TABLES];
static uint32_t pool_count;
static struct spinlock lock;

static uint64_t index_of(uint64_t va, int level)
{
	return (va >> (39 - 9 * level)) & (ENTRIES - 1);
}

static uint64_t table_entry(const void *pa_of_table)
{
	return (uint64_t)pa_of_table | PTE_VALID | PTE_TABLE;
}

uint64_t mmu_build_early(uint64_t image_pa);

/*
 * Boot CPU, MMU off: code and symbols are used at their physical addresses. Maps the image with its
 * final rights, what is behind it in its 2 MiB for the heap, and one page of code at VA = PA for
 * the jump. Returns the root's PA.
 */
uint64_t mmu_build_early(uint64_t image_pa)
{
	uint64_t text = (uint64_t)text_end - image_pa;
	uint64_t rodata = (uint64_t)rodata_end - image_pa;
	uint64_t id = (uint64_t)idmap_start;

	mmu_offset = MMU_IMAGE_VA - image_pa;
	for (uint64_t off = 0; off < MMU_IMAGE_MAX; off += TABLE_SIZE) {
		uint64_t kind = off < text ? PTE_CODE : off < rodata ? PTE_CONST : PTE_DATA;

		image_l3[off / TABLE_SIZE] = (image_pa + off) | kind | PTE_TABLE;
	}
	image_l2[index_of(MMU_IMAGE_VA, 2)] = table_entry(image_l3);
	image_l1[index_of(MMU_IMAGE_VA, 1)] = table_entry(image_l2);
	root[index_of(MMU_IMAGE_VA, 0)] = table_entry(image_l1);
	identity_l3[index_of(id, 3)] = id | PTE_CODE | PTE_TABLE;
	identity_l2[index_of(id, 2)] = table_entry(identity_l3);
	identity_l1[index_of(id, 1)] = table_entry(identity_l2);
	root[index_of(id, 0)] = table_entry(identity_l1);
	window_l1[index_of(MMU_WINDOW_VA, 1)] = table_entry(window_l2);
	root[index_of(MMU_WINDOW_VA, 0)] = table_entry(window_l1);
	boot_ttbr = (uint64_t)root;
	return boot_ttbr;
}

static uint64_t *table_alloc(void)
{
	if (early_used < EARLY_TABLES) {
		return early[early_used++];
	}
	return pool_count != 0 ? pool[--pool_count] : NULL;
}

/* Lock not held: the heap may want to map a block for itself. */
static bool pool_refill(void)
{
	void *page = heap_page();

	if (page == NULL) {
		return false;
	}
	spin_lock(&lock);
	if (pool_count < POOL_TABLES) {
		pool[pool_count++] = page;
		page = NULL;
	}
	spin_unlock(&lock);
	if (page != NULL) {
		heap_page_free(page);
	}
	return true;
}

/* The entry for va at level, its tables made when alloc. NULL: no table, or no memory for one. */
static uint64_t *entry_at(uint64_t va, int level, bool alloc)
{
	uint64_t *t = root;

	for (int l = 0; l < level; l++) {
		uint64_t *e = &t[index_of(va, l)];

		if ((*e & PTE_VALID) == 0) {
			uint64_t *n = alloc ? table_alloc() : NULL;

			if (n == NULL) {
				return NULL;
			}
			dsb(ishst);
			*e = table_entry((void *)mmu_va_to_pa(n).v);
		}
		t = mmu_pa_to_va(pa(*e & PTE_ADDRESS));
	}
	return &t[index_of(va, level)];
}

/* Fresh mappings only, so no TLB maintenance. Biggest entries that fit, up to 2 MiB. */
static int map(uint64_t va, uint64_t to, uint64_t size, uint64_t kind)
{
	while (size != 0) {
		bool block = IS_ALIGNED(va | to, SZ_2M) && size >= SZ_2M;
		uint64_t step = block ? SZ_2M : SZ_4K;
		uint64_t *e;

		spin_lock(&lock);
		e = entry_at(va, block ? 2 : 3, true);
		if (e != NULL) {
			*e = to | kind | (block ? 0 : PTE_TABLE);
			va += step;
			to += step;
			size -= step;
		}
		spin_unlock(&lock);
		if (e == NULL && !pool_refill()) {
			return -ENOMEM;
		}
	}
	dsb(ishst);
	isb();
	return 0;
}

static void tlb_flush_local(uint64_t va)
{
	dsb(nshst);
	__asm__ volatile("tlbi vae2, %0" : : "r"((va >> 12) & GENMASK(43, 0)));
	dsb(nsh);
	isb();
}

void mmu_init(void)
{
	/* Secondary CPUs read these before they have caches. */
	cache_clean(&boot_ttbr, sizeof(boot_ttbr));
	cache_clean(percpus, sizeof(percpus));
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	uint64_t first = ALIGN_DOWN(base, SZ_4K);
	uint64_t end = ALIGN_UP(base + size, SZ_4K);

	for (uint64_t at = first; at < end;) {
		bool block = IS_ALIGNED(at, SZ_2M) && end - at >= SZ_2M;
		uint64_t step = block ? SZ_2M : SZ_4K;
		const uint64_t *e = entry_at(MMU_DEVICE_VA + at, 2, false);
		bool there = e != NULL && (*e & PTE_VALID) != 0;

		/* Two drivers may share a page or a block of registers. */
		if (there && (*e & PTE_TABLE) != 0) {
			block = false;
			step = SZ_4K;
			there = (*entry_at(MMU_DEVICE_VA + at, 3, false) & PTE_VALID) != 0;
		}
		if (!there && map(MMU_DEVICE_VA + at, at, step, PTE_DEVICE) != 0) {
			panic("no memory to map device registers at 0x%llx",
			      (unsigned long long)base);
		}
		at += step;
	}
	return (volatile void *)(MMU_DEVICE_VA + base);
}

void *mmu_map_heap_block(paddr_t block)
{
	void *va = mmu_pa_to_va(block);

	return map((uint64_t)va, block.v, SZ_2M, PTE_DATA) == 0 ? va : NULL;
}

void mmu_unmap_heap_block(void *block)
{
	uint64_t va = (uint64_t)block;

	spin_lock(&lock);
	*entry_at(va, 2, false) = 0;
	spin_unlock(&lock);
	dsb(ishst);
	__asm__ volatile("tlbi vae2is, %0" : : "r"((va >> 12) & GENMASK(43, 0)));
	dsb(ish);
	isb();
}

const void *mmu_map_boot(paddr_t p, uint64_t size)
{
	uint64_t first = ALIGN_DOWN(p.v, SZ_2M);

	if (map(first + mmu_offset, first, ALIGN_UP(p.v + size, SZ_2M) - first, PTE_CONST) != 0) {
		panic("no memory to map boot data at 0x%llx", (unsigned long long)p.v);
	}
	return mmu_pa_to_va(p);
}

void mmu_unmap_boot(paddr_t p, uint64_t size)
{
	uint64_t end = ALIGN_UP(p.v + size, SZ_2M);

	for (uint64_t at = ALIGN_DOWN(p.v, SZ_2M); at < end; at += SZ_2M) {
		uint64_t va = at + mmu_offset;

		*entry_at(va, 2, false) = 0;
		tlb_flush_local(va);
	}
}

void *mmu_map_window(paddr_t p)
{
	uint64_t va = MMU_WINDOW_VA + cpu_index() * SZ_2M;
	uint64_t *e = &window_l2[index_of(va, 2)];

	ASSERT(*e == 0);
	*e = ALIGN_DOWN(p.v, SZ_2M) | PTE_DATA;
	dsb(nshst);
	isb();
	return (void *)(va + (p.v & (SZ_2M - 1)));
}

/* No other CPU uses this window, so local maintenance is enough. */
void mmu_unmap_window(void)
{
	uint64_t va = MMU_WINDOW_VA + cpu_index() * SZ_2M;

	window_l2[index_of(va, 2)] = 0;
	tlb_flush_local(va);
}

uint64_t mmu_map_stack(uint32_t cpu)
{
	uint64_t base = MMU_STACK_VA + (uint64_t)cpu * 2 * MMU_STACK_SIZE + MMU_STACK_SIZE;

	for (uint64_t off = 0; off < MMU_STACK_SIZE; off += SZ_4K) {
		void *page = heap_page();

		if (page == NULL || map(base + off, heap_pa(page).v, SZ_4K, PTE_DATA) != 0) {
			panic("no memory for the stack of CPU %u", cpu);
		}
	}
	return base + MMU_STACK_SIZE;
}

static void prepare_table(uint64_t va)
{
	while (entry_at(va, 2, true) == NULL) {
		if (!pool_refill()) {
			panic("no memory for the heap's page tables");
		}
	}
}

void mmu_prepare_heap_tables(paddr_t p, uint64_t size)
{
	for (uint64_t at = ALIGN_DOWN(p.v, SZ_2M); at < p.v + size; at += SZ_1G) {
		prepare_table(at + mmu_offset);
	}
	prepare_table(ALIGN_DOWN(p.v + size - 1, SZ_2M) + mmu_offset);
}
