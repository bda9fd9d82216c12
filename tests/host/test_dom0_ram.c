/* SPDX-License-Identifier: BSD-2-Clause */
/* Which memory the control domain gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "boot/boot.h"
#include "boot/dom0_build.h"
#include "core/ram.h"
#include "lib/errno.h"

#define MIB    0x100000ULL
#define BASE   0x40000000ULL
#define BLOCKS 2048 /* 4 GiB */

struct machine machine;

static struct domain domain;
static uint8_t owner[BLOCKS]; /* 0 free, 1 the hypervisor's, 2 the control domain's */
static uint64_t mapped;

int ram_block_claim(paddr_t block)
{
	uint64_t n = (block.v - BASE) / (2 * MIB);

	if (block.v < BASE || n >= BLOCKS) {
		return -EINVAL;
	}
	if (owner[n] != 0) {
		return -EBUSY;
	}
	owner[n] = 2;
	return 0;
}

void ram_block_free(paddr_t block)
{
	owner[(block.v - BASE) / (2 * MIB)] = 0;
}

void ram_stats(uint64_t *free_blocks, uint64_t *total_blocks)
{
	*free_blocks = 0;
	for (uint32_t i = 0; i < BLOCKS; i++) {
		*free_blocks += owner[i] == 0;
	}
	*total_blocks = BLOCKS;
}

/* Only what was claimed is mapped, at its own address, once. */
int p2m_map(struct p2m *p, ipaddr_t at, paddr_t pa, uint64_t size, enum p2m_type type)
{
	assert_ptr_equal(p, &domain.p2m);
	assert_int_equal(at.v, pa.v);
	assert_int_equal(type, P2M_RAM);
	for (uint64_t a = pa.v; a < pa.v + size; a += 2 * MIB) {
		assert_int_equal(owner[(a - BASE) / (2 * MIB)], 2);
	}
	mapped += size;
	return 0;
}

static void add_module(enum module_kind kind, uint64_t base, uint64_t size)
{
	struct machine_module *m = &machine.modules[machine.module_count++];

	m->kind = kind;
	m->data = (struct range){ base, size };
}

static int setup(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	memset(owner, 0, sizeof(owner));
	memset(&domain, 0, sizeof(domain));
	mapped = 0;
	machine.ram[0] = (struct range){ BASE, 4096 * MIB };
	machine.ram_count = 1;
	machine.fdt_pa = pa(0x48000000);
	machine.fdt_size = 0x100000;
	owner[1] = owner[2] = 1; /* image and heap at 2 MiB */
	add_module(MODULE_KERNEL, 0x50000000, 32 * MIB);
	add_module(MODULE_RAMDISK, 0x60001000, 60 * MIB);
	return 0;
}

static const struct rangeset *claim(uint64_t wanted)
{
	const struct rangeset *ram;

	dom0_claim_ram(wanted);
	ram = dom0_map_ram(&domain);
	assert_int_equal(mapped, domain.ram_size);
	assert_int_equal(domain.ram_base.v, ram->ranges[0].base);
	return ram;
}

static void test_contiguous_around_the_hypervisor(void **state)
{
	const struct rangeset *ram = claim(1024 * MIB);

	(void)state;
	assert_int_equal(domain.ram_size, 1024 * MIB);
	assert_int_equal(ram->count, 2);
	assert_int_equal(ram->ranges[0].base, BASE);
	assert_int_equal(ram->ranges[0].size, 2 * MIB);
	assert_int_equal(ram->ranges[1].base, BASE + 6 * MIB);
	assert_true(rangeset_contains(ram, 0x50000000, 32 * MIB));
	assert_true(rangeset_contains(ram, 0x60001000, 60 * MIB));
}

static void test_default_is_half(void **state)
{
	(void)state;
	claim(0);
	assert_int_equal(domain.ram_size, (4096 - 4) / 2 * MIB);
}

static void test_default_is_at_least_512_mib(void **state)
{
	(void)state;
	memset(owner + 320, 1, BLOCKS - 320); /* 640 MiB in all */
	claim(0);
	assert_int_equal(domain.ram_size, 512 * MIB);
}

static void test_odd_amounts_round_up(void **state)
{
	(void)state;
	claim(600 * MIB + 1);
	assert_int_equal(domain.ram_size, 602 * MIB);
}

static void test_modules_beyond_the_amount(void **state)
{
	(void)state;
	machine.modules[0].data.base = 0x100000000; /* 3 GiB up */
	claim(512 * MIB);
	assert_int_equal(domain.ram_size, 512 * MIB);
	assert_int_equal(owner[(0x100000000 - BASE) / (2 * MIB)], 2);
	assert_int_equal(owner[(0x102000000 - BASE) / (2 * MIB)], 0);
}

static void test_other_modules_are_not_claimed(void **state)
{
	(void)state;
	add_module(MODULE_OTHER, 0x13fe00000, MIB);
	claim(512 * MIB);
	assert_int_equal(owner[(0x13fe00000 - BASE) / (2 * MIB)], 0);
}

static void test_second_bank(void **state)
{
	(void)state;
	machine.ram[0] = (struct range){ BASE + 2048 * MIB, 2048 * MIB };
	machine.ram[1] = (struct range){ BASE, 1024 * MIB };
	machine.ram_count = 2;
	memset(owner + 512, 1, 512); /* nothing between the banks */
	/* The bank with the modules first, then the other. */
	claim(900 * MIB);
	assert_int_equal(owner[1024], 0);
	memset(owner, 0, sizeof(owner));
	mapped = 0;
	memset(owner + 512, 1, 512);
	claim(1500 * MIB);
	assert_int_equal(owner[1024], 2);
	assert_int_equal(owner[BLOCKS - 1], 0);
}

static void test_refusals(void **state)
{
	(void)state;
	expect_assert_failure(dom0_claim_ram(510 * MIB));
	setup(NULL);
	expect_assert_failure(dom0_claim_ram(4096 * MIB));
	setup(NULL);
	expect_assert_failure(dom0_claim_ram(4080 * MIB)); /* nothing left for the hypervisor */
	setup(NULL);
	machine.modules[0].data.base = 0x48080000; /* over the device tree */
	expect_assert_failure(dom0_claim_ram(0));
	setup(NULL);
	machine.modules[1].data.base = BASE + 3 * MIB; /* over the hypervisor */
	expect_assert_failure(dom0_claim_ram(0));
	setup(NULL);
	memset(owner + 300, 1, BLOCKS - 300); /* 600 MiB, and 596 free: fits only just */
	claim(580 * MIB);
	setup(NULL);
	memset(owner + 300, 1, BLOCKS - 300);
	expect_assert_failure(dom0_claim_ram(582 * MIB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_contiguous_around_the_hypervisor, setup),
		cmocka_unit_test_setup(test_default_is_half, setup),
		cmocka_unit_test_setup(test_default_is_at_least_512_mib, setup),
		cmocka_unit_test_setup(test_odd_amounts_round_up, setup),
		cmocka_unit_test_setup(test_modules_beyond_the_amount, setup),
		cmocka_unit_test_setup(test_other_modules_are_not_claimed, setup),
		cmocka_unit_test_setup(test_second_bank, setup),
		cmocka_unit_test_setup(test_refusals, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
