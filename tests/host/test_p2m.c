/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage 2 against a plain list of mappings, with a TLB that remembers everything it was not told to
 * forget. The SMMU's view must be the RAM of that list and the doorbell.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/p2m.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "lib/errno.h"

#define QUOTA 401

struct mapping {
	uint64_t ipa;
	uint64_t pa;
	uint64_t size;
	enum p2m_type type;
};

static struct p2m p2m;
static struct mapping maps[200];
static uint32_t map_count;

/* What p2m_tlb_flush() was told since the last forget_flushes(). */
static uint32_t flush_calls;
static bool flushed_all;
static uint64_t flushed[64];
static uint32_t flushed_count;
static int64_t live_before; /* tables must not be freed before the flush */
static bool watch_live;
static uint32_t pa_range = 4;

void p2m_tlb_publish(void)
{
}

void p2m_tlb_flush(uint64_t vttbr, const ipaddr_t *ipas, uint32_t count)
{
	assert_int_equal(vttbr >> 48, p2m.vmid);
	flush_calls++;
	flushed_all = flushed_all || count == 0;
	for (uint32_t i = 0; i < count && flushed_count < ARRAY_SIZE(flushed); i++) {
		flushed[flushed_count++] = ipas[i].v;
		/* Cleared before it is flushed, or it could be cached again. */
		assert_int_equal(p2m_lookup(&p2m, ipas[i], NULL, NULL), P2M_INVALID);
	}
	if (watch_live) {
		assert_int_equal(fake_heap_live, live_before);
		watch_live = false;
	}
}

uint32_t p2m_tlb_pa_range(void)
{
	return pa_range;
}

void cache_clean(const void *va, uint64_t size)
{
}

void cache_zero(void *va, uint64_t size)
{
	memset(va, 0, size);
}

/* Every unmapping gives some unused tables back. */
static void give_all_back(void)
{
	for (uint32_t i = 0; i < 1000; i++) {
		p2m_unmap(&p2m, ipa(P2M_IPA_SIZE - SZ_4K), SZ_4K);
	}
}

static void destroy(void)
{
	while (!p2m_destroy_slice(&p2m, 16)) {
	}
}

static void forget_flushes(void)
{
	flush_calls = 0;
	flushed_all = false;
	flushed_count = 0;
	live_before = fake_heap_live;
	watch_live = true;
}

/* An entry of this size at ipa is in no TLB any more: some address inside it was named. */
static bool was_flushed(uint64_t ipa, uint64_t size)
{
	if (flushed_all) {
		return true;
	}
	for (uint32_t i = 0; i < flushed_count; i++) {
		if (flushed[i] >= ipa && flushed[i] - ipa < size) {
			return true;
		}
	}
	return false;
}

static const struct mapping *find(uint64_t ipa)
{
	for (uint32_t i = 0; i < map_count; i++) {
		if (ipa >= maps[i].ipa && ipa - maps[i].ipa < maps[i].size) {
			return &maps[i];
		}
	}
	return NULL;
}

static bool overlaps(uint64_t ipa, uint64_t size)
{
	for (uint32_t i = 0; i < map_count; i++) {
		if (ipa < maps[i].ipa + maps[i].size && maps[i].ipa < ipa + size) {
			return true;
		}
	}
	return false;
}

static void check_address(uint64_t address)
{
	const struct mapping *m = find(address);
	paddr_t out = { 0 };
	uint64_t run;
	enum p2m_type type = p2m_lookup(&p2m, ipa(address), &out, &run);

	assert_int_equal(type, m != NULL ? m->type : P2M_INVALID);
	assert_true(run != 0);
	if (m != NULL) {
		assert_int_equal(out.v, m->pa + (address - m->ipa));
		assert_true(run <= m->size - (address - m->ipa));
	} else {
		assert_false(overlaps(address, run));
	}
}

/* The SMMU's tree walked by hand: levels from the address bits of DDI0487 D8, valid is bit 0. */
static uint64_t smmu_walk(uint64_t address, uint64_t *entry_size)
{
	const uint64_t *table = heap_va(p2m_smmu_root(&p2m));
	uint64_t pte = table[address >> 30];

	*entry_size = SZ_1G;
	if ((pte & 3) != 3) {
		return pte;
	}
	table = heap_va(pa(pte & GENMASK(47, 12)));
	pte = table[(address >> 21) & 511];
	*entry_size = SZ_2M;
	if ((pte & 3) != 3) {
		return pte;
	}
	table = heap_va(pa(pte & GENMASK(47, 12)));
	*entry_size = SZ_4K;
	return table[(address >> 12) & 511];
}

/* All of the SMMU's view: exactly the RAM, and the doorbell if there is one. */
static void check_smmu(uint64_t doorbell)
{
	uint64_t size;

	for (uint64_t at = 0; at < P2M_IPA_SIZE; at = ALIGN_DOWN(at, size) + size) {
		const struct mapping *m = find(at);
		uint64_t pte = smmu_walk(at, &size);

		if ((pte & 1) == 0) {
			assert_true(m == NULL || m->type != P2M_RAM);
			assert_int_not_equal(at, doorbell);
		} else if (size == SZ_4K) {
			assert_int_equal(at, doorbell);
		} else {
			assert_int_equal(size, SZ_2M);
			assert_non_null(m);
			assert_int_equal(m->type, P2M_RAM);
			assert_int_equal(pte & GENMASK(47, 12), m->pa + (at - m->ipa));
		}
	}
}

static int setup(void **state)
{
	fake_heap_live = 0;
	fake_heap_fail_in = 0;
	watch_live = false;
	map_count = 0;
	p2m.vmid = 9;
	assert_int_equal(p2m_init(&p2m, 9, QUOTA), 0);
	return 0;
}

static int teardown(void **state)
{
	watch_live = false;
	destroy();
	assert_int_equal(fake_heap_live, 0);
	assert_int_equal(p2m.table_pages, 0);
	destroy();
	return 0;
}

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
	assert_true(flushed_all);
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
			uint64_t first;

			p2m_lookup(&p2m, ipa(m.ipa), NULL, &first);
			forget_flushes();
			p2m_unmap(&p2m, ipa(m.ipa), m.size);
			assert_true(was_flushed(m.ipa, first));
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(test_slices),
		TEST(test_blocks_in_a_row),
		TEST(test_pages_in_a_row),
		TEST(test_big_unmap),
		TEST(test_destroy_in_slices),
		TEST(test_slice_exists),
		TEST(test_doorbell),
		TEST(d17_device_side_never_sees_bars),
		TEST(test_part_of_a_block_panics),
		cmocka_unit_test(test_vtcr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
