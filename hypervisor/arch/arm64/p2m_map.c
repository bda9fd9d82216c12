/* SPDX-License-Identifier: BSD-2-Clause */
/* Mapping and unmapping. Empty tables are given back, after the TLBs were flushed. */
#include "arch/arm64/p2m_pte.h"
#include "arch/arm64/p2m_table.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/heap.h"
#include "core/panic.h"
#include "lib/errno.h"

#define PA_LIMIT BIT(48)

/* From here on one invalidation of the whole VMID costs less than one each. */
#define GATHER_IPAS   16
#define GATHER_TABLES 16

/* What was cleared but is not flushed yet, and tables nobody may reuse before that. */
struct gather {
	ipaddr_t ipas[GATHER_IPAS];
	uint32_t ipa_count;
	bool all;
	uint64_t *tables[GATHER_TABLES];
	uint32_t table_count;
};

static void gather_ipa(struct gather *g, ipaddr_t ipa)
{
	if (g->ipa_count == GATHER_IPAS) {
		g->all = true;
		return;
	}
	g->ipas[g->ipa_count++] = ipa;
}

static void gather_flush(struct p2m *p, struct gather *g)
{
	if (g->all || g->ipa_count != 0) {
		p2m_tlb_flush(p2m_vttbr(p), g->ipas, g->all ? 0 : g->ipa_count);
	}
	for (uint32_t i = 0; i < g->table_count; i++) {
		p2m_table_free(p, g->tables[i]);
	}
	g->ipa_count = 0;
	g->all = false;
	g->table_count = 0;
}

/* The table was unlinked from an entry that covers ipa. */
static void gather_table(struct p2m *p, struct gather *g, ipaddr_t ipa, uint64_t *table)
{
	gather_ipa(g, ipa);
	g->tables[g->table_count++] = table;
	if (g->table_count == GATHER_TABLES) {
		gather_flush(p, g);
	}
}

/*
 * Unlink the tables around ipa that hold nothing any more. Level 2 is looked at only when asked,
 * which keeps clearing a whole GiB linear.
 */
static void prune(struct p2m *p, struct gather *g, ipaddr_t ipa, bool level2_too)
{
	uint64_t *top = &p->root[pte_index(ipa, 1)];
	uint64_t *level2;
	uint64_t *entry;

	if (!pte_is_table(*top, 1)) {
		return;
	}
	level2 = heap_va(pte_address(*top));
	entry = &level2[pte_index(ipa, 2)];
	if (pte_is_table(*entry, 2)) {
		uint64_t *level3 = heap_va(pte_address(*entry));

		if (p2m_table_empty(level3)) {
			p2m_table_write(entry, 0);
			gather_table(p, g, ipa, level3);
		}
	}
	if (level2_too && p2m_table_empty(level2)) {
		p2m_table_write(top, 0);
		gather_table(p, g, ipa, level2);
	}
}

/* Deepest level whose entries need not be used: the biggest entry that fits here. */
static unsigned int pick_level(ipaddr_t ipa, paddr_t pa, uint64_t left, enum p2m_type type)
{
	bool device = type == P2M_MMIO || type == P2M_MMIO_NC;

	for (unsigned int level = device ? 1 : 2; level < 3; level++) {
		uint64_t size = pte_level_size(level);

		if (left >= size && IS_ALIGNED(ipa.v | pa.v, size)) {
			return level;
		}
	}
	return 3;
}

/* The entry for ipa at a level, tables made on the way. */
static int entry_at(struct p2m *p, ipaddr_t ipa, unsigned int level, uint64_t **out)
{
	uint64_t *entry = &p->root[pte_index(ipa, 1)];

	for (unsigned int at = 1; at < level; at++) {
		uint64_t *table;

		if (!pte_valid(*entry)) {
			table = p2m_table_alloc(p);
			if (table == NULL) {
				return -ENOMEM;
			}
			/* The zeroes before the pointer to them. */
			p2m_tlb_publish();
			p2m_table_write(entry, pte_table(heap_pa(table)));
		} else if (!pte_is_table(*entry, at)) {
			return -EEXIST;
		}
		table = heap_va(pte_address(*entry));
		entry = &table[pte_index(ipa, at + 1)];
	}
	*out = entry;
	return pte_valid(*entry) ? -EEXIST : 0;
}

static int map_entry(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t left, enum p2m_type type,
		     uint64_t *size)
{
	unsigned int level = pick_level(ipa, pa, left, type);
	struct gather g = { .ipa_count = 0 };
	uint64_t *entry;
	int ret = entry_at(p, ipa, level, &entry);

	if (ret == 0 && type == P2M_RAM) {
		ret = p2m_smmu_enter(p, ipa, pa);
	}
	if (ret != 0) {
		prune(p, &g, ipa, true);
		gather_flush(p, &g);
		return ret;
	}
	p2m_table_write(entry, pte_leaf(pa, type, level));
	*size = pte_level_size(level);
	return 0;
}

/* Size of the entry that was cleared or found empty at ipa, cut at left. */
static uint64_t unmap_entry(struct p2m *p, struct gather *g, ipaddr_t ipa, uint64_t left)
{
	unsigned int level;
	uint64_t *entry = p2m_table_walk(p, ipa, &level);
	uint64_t size = pte_level_size(level);

	if (!pte_valid(*entry)) {
		return MIN(left, size - ipa.v % size);
	}
	if (!IS_ALIGNED(ipa.v, size) || left < size) {
		panic("p2m: part of a block of 0x%llx bytes at ipa 0x%llx to be unmapped",
		      (unsigned long long)size, (unsigned long long)ipa.v);
	}
	if (pte_type(*entry) == P2M_RAM) {
		p2m_smmu_clear(p, ipa);
	}
	p2m_table_write(entry, 0);
	gather_ipa(g, ipa);
	return size;
}

static int check(ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type)
{
	uint64_t align = type == P2M_RAM ? SZ_2M : SZ_4K;

	if (!range_ok(ipa.v, size, P2M_IPA_SIZE) || !range_ok(pa.v, size, PA_LIMIT) ||
	    !IS_ALIGNED(ipa.v | pa.v | size, align) || type == P2M_INVALID) {
		return -EINVAL;
	}
	return 0;
}

static int map_slice(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type,
		     uint32_t max_entries, uint64_t *done)
{
	int ret = 0;

	for (uint32_t i = 0; i < max_entries && *done < size && ret == 0; i++) {
		uint64_t step = 0;

		ret = map_entry(p, ipa_add(ipa, *done), pa_add(pa, *done), size - *done, type,
				&step);
		*done += step;
	}
	p2m_tlb_publish();
	if (ret == 0 && *done < size) {
		return -EAGAIN;
	}
	return ret;
}

static int unmap_slice(struct p2m *p, ipaddr_t ipa, uint64_t size, uint32_t max_entries,
		       uint64_t *done)
{
	struct gather g = { .ipa_count = 0 };

	for (uint32_t i = 0; i < max_entries && *done < size; i++) {
		ipaddr_t at = ipa_add(ipa, *done);
		uint64_t end;

		*done += unmap_entry(p, &g, at, size - *done);
		end = ipa.v + *done;
		if (IS_ALIGNED(end, SZ_2M) || *done == size || i + 1 == max_entries) {
			prune(p, &g, at,
			      IS_ALIGNED(end, SZ_1G) || *done == size || i + 1 == max_entries);
		}
	}
	gather_flush(p, &g);
	return *done < size ? -EAGAIN : 0;
}

int p2m_map_slice(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type,
		  uint32_t max_entries, uint64_t *done)
{
	int ret = check(ipa, pa, size, type);

	if (ret != 0) {
		return ret;
	}
	spin_lock(&p->lock);
	ret = map_slice(p, ipa, pa, size, type, max_entries, done);
	spin_unlock(&p->lock);
	return ret;
}

int p2m_unmap_slice(struct p2m *p, ipaddr_t ipa, uint64_t size, uint32_t max_entries,
		    uint64_t *done)
{
	int ret;

	ASSERT(range_ok(ipa.v, size, P2M_IPA_SIZE) && IS_ALIGNED(ipa.v | size, SZ_4K));
	spin_lock(&p->lock);
	ret = unmap_slice(p, ipa, size, max_entries, done);
	spin_unlock(&p->lock);
	return ret;
}

static bool range_is_free(const struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	for (uint64_t done = 0; done < size;) {
		uint64_t run;

		if (p2m_lookup_locked(p, ipa_add(ipa, done), NULL, &run) != P2M_INVALID) {
			return false;
		}
		done += run;
	}
	return true;
}

int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type)
{
	uint64_t undone = 0;
	uint64_t done = 0;
	int ret = check(ipa, pa, size, type);

	if (ret != 0) {
		return ret;
	}
	spin_lock(&p->lock);
	ret = range_is_free(p, ipa, size) ? 0 : -EEXIST;
	if (ret == 0) {
		ret = map_slice(p, ipa, pa, size, type, ~0U, &done);
	}
	if (ret != 0 && done != 0) {
		unmap_slice(p, ipa, done, ~0U, &undone);
	}
	spin_unlock(&p->lock);
	return ret;
}

void p2m_unmap(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	uint64_t done = 0;

	p2m_unmap_slice(p, ipa, size, ~0U, &done);
}
