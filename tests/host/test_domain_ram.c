/* SPDX-License-Identifier: BSD-2-Clause */
/* What RAM a domain is given, where, and that a failure gives it back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/ram.h"
#include "domain_world.h"
#include "fake_heap.h"
#include "fake_log.h"
#include "lib/errno.h"

/* Flash is not RAM: read-only, from 0 on, its last block wherever nothing else is up to 128 MiB. */
static void test_flash(void **state)
{
	struct domain_spec spec = {
		.name = "f", .vcpu_count = 1, .ram_size = 8 << 20, .flash_size = (4 << 20) - 5
	};
	struct domain *d = NULL;

	assert_int_equal(domain_create(&spec, &d), 0);
	assert_int_equal(d->ram_size, 8 << 20);
	run_jobs();
	assert_int_equal(domain_world.cleaned, 6);
	assert_int_equal(domain_world.mapped, 4 + 64);
	assert_int_not_equal(domain_world.flash[0], domain_world.flash[1]);
	for (uint32_t i = 0; i < 64; i++) {
		paddr_t block = domain_ram_block(d, i == 0 ? 4 : 5);

		assert_int_equal(domain_world.flash[i], block.v / RAM_BLOCK_SIZE + 1);
	}
	end(d);
	assert_nothing_left();
	/* Not one block more than there is of either. */
	spec.ram_size = (BLOCKS - 1) * RAM_BLOCK_SIZE;
	assert_int_equal(domain_create(&spec, &d), -ENOMEM);
	spec.flash_size = 128 << 20;
	spec.ram_size = 2 << 20;
	assert_int_equal(domain_create(&spec, &d), -ENOMEM);
	spec.flash_size++;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.flash_size = ~0ULL;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	assert_nothing_left();
}

static void test_flash_without_tables(void **state)
{
	struct domain_spec spec = {
		.name = "f", .vcpu_count = 1, .ram_size = 2 << 20, .flash_size = 4 << 20
	};
	struct domain *d = NULL;

	/* RAM, the first block, then in the middle of what the last one fills. */
	domain_world.map_fails_after = 10;
	assert_int_equal(domain_create(&spec, &d), 0);
	run_jobs();
	assert_int_equal(domain_start(d, ipa(0), 0), -ENOMEM);
	end(d);
	assert_nothing_left();
}

/* RAM where it physically is, behind what is in use; cleaned and given back like any other. */
static void test_in_place(void **state)
{
	struct domain_spec spec = {
		.name = "p", .vcpu_count = 1, .ram_size = 8 << 20, .unprotected_dma = true
	};
	struct domain *d = NULL;

	domain_world.in_place = true;
	domain_world.used[1] = true;
	assert_int_equal(domain_create(&spec, &d), 0);
	assert_true(d->unprotected_dma);
	assert_true(d->unsafe_interrupts);
	assert_int_equal(d->ram_base.v, 0x40400000);
	run_jobs();
	assert_int_equal(domain_world.cleaned, 4);
	assert_int_equal(domain_world.mapped, 4);
	assert_int_equal(domain_ram_block(d, 3).v, 0x40a00000);
	assert_true(fake_log_has("unprotected_dma"));
	assert_int_equal(domain_start(d, ipa(0x40400000), 0), 0);
	end(d);
	/* All or nothing: 62 blocks are there in one piece, not 63. */
	spec.ram_size = 63 * RAM_BLOCK_SIZE;
	assert_int_equal(domain_create(&spec, &d), -ERANGE);
	spec.ram_size = BLOCKS * RAM_BLOCK_SIZE;
	assert_int_equal(domain_create(&spec, &d), -ENOMEM);
	/* The tables are short, so some blocks are never looked at. */
	spec.ram_size = 62 * RAM_BLOCK_SIZE;
	domain_world.map_fails_after = domain_world.mapped + 2;
	assert_int_equal(domain_create(&spec, &d), 0);
	run_jobs();
	assert_int_equal(domain_start(d, d->ram_base, 0), -ENOMEM);
	end(d);
	domain_world.used[1] = false;
	assert_nothing_left();
}

/* Just there, where it was before, or not at all. */
static void test_in_its_old_place(void **state)
{
	struct domain_spec spec = {
		.name = "p", .vcpu_count = 1, .ram_size = 8 << 20, .unprotected_dma = true,
		.ram_at = 0x40600000,
	};
	struct domain *d = NULL;

	domain_world.in_place = true;
	assert_int_equal(domain_create(&spec, &d), 0);
	assert_int_equal(d->ram_base.v, 0x40600000);
	run_jobs();
	assert_int_equal(domain_ram_block(d, 0).v, 0x40600000);
	end(d);
	domain_world.used[6] = true; /* its last block */
	assert_int_equal(domain_create(&spec, &d), -ERANGE);
	domain_world.used[6] = false;
	assert_nothing_left();
}

static void test_not_in_place(void **state)
{
	struct domain_spec spec = {
		.name = "p", .vcpu_count = 1, .ram_size = 8 << 20, .flash_size = 1,
		.unprotected_dma = true,
	};
	struct domain *d = NULL;

	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.flash_size = 0;
	domain_world.check_answer = -EINVAL;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	assert_nothing_left();
}

/* BARs have what the spec says, whatever the RAM needs. */
static void test_table_quota(void **state)
{
	struct domain_spec spec = { .name = "x", .vcpu_count = 1, .ram_size = SZ_2M };
	struct domain *d = NULL;

	assert_int_equal(domain_create(&spec, &d), 0);
	assert_int_equal(d->p2m.table_pages_max, 512 + 2);
	run_jobs();
	end(d);
	spec.table_size = 130 << 20;
	assert_int_equal(domain_create(&spec, &d), 0);
	assert_int_equal(d->p2m.table_pages_max, 130 * 256 + 2);
	run_jobs();
	end(d);
	spec.table_size = 5ULL << 30;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	assert_nothing_left();
}

static void test_no_tables_for_ram(void **state)
{
	struct domain *d;

	domain_world.map_fails_after = 2;
	d = created("a", 8);
	assert_int_equal(domain_start(d, ipa(0), 0), -ENOMEM);
	assert_int_equal(d->state, DOMAIN_BUILDING);
	end(d);
	assert_nothing_left();
}

/* Refused at once, though nobody has the memory yet: nothing begins that could not be finished. */
static void test_promised_is_not_free(void **state)
{
	struct domain *a = NULL;
	struct domain *b = NULL;

	assert_int_equal(create("a", 2 * (BLOCKS - 4), &a), 0);
	assert_int_equal(domain_world.taken_in_step, 0);
	assert_int_equal(create("b", 2 * 5, &b), -ENOMEM);
	assert_null(b);
	assert_int_equal(create("b", 2 * 4, &b), 0);
	run_jobs();
	assert_int_equal(domain_world.promised, 0);
	assert_int_equal(domain_start(a, ipa(0), 0), 0);
	assert_int_equal(domain_start(b, ipa(0), 0), 0);
	end(a);
	end(b);
	assert_nothing_left();
}

/* The list of its blocks grows with them. */
static void test_no_list_of_blocks(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 8, &d), 0);
	fake_heap_fail_in = 1;
	run_jobs();
	fake_heap_fail_in = 0;
	assert_int_equal(domain_start(d, ipa(0), 0), -ENOMEM);
	end(d);
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_flash, domain_world_setup),
		cmocka_unit_test_setup(test_flash_without_tables, domain_world_setup),
		cmocka_unit_test_setup(test_in_place, domain_world_setup),
		cmocka_unit_test_setup(test_in_its_old_place, domain_world_setup),
		cmocka_unit_test_setup(test_not_in_place, domain_world_setup),
		cmocka_unit_test_setup(test_table_quota, domain_world_setup),
		cmocka_unit_test_setup(test_no_tables_for_ram, domain_world_setup),
		cmocka_unit_test_setup(test_promised_is_not_free, domain_world_setup),
		cmocka_unit_test_setup(test_no_list_of_blocks, domain_world_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
