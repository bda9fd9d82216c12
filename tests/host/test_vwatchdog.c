/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's watchdog: what it costs not to serve it, and that nothing counts on when it is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/sched.h"
#include "core/vwatchdog.h"
#include "fake_cpus.h"
#include "fake_heap.h"
#include "fake_trap.h"
#include "irq/vgic.h"
#include "lib/errno.h"

#define REFRESH 0x9100000ULL
#define CONTROL 0x9101000ULL
#define INTID   40

enum { WCS = 0, WOR = 8, WCV = 0x10 };

static struct domain domain;
static struct vcpu vcpu = { .domain = &domain };
static bool wire;
static uint32_t ends;

void vgic_set_level(struct domain *d, struct vcpu *v, uint32_t intid, bool high)
{
	assert_ptr_equal(d, &domain);
	assert_null(v);
	assert_int_equal(intid, INTID);
	assert_int_not_equal(high, wire);
	wire = high;
}

void domain_shutdown(struct domain *d, enum shutdown_reason reason)
{
	assert_ptr_equal(d, &domain);
	assert_int_equal(reason, SHUTDOWN_WATCHDOG);
	d->state = DOMAIN_SHUTDOWN;
	ends++;
}

void sched_tick(void)
{
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	fail();
}

void sched_wake(struct vcpu *v)
{
	fail();
}

static int setup(void **state)
{
	fake_cpus_reset(1);
	fake_now = 50000;
	memset(&domain, 0, sizeof(domain));
	domain.state = DOMAIN_RUNNING;
	domain.vcpus[0] = &vcpu;
	domain.vcpu_count = 1;
	vcpu.sys.cntvoff = 20000;
	wire = false;
	ends = 0;
	return vwatchdog_create(&domain, ipa(REFRESH), ipa(CONTROL), INTID);
}

/* Ticks are milliseconds here. */
static void pass(uint64_t ms)
{
	for (uint64_t end = fake_now + ms; fake_now < end; fake_now++) {
		job_step_one();
	}
}

static int teardown(void **state)
{
	domain.state = DOMAIN_DYING;
	for (uint32_t i = 0; i < 3 && !vwatchdog_stop(&domain); i++) {
		pass(1);
	}
	assert_true(vwatchdog_stop(&domain));
	assert_int_equal(job_next_deadline(), ~0ULL);
	vwatchdog_destroy(&domain);
	return fake_heap_live == 0 ? 0 : -1;
}

static void put(uint64_t at, uint64_t value)
{
	assert_int_equal(fake_trap(&vcpu, at, at == CONTROL + WOR ? 8 : 4, true, &value),
			 MMIO_DONE);
}

static void enable(uint64_t ms)
{
	put(CONTROL + WOR, ms);
	put(CONTROL + WCS, 1);
}

static void test_not_served(void **state)
{
	enable(1000);
	pass(1000);
	assert_false(wire);
	pass(5);
	assert_true(wire);
	pass(990);
	assert_int_equal(ends, 0);
	pass(15);
	assert_int_equal(ends, 1);
	pass(5000);
	assert_int_equal(ends, 1);
}

static void test_served(void **state)
{
	enable(1000);
	for (uint32_t i = 0; i < 20; i++) {
		pass(900);
		assert_false(wire);
		put(REFRESH, 0);
	}
	/* Late: the wire falls again. */
	pass(1100);
	assert_true(wire);
	put(REFRESH, 0);
	assert_false(wire);
	pass(1100);
	assert_true(wire);
	put(CONTROL + WCS, 0);
	assert_false(wire);
	pass(10000);
	assert_int_equal(ends, 0);
	/* Nothing counts while it is off. */
	assert_int_equal(job_next_deadline(), ~0ULL);
	enable(50);
	pass(200);
	assert_int_equal(ends, 1);
}

/* Off and on again between two looks. */
static void test_off_and_on(void **state)
{
	enable(1000);
	pass(10);
	put(CONTROL + WCS, 0);
	enable(30);
	pass(300);
	assert_int_equal(ends, 1);
}

static void test_shortened(void **state)
{
	enable(100000);
	pass(500);
	put(CONTROL + WOR, 100);
	pass(400);
	assert_int_equal(ends, 1);
}

/* Whoever is paused cannot serve it: it has its whole time when it goes on. */
static void test_paused(void **state)
{
	enable(1000);
	pass(700);
	domain.state = DOMAIN_PAUSED;
	pass(60000);
	assert_false(wire);
	domain.state = DOMAIN_RUNNING;
	pass(850);
	assert_false(wire);
	pass(300);
	assert_true(wire);
	assert_int_equal(ends, 0);
}

/* The guest compares with its own counter, which began with it. */
static void test_time_is_the_guests(void **state)
{
	uint64_t value = 0;

	enable(1000);
	assert_int_equal(fake_trap(&vcpu, CONTROL + WCV, 8, false, &value), MMIO_DONE);
	assert_int_equal(value, 50000 - 20000 + 1000);
}

/* It has ended otherwise: nobody counts on, nobody is ended twice. */
static void test_ended_meanwhile(void **state)
{
	enable(1000);
	pass(500);
	domain.state = DOMAIN_SHUTDOWN;
	pass(5000);
	assert_int_equal(ends, 0);
	assert_int_equal(job_next_deadline(), ~0ULL);
	assert_true(vwatchdog_stop(&domain));
}

static void test_destroyed_while_it_counts(void **state)
{
	enable(1000);
	pass(10);
	domain.state = DOMAIN_DYING;
	assert_false(vwatchdog_stop(&domain));
	assert_false(vwatchdog_stop(&domain));
	pass(1);
	assert_true(vwatchdog_stop(&domain));
	pass(5000);
	assert_int_equal(ends, 0);
}

static void test_access_sizes(void **state)
{
	uint64_t value = 1;

	assert_int_equal(fake_trap(&vcpu, CONTROL + WCS, 2, true, &value), MMIO_ABORT);
	assert_int_equal(fake_trap(&vcpu, REFRESH, 1, false, &value), MMIO_ABORT);
	value = 1;
	assert_int_equal(fake_trap(&vcpu, REFRESH, 8, true, &value), MMIO_DONE);
	assert_int_equal(fake_trap(&vcpu, REFRESH + 0xfcc, 4, false, &value), MMIO_DONE);
	assert_int_equal(value >> 16 & 0xf, 1);
}

static void test_none(void **state)
{
	struct domain other = { .watchdog = NULL };

	assert_true(vwatchdog_stop(&other));
	vwatchdog_destroy(&other);
}

static void test_no_memory(void **state)
{
	struct domain other = { .watchdog = NULL };

	fake_heap_fail_in = 1;
	assert_int_equal(vwatchdog_create(&other, ipa(REFRESH), ipa(CONTROL), INTID), -ENOMEM);
	fake_heap_fail_in = 0;
	/* The frames are somebody's already. */
	assert_int_equal(vwatchdog_create(&domain, ipa(REFRESH), ipa(CONTROL), INTID), -EEXIST);
	assert_int_equal(fake_heap_live, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_not_served, setup, teardown),
		cmocka_unit_test_setup_teardown(test_served, setup, teardown),
		cmocka_unit_test_setup_teardown(test_off_and_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shortened, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_is_the_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ended_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroyed_while_it_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
