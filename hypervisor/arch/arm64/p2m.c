/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's stage 2: its life, and looking up in it. */
#include "arch/arm64/p2m.h"

#include "arch/arm64/p2m_pte.h"
#include "arch/arm64/p2m_table.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/heap.h"
#include "lib/errno.h"

int p2m_init(struct p2m *p, uint16_t vmid, uint32_t table_pages_max)
{
	*p = (struct p2m){ .vmid = vmid, .table_pages_max = table_pages_max };
	if (table_pages_max < 4) {
		return -ENOMEM;
	}
	p->root = heap_pages(1);
	p->smmu_root = p2m_smmu_alloc_root();
	if (p->root == NULL || p->smmu_root == NULL) {
		heap_pages_free(p->root, 1);
		heap_pages_free(p->smmu_root, 1);
		*p = (struct p2m){ 0 };
		return -ENOMEM;
	}
	p->table_pages = 4;
	/* What firmware or the VMID's last user left behind. */
	p2m_tlb_flush(p2m_vttbr(p), ipa(0), 0, 0);
	return 0;
}

/* Entries of the roots looked at in a slice. */
#define ROOT_LOOKS 256U

/* One table of either root unlinked, or looked for in vain. False: none is left. */
static bool retire_next(struct p2m *p)
{
	uint64_t *root = p->destroy_next < P2M_ROOT_ENTRIES ? p->root : p->smmu_root;
	uint32_t first = p->destroy_next % P2M_ROOT_ENTRIES;

	if (p->destroy_next == 2 * P2M_ROOT_ENTRIES) {
		return false;
	}
	/* ROOT_LOOKS divides the entries of a root. */
	for (uint32_t i = first; i < ALIGN_DOWN(first, ROOT_LOOKS) + ROOT_LOOKS; i++) {
		p->destroy_next++;
		if (pte_is_table(root[i], 1)) {
			p2m_table_retire(p, heap_va(pte_address(root[i])), 2);
			p2m_table_write(&root[i], 0);
			break;
		}
	}
	return true;
}

bool p2m_destroy_slice(struct p2m *p, uint32_t max)
{
	bool done;

	if (p->root == NULL) {
		return true;
	}
	spin_lock(&p->lock);
	if (p->destroy_next == 0) {
		p2m_tlb_flush(p2m_vttbr(p), ipa(0), 0, 0);
	}
	done = p2m_table_give_back(p, max) && !retire_next(p);
	if (done) {
		heap_pages_free(p->root, 1);
		heap_pages_free(p->smmu_root, 1);
		p->root = NULL;
		p->smmu_root = NULL;
		p->table_pages -= 4;
	}
	spin_unlock(&p->lock);
	return done;
}

enum p2m_type p2m_lookup(const struct p2m *p, ipaddr_t ipa, paddr_t *pa, uint64_t *run)
{
	unsigned int level;
	uint64_t offset;
	uint64_t pte;

	if (ipa.v >= P2M_IPA_SIZE) {
		if (run != NULL) {
			*run = SZ_4K;
		}
		return P2M_INVALID;
	}
	pte = *p2m_table_walk(p, ipa, &level);
	offset = ipa.v % pte_level_size(level);
	if (pa != NULL && pte_valid(pte)) {
		*pa = pa_add(pte_address(pte), offset);
	}
	if (run != NULL) {
		*run = pte_level_size(level) - offset;
	}
	return pte_type(pte);
}

void p2m_tables(struct p2m *p, uint32_t *pages, uint32_t *max)
{
	spin_lock(&p->lock);
	*pages = p->table_pages;
	*max = p->table_pages_max;
	spin_unlock(&p->lock);
}

uint64_t p2m_vttbr(const struct p2m *p)
{
	return (uint64_t)p->vmid << 48 | heap_pa(p->root).v;
}
