/* SPDX-License-Identifier: BSD-2-Clause */
#include "p2m_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/p2m_tlb.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "tlb_span.h"

struct p2m p2m;
struct mapping maps[200];
uint32_t map_count;
uint32_t flush_calls;
bool flushed_all;
uint32_t pa_range = 4;
bool tlb_ranges;

static struct tlb_span flushed[P2M_TLB_OPS];
static uint32_t flushed_count;
static struct tlb_span entries[8000];
static uint32_t entry_count;
static int64_t live_before; /* tables must not be freed before the flush */
static bool watch_live;

void p2m_tlb_publish(void)
{
}

void p2m_tlb_flush(uint64_t vttbr, ipaddr_t from, uint64_t size, uint64_t entry)
{
	uint64_t operands[P2M_TLB_OPS];

	assert_int_equal(vttbr >> 48, p2m.vmid);
	flush_calls++;
	flushed_count = p2m_tlb_plan(from, size, entry, tlb_ranges, operands);
	flushed_all = flushed_all || flushed_count == 0;
	for (uint32_t i = 0; i < flushed_count; i++) {
		flushed[i] = tlb_span(operands[i]);
		/* Cleared before it is flushed, or it could be cached again. */
		assert_int_equal(p2m_lookup(&p2m, ipa(flushed[i].base), NULL, NULL), P2M_INVALID);
	}
	if (watch_live) {
		assert_true(fake_heap_live >= live_before);
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

void give_all_back(void)
{
	for (uint32_t i = 0; i < 1000; i++) {
		p2m_unmap(&p2m, ipa(P2M_IPA_SIZE - SZ_4K), SZ_4K);
	}
}

void p2m_rig_destroy(void)
{
	while (!p2m_destroy_slice(&p2m, 16)) {
	}
}

void forget_flushes(void)
{
	flush_calls = 0;
	flushed_all = false;
	flushed_count = 0;
	live_before = fake_heap_live;
	watch_live = true;
}

bool was_flushed(uint64_t ipa, uint64_t size)
{
	bool named = flushed_all;

	for (uint32_t i = 0; i < flushed_count; i++) {
		named = named || (flushed[i].base < ipa + size &&
				  ipa < flushed[i].base + flushed[i].size);
	}
	return named;
}

/* The CPU's tree walked by hand. 0: no table behind that entry. */
static uint64_t table_behind(const uint64_t *entry)
{
	return (*entry & 3) == 3 ? *entry & GENMASK(47, 12) : 0;
}

static void for_each_table(uint64_t from, uint64_t end, void (*call)(uint64_t base, uint64_t size))
{
	for (uint64_t at = ALIGN_DOWN(from, SZ_1G); at < end; at += SZ_1G) {
		uint64_t level2 = table_behind(&p2m.root[at / SZ_1G]);

		if (level2 == 0) {
			continue;
		}
		call(at, SZ_1G);
		for (uint64_t in = at; in < at + SZ_1G; in += SZ_2M) {
			const uint64_t *table = heap_va(pa(level2));

			if (table_behind(&table[in / SZ_2M % 512]) != 0) {
				call(in, SZ_2M);
			}
		}
	}
}

static void remember(uint64_t base, uint64_t size)
{
	assert_true(entry_count < ARRAY_SIZE(entries));
	entries[entry_count++] = (struct tlb_span){ base, size };
}

void remember_entries(uint64_t from, uint64_t size)
{
	uint64_t run, n = 0;

	entry_count = 0;
	for_each_table(from, from + size, remember);
	for (uint64_t at = from; at < from + size; at += run, n++) {
		p2m_lookup(&p2m, ipa(at), NULL, &run);
		if (n % 61 == 0 || at + run >= from + size) {
			remember(at, run);
		}
	}
}

/* A table that is still there. */
static void strike(uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < entry_count; i++) {
		if (entries[i].base == base && entries[i].size == size) {
			entries[i] = entries[--entry_count];
		}
	}
}

void check_entries_flushed(void)
{
	for_each_table(0, P2M_IPA_SIZE, strike);
	for (uint32_t i = 0; i < entry_count; i++) {
		assert_true(was_flushed(entries[i].base, entries[i].size));
	}
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

bool overlaps(uint64_t ipa, uint64_t size)
{
	for (uint32_t i = 0; i < map_count; i++) {
		if (ipa < maps[i].ipa + maps[i].size && maps[i].ipa < ipa + size) {
			return true;
		}
	}
	return false;
}

void check_address(uint64_t address)
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

void check_smmu(uint64_t doorbell)
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

int p2m_rig_setup(void **state)
{
	fake_heap_live = 0;
	fake_heap_fail_in = 0;
	watch_live = false;
	map_count = 0;
	p2m.vmid = 9;
	assert_int_equal(p2m_init(&p2m, 9, QUOTA), 0);
	return 0;
}

int p2m_rig_teardown(void **state)
{
	watch_live = false;
	p2m_rig_destroy();
	assert_int_equal(fake_heap_live, 0);
	assert_int_equal(p2m.table_pages, 0);
	p2m_rig_destroy();
	return 0;
}
