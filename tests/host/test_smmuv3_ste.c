/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stream-table updates against a model of what an SMMU may see: each 64-bit word of an entry is
 * fetched on its own, at any time since the last completed CMD_CFGI_STE, and an entry is put
 * together from such words. No entry that can be seen may be anything but the old one, the new one
 * or invalid. Field positions here are written from IHI0070 5.2, not from the code.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "iommu/smmuv3_ste.h"

#define SEEN_MAX 8

struct model {
	uint64_t memory[8];
	uint64_t seen[8][SEEN_MAX]; /* values each word had since the last sync */
	uint32_t seen_count[8];
	struct smmuv3_ste old_entry;
	struct smmuv3_ste new_entry;
	bool changed_since_sync;
};

static void see(struct model *m, uint32_t word)
{
	assert_true(m->seen_count[word] < SEEN_MAX);
	m->seen[word][m->seen_count[word]++] = m->memory[word];
}

static void sync(struct model *m)
{
	for (uint32_t i = 0; i < 8; i++) {
		m->seen_count[i] = 0;
		see(m, i);
	}
	m->changed_since_sync = false;
}

/* Meaning of an entry: words behind word 0 count only for stage 2. */
static bool means(const uint64_t *a, const uint64_t *b)
{
	if ((a[0] & 1) == 0 || (b[0] & 1) == 0) {
		return (a[0] & 1) == (b[0] & 1);
	}
	if (((a[0] >> 1) & 7) == 0) {
		return a[0] == b[0];
	}
	return memcmp(a, b, 64) == 0;
}

/* Every combination of words that could be in the SMMU's cache now. */
static void check_all(const struct model *m, uint32_t word, uint64_t *entry)
{
	static const uint64_t invalid[8];

	if (word == 8) {
		assert_true(means(entry, m->old_entry.word) || means(entry, m->new_entry.word) ||
			    means(entry, invalid));
		return;
	}
	for (uint32_t i = 0; i < m->seen_count[word]; i++) {
		entry[word] = m->seen[word][i];
		check_all(m, word + 1, entry);
	}
}

static void run(struct model *m, const struct smmuv3_ste *from, const struct smmuv3_ste *to)
{
	struct smmuv3_ste_plan plan;
	uint64_t entry[8];

	memset(m, 0, sizeof(*m));
	memcpy(m->memory, from->word, sizeof(m->memory));
	m->old_entry = *from;
	m->new_entry = *to;
	sync(m);
	smmuv3_ste_plan(from, to, &plan);
	assert_true(plan.count <= SMMUV3_STE_STEPS_MAX);
	for (uint32_t i = 0; i < plan.count; i++) {
		const struct smmuv3_ste_step *s = &plan.steps[i];

		if (s->op == STE_WRITE) {
			assert_true(s->word < 8);
			m->memory[s->word] = s->value;
			see(m, s->word);
			m->changed_since_sync = true;
		} else {
			assert_int_equal(s->op, STE_SYNC);
			sync(m);
		}
		check_all(m, 0, entry);
	}
	assert_memory_equal(m->memory, to->word, sizeof(m->memory));
	/* Complete on return: nothing older can still be cached. */
	assert_false(m->changed_since_sync);
}

static void test_every_transition(void **state)
{
	const struct smmuv3_ste entries[] = {
		smmuv3_ste_invalid(),
		smmuv3_ste_abort(),
		smmuv3_ste_stage2(3, pa(0x40002000), 4, true),
		smmuv3_ste_stage2(3, pa(0x40006000), 4, true),
		smmuv3_ste_stage2(200, pa(0x7fffe000), 5, true),
		smmuv3_ste_stage2(200, pa(0x7fffe000), 5, false),
	};
	struct model m;

	for (uint32_t i = 0; i < ARRAY_SIZE(entries); i++) {
		for (uint32_t j = 0; j < ARRAY_SIZE(entries); j++) {
			run(&m, &entries[i], &entries[j]);
		}
	}
}

/* D6 of the peers: what a second lending leaves must be its own, not both ored together. */
static void d6_nothing_of_the_last_user_stays(void **state)
{
	const struct smmuv3_ste first = smmuv3_ste_stage2(0x55, pa(0xaaaaaa000), 4, true);
	const struct smmuv3_ste second = smmuv3_ste_stage2(0x2a, pa(0x555554000), 4, true);
	const struct smmuv3_ste rest = smmuv3_ste_invalid();
	static const uint64_t zero[8];
	struct model m;

	run(&m, &first, &rest);
	assert_memory_equal(m.memory, zero, sizeof(zero));
	run(&m, &rest, &second);
	assert_int_equal(m.memory[2] & 0xffff, 0x2a);
	assert_int_equal(m.memory[3], 0x555554000);
}

static void test_fields(void **state)
{
	struct smmuv3_ste s = smmuv3_ste_stage2(0xab, pa(0x12345676000), 4, true);

	assert_int_equal(s.word[0], 1 | 6 << 1);        /* V, Config = stage 2 */
	assert_int_equal((s.word[1] >> 44) & 3, 1);     /* SHCFG: use incoming */
	assert_int_equal((s.word[1] >> 28) & 3, 0);     /* EATS: no ATS */
	assert_int_equal(s.word[2] & 0xffff, 0xab);     /* S2VMID */
	assert_int_equal((s.word[2] >> 32) & 0x3f, 24); /* S2T0SZ: 40 bits */
	assert_int_equal((s.word[2] >> 38) & 3, 1);     /* S2SL0: level 1 */
	assert_int_equal((s.word[2] >> 40) & 3, 1);     /* S2IR0: write-back */
	assert_int_equal((s.word[2] >> 42) & 3, 1);     /* S2OR0 */
	assert_int_equal((s.word[2] >> 44) & 3, 3);     /* S2SH0: inner */
	assert_int_equal((s.word[2] >> 46) & 3, 0);     /* S2TG: 4 KiB */
	assert_int_equal((s.word[2] >> 48) & 7, 4);     /* S2PS */
	assert_int_equal((s.word[2] >> 51) & 1, 1);     /* S2AA64 */
	assert_int_equal((s.word[2] >> 52) & 1, 0);     /* S2ENDI: little */
	assert_int_equal((s.word[2] >> 57) & 1, 0);     /* S2S: never stall */
	assert_int_equal((s.word[2] >> 58) & 1, 1);     /* S2R: record */
	assert_int_equal(s.word[3], 0x12345676000);     /* S2TTB */
	/* 52-bit output does not exist with 4 KiB tables. */
	s = smmuv3_ste_stage2(1, pa(0), 6, true);
	assert_int_equal((s.word[2] >> 48) & 7, 5);
	/* A walker that does not snoop reads memory, not caches. */
	s = smmuv3_ste_stage2(1, pa(0), 4, false);
	assert_int_equal((s.word[2] >> 40) & 0xf, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_transition),
		cmocka_unit_test(d6_nothing_of_the_last_user_stays),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
