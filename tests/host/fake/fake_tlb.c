/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs without TLBs. */
#include "arch/arm64/p2m_tlb.h"

void p2m_tlb_publish(void)
{
}

void p2m_tlb_flush(uint64_t vttbr, ipaddr_t ipa, uint64_t size, uint64_t entry)
{
}

uint32_t p2m_tlb_pa_range(void)
{
	return 4;
}
