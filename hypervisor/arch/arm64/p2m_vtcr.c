/* SPDX-License-Identifier: BSD-2-Clause */
/* VTCR_EL2 (DDI0487 D24.2.214): what every domain's stage 2 has in common. */
#include "arch/arm64/p2m.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/panic.h"

#define VTCR_RES1    BIT(31)
#define VTCR_PS(v)   ((uint64_t)(v) << 16)
#define VTCR_TG0_4K  (0ULL << 14)
#define VTCR_SH0_IS  (3ULL << 12)
#define VTCR_ORGN_WB (1ULL << 10)
#define VTCR_IRGN_WB (1ULL << 8)
#define VTCR_SL0_L1  (1ULL << 6)
#define VTCR_T0SZ    (64ULL - P2M_IPA_BITS)

#define PA_RANGE_40 2
#define PA_RANGE_48 5

/* VS = 0: VMIDs of 8 bits, which every CPU has. */
uint64_t p2m_vtcr(void)
{
	uint32_t range = p2m_tlb_pa_range();

	if (range < PA_RANGE_40) {
		panic("p2m: the CPU has fewer than %d physical address bits", P2M_IPA_BITS);
	}
	return VTCR_RES1 | VTCR_PS(MIN(range, PA_RANGE_48)) | VTCR_TG0_4K | VTCR_SH0_IS |
	       VTCR_ORGN_WB | VTCR_IRGN_WB | VTCR_SL0_L1 | VTCR_T0SZ;
}
