/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies by IPA: right bytes, all or nothing, RAM only, one window at a time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/domain.h"
#include "core/guest_copy.h"
#include "fake_heap.h"
#include "fake_mmu.h"
#include "lib/errno.h"

#define BASE   0x40000000ULL
#define BLOCKS 4

static struct domain domain;

/* RAM blocks of the domain in reverse order of its own addresses, so that none follows another. */
static paddr_t block_pa(uint64_t i)
{
	return pa(FAKE_RAM_BASE + (20 - 2 * i) * SZ_2M);
}

static int setup(void **state)
{
	fake_mmu_reset();
	assert_int_equal(p2m_init(&domain.p2m, 1, 100), 0);
	for (uint64_t i = 0; i < BLOCKS; i++) {
		assert_int_equal(p2m_map(&domain.p2m, ipa(BASE + i * SZ_2M), block_pa(i), SZ_2M,
					 P2M_RAM), 0);
	}
	assert_int_equal(p2m_map(&domain.p2m, ipa(BASE - SZ_4K), pa(FAKE_RAM_BASE), SZ_4K,
				 P2M_MMIO), 0);
	assert_int_equal(p2m_map(&domain.p2m, ipa(BASE + BLOCKS * SZ_2M),
				 pa(FAKE_RAM_BASE + SZ_2M), SZ_4K, P2M_RAM_SHARED), 0);
	domain.state = DOMAIN_RUNNING;
	return 0;
}

static int teardown(void **state)
{
	while (!p2m_destroy_slice(&domain.p2m, 1)) {
	}
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static uint8_t *byte(uint64_t offset)
{
	return fake_ram(pa_add(block_pa(offset / SZ_2M), offset % SZ_2M));
}

static void test_random(void **state)
{
	static uint8_t buf[3 * SZ_2M];
	static uint8_t back[sizeof(buf)];

	srand(4);
	for (uint32_t i = 0; i < 60; i++) {
		uint64_t limit = i % 2 == 0 ? 64 : sizeof(buf);
		uint64_t size = (uint64_t)(uint32_t)rand() % limit + 1;
		uint64_t at = (uint64_t)(uint32_t)rand() % (BLOCKS * SZ_2M - size);
		uint8_t before = at != 0 ? *byte(at - 1) : 0;
		uint8_t after = *byte(at + size);

		for (uint64_t j = 0; j < size; j++) {
			buf[j] = (uint8_t)rand();
		}
		assert_int_equal(guest_copy_to(&domain, ipa(BASE + at), buf, size), 0);
		for (uint64_t j = 0; j < size; j += 1 + size / 97) {
			assert_int_equal(*byte(at + j), buf[j]);
		}
		assert_int_equal(*byte(at + size), after);
		assert_true(at == 0 || *byte(at - 1) == before);
		assert_int_equal(guest_copy_from(&domain, back, ipa(BASE + at), size), 0);
		assert_memory_equal(back, buf, size);
		assert_false(fake_mmu_window_open);
	}
}

static void test_all_or_nothing(void **state)
{
	static const struct {
		uint64_t at;
		uint64_t size;
	} bad[] = {
		{ BASE - 1, 1 },                          /* device memory */
		{ BASE - 8, 16 },                         /* begins there */
		{ BASE + BLOCKS * SZ_2M - 8, 16 },        /* ends in shared pages */
		{ BASE + BLOCKS * SZ_2M + SZ_4K, 1 },     /* nothing */
		{ BASE + SZ_2M, BLOCKS * SZ_2M },         /* long, the end is wrong */
		{ P2M_IPA_SIZE - 1, 2 },
		{ P2M_IPA_SIZE, 1 },
		{ ~0ULL - 3, 8 },                         /* wraps */
		{ BASE, ~0ULL },
	};
	static uint8_t buf[BLOCKS * SZ_2M];
	uint32_t windows = fake_mmu_windows;

	memset(buf, 0x11, sizeof(buf));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(guest_copy_to(&domain, ipa(bad[i].at), buf, bad[i].size), -EFAULT);
		assert_int_equal(guest_copy_from(&domain, buf, ipa(bad[i].at), bad[i].size),
				 -EFAULT);
		assert_false(spin_is_locked(&domain.p2m.lock));
	}
	assert_int_equal(fake_mmu_windows, windows);
	assert_int_equal(buf[0], 0x11);
	assert_int_equal(*byte(BLOCKS * SZ_2M - 1), 0xa5);
	assert_int_equal(guest_copy_to(&domain, ipa(0), buf, 0), 0);
}

/* The virtual ITS reads its commands like this: one look at the tables, one window. */
static void test_small_copies_are_one_window(void **state)
{
	uint64_t word;
	uint32_t windows = fake_mmu_windows;

	assert_int_equal(guest_copy_from(&domain, &word, ipa(BASE + 0x1238), 8), 0);
	assert_int_equal(fake_mmu_windows - windows, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_small_copies_are_one_window, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
