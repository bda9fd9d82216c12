/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of stage-2 tables, paid from the domain's quota. */
#include "arch/arm64/p2m_table.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/p2m_pte.h"
#include "core/heap.h"

/* Looking at so many entries is as much work as giving back a page. */
#define LOOKS_A_PAGE 32U

/*
 * Retired tables are linked by their first entry, which no walker sees any more. One of level 2
 * takes its own tables with it, as they are: p->retired_next is how far the first one is emptied.
 */
void p2m_table_retire(struct p2m *p, uint64_t *table, unsigned int level)
{
	uint64_t first = table[0];

	if (level == 3) {
		table[0] = (uint64_t)(uintptr_t)p->retired_pages;
		p->retired_pages = table;
		return;
	}
	if (p->retired_tables == NULL) {
		table[0] = 0;
		p->retired_tables = table;
		p->retired_next = 1;
	} else {
		table[0] = p->retired_tables[0];
		p->retired_tables[0] = (uint64_t)(uintptr_t)table;
	}
	if (pte_is_table(first, 2)) {
		p2m_table_retire(p, heap_va(pte_address(first)), 3);
	}
}

/* Most entries of a table are invalid: four at once, since somebody waits for this. */
static uint64_t four(const uint64_t *entry)
{
	return entry[0] | entry[1] | entry[2] | entry[3];
}

/* Any one retired page, contents undefined; NULL: none found within so many entries looked at. */
static uint64_t *take_retired(struct p2m *p, uint32_t *look)
{
	uint64_t *table = p->retired_pages;
	uint32_t end;

	if (table != NULL) {
		p->retired_pages = (uint64_t *)(uintptr_t)table[0];
		return table;
	}
	table = p->retired_tables;
	if (table == NULL) {
		return NULL;
	}
	end = MIN(P2M_ENTRIES, p->retired_next + *look);
	*look -= end - p->retired_next;
	for (uint32_t i = p->retired_next; i < end; i++) {
		if (i % 4 == 0 && end - i >= 4 && !pte_valid(four(&table[i]))) {
			i += 3;
		} else if (pte_is_table(table[i], 2)) {
			*look += end - i - 1;
			p->retired_next = i + 1;
			return heap_va(pte_address(table[i]));
		}
	}
	p->retired_next = end;
	if (end < P2M_ENTRIES) {
		return NULL;
	}
	p->retired_tables = (uint64_t *)(uintptr_t)table[0];
	p->retired_next = 1;
	return table;
}

uint64_t *p2m_table_alloc(struct p2m *p)
{
	uint32_t look = P2M_ENTRIES;
	uint64_t *table = take_retired(p, &look);

	if (table != NULL) {
		cache_zero(table, SZ_4K);
		return table;
	}
	if (p->table_pages >= p->table_pages_max) {
		return NULL;
	}
	table = heap_page();
	if (table != NULL) {
		p->table_pages++;
	}
	return table;
}

bool p2m_table_give_back(struct p2m *p, uint32_t max)
{
	uint32_t look = max * LOOKS_A_PAGE;

	for (; max != 0; max--) {
		uint64_t *table = take_retired(p, &look);

		if (table == NULL) {
			break;
		}
		heap_page_free(table);
		p->table_pages--;
	}
	return p->retired_pages == NULL && p->retired_tables == NULL;
}

uint64_t *p2m_table_walk(const struct p2m *p, ipaddr_t ipa, unsigned int *level)
{
	uint64_t *entry = &p->root[pte_index(ipa, 1)];

	for (*level = 1; pte_is_table(*entry, *level); (*level)++) {
		uint64_t *table = heap_va(pte_address(*entry));

		entry = &table[pte_index(ipa, *level + 1)];
	}
	return entry;
}
