/* SPDX-License-Identifier: BSD-2-Clause */
/* Mapping and unmapping in slices and long rows, and what the TLB hears of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/arm64/p2m.h"
#include "fake_heap.h"
#include "lib/errno.h"
#include "p2m_rig.h"
#include "work.h"

/* At most so many entries a call, and the whole is the same as in one go. */
static void test_slices(void **state)
{
	const uint64_t base = 0x10000000 + 3 * SZ_4K;
	const uint64_t size = 2 * SZ_2M;
	uint64_t done = 0;
	uint64_t before = 0;
	uint32_t calls = 0;
	int ret;

	/* Crooked on both sides: 4 KiB entries all the way, as pa and ipa are not aligned alike. */
	do {
		ret = p2m_map_slice(&p2m, ipa(base), pa(0x20000000), size, P2M_MMIO, 64, &done);
		assert_true(done - before <= 64 * SZ_4K && done > before);
		before = done;
		calls++;
	} while (ret == -EAGAIN);
	assert_int_equal(ret, 0);
	assert_int_equal(done, size);
	/* Runs end at a table's end too. */
	assert_in_range(calls, 1024 / 64, 1024 / 64 + 2);
	maps[map_count++] = (struct mapping){ base, 0x20000000, size, P2M_MMIO };
	check_address(base - 1);
	check_address(base);
	check_address(base + size - 1);
	check_address(base + size);
	forget_flushes();
	p2m_unmap(&p2m, ipa(base), size);
	for (uint64_t at = 0; at < size; at += SZ_4K) {
		assert_true(was_flushed(base + at, SZ_4K));
		assert_int_equal(p2m_lookup(&p2m, ipa(base + at), NULL, NULL), P2M_INVALID);
	}
	assert_int_equal(p2m.table_pages, 4);
}

/* Blocks in a row, a hole, a block's worth of pages, RAM among them: all goes, and is flushed. */
static void test_blocks_in_a_row(void **state)
{
	const uint64_t base = 0x40000000;
	const uint32_t tables = p2m.table_pages;
	uint64_t at = base;

	for (uint32_t counts = 3; counts <= 40; counts += 37) {
		at = base;
		assert_int_equal(p2m_map(&p2m, ipa(at), pa(SZ_2M), counts * SZ_2M, P2M_MMIO), 0);
		at += (counts + 1) * SZ_2M;
		assert_int_equal(p2m_map(&p2m, ipa(at), pa(SZ_4K), SZ_2M, P2M_MMIO), 0);
		at += SZ_2M;
		assert_int_equal(p2m_map(&p2m, ipa(at), pa(SZ_1G), SZ_2M, P2M_RAM), 0);
		at += SZ_2M;
		assert_int_equal(p2m_map(&p2m, ipa(at), pa(SZ_2M), 2 * SZ_2M, P2M_RAM_SHARED), 0);
		at += 2 * SZ_2M;
		forget_flushes();
		p2m_unmap(&p2m, ipa(base), at - base);
		assert_int_equal(flush_calls, 1);
		for (uint64_t i = base; i < at; i += SZ_2M) {
			check_address(i);
			assert_true(was_flushed(i, SZ_2M) || i == base + counts * SZ_2M);
		}
		check_smmu(~0ULL);
	}
	give_all_back();
	assert_in_range(p2m.table_pages, tables, tables + 1); /* the SMMU's stays */
}

/* Pages in a row, with a hole, few and many: they go; those beside them stay, and their table. */
static void test_pages_in_a_row(void **state)
{
	const uint64_t base = 0x40100000, before = base - SZ_4K;
	const uint32_t tables = p2m.table_pages;

	for (uint32_t count = 8; count <= 248; count += 240) {
		const uint64_t hole = base + 3 * SZ_4K, end = base + count * SZ_4K;

		assert_int_equal(p2m_map(&p2m, ipa(before), pa(SZ_1M), 4 * SZ_4K, P2M_MMIO), 0);
		assert_int_equal(
			p2m_map(&p2m, ipa(hole + SZ_4K), pa(SZ_2M), end - hole, P2M_MMIO_NC), 0);
		forget_flushes();
		p2m_unmap(&p2m, ipa(base), end - base);
		assert_int_equal(flush_calls, 1);
		for (uint64_t i = base; i < end; i += SZ_4K) {
			assert_int_equal(p2m_lookup(&p2m, ipa(i), NULL, NULL), P2M_INVALID);
			assert_true(was_flushed(i, SZ_4K) || i == hole);
		}
		assert_int_equal(p2m_lookup(&p2m, ipa(before), NULL, NULL), P2M_MMIO);
		assert_int_equal(p2m_lookup(&p2m, ipa(end), NULL, NULL), P2M_MMIO_NC);
		assert_true(p2m.table_pages > tables);
		p2m_unmap(&p2m, ipa(before), SZ_4K);
		p2m_unmap(&p2m, ipa(end), SZ_4K);
		give_all_back();
		assert_int_equal(p2m.table_pages, tables);
	}
}

/* Whether a table is empty is known: the last page of one goes as fast as any, and so do both. */
static void test_empty_tables_are_not_searched(void **state)
{
	const uint64_t last = 0x40000000 + SZ_2M - SZ_4K;
	const uint32_t tables = p2m.table_pages;
	uint64_t beside, alone;

	assert_int_equal(p2m_map(&p2m, ipa(last - SZ_4K), pa(0), 2 * SZ_4K, P2M_MMIO), 0);
	assert_int_equal(p2m.table_pages, tables + 2);
	beside = WORK(p2m_unmap(&p2m, ipa(last - SZ_4K), SZ_4K));
	assert_int_equal(p2m.table_pages, tables + 2);
	alone = WORK(p2m_unmap(&p2m, ipa(last), SZ_4K));
	assert_int_equal(p2m.table_pages, tables);
	assert_in_range(beside, 1, 100);
	assert_in_range(alone, 1, 100);
}

/* Pages and then blocks in one go, or blocks and then pages: each of them is flushed. */
static void test_pages_beside_blocks(void **state)
{
	const uint64_t edge = 8 * SZ_4K, blocks = 2 * SZ_2M;

	for (uint32_t pages_first = 0; pages_first <= 1; pages_first++) {
		const uint64_t base = SZ_1G + SZ_2M - (pages_first ? edge : 0);
		const uint64_t pages = pages_first ? base : base + blocks;

		assert_int_equal(
			p2m_map(&p2m, ipa(base), pa(base), edge + blocks, P2M_MMIO), 0);
		forget_flushes();
		p2m_unmap(&p2m, ipa(base), edge + blocks);
		assert_int_equal(flush_calls, 1);
		for (uint64_t at = pages; at < pages + edge; at += SZ_4K) {
			assert_true(was_flushed(at, SZ_4K));
		}
		assert_true(was_flushed(SZ_1G + SZ_2M, SZ_2M));
		assert_true(was_flushed(SZ_1G + 2 * SZ_2M, SZ_2M));
	}
	assert_int_equal(p2m_map(&p2m, ipa(SZ_1G), pa(0), SZ_1G + blocks, P2M_MMIO), 0);
	forget_flushes();
	p2m_unmap(&p2m, ipa(SZ_1G), SZ_1G + blocks);
	assert_true(was_flushed(SZ_1G, SZ_1G));
	assert_true(was_flushed(2 * SZ_1G, SZ_2M));
	assert_true(was_flushed(2 * SZ_1G + SZ_2M, SZ_2M));
}

/* Tables that a mapping made in vain were in walkers' sight: they are flushed before they go. */
static void test_tables_made_in_vain(void **state)
{
	for (int64_t tables = 1; tables <= 2; tables++) {
		forget_flushes();
		fake_heap_fail_in = tables;
		assert_int_equal(p2m_map(&p2m, ipa(5 * SZ_1G), pa(0), SZ_4K, P2M_MMIO), -ENOMEM);
		fake_heap_fail_in = 0;
		assert_int_equal(was_flushed(5 * SZ_1G, SZ_1G), tables == 2);
		assert_int_equal(flushed_all, false);
	}
}

/*
 * A BAR of 8 GiB in 4 KiB pages: gone at once, for one flush. Its tables are the domain's next ones
 * and stay in its quota, until they go a few at a time.
 */
static void test_big_unmap(void **state)
{
	const uint64_t base = 0x8000000000;
	const uint64_t size = 8 * SZ_1G;
	const uint32_t pages = 4 + 8 * 513;
	int64_t live;
	uint64_t done = 0;
	int ret;

	p2m.table_pages_max = pages;
	assert_int_equal(p2m_map(&p2m, ipa(base), pa(SZ_4K), size, P2M_MMIO), 0);
	assert_int_equal(p2m.table_pages, pages);
	forget_flushes();
	p2m_unmap(&p2m, ipa(base), size);
	assert_int_equal(flush_calls, 1);
	assert_int_not_equal(flushed_all, tlb_ranges);
	for (uint64_t at = base; at < base + size; at += 511 * SZ_4K) {
		assert_true(was_flushed(at, SZ_4K));
	}
	check_address(base);
	check_address(base + size - SZ_4K);
	assert_in_range(p2m.table_pages, pages - 64, pages - 1);
	live = fake_heap_live;
	/* Again, twice as many pages as the heap would give now. */
	fake_heap_fail_in = 65;
	do {
		ret = p2m_map_slice(&p2m, ipa(base), pa(2 * SZ_4K), size, P2M_MMIO, 512, &done);
	} while (ret == -EAGAIN);
	fake_heap_fail_in = 0;
	assert_int_equal(ret, 0);
	assert_in_range(fake_heap_live - live, 1, 64);
	maps[map_count++] = (struct mapping){ base, 2 * SZ_4K, size, P2M_MMIO };
	for (uint64_t at = base - SZ_4K; at < base + size + SZ_2M; at += 77 * SZ_4K) {
		check_address(at);
	}
	p2m_unmap(&p2m, ipa(base), size);
	give_all_back();
	assert_int_equal(p2m.table_pages, 4);
}

/* Each call gives back no more than it may, and looks at no more than it may. */
static void test_destroy_in_slices(void **state)
{
	uint32_t calls = 0;
	int64_t before;
	bool done;

	p2m.table_pages_max = 20000;
	assert_int_equal(p2m_map(&p2m, ipa(SZ_1G), pa(SZ_1G), 8 * SZ_1G, P2M_RAM), 0);
	assert_int_equal(p2m_map(&p2m, ipa(0x8000000000), pa(SZ_4K), 2 * SZ_1G, P2M_MMIO), 0);
	assert_int_equal(p2m_map_doorbell(&p2m, ipa(0x08090000), pa(0x8090000)), 0);
	do {
		before = fake_heap_live;
		done = p2m_destroy_slice(&p2m, 16);
		assert_in_range(before - fake_heap_live, 0, done ? 18 : 16);
		calls++;
	} while (!done);
	assert_int_equal(fake_heap_live, 0);
	assert_true(calls >= 2 * 513 / 16);
}

/* A slice that hits something leaves what it did to its caller. */
static void test_slice_exists(void **state)
{
	uint64_t done = 0;
	int ret;

	assert_int_equal(p2m_map(&p2m, ipa(0x10000000 + 100 * SZ_4K), pa(0), SZ_4K, P2M_MMIO), 0);
	do {
		ret = p2m_map_slice(&p2m, ipa(0x10000000), pa(0x20001000), SZ_2M, P2M_MMIO, 64,
				    &done);
	} while (ret == -EAGAIN);
	assert_int_equal(ret, -EEXIST);
	assert_int_equal(done, 100 * SZ_4K);
	p2m_unmap(&p2m, ipa(0x10000000), done);
	assert_int_equal(p2m_lookup(&p2m, ipa(0x10000000 + 99 * SZ_4K), NULL, NULL), P2M_INVALID);
	assert_int_equal(p2m_lookup(&p2m, ipa(0x10000000 + 100 * SZ_4K), NULL, NULL), P2M_MMIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, p2m_rig_setup, p2m_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_slices),
		TEST(test_blocks_in_a_row),
		TEST(test_pages_in_a_row),
		TEST(test_empty_tables_are_not_searched),
		TEST(test_pages_beside_blocks),
		TEST(test_tables_made_in_vain),
		TEST(test_big_unmap),
		TEST(test_destroy_in_slices),
		TEST(test_slice_exists),
	};
	int failed;

	/* CPUs without invalidation of ranges, and with. */
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tlb_ranges = true;
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
