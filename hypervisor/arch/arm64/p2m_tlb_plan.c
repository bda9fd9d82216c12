/* SPDX-License-Identifier: BSD-2-Clause */
/* Which TLBI by IPA to execute (DDI0487 D8.16.4, C5.5: IPAS2E1IS, RIPAS2E1IS). Pure. */
#include "arch/arm64/p2m_tlb.h"

/* RIPAS2E1IS: TTL is 0, for entries of any level. */
#define RANGE_NUM(v)   ((uint64_t)(v) << 39)
#define RANGE_SCALE(v) ((uint64_t)(v) << 44)
#define RANGE_NUM_MAX  32ULL
#define RANGE_SCALES   4

/* One covers NUM + 1 times so many pages. */
static uint64_t range_unit(unsigned int scale)
{
	return 2ULL << (5 * scale);
}

/* For as many of the pages from ipa on as one can cover: how many. */
static uint64_t add_range(ipaddr_t ipa, uint64_t pages, uint64_t *operand)
{
	unsigned int scale = RANGE_SCALES - 1;
	uint64_t units;

	while (pages < range_unit(scale)) {
		scale--;
	}
	units = MIN(pages / range_unit(scale), RANGE_NUM_MAX);
	*operand = P2M_TLB_RANGE | RANGE_SCALE(scale) | RANGE_NUM(units - 1) | ipa.v / SZ_4K;
	return units * range_unit(scale);
}

uint32_t p2m_tlb_plan(ipaddr_t ipa, uint64_t size, uint64_t entry, bool ranges,
		      uint64_t operands[P2M_TLB_OPS])
{
	uint32_t count = 0;
	uint64_t covered;

	for (uint64_t at = 0; at < size; at += covered) {
		ipaddr_t from = ipa_add(ipa, at);

		if (count == P2M_TLB_OPS) {
			return 0;
		}
		if (ranges && size - at > SZ_4K) {
			covered = SZ_4K * add_range(from, (size - at) / SZ_4K, &operands[count]);
		} else {
			operands[count] = from.v / SZ_4K;
			covered = entry;
		}
		count++;
	}
	return count;
}
