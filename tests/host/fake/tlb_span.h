/* SPDX-License-Identifier: BSD-2-Clause */
/* What a TLBI by IPA reaches, read as hardware does (DDI0487 C5.5, 4 KiB granule). */
#ifndef FAKE_TLB_SPAN_H
#define FAKE_TLB_SPAN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/arm64/p2m_tlb.h"

struct tlb_span {
	uint64_t base;
	uint64_t size;
};

static inline struct tlb_span tlb_span(uint64_t operand)
{
	uint64_t granule = (operand >> 46) & 3, scale = (operand >> 44) & 3;
	uint64_t num = (operand >> 39) & 0x1f, ttl = (operand >> 37) & 3;

	assert_int_equal(operand >> 48, 0);
	if (granule == 0) {
		/* IPAS2E1IS: IPA[51:12], and no TTL hint above. */
		assert_int_equal(operand >> 40, 0);
		return (struct tlb_span){ operand << 12, 4096 };
	}
	assert_int_equal(granule, 1);
	assert_int_equal(ttl, 0);
	return (struct tlb_span){ (operand & ((1ULL << 37) - 1)) << 12,
				  (num + 1) << (5 * scale + 1 + 12) };
}

#endif
