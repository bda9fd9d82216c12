/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's stage-2 tables (DDI0487 D8): 40-bit IPA, 4 KiB granule, level 1 start with two
 * concatenated root pages (1024 entries of 1 GiB), blocks of 2 MiB and, for devices, 1 GiB. RAM is
 * mapped in 2 MiB blocks only. The SMMU walks a tree of its own, in which each RAM block is entered
 * too and besides which only the doorbell page exists: one page a GiB of RAM buys that a BAR can
 * never be reached by DMA, whatever lies next to it.
 */
#ifndef ARCH_ARM64_P2M_H
#define ARCH_ARM64_P2M_H

#include "core/spinlock.h"
#include "lib/types.h"

#define P2M_IPA_BITS 40
#define P2M_IPA_SIZE (1ULL << P2M_IPA_BITS)
#define P2M_ROOT_ENTRIES 1024

enum p2m_type {
	P2M_INVALID,
	P2M_RAM,         /* Normal write-back, rwx; in the SMMU's view too */
	P2M_RAM_SHARED,  /* Normal write-back, rw, CPU only: request pages, memory aperture */
	P2M_MMIO,        /* Device-nGnRE, rw: BARs, platform devices */
	P2M_MMIO_NC,     /* Normal non-cacheable, rw: prefetchable BARs */
	P2M_ROM,         /* Normal write-back, rx, CPU only: firmware, expansion ROMs */
};

struct p2m {
	struct spinlock lock;
	uint64_t *root;      /* 2 pages, CPU view */
	uint64_t *smmu_root; /* 2 pages: RAM and doorbell only */
	uint16_t vmid;
	uint32_t table_pages; /* heap pages used by tables, roots and retired ones included */
	uint32_t table_pages_max;
	/* p2m_table.c: unlinked tables, to be used again. */
	uint64_t *retired_pages;
	uint64_t *retired_tables;
	uint32_t retired_next;
	uint32_t destroy_next; /* entry of the roots that p2m_destroy_slice() comes to next */
};

/*
 * vmid: 1..255, one domain's alone; 0 is for a CPU that runs no domain. What TLBs hold of it is
 * flushed. -ENOMEM (also when the quota does not hold the four root pages): nothing kept.
 */
int p2m_init(struct p2m *p, uint16_t vmid, uint32_t table_pages_max);
/*
 * All tables, at most max a call; true: all are gone. No vCPU runs and no stream uses it any more;
 * the VMID's TLBs are flushed (CPU side). A p2m that is all zeroes is allowed.
 */
bool p2m_destroy_slice(struct p2m *p, uint32_t max);

/*
 * Map [ipa, +size) -> [pa, +size), 4 KiB multiples, biggest blocks that fit. Everything there must
 * be unmapped. -EEXIST, -ENOMEM (also quota): nothing changed. P2M_RAM: 2 MiB multiples. -EINVAL:
 * misaligned, or past 40 bits of IPA or 48 bits of PA.
 */
int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type);
/*
 * The same in slices: at most max_entries entries of one table are written; *done grows by the
 * bytes covered. 0: finished; -EAGAIN: call again. Errors leave [ipa, +*done) to the caller to
 * unmap.
 */
int p2m_map_slice(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type,
		  uint32_t max_entries, uint64_t *done);
/*
 * Unmap; holes are allowed, a part of a block is not (unmap what was mapped). On return no CPU can
 * reach the old pages (TLBI completed). Work is bounded by 512 entries for a BAR, which is aligned
 * to its size. For RAM the SMMU's entries are cleared as well, but its TLBs are the caller's:
 * iommu_flush_vmid() before the RAM goes anywhere.
 */
void p2m_unmap(struct p2m *p, ipaddr_t ipa, uint64_t size);

/*
 * Type and PA of the page at ipa; P2M_INVALID when unmapped. *run: bytes mapped (or unmapped) alike
 * from there to the end of the entry. pa and run may be NULL. p->lock held.
 */
enum p2m_type p2m_lookup(const struct p2m *p, ipaddr_t ipa, paddr_t *pa, uint64_t *run);

/* The one 4 KiB page of the ITS doorbell, in the SMMU's view only. -EEXIST, -ENOMEM, -EINVAL. */
int p2m_map_doorbell(struct p2m *p, ipaddr_t ipa, paddr_t pa);

/* Pages of its tables, and as many as it may have. */
void p2m_tables(struct p2m *p, uint32_t *pages, uint32_t *max);

/* Boot: an SMMU does not snoop the caches, so clean to DRAM every entry of its view from now on. */
void p2m_set_noncoherent_walker(void);

/* Boot: devices get pages of 4 KiB only, as where blocks do not fit. For tests. */
void p2m_set_small_pages(void);

/* VTTBR_EL2 for the CPU; S2TTB for the SMMU. */
uint64_t p2m_vttbr(const struct p2m *p);
paddr_t p2m_smmu_root(const struct p2m *p);

/* VTCR_EL2, the same on every CPU. The SMMU's stream-table entries say the same of its view. */
uint64_t p2m_vtcr(void);

#endif
