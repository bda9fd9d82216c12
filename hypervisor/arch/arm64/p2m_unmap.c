/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unmapping costs entries at the range's edges only: a table that lies wholly inside is unlinked as
 * it is, whatever it holds, and becomes the domain's next table (p2m_table.c). So taking a BAR away
 * is short, however many pages it was mapped with: at most 512 entries when it is aligned to its
 * size.
 */
#include "arch/arm64/p2m_pte.h"
#include "arch/arm64/p2m_table.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/heap.h"
#include "core/panic.h"

/* Tables given back to the heap a call. What is left is used again, or goes with the domain. */
#define GIVE_BACK 12U

/* The size of the smallest entry that was cleared and is not flushed yet; 0: there is none. */
static void gather(uint64_t *smallest, uint64_t size)
{
	if (*smallest == 0 || size < *smallest) {
		*smallest = size;
	}
}

/* Before the lock is dropped: no table that was unlinked may become anything else until then. */
static void flush(struct p2m *p, ipaddr_t ipa, uint64_t size, uint64_t smallest)
{
	if (smallest != 0) {
		p2m_tlb_flush(p2m_vttbr(p), ipa, size, smallest);
	}
	p2m_table_give_back(p, GIVE_BACK);
}

static void clear_leaf(struct p2m *p, uint64_t *smallest, uint64_t *entry, unsigned int level,
		       ipaddr_t ipa, uint64_t size)
{
	if (size != pte_level_size(level)) {
		panic("p2m: part of a block of 0x%llx bytes at ipa 0x%llx to be unmapped",
		      (unsigned long long)pte_level_size(level), (unsigned long long)ipa.v);
	}
	if (pte_type(*entry) == P2M_RAM) {
		p2m_smmu_clear(p, ipa);
	}
	p2m_table_write(entry, 0);
	gather(smallest, size);
}

/* Entries of the table behind entry went. */
static void uncount(uint64_t *entry, uint32_t entries)
{
	p2m_table_write(entry, pte_table_remove(*entry, entries));
}

/* Walk caches forget a table when they forget any page in its reach. */
static bool unlink_if_empty(struct p2m *p, uint64_t *entry)
{
	uint64_t *table = heap_va(pte_address(*entry));

	if (pte_table_count(*entry) != 0) {
		return false;
	}
	p2m_table_write(entry, 0);
	/* Whatever its level: there are no tables in it to look for. */
	p2m_table_retire(p, table, 3);
	return true;
}

/*
 * Pages from ipa on, inside one table of level 3: how many there were. None is RAM, which has
 * blocks. There may be hundreds, and somebody waits.
 */
static uint32_t clear_pages(uint64_t *level3, ipaddr_t ipa, uint64_t size)
{
	uint64_t *entry = &level3[pte_index(ipa, 3)], *end = entry + size / SZ_4K;
	uint32_t cleared = 0;

#pragma GCC unroll 4
	for (; entry != end; entry++) {
		cleared += pte_valid(*entry);
		p2m_table_write(entry, 0);
	}
	return cleared;
}

/* [ipa, +size) lies inside one entry of level 2. True: that was valid, and is not any more. */
static bool unmap_2m(struct p2m *p, uint64_t *smallest, uint64_t *entry, ipaddr_t ipa,
		     uint64_t size)
{
	uint64_t *level3;

	if (!pte_valid(*entry)) {
		return false;
	}
	if (!pte_is_table(*entry, 2)) {
		clear_leaf(p, smallest, entry, 2, ipa, size);
		return true;
	}
	level3 = heap_va(pte_address(*entry));
	*smallest = SZ_4K;
	if (size == SZ_2M) {
		p2m_table_write(entry, 0);
		p2m_table_retire(p, level3, 3);
		return true;
	}
	uncount(entry, clear_pages(level3, ipa, size));
	return unlink_if_empty(p, entry);
}

/*
 * Blocks from ipa on, inside one table of level 2 and up to what takes a closer look: how many.
 * There may be hundreds, and somebody waits.
 */
static uint32_t clear_blocks(uint64_t *smallest, uint64_t *level2, ipaddr_t ipa, uint64_t size)
{
	uint32_t first = pte_index(ipa, 2), count = (uint32_t)(size / SZ_2M), i = 0;

	while (i < count && pte_valid(level2[first + i]) && !pte_is_table(level2[first + i], 2) &&
	       pte_type(level2[first + i]) != P2M_RAM) {
		p2m_table_write(&level2[first + i], 0);
		i++;
	}
	if (i != 0) {
		gather(smallest, SZ_2M);
	}
	return i;
}

/* [ipa, +size) lies inside one entry of level 1. */
static void unmap_1g(struct p2m *p, uint64_t *smallest, ipaddr_t ipa, uint64_t size)
{
	uint64_t *top = &p->root[pte_index(ipa, 1)];
	uint32_t blocks, cleared = 0;
	uint64_t *level2;
	uint64_t step;

	if (!pte_valid(*top)) {
		return;
	}
	if (!pte_is_table(*top, 1)) {
		clear_leaf(p, smallest, top, 1, ipa, size);
		return;
	}
	level2 = heap_va(pte_address(*top));
	/* RAM has to be cleared in the SMMU's view too, entry by entry. */
	if (size == SZ_1G && !pte_valid(p->smmu_root[pte_index(ipa, 1)])) {
		p2m_table_write(top, 0);
		p2m_table_retire(p, level2, 2);
		*smallest = SZ_4K;
		return;
	}
	for (uint64_t at = 0; at < size; at += step) {
		ipaddr_t from = ipa_add(ipa, at);

		blocks = IS_ALIGNED(from.v, SZ_2M)
				 ? clear_blocks(smallest, level2, from, size - at) : 0;
		cleared += blocks;
		step = blocks * SZ_2M;
		if (blocks == 0) {
			step = MIN(SZ_2M - from.v % SZ_2M, size - at);
			cleared += unmap_2m(p, smallest, &level2[pte_index(from, 2)], from, step);
		}
	}
	uncount(top, cleared);
	(void)unlink_if_empty(p, top);
}

void p2m_unmap_locked(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	uint64_t smallest = 0;
	uint64_t step;

	for (uint64_t at = 0; at < size; at += step) {
		ipaddr_t from = ipa_add(ipa, at);

		step = MIN(SZ_1G - from.v % SZ_1G, size - at);
		unmap_1g(p, &smallest, from, step);
	}
	flush(p, ipa, size, smallest);
}

void p2m_unmap(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	ASSERT(range_ok(ipa.v, size, P2M_IPA_SIZE) && IS_ALIGNED(ipa.v | size, SZ_4K));
	spin_lock(&p->lock);
	p2m_unmap_locked(p, ipa, size);
	spin_unlock(&p->lock);
}

void p2m_prune(struct p2m *p, ipaddr_t ipa)
{
	uint64_t *top = &p->root[pte_index(ipa, 1)];
	bool any = false;
	uint64_t *entry;

	if (!pte_is_table(*top, 1)) {
		return;
	}
	entry = (uint64_t *)heap_va(pte_address(*top)) + pte_index(ipa, 2);
	if (pte_is_table(*entry, 2) && unlink_if_empty(p, entry)) {
		uncount(top, 1);
		any = true;
	}
	any = unlink_if_empty(p, top) || any;
	flush(p, ipa, SZ_4K, any ? SZ_4K : 0);
}
