/* SPDX-License-Identifier: BSD-2-Clause */
/* Where vCPUs are, and any history. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "lib/errno.h"
#include "sched_world.h"

static void test_placement_is_even(void **state)
{
	uint32_t on[CPUS] = { 0 };

	world_init(CPUS, 8);
	for (uint32_t i = 0; i < 8; i++) {
		on[world_vcpus[i].pcpu]++;
	}
	for (uint32_t c = 0; c < CPUS; c++) {
		assert_in_range(on[c], 2, 3);
	}
	world_end();
}

static void pin(uint32_t i, uint32_t allowed)
{
	fake_cpu = 0;
	assert_int_equal(sched_pin(&world_vcpus[i], allowed), 0);
}

/* Wherever it is: off, running, waiting for its turn, asleep with its registers loaded or not. */
static void test_pinned_goes_where_it_may(void **state)
{
	world_init(2, 4);
	pin(1, 1);
	world_settle();
	assert_int_equal(world_vcpus[1].pcpu, 0);
	world_all_online();
	for (uint32_t i = 0; i < 4; i++) {
		pin(i, 2);
		world_settle();
		world_check();
		assert_int_equal(world_vcpus[i].pcpu, 1);
	}
	assert_null(percpus[0].current);
	for (uint32_t i = 0; i < 4; i++) {
		world.timer[percpus[1].current->index] = fake_now + 30;
		world_block(1, VCPU_BLOCKED);
		world_settle();
	}
	pin(0, 1);
	pin(1, 1);
	world_settle();
	world_check();
	assert_int_equal(world_vcpus[0].state, VCPU_BLOCKED);
	/* Its timer went with it. */
	world_pass(31);
	assert_int_equal(world_vcpus[0].pcpu, 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_not_equal(world_vcpus[i].state, VCPU_BLOCKED);
	}
	world_end();
}

static void test_refused_pins(void **state)
{
	world_init(2, 1);
	assert_int_equal(sched_pin(&world_vcpus[0], 0), -ERANGE);
	assert_int_equal(sched_pin(&world_vcpus[0], 1U << 2), -ERANGE);
	assert_int_equal(sched_pin(&world_vcpus[0], 1U << 2 | 1), -ERANGE);
	assert_int_equal(world_vcpus[0].allowed, SCHED_ANY_CPU);
	pin(0, SCHED_ANY_CPU);
	world_end();
}

/* The last word counts, also before the first was carried out. */
static void test_pinned_twice(void **state)
{
	world_init(3, 1);
	world_all_online();
	pin(0, 2);
	pin(0, 4);
	pin(0, 1);
	world_settle();
	world_check();
	assert_int_equal(world_vcpus[0].pcpu, 0);
	assert_int_equal(world_vcpus[0].state, VCPU_RUNNING);
	world_end();
}

static void pin_vcpu0_to_cpu1(void)
{
	fake_cpu = 1;
	sched_pin(&world_vcpus[0], 2);
}

static void kick_and_pin_vcpu0(void)
{
	fake_cpu = 1;
	world_interrupt(&world_vcpus[0]);
	sched_pin(&world_vcpus[0], 2);
}

/* It is told to go while it blocks, and interrupted on top of that. */
static void test_pinned_while_blocking(void **state)
{
	world_init(2, 2);
	world_all_online();
	world.in_pending = pin_vcpu0_to_cpu1;
	world_block(0, VCPU_BLOCKED);
	world_settle();
	world_check();
	assert_int_equal(world_vcpus[0].pcpu, 1);
	assert_int_equal(world_vcpus[0].state, VCPU_BLOCKED);
	world_interrupt(&world_vcpus[0]);
	world_settle();
	world_check();
	assert_int_not_equal(world_vcpus[0].state, VCPU_BLOCKED);
	pin(0, 1);
	world_settle();
	world.in_pending = kick_and_pin_vcpu0;
	world_block(0, VCPU_BLOCKED);
	world_settle();
	world_check();
	assert_int_equal(world_vcpus[0].pcpu, 1);
	assert_int_not_equal(world_vcpus[0].state, VCPU_BLOCKED);
	world_end();
}

/* Told to go just as its registers are put away for another: it is there only when they are. */
static void test_pinned_while_saved(void **state)
{
	world_init(2, 4);
	world_all_online();
	while (percpus[0].current != &world_vcpus[0]) {
		world_pass(1);
	}
	world.in_save = pin_vcpu0_to_cpu1;
	world_pass(2 * SLICE);
	assert_null(world.in_save);
	world_check();
	assert_int_equal(world_vcpus[0].pcpu, 1);
	world_end();
}

static void test_stopped_and_removed_on_the_way(void **state)
{
	world_init(2, 2);
	world_all_online();
	pin(0, 2);
	sched_stop(&world_vcpus[0]);
	world_settle();
	world_check();
	assert_true(sched_stopped(&world_vcpus[0]));
	pin(0, 1);
	sched_remove(&world_vcpus[0]);
	world_settle();
	/* Nobody counts it any more. */
	sched_add(&world_vcpus[0]);
	assert_int_equal(world_vcpus[0].pcpu, 0);
	world_end();
}

/* Both heavy ones began on one pCPU: they still end up with twice what the light ones get. */
static void test_busy_ones_spread_by_weight(void **state)
{
	world_init(2, 4);
	for (uint32_t i = 0; i < 4; i++) {
		world_vcpus[i].domain = &world_domains[i / 2];
		pin(i, i < 2 ? 1 : 2);
	}
	world_domains[0].share.weight = 512;
	world_settle();
	world_all_online();
	for (uint32_t i = 0; i < 4; i++) {
		pin(i, SCHED_ANY_CPU);
	}
	world_pass(1000);
	for (uint32_t i = 0; i < 4; i++) {
		world_vcpus[i].cpu_ticks = 0;
	}
	world_pass(3000);
	assert_in_range(world_vcpus[0].cpu_ticks + world_vcpus[1].cpu_ticks, 4000 - 60, 4000 + 60);
	assert_in_range(world_vcpus[2].cpu_ticks + world_vcpus[3].cpu_ticks, 2000 - 60, 2000 + 60);
	world_end();
}

/* One pCPU idles while two wait for another's: one of them comes. */
static void test_idle_pcpu_takes_work(void **state)
{
	world_init(2, 2);
	pin(0, 1);
	pin(1, 1);
	world_settle();
	world_all_online();
	pin(0, SCHED_ANY_CPU);
	pin(1, SCHED_ANY_CPU);
	world_pass(SCHED_BALANCE_US / 1000 * 3);
	assert_int_not_equal(world_vcpus[0].pcpu, world_vcpus[1].pcpu);
	world_end();
}

/* When all is even, nobody moves; nor does a sleeper count. */
static void test_even_is_left_alone(void **state)
{
	uint32_t at[4];

	world_init(2, 4);
	world_all_online();
	world_pass(200);
	for (uint32_t i = 0; i < 4; i++) {
		at[i] = world_vcpus[i].pcpu;
	}
	for (uint32_t i = 0; i < 1000; i++) {
		world_pass(1);
		for (uint32_t j = 0; j < 4; j++) {
			assert_int_equal(world_vcpus[j].pcpu, at[j]);
		}
	}
	world_end();
}

/* Firmware cleans the caches of the CPU it runs on. */
static void test_firmware_stays(void **state)
{
	world_init(2, 2);
	world_domains[0].flash_size = SZ_2M;
	pin(0, 1);
	pin(1, 1);
	world_settle();
	world_all_online();
	pin(0, SCHED_ANY_CPU);
	pin(1, SCHED_ANY_CPU);
	world_pass(1000);
	assert_int_equal(world_vcpus[0].pcpu, 0);
	assert_int_equal(world_vcpus[1].pcpu, 0);
	world_end();
}

/* A pCPU for one vCPU alone, as long as it is the only one there and may be nowhere else. */
static void test_dedicated(void **state)
{
	world_init(2, 2);
	world_all_online();
	assert_false(world.wfi_native[0]);
	pin(0, 1);
	world_settle();
	assert_true(world.wfi_native[0]);
	assert_false(world.wfi_native[1]);
	pin(1, 1);
	world_settle();
	assert_false(world.wfi_native[0]);
	pin(1, 2);
	world_settle();
	assert_true(world.wfi_native[0]);
	assert_true(world.wfi_native[1]);
	pin(1, SCHED_ANY_CPU);
	world_settle();
	assert_false(world.wfi_native[1]);
	/* Who comes new goes elsewhere. */
	sched_remove(&world_vcpus[1]);
	sched_add(&world_vcpus[1]);
	assert_int_equal(world_vcpus[1].pcpu, 1);
	world_end();
}

static void random_step(void)
{
	struct vcpu *v = &world_vcpus[(uint32_t)rand() % world_vcpu_count];
	uint32_t cpu = (uint32_t)rand() % CPUS;

	fake_cpu = cpu;
	switch (rand() % 14) {
	case 0:
		sched_stop(v);
		break;
	case 1:
	case 2:
		sched_resume(v);
		break;
	case 3:
	case 4:
		sched_online(v, 0, 0);
		break;
	case 5:
		world_block(cpu, VCPU_OFF);
		break;
	case 6:
		world_block(cpu, VCPU_PARKED);
		break;
	case 7:
		sched_wake(v);
		break;
	case 8:
	case 9:
		world_interrupt(v);
		break;
	case 10:
		v = percpus[cpu].current;
		if (v != NULL) {
			world.timer[v->index] = fake_now + (uint64_t)rand() % 20;
			world_block(cpu, VCPU_BLOCKED);
		}
		break;
	case 11:
	case 12:
		sched_pin(v, (rand() % 3 == 0) ? SCHED_ANY_CPU : 1 + (uint32_t)rand() % 7);
		break;
	default:
		fake_now += (uint64_t)rand() % 8;
		break;
	}
}

/* Any history, some of it in the middle of other work, ends in states that fit. */
static void test_random_histories(void **state)
{
	for (unsigned int seed = 0; seed < 60; seed++) {
		srand(seed);
		world_init(CPUS, VCPUS);
		for (uint32_t c = 0; c < CPUS; c++) {
			world_run(c);
		}
		for (int i = 0; i < 1500; i++) {
			random_step();
			if (rand() % 2 == 0) {
				world_settle();
				world_check();
			}
		}
		/* Everyone who may run does so in the end. */
		for (uint32_t i = 0; i < VCPUS; i++) {
			fake_cpu = 0;
			sched_resume(&world_vcpus[i]);
			sched_wake(&world_vcpus[i]);
			world_interrupt(&world_vcpus[i]);
		}
		world_settle();
		world_check();
		for (uint32_t i = 0; i < VCPUS; i++) {
			assert_true(world_vcpus[i].state == VCPU_READY ||
				    world_vcpus[i].state == VCPU_OFF ||
				    world_vcpus[i].state == VCPU_RUNNING);
		}
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placement_is_even),
		cmocka_unit_test(test_pinned_goes_where_it_may),
		cmocka_unit_test(test_refused_pins),
		cmocka_unit_test(test_pinned_twice),
		cmocka_unit_test(test_pinned_while_blocking),
		cmocka_unit_test(test_pinned_while_saved),
		cmocka_unit_test(test_stopped_and_removed_on_the_way),
		cmocka_unit_test(test_busy_ones_spread_by_weight),
		cmocka_unit_test(test_idle_pcpu_takes_work),
		cmocka_unit_test(test_even_is_left_alone),
		cmocka_unit_test(test_firmware_stays),
		cmocka_unit_test(test_dedicated),
		cmocka_unit_test(test_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
