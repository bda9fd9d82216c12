/* SPDX-License-Identifier: BSD-2-Clause */
/* The choice of who should be on another pCPU. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/sched_balance.h"
#include "core/vcpu.h"

#define ALL 0xffffffffU

static struct vcpu vcpus[64];
static struct balance_cpu cpus[4];

static void begin(void)
{
	memset(cpus, 0, sizeof(cpus));
	for (uint32_t i = 0; i < 4; i++) {
		cpus[i].usable = true;
	}
}

static struct vcpu *put(uint32_t cpu, uint64_t demand, uint32_t allowed)
{
	struct vcpu *v = &vcpus[cpu * 16 + cpus[cpu].count];

	cpus[cpu].vcpus[cpus[cpu].count++] =
		(struct balance_vcpu){ .demand = demand, .allowed = allowed, .vcpu = v };
	cpus[cpu].demand += demand;
	return v;
}

static void assert_plan(uint32_t cpu_count, const struct vcpu *v, uint32_t to,
			const struct vcpu *back)
{
	struct balance_plan plan = balance_choose(cpus, cpu_count);

	assert_ptr_equal(plan.v, v);
	assert_ptr_equal(plan.back, back);
	if (v != NULL) {
		assert_int_equal(plan.to, to);
	}
}

static void test_one_of_two_goes_to_an_idle_pcpu(void **state)
{
	struct vcpu *v;

	begin();
	v = put(0, 256, ALL);
	put(0, 256, ALL);
	assert_plan(2, v, 1, NULL);
}

/* Three equal ones on two pCPUs: whoever moved, it would be no better. */
static void test_what_cannot_be_better_stays(void **state)
{
	begin();
	put(0, 256, ALL);
	put(0, 256, ALL);
	put(1, 256, ALL);
	assert_plan(2, NULL, 0, NULL);
}

/* Two heavy ones here, two light ones there: only an exchange helps. */
static void test_exchange(void **state)
{
	struct vcpu *heavy, *light;

	begin();
	heavy = put(0, 512, ALL);
	put(0, 512, ALL);
	light = put(1, 256, ALL);
	put(1, 256, ALL);
	assert_plan(2, heavy, 1, light);
}

static void test_where_they_may_not_be(void **state)
{
	struct vcpu *free;

	begin();
	put(2, 256, 1U << 2);
	free = put(2, 256, 1U << 2 | 1U << 1);
	assert_plan(4, free, 1, NULL);
	cpus[1].usable = false;
	assert_plan(4, NULL, 0, NULL);
}

/* The pCPU with most to do cannot give any of it away; the next one can. */
static void test_the_next_busiest(void **state)
{
	struct vcpu *v;

	begin();
	put(0, 900, 1U << 0);
	put(0, 900, 1U << 0);
	v = put(1, 256, ALL);
	put(1, 256, ALL);
	assert_plan(3, v, 2, NULL);
}

static uint64_t widest(uint32_t cpu_count)
{
	uint64_t least = ~0ULL, most = 0;

	for (uint32_t i = 0; i < cpu_count; i++) {
		least = MIN(least, cpus[i].demand);
		most = MAX(most, cpus[i].demand);
	}
	return most - least;
}

static struct balance_vcpu take(uint32_t cpu, const struct vcpu *v)
{
	struct balance_cpu *c = &cpus[cpu];

	for (uint32_t i = 0; i < c->count; i++) {
		struct balance_vcpu found = c->vcpus[i];

		if (found.vcpu == v) {
			c->vcpus[i] = c->vcpus[--c->count];
			c->demand -= found.demand;
			return found;
		}
	}
	fail_msg("a plan names a vCPU that is not there");
	return (struct balance_vcpu){ 0 };
}

static void give(uint32_t cpu, struct balance_vcpu v)
{
	assert_true((v.allowed & 1U << cpu) != 0);
	cpus[cpu].vcpus[cpus[cpu].count++] = v;
	cpus[cpu].demand += v.demand;
}

/* Carrying out plans ends; where any may go anywhere nobody is left with much more than others. */
static void test_plans_come_to_an_end(void **state)
{
	for (unsigned int seed = 0; seed < 300; seed++) {
		uint64_t heaviest = 0;
		uint32_t steps = 0;
		struct balance_plan plan;

		srand(seed);
		begin();
		for (uint32_t i = 0; i < 10; i++) {
			uint64_t demand = 1 + (uint64_t)rand() % 1000;

			put((uint32_t)rand() % 4, demand, ALL);
			heaviest = MAX(heaviest, demand);
		}
		for (plan = balance_choose(cpus, 4); plan.v != NULL;
		     plan = balance_choose(cpus, 4)) {
			struct balance_vcpu v = take(plan.from, plan.v);

			if (plan.back != NULL) {
				give(plan.from, take(plan.to, plan.back));
			}
			give(plan.to, v);
			assert_true(++steps < 40);
		}
		assert_true(widest(4) <= heaviest * 21 / 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_two_goes_to_an_idle_pcpu),
		cmocka_unit_test(test_what_cannot_be_better_stays),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_where_they_may_not_be),
		cmocka_unit_test(test_the_next_busiest),
		cmocka_unit_test(test_plans_come_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
