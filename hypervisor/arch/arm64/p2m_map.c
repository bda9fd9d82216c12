/* SPDX-License-Identifier: BSD-2-Clause */
/* Mapping, in runs of entries of one table. */
#include "arch/arm64/p2m_pte.h"
#include "arch/arm64/p2m_table.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/heap.h"
#include "lib/errno.h"

#define PA_LIMIT BIT(48)

static bool small_pages;

void p2m_set_small_pages(void)
{
	small_pages = true;
}

/* Deepest level whose entries need not be used: the biggest entry that fits here. */
static unsigned int pick_level(ipaddr_t ipa, paddr_t pa, uint64_t left, enum p2m_type type)
{
	bool device = type == P2M_MMIO || type == P2M_MMIO_NC;

	if (device && small_pages) {
		return 3;
	}
	for (unsigned int level = device ? 1 : 2; level < 3; level++) {
		uint64_t size = pte_level_size(level);

		if (left >= size && IS_ALIGNED(ipa.v | pa.v, size)) {
			return level;
		}
	}
	return 3;
}

/* Entries of the table that parent points to became valid. NULL: it is the root. */
static void count(uint64_t *parent, uint32_t entries)
{
	if (parent != NULL) {
		p2m_table_write(parent, pte_table_add(*parent, entries));
	}
}

/*
 * The entry for ipa at a level, and the one that points to its table; tables are made on the way.
 * -EEXIST: a block covers it.
 */
static int entry_at(struct p2m *p, ipaddr_t ipa, unsigned int level, uint64_t **out,
		    uint64_t **parent)
{
	uint64_t *entry = &p->root[pte_index(ipa, 1)];

	*parent = NULL;

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
			count(*parent, 1);
		} else if (!pte_is_table(*entry, at)) {
			return -EEXIST;
		}
		table = heap_va(pte_address(*entry));
		*parent = entry;
		entry = &table[pte_index(ipa, at + 1)];
	}
	*out = entry;
	return 0;
}

/*
 * Fill at most max entries of the table that maps ipa: inside it no bigger entry can fit. *done
 * grows by what is mapped, also before an error.
 */
static int map_run(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t left, enum p2m_type type,
		   uint64_t max, uint64_t *done)
{
	unsigned int level = pick_level(ipa, pa, left, type);
	uint64_t room = (level == 1 ? P2M_ROOT_ENTRIES : P2M_ENTRIES) - pte_index(ipa, level);
	uint64_t size = pte_level_size(level);
	uint64_t bytes = MIN(MIN(room, max), left / size) * size;
	uint64_t leaf = pte_leaf(pa, type, level);
	uint64_t *entry, *parent;
	uint64_t at;
	int ret = entry_at(p, ipa, level, &entry, &parent);

	if (ret != 0) {
		return ret;
	}
	for (at = 0; at < bytes; at += size, entry++) {
		if (pte_valid(*entry)) {
			ret = -EEXIST;
			break;
		}
		if (type == P2M_RAM) {
			ret = p2m_smmu_enter(p, ipa_add(ipa, at), pa_add(pa, at));
			if (ret != 0) {
				break;
			}
		}
		p2m_table_write(entry, leaf + at);
	}
	count(parent, (uint32_t)(at >> pte_level_shift(level)));
	*done += at;
	return ret;
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

/* On an error what was mapped stays, but no table that was made in vain. */
static int map_slice(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type,
		     uint64_t max, uint64_t *done)
{
	ipaddr_t at = ipa_add(ipa, *done);
	int ret = map_run(p, at, pa_add(pa, *done), size - *done, type, max, done);

	p2m_tlb_publish();
	if (ret != 0) {
		p2m_prune(p, at);
	}
	return ret == 0 && *done < size ? -EAGAIN : ret;
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

static bool range_is_free(const struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	for (uint64_t done = 0; done < size;) {
		uint64_t run;

		if (p2m_lookup(p, ipa_add(ipa, done), NULL, &run) != P2M_INVALID) {
			return false;
		}
		done += run;
	}
	return true;
}

int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type)
{
	uint64_t done = 0;
	int ret = check(ipa, pa, size, type);

	if (ret != 0) {
		return ret;
	}
	spin_lock(&p->lock);
	ret = range_is_free(p, ipa, size) ? -EAGAIN : -EEXIST;
	while (ret == -EAGAIN) {
		ret = map_slice(p, ipa, pa, size, type, ~0ULL, &done);
	}
	if (ret != 0 && done != 0) {
		p2m_unmap_locked(p, ipa, done);
	}
	spin_unlock(&p->lock);
	return ret;
}
