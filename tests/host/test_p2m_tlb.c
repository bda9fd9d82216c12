/* SPDX-License-Identifier: BSD-2-Clause */
/* Which TLBI are executed for a range: they reach all of it, nothing else, and are few. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/arm64/p2m.h"
#include "arch/arm64/p2m_tlb.h"
#include "tlb_span.h"

#define PAGES_MAX (P2M_IPA_SIZE / SZ_4K)

static uint64_t operands[P2M_TLB_OPS];

/* One for each 8 GiB, and of the rest one of each scale and one page. */
static uint32_t few(uint64_t pages)
{
	return (uint32_t)(pages / (8 * SZ_1G / SZ_4K)) + 4 + pages % 2;
}

static uint32_t check_ranges(uint64_t from, uint64_t pages)
{
	uint32_t count = p2m_tlb_plan(ipa(from), pages * SZ_4K, SZ_4K, true, operands);
	uint64_t at = from;

	for (uint32_t i = 0; i < count; i++) {
		struct tlb_span span = tlb_span(operands[i]);

		assert_int_equal(span.base, at);
		at += span.size;
	}
	if (count != 0) {
		assert_int_equal(at, from + pages * SZ_4K);
		assert_in_range(count, 1, few(pages));
	}
	return count;
}

/* Every size up to 1 GiB, here and there, the last one ending where 48 bits of IPA end. */
static void test_every_size(void **state)
{
	for (uint64_t pages = 1; pages <= SZ_1G / SZ_4K; pages++) {
		assert_int_not_equal(check_ranges(0, pages), 0);
		assert_int_not_equal(check_ranges(0x80fff000 + pages % 7 * SZ_4K, pages), 0);
		assert_int_not_equal(check_ranges(BIT(48) - pages * SZ_4K, pages), 0);
	}
}

/* Around each multiple of what the operations cover, up to all there is. */
static void test_big_sizes(void **state)
{
	for (uint32_t scale = 0; scale < 4; scale++) {
		uint64_t unit = 2ULL << (5 * scale);

		for (uint64_t n = 1; n <= 64 && n * unit < PAGES_MAX; n++) {
			for (uint64_t pages = n * unit - 1; pages <= n * unit + 1; pages++) {
				assert_int_not_equal(check_ranges(SZ_1G, pages), 0);
			}
		}
	}
	for (uint64_t size = 8 * SZ_1G; size <= P2M_IPA_SIZE; size += 8 * SZ_1G) {
		assert_int_equal(check_ranges(0, size / SZ_4K) != 0,
				 size <= P2M_TLB_OPS * 8 * SZ_1G);
		assert_int_equal(check_ranges(0, size / SZ_4K - 1) != 0,
				 size <= (P2M_TLB_OPS - 4) * 8 * SZ_1G);
	}
}

/* A BAR is a power of two: one operation up to 8 GiB. */
static void test_a_bar_is_one(void **state)
{
	for (uint64_t size = SZ_4K; size <= 8 * SZ_1G; size *= 2) {
		assert_int_equal(check_ranges(0x8000000000 - size, size / SZ_4K), 1);
	}
	assert_int_equal(check_ranges(0x8000000000, 64 * SZ_1G / SZ_4K), 8);
}

/* Values by hand: 4 KiB granule, one page; two pages; 64 GiB's first. */
static void test_words(void **state)
{
	assert_int_equal(p2m_tlb_plan(ipa(0x10003000), SZ_4K, SZ_4K, true, operands), 1);
	assert_int_equal(operands[0], 0x10003);
	assert_int_equal(p2m_tlb_plan(ipa(0x10003000), 2 * SZ_4K, SZ_4K, true, operands), 1);
	assert_int_equal(operands[0], 0x0000400000010003);
	assert_int_equal(p2m_tlb_plan(ipa(0x8000000000), 64 * SZ_1G, SZ_4K, true, operands), 8);
	assert_int_equal(operands[0], 0x00007f8008000000);
}

/* Without FEAT_TLBIRANGE: each entry by an address in it, the whole VMID from 17 on. */
static void test_without_ranges(void **state)
{
	static const uint64_t entries[] = { SZ_4K, SZ_2M, SZ_1G };

	for (size_t e = 0; e < ARRAY_SIZE(entries); e++) {
		for (uint64_t n = 1; n <= P2M_TLB_OPS + 1; n++) {
			uint64_t from = 3 * SZ_1G, entry = entries[e];
			uint32_t count = p2m_tlb_plan(ipa(from), n * entry, entry, false, operands);

			assert_int_equal(count, n <= P2M_TLB_OPS ? n : 0);
			for (uint32_t i = 0; i < count; i++) {
				assert_int_equal(tlb_span(operands[i]).base, from + i * entry);
				assert_int_equal(tlb_span(operands[i]).size, SZ_4K);
			}
		}
	}
}

/* Nothing in particular: the whole VMID. */
static void test_all(void **state)
{
	assert_int_equal(p2m_tlb_plan(ipa(0), 0, 0, true, operands), 0);
	assert_int_equal(p2m_tlb_plan(ipa(0), 0, 0, false, operands), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_big_sizes),
		cmocka_unit_test(test_a_bar_is_one),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_without_ranges),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
