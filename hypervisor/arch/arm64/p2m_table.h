/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside p2m*.c: pages of a domain's tables and single entries. The p2m lock is held. */
#ifndef ARCH_ARM64_P2M_TABLE_H
#define ARCH_ARM64_P2M_TABLE_H

#include "arch/arm64/p2m.h"

/* 64-bit single-copy atomic: a walker sees the old entry or the new one. */
static inline void p2m_table_write(uint64_t *entry, uint64_t pte)
{
	__atomic_store_n(entry, pte, __ATOMIC_RELAXED);
}

/* A zeroed table, a retired one first, within the quota, or NULL. */
uint64_t *p2m_table_alloc(struct p2m *p);
/*
 * Nothing points to table any more, level 2 or 3, with all that is below it. It stays in the quota.
 * No walker may look at it from the lock's release on: the caller flushes before.
 */
void p2m_table_retire(struct p2m *p, uint64_t *table, unsigned int level);
/* At most max retired tables go back to the heap. True: there is none left. */
bool p2m_table_give_back(struct p2m *p, uint32_t max);
/* The entry of the CPU's view that decides about ipa, and its level. */
uint64_t *p2m_table_walk(const struct p2m *p, ipaddr_t ipa, unsigned int *level);

void p2m_unmap_locked(struct p2m *p, ipaddr_t ipa, uint64_t size);
/* Retire the tables around ipa that hold nothing. */
void p2m_prune(struct p2m *p, ipaddr_t ipa);

/* The SMMU's view of one 2 MiB RAM block. Enter: -EEXIST, -ENOMEM. Clear: absent is allowed. */
int p2m_smmu_enter(struct p2m *p, ipaddr_t ipa, paddr_t pa);
void p2m_smmu_clear(struct p2m *p, ipaddr_t ipa);
/* A root that the SMMU may walk, or NULL. */
uint64_t *p2m_smmu_alloc_root(void);

#endif
