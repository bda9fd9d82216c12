/* SPDX-License-Identifier: BSD-2-Clause */
/* The instructions that make stage-2 changes seen. */
#ifndef ARCH_ARM64_P2M_TLB_H
#define ARCH_ARM64_P2M_TLB_H

#include "lib/types.h"

/* New entries are visible to every walker from here on. No TLBI: invalid ones are never cached. */
void p2m_tlb_publish(void);

/*
 * Cleared entries within [ipa, +size) are gone from every CPU's TLBs and walk caches on return, of
 * vttbr's VMID; all that there is of it when size is 0. entry: none of them was smaller; ipa and
 * size are multiples of it.
 */
void p2m_tlb_flush(uint64_t vttbr, ipaddr_t ipa, uint64_t size, uint64_t entry);

/* Boot, each CPU, before it runs a domain: TLBI of ranges where all of them have it. */
void p2m_tlb_init_cpu(void);

/* ID_AA64MMFR0_EL1.PARange of this CPU. */
uint32_t p2m_tlb_pa_range(void);

/* From here on one invalidation of the whole VMID costs less than one each. */
#define P2M_TLB_OPS 16
/* In an operand of RIPAS2E1IS: TG, pages of 4 KiB. One of IPAS2E1IS has it clear. */
#define P2M_TLB_RANGE BIT(46)

/*
 * The operands of those that p2m_tlb_flush() executes for [ipa, +size): how many, 0 when the whole
 * VMID is to be invalidated. ranges: of RIPAS2E1IS, but for a single page; otherwise one for each
 * entry.
 */
uint32_t p2m_tlb_plan(ipaddr_t ipa, uint64_t size, uint64_t entry, bool ranges,
		      uint64_t operands[P2M_TLB_OPS]);

#endif
