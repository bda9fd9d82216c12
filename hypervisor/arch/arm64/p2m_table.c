/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of stage-2 tables, paid from the domain's quota. */
#include "arch/arm64/p2m_table.h"

#include "arch/arm64/p2m_pte.h"
#include "core/heap.h"

uint64_t *p2m_table_alloc(struct p2m *p)
{
	uint64_t *table;

	if (p->table_pages >= p->table_pages_max) {
		return NULL;
	}
	table = heap_page();
	if (table != NULL) {
		p->table_pages++;
	}
	return table;
}

void p2m_table_free(struct p2m *p, uint64_t *table)
{
	heap_page_free(table);
	p->table_pages--;
}

bool p2m_table_empty(const uint64_t *table)
{
	for (uint32_t i = 0; i < P2M_ENTRIES; i++) {
		if (pte_valid(table[i])) {
			return false;
		}
	}
	return true;
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

static void free_level2(struct p2m *p, uint64_t *table)
{
	for (uint32_t i = 0; i < P2M_ENTRIES; i++) {
		if (pte_is_table(table[i], 2)) {
			p2m_table_free(p, heap_va(pte_address(table[i])));
		}
	}
	p2m_table_free(p, table);
}

void p2m_table_free_tree(struct p2m *p, uint64_t *root)
{
	if (root == NULL) {
		return;
	}
	for (uint32_t i = 0; i < P2M_ROOT_ENTRIES; i++) {
		if (pte_is_table(root[i], 1)) {
			free_level2(p, heap_va(pte_address(root[i])));
		}
	}
	heap_pages_free(root, 1);
	p->table_pages -= 2;
}
