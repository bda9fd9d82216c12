/* SPDX-License-Identifier: BSD-2-Clause */
/* The instructions that make stage-2 changes seen. */
#ifndef ARCH_ARM64_P2M_TLB_H
#define ARCH_ARM64_P2M_TLB_H

#include "lib/types.h"

/* New entries are visible to every walker from here on. No TLBI: invalid ones are never cached. */
void p2m_tlb_publish(void);

/*
 * Cleared entries are gone from every CPU's TLBs and walk caches on return. count IPAs of pages or
 * blocks, or everything of vttbr's VMID when count is 0.
 */
void p2m_tlb_flush(uint64_t vttbr, const ipaddr_t *ipas, uint32_t count);

/* ID_AA64MMFR0_EL1.PARange of this CPU. */
uint32_t p2m_tlb_pa_range(void);

#endif
