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
#define GIVE_BACK 16U

/* What was cleared and is not flushed yet, in ascending order: all of it within [from, end). */
struct gather {
	ipaddr_t from;
	ipaddr_t end;
	uint64_t entry; /* size of the smallest */
};

static void gather(struct gather *g, ipaddr_t ipa, uint64_t size, uint64_t entry)
{
	if (g->end.v == 0) {
		g->from = ipa;
		g->entry = entry;
	}
	g->end = ipa_add(ipa, size);
	g->entry = MIN(g->entry, entry);
}

/* Before the lock is dropped: no table that was unlinked may become anything else until then. */
static void gather_flush(struct p2m *p, const struct gather *g)
{
	if (g->end.v != 0) {
		p2m_tlb_flush(p2m_vttbr(p), g->from, g->end.v - g->from.v, g->entry);
	}
	p2m_table_give_back(p, GIVE_BACK);
}

static void clear_leaf(struct p2m *p, struct gather *g, uint64_t *entry, unsigned int level,
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
	gather(g, ipa, size, size);
}

/* The table behind an entry of level: walk caches forget it with what was cleared in it. */
static void unlink_if_empty(struct p2m *p, struct gather *g, uint64_t *entry, unsigned int level,
			    ipaddr_t ipa)
{
	uint64_t *table = heap_va(pte_address(*entry));

	if (p2m_table_empty(table)) {
		p2m_table_write(entry, 0);
		/* Whatever its level: there are no tables in it to look for. */
		p2m_table_retire(p, table, 3);
		if (g->end.v <= ALIGN_DOWN(ipa.v, pte_level_size(level))) {
			gather(g, ipa, SZ_4K, SZ_4K);
		}
	}
}

/*
 * Pages from ipa on, inside one table of level 3; none is RAM, which has blocks. There may be
 * hundreds, and somebody waits.
 */
static void clear_pages(struct gather *g, uint64_t *level3, ipaddr_t ipa, uint64_t size)
{
	uint32_t first = pte_index(ipa, 3), count = (uint32_t)(size / SZ_4K);

	for (uint32_t i = 0; i < count; i++) {
		p2m_table_write(&level3[first + i], 0);
	}
	gather(g, ipa, size, SZ_4K);
}

/* [ipa, +size) lies inside one entry of level 2. */
static void unmap_2m(struct p2m *p, struct gather *g, uint64_t *entry, ipaddr_t ipa, uint64_t size)
{
	uint64_t *level3;

	if (!pte_valid(*entry)) {
		return;
	}
	if (!pte_is_table(*entry, 2)) {
		clear_leaf(p, g, entry, 2, ipa, size);
		return;
	}
	level3 = heap_va(pte_address(*entry));
	if (size == SZ_2M) {
		p2m_table_write(entry, 0);
		p2m_table_retire(p, level3, 3);
		gather(g, ipa, SZ_2M, SZ_4K);
		return;
	}
	clear_pages(g, level3, ipa, size);
	unlink_if_empty(p, g, entry, 2, ipa);
}

/*
 * Blocks from ipa on, inside one table of level 2 and up to what takes a closer look: how many
 * bytes. There may be hundreds, and somebody waits.
 */
static uint64_t clear_blocks(struct gather *g, uint64_t *level2, ipaddr_t ipa, uint64_t size)
{
	uint32_t first = pte_index(ipa, 2), count = (uint32_t)(size / SZ_2M), i = 0;

	while (i < count && pte_valid(level2[first + i]) && !pte_is_table(level2[first + i], 2) &&
	       pte_type(level2[first + i]) != P2M_RAM) {
		p2m_table_write(&level2[first + i], 0);
		i++;
	}
	if (i != 0) {
		gather(g, ipa, i * SZ_2M, SZ_2M);
	}
	return i * SZ_2M;
}

/* [ipa, +size) lies inside one entry of level 1. */
static void unmap_1g(struct p2m *p, struct gather *g, ipaddr_t ipa, uint64_t size)
{
	uint64_t *top = &p->root[pte_index(ipa, 1)];
	uint64_t *level2;
	uint64_t step;

	if (!pte_valid(*top)) {
		return;
	}
	if (!pte_is_table(*top, 1)) {
		clear_leaf(p, g, top, 1, ipa, size);
		return;
	}
	level2 = heap_va(pte_address(*top));
	/* RAM has to be cleared in the SMMU's view too, entry by entry. */
	if (size == SZ_1G && !pte_valid(p->smmu_root[pte_index(ipa, 1)])) {
		p2m_table_write(top, 0);
		p2m_table_retire(p, level2, 2);
		gather(g, ipa, SZ_1G, SZ_4K);
		return;
	}
	for (uint64_t at = 0; at < size; at += step) {
		ipaddr_t from = ipa_add(ipa, at);

		step = IS_ALIGNED(from.v, SZ_2M) ? clear_blocks(g, level2, from, size - at) : 0;
		if (step == 0) {
			step = MIN(SZ_2M - from.v % SZ_2M, size - at);
			unmap_2m(p, g, &level2[pte_index(from, 2)], from, step);
		}
	}
	unlink_if_empty(p, g, top, 1, ipa);
}

void p2m_unmap_locked(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	struct gather g = { .entry = 0 };
	uint64_t step;

	for (uint64_t at = 0; at < size; at += step) {
		ipaddr_t from = ipa_add(ipa, at);

		step = MIN(SZ_1G - from.v % SZ_1G, size - at);
		unmap_1g(p, &g, from, step);
	}
	gather_flush(p, &g);
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
	struct gather g = { .entry = 0 };
	uint64_t *top = &p->root[pte_index(ipa, 1)];
	uint64_t *entry;

	if (!pte_is_table(*top, 1)) {
		return;
	}
	entry = (uint64_t *)heap_va(pte_address(*top)) + pte_index(ipa, 2);
	if (pte_is_table(*entry, 2)) {
		unlink_if_empty(p, &g, entry, 2, ipa);
	}
	unlink_if_empty(p, &g, top, 1, ipa);
	gather_flush(p, &g);
}
