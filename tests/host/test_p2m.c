/* SPDX-License-Identifier: BSD-2-Clause */
/* What is mapped, how, and what it costs; and the SMMU's view of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "arch/arm64/p2m.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "lib/errno.h"
#include "p2m_rig.h"

static void test_biggest_blocks(void **state)
{
	uint64_t run;
	paddr_t out;

	/* RAM: never more than 2 MiB an entry, so that the SMMU's view has the same ones. */
	assert_int_equal(p2m_map(&p2m, ipa(SZ_1G), pa(SZ_1G), SZ_1G, P2M_RAM), 0);
	p2m_lookup(&p2m, ipa(SZ_1G), &out, &run);
	assert_int_equal(run, SZ_2M);
	/* A BAR: 4 KiB up to 2 MiB, 2 MiB up to 1 GiB, 1 GiB, and back down. */
	assert_int_equal(p2m_map(&p2m, ipa(0x8000000000 - SZ_2M - SZ_4K),
				 pa(0x4000000000 - SZ_2M - SZ_4K), SZ_1G + 2 * (SZ_2M + SZ_4K),
				 P2M_MMIO_NC), 0);
	p2m_lookup(&p2m, ipa(0x8000000000 - SZ_2M - SZ_4K), &out, &run);
	assert_int_equal(run, SZ_4K);
	p2m_lookup(&p2m, ipa(0x8000000000 - SZ_2M), &out, &run);
	assert_int_equal(run, SZ_2M);
	p2m_lookup(&p2m, ipa(0x8000000000), &out, &run);
	assert_int_equal(run, SZ_1G);
	assert_int_equal(out.v, 0x4000000000);
	p2m_lookup(&p2m, ipa(0x8000000000 + SZ_1G + SZ_2M), &out, &run);
	assert_int_equal(run, SZ_4K);
	assert_int_equal(p2m_lookup(&p2m, ipa(0x8000000000 + SZ_1G + SZ_2M + SZ_4K), &out, &run),
			 P2M_INVALID);
}

/* Descriptor bits by hand, DDI0487 D8.3: MemAttr 5:2, S2AP 7:6, SH 9:8, AF 10, XN 54. */
static void test_attributes(void **state)
{
	static const struct {
		enum p2m_type type;
		uint64_t memattr;
		uint64_t s2ap;
		bool xn;
	} want[] = { { P2M_RAM, 0xf, 3, false },
		     { P2M_RAM_SHARED, 0xf, 3, true },
		     { P2M_MMIO, 0x1, 3, true },
		     { P2M_MMIO_NC, 0x5, 3, true },
		     { P2M_ROM, 0xf, 1, false } };

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const uint64_t *table = p2m.root;
		uint64_t pte;

		assert_int_equal(p2m_map(&p2m, ipa(0x40000000), pa(0x80000000), SZ_2M,
					 want[i].type), 0);
		pte = table[1];
		assert_int_equal(pte & 3, 3);
		table = heap_va(pa(pte & GENMASK(47, 12)));
		pte = table[0];
		assert_int_equal(pte & 3, 1);
		assert_int_equal((pte >> 2) & 0xf, want[i].memattr);
		assert_int_equal((pte >> 6) & 3, want[i].s2ap);
		assert_int_equal((pte >> 10) & 1, 1);
		assert_int_equal((pte >> 54) & 1, want[i].xn);
		if (want[i].memattr == 0xf) {
			assert_int_equal((pte >> 8) & 3, 3);
		}
		assert_int_equal(pte & GENMASK(47, 12), 0x80000000);
		p2m_unmap(&p2m, ipa(0x40000000), SZ_2M);
	}
}

static void test_bad_arguments(void **state)
{
	assert_int_equal(p2m_map(&p2m, ipa(0), pa(0), 0, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(1), pa(0), SZ_4K, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(0), pa(0x800), SZ_4K, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(0), pa(0), SZ_4K + 1, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(P2M_IPA_SIZE - SZ_4K), pa(0), 2 * SZ_4K, P2M_MMIO),
			 -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(P2M_IPA_SIZE), pa(0), SZ_4K, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(~0xfffULL), pa(0), 2 * SZ_4K, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(0), pa(BIT(48)), SZ_4K, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(0), pa(~0xfffULL), 2 * SZ_4K, P2M_MMIO), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(SZ_4K), pa(SZ_4K), SZ_2M, P2M_RAM), -EINVAL);
	assert_int_equal(p2m_map(&p2m, ipa(0), pa(0), SZ_4K, P2M_INVALID), -EINVAL);
	assert_int_equal(p2m_lookup(&p2m, ipa(P2M_IPA_SIZE), NULL, NULL), P2M_INVALID);
	assert_int_equal(p2m_lookup(&p2m, ipa(~0ULL), NULL, NULL), P2M_INVALID);
	assert_int_equal(p2m.table_pages, 4);
}

static void test_exists_changes_nothing(void **state)
{
	uint32_t pages;

	assert_int_equal(p2m_map(&p2m, ipa(SZ_1G + 5 * SZ_4K), pa(0x10000000), SZ_4K, P2M_MMIO), 0);
	maps[map_count++] =
		(struct mapping){ SZ_1G + 5 * SZ_4K, 0x10000000, SZ_4K, P2M_MMIO };
	pages = p2m.table_pages;
	assert_int_equal(p2m_map(&p2m, ipa(0), pa(0), 2 * SZ_1G, P2M_MMIO), -EEXIST);
	assert_int_equal(p2m_map(&p2m, ipa(SZ_1G - 2 * SZ_2M), pa(0), 4 * SZ_2M, P2M_RAM), -EEXIST);
	assert_int_equal(p2m.table_pages, pages);
	check_address(0);
	check_address(SZ_1G - SZ_4K);
	check_address(SZ_1G + 5 * SZ_4K);
	check_address(SZ_1G + 6 * SZ_4K);
	check_smmu(~0ULL);
}

static void test_quota(void **state)
{
	uint64_t at = 0;
	uint32_t pages;
	int ret;

	/* A page alone costs two tables. */
	do {
		pages = p2m.table_pages;
		ret = p2m_map(&p2m, ipa(at), pa(0x10000000), SZ_4K, P2M_MMIO);
		at += SZ_1G;
	} while (ret == 0);
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(p2m.table_pages, pages);
	assert_in_range(p2m.table_pages, QUOTA - 1, QUOTA);
	for (uint64_t i = 0; i < at; i += SZ_1G) {
		p2m_unmap(&p2m, ipa(i), SZ_1G);
	}
	give_all_back();
	assert_int_equal(p2m.table_pages, 4);
}

static void test_no_memory_changes_nothing(void **state)
{
	int ret = -ENOMEM;
	uint32_t n;

	for (n = 1; ret == -ENOMEM; n++) {
		uint32_t pages = p2m.table_pages;

		fake_heap_fail_in = n;
		ret = p2m_map(&p2m, ipa(SZ_1G - SZ_4K), pa(3 * SZ_1G - SZ_4K), 3 * SZ_1G, P2M_MMIO);
		fake_heap_fail_in = 0;
		if (ret != 0) {
			check_address(SZ_1G - SZ_4K);
			check_address(SZ_1G);
			give_all_back();
			assert_int_equal(p2m.table_pages, pages);
		}
	}
	assert_int_equal(ret, 0);
	assert_int_equal(n, 6); /* four tables: tried with 0 to 4 of them */
	/* RAM: tables of the SMMU's view may stay, mappings not. */
	ret = -ENOMEM;
	for (n = 1; ret == -ENOMEM; n++) {
		fake_heap_fail_in = n;
		ret = p2m_map(&p2m, ipa(8 * SZ_1G - SZ_2M), pa(SZ_1G), 2 * SZ_2M, P2M_RAM);
		fake_heap_fail_in = 0;
		if (ret != 0) {
			check_smmu(~0ULL);
			check_address(8 * SZ_1G - SZ_2M);
		}
	}
	assert_int_equal(ret, 0);
}

static void test_init_without_memory(void **state)
{
	struct p2m p;

	for (int64_t n = 1; n <= 2; n++) {
		int64_t live = fake_heap_live;

		fake_heap_fail_in = n;
		assert_int_equal(p2m_init(&p, 1, 100), -ENOMEM);
		fake_heap_fail_in = 0;
		assert_int_equal(fake_heap_live, live);
	}
	assert_int_equal(p2m_init(&p, 1, 3), -ENOMEM);
}

static void test_doorbell(void **state)
{
	const uint64_t doorbell = 0x08090000;

	assert_int_equal(p2m_map(&p2m, ipa(SZ_1G), pa(SZ_1G), 64 * SZ_2M, P2M_RAM), 0);
	maps[map_count++] = (struct mapping){ SZ_1G, SZ_1G, 64 * SZ_2M, P2M_RAM };
	assert_int_equal(p2m_map_doorbell(&p2m, ipa(doorbell + 1), pa(0x8090000)), -EINVAL);
	assert_int_equal(p2m_map_doorbell(&p2m, ipa(P2M_IPA_SIZE), pa(0x8090000)), -EINVAL);
	assert_int_equal(p2m_map_doorbell(&p2m, ipa(SZ_1G + SZ_4K), pa(0x8090000)), -EEXIST);
	assert_int_equal(p2m_map_doorbell(&p2m, ipa(doorbell), pa(0x8090000)), 0);
	assert_int_equal(p2m_map_doorbell(&p2m, ipa(doorbell), pa(0x8090000)), -EEXIST);
	/* A BAR and a page beside it are the CPU's only; the doorbell is not the CPU's. */
	assert_int_equal(p2m_map(&p2m, ipa(doorbell + SZ_4K), pa(0x10000000), SZ_4K, P2M_MMIO), 0);
	maps[map_count++] = (struct mapping){ doorbell + SZ_4K, 0x10000000, SZ_4K, P2M_MMIO };
	check_address(doorbell);
	check_address(doorbell + SZ_4K);
	check_smmu(doorbell);
}

static uint64_t below(uint64_t n)
{
	return (uint64_t)(uint32_t)rand() % n;
}

/* D17 of the peers: whatever is mapped and moved, the device side stays RAM and doorbell. */
static void d17_device_side_never_sees_bars(void **state)
{
	static const uint64_t bases[] = { 0, SZ_1G - 4 * SZ_2M, 5 * SZ_1G - SZ_2M,
					  0x8000000000 - SZ_1G };
	static const uint64_t sizes[] = { SZ_4K, 3 * SZ_4K, 64 * SZ_4K, SZ_2M, 3 * SZ_2M + SZ_4K,
					  SZ_1G, SZ_1G + SZ_2M };

	p2m.table_pages_max = 20000;
	srand(3);
	for (uint32_t i = 0; i < 6000; i++) {
		if (rand() % 2 == 0 && map_count < ARRAY_SIZE(maps)) {
			enum p2m_type type = (enum p2m_type)(1 + below(5));
			uint64_t unit = type == P2M_RAM || rand() % 2 == 0 ? SZ_2M : SZ_4K;
			struct mapping m = {
				.ipa = bases[below(4)] + below(40) * unit,
				.pa = below(4) * SZ_1G + below(3) * unit,
				.size = ALIGN_UP(sizes[below(7)], unit),
				.type = type,
			};
			bool taken = overlaps(m.ipa, m.size);
			int ret = p2m_map(&p2m, ipa(m.ipa), pa(m.pa), m.size, m.type);

			assert_int_equal(ret, taken ? -EEXIST : 0);
			if (ret == 0) {
				maps[map_count++] = m;
			}
		} else if (map_count != 0) {
			uint32_t victim = (uint32_t)below(map_count);
			struct mapping m = maps[victim];

			remember_entries(m.ipa, m.size);
			forget_flushes();
			p2m_unmap(&p2m, ipa(m.ipa), m.size);
			check_entries_flushed();
			maps[victim] = maps[--map_count];
			check_address(m.ipa);
			check_address(m.ipa + m.size - 1);
		}
		for (uint32_t j = 0; j < 8; j++) {
			check_address(bases[below(4)] + below(3 * SZ_1G));
		}
		if (i % 64 == 0) {
			check_smmu(~0ULL);
		}
	}
	while (map_count != 0) {
		map_count--;
		p2m_unmap(&p2m, ipa(maps[map_count].ipa), maps[map_count].size);
	}
	check_smmu(~0ULL);
	/* The CPU's tables are all back in a while; the SMMU's stay. */
	give_all_back();
	assert_in_range(p2m.table_pages, 4, 4 + 6 * 2);
}

static void test_part_of_a_block_panics(void **state)
{
	assert_int_equal(p2m_map(&p2m, ipa(SZ_2M), pa(SZ_2M), SZ_2M, P2M_MMIO), 0);
	expect_assert_failure(p2m_unmap(&p2m, ipa(SZ_2M + SZ_4K), SZ_4K));
	p2m.lock = (struct spinlock){ 0 };
}

/* DDI0487 VTCR_EL2, for 44 and 52 bits of PA. */
static void test_vtcr(void **state)
{
	pa_range = 4;
	assert_int_equal(p2m_vtcr(), 0x80043558);
	pa_range = 6;
	assert_int_equal(p2m_vtcr() >> 16 & 7, 5);
	pa_range = 1;
	expect_assert_failure(p2m_vtcr());
	pa_range = 4;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, p2m_rig_setup, p2m_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_biggest_blocks),
		TEST(test_attributes),
		TEST(test_bad_arguments),
		TEST(test_exists_changes_nothing),
		TEST(test_quota),
		TEST(test_no_memory_changes_nothing),
		TEST(test_init_without_memory),
		TEST(test_doorbell),
		TEST(d17_device_side_never_sees_bars),
		TEST(test_part_of_a_block_panics),
		cmocka_unit_test(test_vtcr),
	};
	int failed;

	/* CPUs without invalidation of ranges, and with. */
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tlb_ranges = true;
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
