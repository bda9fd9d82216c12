/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the domain's devices see: its RAM, block by block, and the doorbell. Tables live as long as
 * the domain: their number is bounded by its RAM, and freeing one would need the SMMU's TLBs empty.
 */
#include "arch/arm64/cpu.h"
#include "arch/arm64/p2m_pte.h"
#include "arch/arm64/p2m_table.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/heap.h"
#include "lib/errno.h"

static bool walker_noncoherent;

void p2m_set_noncoherent_walker(void)
{
	walker_noncoherent = true;
}

static void make_visible(const void *p, uint64_t size)
{
	if (walker_noncoherent) {
		cache_clean(p, size);
	}
}

static void write_entry(uint64_t *entry, uint64_t pte)
{
	p2m_table_write(entry, pte);
	make_visible(entry, sizeof(*entry));
}

uint64_t *p2m_smmu_alloc_root(void)
{
	uint64_t *root = heap_pages(1);

	if (root != NULL) {
		make_visible(root, 2 * SZ_4K);
	}
	return root;
}

/* The table behind an entry of a level, made when absent. NULL: out of memory. */
static uint64_t *next_table(struct p2m *p, uint64_t *entry)
{
	uint64_t *table;

	if (pte_valid(*entry)) {
		return heap_va(pte_address(*entry));
	}
	table = p2m_table_alloc(p);
	if (table != NULL) {
		make_visible(table, SZ_4K);
		p2m_tlb_publish();
		write_entry(entry, pte_table(heap_pa(table)));
	}
	return table;
}

int p2m_smmu_enter(struct p2m *p, ipaddr_t ipa, paddr_t pa)
{
	uint64_t *level2 = next_table(p, &p->smmu_root[pte_index(ipa, 1)]);
	uint64_t *entry;

	if (level2 == NULL) {
		return -ENOMEM;
	}
	entry = &level2[pte_index(ipa, 2)];
	if (pte_valid(*entry)) {
		return -EEXIST;
	}
	write_entry(entry, pte_leaf(pa, P2M_RAM, 2));
	return 0;
}

void p2m_smmu_clear(struct p2m *p, ipaddr_t ipa)
{
	uint64_t top = p->smmu_root[pte_index(ipa, 1)];
	uint64_t *level2;

	if (pte_valid(top)) {
		level2 = heap_va(pte_address(top));
		write_entry(&level2[pte_index(ipa, 2)], 0);
	}
}

static int enter_doorbell(struct p2m *p, ipaddr_t ipa, paddr_t pa)
{
	uint64_t *level2 = next_table(p, &p->smmu_root[pte_index(ipa, 1)]);
	uint64_t *level3;
	uint64_t *entry;

	if (level2 == NULL) {
		return -ENOMEM;
	}
	entry = &level2[pte_index(ipa, 2)];
	if (pte_valid(*entry) && !pte_is_table(*entry, 2)) {
		return -EEXIST;
	}
	level3 = next_table(p, entry);
	if (level3 == NULL) {
		return -ENOMEM;
	}
	entry = &level3[pte_index(ipa, 3)];
	if (pte_valid(*entry)) {
		return -EEXIST;
	}
	write_entry(entry, pte_leaf(pa, P2M_MMIO, 3));
	return 0;
}

int p2m_map_doorbell(struct p2m *p, ipaddr_t ipa, paddr_t pa)
{
	int ret;

	if (!range_ok(ipa.v, SZ_4K, P2M_IPA_SIZE) || !range_ok(pa.v, SZ_4K, BIT(48)) ||
	    !IS_ALIGNED(ipa.v | pa.v, SZ_4K)) {
		return -EINVAL;
	}
	spin_lock(&p->lock);
	ret = enter_doorbell(p, ipa, pa);
	p2m_tlb_publish();
	spin_unlock(&p->lock);
	return ret;
}

paddr_t p2m_smmu_root(const struct p2m *p)
{
	return heap_pa(p->smmu_root);
}
