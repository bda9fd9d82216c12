/* SPDX-License-Identifier: BSD-2-Clause */
/* States of vCPUs: woken, blocked, stopped, turned on, whatever happens in between. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sched_world.h"

static void test_online_once(void **state)
{
	world_init(1, 1);
	assert_true(sched_online(&world_vcpus[0], 0x4000, 7));
	assert_int_equal(world_vcpus[0].regs.pc, 0x4000);
	assert_int_equal(world_vcpus[0].regs.x[0], 7);
	assert_false(sched_online(&world_vcpus[0], 0x5000, 8));
	world_run(0);
	world_check();
	assert_false(sched_online(&world_vcpus[0], 0x5000, 8));
	assert_int_equal(world_vcpus[0].regs.pc, 0x4000);
	assert_int_equal(world.resets, 1);
	world_end();
}

/* CPU_ON for one that is still on its way out finds it on; once it is off its state is its own. */
static void test_on_while_going_off(void **state)
{
	world_init(2, 2);
	world_all_online();
	fake_cpu = world_vcpus[1].pcpu;
	sched_offline(&world_vcpus[1]);
	fake_cpu = world_vcpus[0].pcpu;
	assert_false(sched_online(&world_vcpus[1], 0x9000, 0));
	world_run(world_vcpus[1].pcpu);
	world_check();
	assert_int_equal(world_vcpus[1].state, VCPU_OFF);
	fake_cpu = world_vcpus[0].pcpu;
	assert_true(sched_online(&world_vcpus[1], 0x9000, 0));
	world_settle();
	world_check();
	assert_int_equal(world_vcpus[1].state, VCPU_RUNNING);
	world_end();
}

static void interrupt_vcpu0_from_cpu1(void)
{
	fake_cpu = 1;
	world_interrupt(&world_vcpus[0]);
}

/* The interrupt comes after WFI's last look and before the vCPU is put away, or while it is. */
static void test_interrupt_while_blocking(void **state)
{
	world_init(2, 4);
	world_all_online();
	while (percpus[world_vcpus[0].pcpu].current != &world_vcpus[0]) {
		world_pass(1);
	}
	assert_int_equal(world_vcpus[0].pcpu, 0);
	world.in_pending = interrupt_vcpu0_from_cpu1;
	world_block(0, VCPU_BLOCKED);
	world_settle();
	world_check();
	assert_int_not_equal(world_vcpus[0].state, VCPU_BLOCKED);

	while (percpus[0].current != &world_vcpus[0]) {
		world_pass(1);
	}
	world.in_save = interrupt_vcpu0_from_cpu1;
	world_block(0, VCPU_BLOCKED);
	world_settle();
	world_check();
	assert_null(world.in_save);
	assert_int_not_equal(world_vcpus[0].state, VCPU_BLOCKED);
	world_end();
}

static void stop_vcpu0_from_cpu1(void)
{
	fake_cpu = 1;
	sched_stop(&world_vcpus[0]);
}

static void stop_and_resume_vcpu0_from_cpu1(void)
{
	fake_cpu = 1;
	sched_stop(&world_vcpus[0]);
	sched_resume(&world_vcpus[0]);
}

static void test_stop_while_blocking(void **state)
{
	world_init(2, 2);
	world_all_online();
	world.in_pending = stop_vcpu0_from_cpu1;
	world_block(0, VCPU_BLOCKED);
	world_settle();
	world_check();
	assert_true(sched_stopped(&world_vcpus[0]));
	/* An interrupt does not start it; the one that came is not lost either. */
	interrupt_vcpu0_from_cpu1();
	world_settle();
	world_check();
	assert_true(sched_stopped(&world_vcpus[0]));
	sched_resume(&world_vcpus[0]);
	world_settle();
	world_check();
	assert_int_equal(world_vcpus[0].state, VCPU_RUNNING);

	world.in_save = stop_and_resume_vcpu0_from_cpu1;
	sched_stop(&world_vcpus[0]);
	world_settle();
	assert_null(world.in_save);
	world_check();
	assert_int_equal(world_vcpus[0].state, VCPU_RUNNING);
	world_end();
}

/* Stopped is stopped only when its registers are out of the CPU. */
static void test_stopped_means_saved(void **state)
{
	world_init(2, 2);
	world_all_online();
	world_block(0, VCPU_BLOCKED);
	assert_ptr_equal(percpus[0].loaded, &world_vcpus[0]);
	fake_cpu = 1;
	sched_stop(&world_vcpus[0]);
	assert_int_equal(world_vcpus[0].state, VCPU_STOPPED);
	assert_false(sched_stopped(&world_vcpus[0]));
	world_settle();
	assert_true(sched_stopped(&world_vcpus[0]));
	assert_null(percpus[0].loaded);
	world_end();
}

/* Paused before it was ever on: it comes on when the domain goes on, not before. */
static void test_online_while_stopped(void **state)
{
	world_init(1, 1);
	sched_stop(&world_vcpus[0]);
	assert_true(sched_online(&world_vcpus[0], 0, 0));
	world_run(0);
	world_check();
	assert_int_equal(world_vcpus[0].state, VCPU_STOPPED);
	sched_resume(&world_vcpus[0]);
	world_run(0);
	world_check();
	assert_int_equal(world_vcpus[0].state, VCPU_RUNNING);
	world_end();
}

static void test_park_and_stop(void **state)
{
	world_init(1, 2);
	world_all_online();
	struct vcpu *v = world_block(0, VCPU_PARKED);

	world_interrupt(v);
	world_settle();
	assert_int_equal(v->state, VCPU_PARKED);
	sched_stop(v);
	world_settle();
	assert_false(sched_stopped(v));
	sched_wake(v);
	world_settle();
	world_check();
	assert_true(sched_stopped(v));
	world_end();
}

/* A CPU whose only vCPU sleeps keeps it loaded: waking it costs no switch. */
static void test_sleep_alone_keeps_registers(void **state)
{
	uint32_t loads;

	world_init(1, 1);
	world_all_online();
	loads = world.loads;
	for (uint32_t i = 0; i < 5; i++) {
		world.timer[0] = fake_now + 3;
		world_block(0, VCPU_BLOCKED);
		assert_int_equal(world_vcpus[0].state, VCPU_BLOCKED);
		world_pass(3);
		assert_int_equal(world_vcpus[0].state, VCPU_RUNNING);
	}
	assert_int_equal(world.loads, loads);
	world_end();
}

static void test_timer_of_an_unloaded_sleeper(void **state)
{
	world_init(1, 2);
	world_all_online();
	struct vcpu *sleeper = percpus[0].current;
	struct vcpu *other = sleeper == &world_vcpus[0] ? &world_vcpus[1] : &world_vcpus[0];

	world.timer[sleeper->index] = fake_now + 7;
	world_block(0, VCPU_BLOCKED);
	assert_ptr_equal(percpus[0].loaded, other);
	world_pass(6);
	assert_int_equal(sleeper->state, VCPU_BLOCKED);
	assert_ptr_equal(percpus[0].current, other);
	world_pass(1);
	/* It has run less than the other, so it is next at once. */
	assert_ptr_equal(percpus[0].current, sleeper);
	world_end();
}

static void start_job(uint32_t steps)
{
	world.job_steps = steps;
	world.job_deadline = 0;
	fake_cpu = 0;
	sched_tick();
}

/* An idle CPU steps its job without a pause, but for interrupts: a sleeper's timer is on time. */
static void test_job_does_not_hold_up_timers(void **state)
{
	uint64_t due;

	world_init(1, 1);
	world_all_online();
	world.timer[0] = fake_now + 100;
	due = world.timer[0];
	world_block(0, VCPU_BLOCKED);
	start_job(1000);
	world_run(0);
	assert_true(world.guest_runs[0]);
	assert_in_range(fake_now, due, due + 2);
	assert_in_range(world.job_steps, 890, 910);
	/* The job goes on while the guest runs. */
	world_settle();
	world_check();
	assert_int_equal(world.job_steps, 0);
	world_end();
}

/* A waiting job has its turn when it wants it, whoever runs. */
static void test_job_interrupts_guests(void **state)
{
	world_init(1, 1);
	world.job_deadline = fake_now + 20;
	world_all_online();
	assert_int_equal(world.el2_timer[0], fake_now + 20);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_online_once),
		cmocka_unit_test(test_on_while_going_off),
		cmocka_unit_test(test_interrupt_while_blocking),
		cmocka_unit_test(test_stop_while_blocking),
		cmocka_unit_test(test_stopped_means_saved),
		cmocka_unit_test(test_online_while_stopped),
		cmocka_unit_test(test_park_and_stop),
		cmocka_unit_test(test_sleep_alone_keeps_registers),
		cmocka_unit_test(test_timer_of_an_unloaded_sleeper),
		cmocka_unit_test(test_job_does_not_hold_up_timers),
		cmocka_unit_test(test_job_interrupts_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
