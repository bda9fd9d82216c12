/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets how much of a pCPU. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/errno.h"
#include "sched_world.h"

static void test_fair_among_busy(void **state)
{
	uint64_t least = NEVER;
	uint64_t most = 0;

	world_init(1, 3);
	world_all_online();
	world_pass(3000);
	fake_cpu = 0;
	for (uint32_t i = 0; i < 3; i++) {
		least = MIN(least, world_vcpus[i].cpu_ticks);
		most = MAX(most, world_vcpus[i].cpu_ticks);
	}
	assert_true(most - least <= 2 * SLICE);
	assert_true(least >= 3000 / 3 - 2 * SLICE);
	world_end();
}

/* One that slept long has the CPU at once when it wakes, and no more than a slice in advance. */
static void test_sleeper_gets_no_credit(void **state)
{
	world_init(1, 2);
	world_all_online();
	struct vcpu *sleeper = world_block(0, VCPU_BLOCKED);
	struct vcpu *busy = sleeper == &world_vcpus[0] ? &world_vcpus[1] : &world_vcpus[0];
	uint64_t before_sleeper, before_busy;

	world_pass(2000);
	world_interrupt(sleeper);
	before_sleeper = sleeper->cpu_ticks;
	before_busy = busy->cpu_ticks;
	world_settle();
	assert_ptr_equal(percpus[0].current, sleeper);
	world_pass(400);
	assert_true(sleeper->cpu_ticks - before_sleeper <= 200 + 3 * SLICE);
	assert_true(busy->cpu_ticks - before_busy >= 200 - 3 * SLICE);
	world_end();
}

/* The same when the busy one sleeps just as the other wakes. */
static void test_no_credit_from_an_empty_queue(void **state)
{
	world_init(1, 2);
	world_all_online();
	struct vcpu *sleeper = world_block(0, VCPU_BLOCKED);
	struct vcpu *busy = sleeper == &world_vcpus[0] ? &world_vcpus[1] : &world_vcpus[0];
	uint64_t before;

	world_pass(2000);
	world_block(0, VCPU_BLOCKED);
	world_interrupt(sleeper);
	world_settle();
	assert_ptr_equal(percpus[0].current, sleeper);
	world_pass(1);
	world_interrupt(busy);
	before = busy->cpu_ticks;
	world_pass(400);
	assert_true(busy->cpu_ticks - before >= 200 - 3 * SLICE);
	world_end();
}

/* The time of one that is never interrupted counts too, and counts on. */
static void test_running_time_counts(void **state)
{
	world_init(1, 1);
	world_all_online();
	uint64_t before = sched_cpu_ticks(&world_vcpus[0]);

	fake_now += 1000;
	assert_int_equal(sched_cpu_ticks(&world_vcpus[0]) - before, 1000);
	world_block(0, VCPU_BLOCKED);
	before = sched_cpu_ticks(&world_vcpus[0]);
	fake_now += 1000;
	assert_int_equal(sched_cpu_ticks(&world_vcpus[0]), before);
	world_end();
}

/* vCPUs i < count, of a domain each, all on one pCPU and busy. */
static void begin_busy(uint32_t count)
{
	world_init(1, count);
	for (uint32_t i = 0; i < count; i++) {
		world_vcpus[i].domain = &world_domains[i];
		world_domains[i].vcpus[0] = &world_vcpus[i];
		world_domains[i].vcpu_count = 1;
	}
	world_all_online();
}

static void set_share(uint32_t i, uint32_t weight, uint32_t cap)
{
	fake_cpu = 0;
	assert_int_equal(sched_set_share(&world_domains[i], weight, cap), 0);
	world_settle();
}

static void test_weights(void **state)
{
	begin_busy(3);
	set_share(0, 512, 0);
	set_share(2, 1280, 0);
	world_pass(8000);
	assert_in_range(world_vcpus[0].cpu_ticks, 2000 - 40, 2000 + 40);
	assert_in_range(world_vcpus[1].cpu_ticks, 1000 - 40, 1000 + 40);
	assert_in_range(world_vcpus[2].cpu_ticks, 5000 - 40, 5000 + 40);
	world_end();
}

/* The lightest gets its 65536th part, late but surely; the heaviest is not charged too little. */
static void test_extreme_weights(void **state)
{
	struct sched_share s = { 0 };
	uint64_t vruntime = 0, rest = 0;

	assert_int_equal(sched_share_set(&s, SCHED_WEIGHT_MAX, 0, 30), 0);
	for (uint32_t i = 0; i < SCHED_WEIGHT_MAX; i++) {
		vruntime += sched_share_charge(&s, 1, &rest);
	}
	assert_int_equal(vruntime, SCHED_WEIGHT_DEFAULT);
	begin_busy(2);
	set_share(0, SCHED_WEIGHT_MAX, 0);
	set_share(1, 1, 0);
	world_pass(3000);
	assert_true(world_vcpus[1].cpu_ticks > 0);
	assert_true(world_vcpus[1].cpu_ticks <= 2 * SLICE);
	world_end();
}

/* A change counts from now on: nobody pays for what was, or lives on it. */
static void test_weight_changed_late(void **state)
{
	uint64_t before;

	begin_busy(2);
	world_pass(1000);
	set_share(0, 768, 0);
	before = world_vcpus[0].cpu_ticks;
	world_pass(1000);
	assert_in_range(world_vcpus[0].cpu_ticks - before, 750 - 20, 750 + 20);
	world_end();
}

static void test_refused_shares(void **state)
{
	struct sched_share s = { 0 };

	assert_int_equal(sched_share_set(&s, 512, 50, 30), 0);
	assert_int_equal(sched_share_set(&s, 0, 0, 30), -ERANGE);
	assert_int_equal(sched_share_set(&s, SCHED_WEIGHT_MAX + 1, 0, 30), -ERANGE);
	assert_int_equal(sched_share_set(&s, 256, SCHED_CAP_MAX + 1, 30), -ERANGE);
	assert_int_equal(sched_share_weight(&s), 512);
	assert_int_equal(sched_share_cap(&s), 50);
}

/* Alone on its pCPU, with nobody to take the rest. */
static void test_cap_alone(void **state)
{
	begin_busy(1);
	set_share(0, 256, 40);
	world_pass(3000);
	assert_in_range(world_vcpus[0].cpu_ticks, 1200 - 30, 1200 + 30);
	world_end();
}

static void test_cap_leaves_the_rest_to_others(void **state)
{
	begin_busy(2);
	set_share(0, 1024, 20);
	world_pass(3000);
	assert_in_range(world_vcpus[0].cpu_ticks, 600 - 30, 600 + 30);
	assert_in_range(world_vcpus[1].cpu_ticks, 2400 - 30, 2400 + 30);
	/* Nor has it saved up anything when the cap goes. */
	set_share(0, 256, 0);
	world_pass(1000);
	assert_in_range(world_vcpus[0].cpu_ticks, 1100 - 40, 1100 + 40);
	world_end();
}

/* It is the domain's: three vCPUs on three pCPUs have one and a half of them. */
static void test_cap_of_all_vcpus_together(void **state)
{
	uint64_t sum = 0;

	world_init(CPUS, CPUS);
	for (uint32_t i = 0; i < CPUS; i++) {
		world_domains[0].vcpus[world_domains[0].vcpu_count++] = &world_vcpus[i];
	}
	world_all_online();
	set_share(0, 256, 150);
	world_pass(3000);
	for (uint32_t i = 0; i < CPUS; i++) {
		sum += world_vcpus[i].cpu_ticks;
	}
	assert_in_range(sum, 4500 - 150, 4500 + 150);
	world_end();
}

/* An interrupt for one that has had its time waits; the cap ends, and it is delivered. */
static void test_cap_and_interrupts(void **state)
{
	struct vcpu *v = &world_vcpus[0];

	begin_busy(1);
	set_share(0, 256, 10);
	world_pass(20);
	assert_int_equal(v->state, VCPU_READY);
	world_interrupt(v);
	world_settle();
	assert_int_equal(v->state, VCPU_READY);
	assert_true(world.pending[0]);
	world_pass(SCHED_CAP_PERIOD_US / 1000);
	assert_false(world.pending[0]);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fair_among_busy),
		cmocka_unit_test(test_sleeper_gets_no_credit),
		cmocka_unit_test(test_no_credit_from_an_empty_queue),
		cmocka_unit_test(test_running_time_counts),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_extreme_weights),
		cmocka_unit_test(test_weight_changed_late),
		cmocka_unit_test(test_refused_shares),
		cmocka_unit_test(test_cap_alone),
		cmocka_unit_test(test_cap_leaves_the_rest_to_others),
		cmocka_unit_test(test_cap_of_all_vcpus_together),
		cmocka_unit_test(test_cap_and_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
