/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 descriptors (DDI0487 D8.3, 4 KiB granule, no FWB), read alike by CPU and SMMU. The
 * mapping's type is kept in bits that hardware ignores. Pure.
 */
#ifndef ARCH_ARM64_P2M_PTE_H
#define ARCH_ARM64_P2M_PTE_H

#include "arch/arm64/p2m.h"

#define PTE_VALID   BIT(0)
#define PTE_TABLE   BIT(1) /* levels 1 and 2: next table; level 3: page */
#define PTE_ADDRESS GENMASK(47, 12)

#define PTE_MEMATTR(v) ((uint64_t)(v) << 2) /* MemAttr[3:0] */
#define PTE_DEVICE_nGnRE PTE_MEMATTR(0x1)
#define PTE_NORMAL_NC    PTE_MEMATTR(0x5)
#define PTE_NORMAL_WB    PTE_MEMATTR(0xf)
#define PTE_READ         BIT(6)
#define PTE_WRITE        BIT(7)
#define PTE_SH_OUTER     (2ULL << 8)
#define PTE_SH_INNER     (3ULL << 8)
#define PTE_AF           BIT(10)
#define PTE_XN           BIT(54)

#define PTE_TYPE_SHIFT 55 /* bits 57:55, for software */

#define P2M_ENTRIES 512

static inline unsigned int pte_level_shift(unsigned int level)
{
	return 39 - 9 * level;
}

static inline uint64_t pte_level_size(unsigned int level)
{
	return 1ULL << pte_level_shift(level);
}

/* Index into the table of that level; the root has 1024 entries. */
static inline uint32_t pte_index(ipaddr_t ipa, unsigned int level)
{
	uint64_t index = ipa.v >> pte_level_shift(level);

	return (uint32_t)(level == 1 ? index : index % P2M_ENTRIES);
}

static inline bool pte_valid(uint64_t pte)
{
	return (pte & PTE_VALID) != 0;
}

static inline bool pte_is_table(uint64_t pte, unsigned int level)
{
	return level < 3 && (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static inline paddr_t pte_address(uint64_t pte)
{
	return pa(pte & PTE_ADDRESS);
}

static inline enum p2m_type pte_type(uint64_t pte)
{
	return pte_valid(pte) ? (enum p2m_type)BITS(pte, 57, 55) : P2M_INVALID;
}

/* A table without a valid entry. */
static inline uint64_t pte_table(paddr_t table)
{
	return table.v | PTE_TABLE | PTE_VALID;
}

/*
 * How many entries of its table are valid is kept in bits that hardware ignores as well, but for
 * FEAT_HAFT, which stays off.
 */
static inline uint32_t pte_table_count(uint64_t pte)
{
	return (uint32_t)BITS(pte, 11, 2);
}

static inline uint64_t pte_table_add(uint64_t pte, uint32_t entries)
{
	return pte + ((uint64_t)entries << 2);
}

static inline uint64_t pte_table_remove(uint64_t pte, uint32_t entries)
{
	return pte - ((uint64_t)entries << 2);
}

/* Shareability of Device and non-cacheable memory is ignored: always outer. */
static inline uint64_t pte_leaf(paddr_t address, enum p2m_type type, unsigned int level)
{
	static const uint64_t attributes[] = {
		[P2M_INVALID] = 0,
		[P2M_RAM] = PTE_NORMAL_WB | PTE_SH_INNER | PTE_WRITE,
		[P2M_RAM_SHARED] = PTE_NORMAL_WB | PTE_SH_INNER | PTE_WRITE | PTE_XN,
		[P2M_MMIO] = PTE_DEVICE_nGnRE | PTE_SH_OUTER | PTE_WRITE | PTE_XN,
		[P2M_MMIO_NC] = PTE_NORMAL_NC | PTE_SH_OUTER | PTE_WRITE | PTE_XN,
		[P2M_ROM] = PTE_NORMAL_WB | PTE_SH_INNER,
	};

	return address.v | attributes[type] | PTE_READ | PTE_AF |
	       ((uint64_t)type << PTE_TYPE_SHIFT) | (level == 3 ? PTE_TABLE : 0) | PTE_VALID;
}

#endif
