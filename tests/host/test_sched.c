/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler on model CPUs: one runs EL2 at a time, an event can be put into the middle of
 * another CPU's work by a hook, and after each step the states must fit together.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/el2.h"
#include "core/domain.h"
#include "core/job.h"
#include "core/ram.h"
#include "core/sched.h"
#include "fake_cpus.h"
#include "irq/irq.h"
#include "irq/vgic.h"

#define CPUS  3U
#define VCPUS 8U
#define SLICE 5U /* ticks: 5 ms */
#define NEVER (~0ULL)

static struct domain domain;
static struct vcpu vcpus[VCPUS];
static uint32_t vcpu_count;

static struct {
	bool pending[VCPUS];      /* an interrupt waits in the virtual GIC */
	uint64_t timer[VCPUS];    /* the vCPU's own timer */
	uint64_t el2_timer[CPUS];
	bool sgi[CPUS];
	bool guest_runs[CPUS];
	uint64_t job_deadline;
	uint32_t job_steps; /* that the job still has */
	uint32_t resets;
	uint32_t loads;
	/* Called once, in the middle of something. */
	void (*in_pending)(void);
	void (*in_save)(void);
} world;

static jmp_buf idle_jump;

static void call_once(void (**hook)(void))
{
	void (*now)(void) = *hook;

	*hook = NULL;
	if (now != NULL) {
		uint32_t cpu = fake_cpu;

		now();
		fake_cpu = cpu;
	}
}

void el2_timer_set(uint64_t deadline)
{
	world.el2_timer[fake_cpu] = deadline;
}

void vcpu_load(struct vcpu *v)
{
	assert_null(percpus[fake_cpu].loaded);
	assert_int_equal(v->pcpu, fake_cpu);
	assert_int_equal(v->state, VCPU_RUNNING);
	percpus[fake_cpu].loaded = v;
	world.loads++;
}

void vcpu_save(struct vcpu *v)
{
	assert_ptr_equal(percpus[fake_cpu].loaded, v);
	percpus[fake_cpu].loaded = NULL;
	call_once(&world.in_save);
}

void vcpu_leave_tables(void)
{
}

uint64_t vcpu_timer_deadline(const struct vcpu *v)
{
	return world.timer[v->index];
}

void vcpu_reset_regs(struct vcpu *v, uint64_t pc, uint64_t arg)
{
	for (uint32_t c = 0; c < CPUS; c++) {
		assert_ptr_not_equal(percpus[c].loaded, v);
		assert_ptr_not_equal(percpus[c].current, v);
	}
	v->regs.pc = pc;
	v->regs.x[0] = arg;
	world.resets++;
}

void vgic_vcpu_reset(struct vcpu *v)
{
	world.pending[v->index] = false;
}

bool vgic_pending(struct vcpu *v)
{
	bool pending = world.pending[v->index];

	call_once(&world.in_pending);
	return pending;
}

/* The guest takes its interrupt at once. */
void vgic_enter(struct vcpu *v)
{
	assert_ptr_equal(percpus[fake_cpu].current, v);
	assert_ptr_equal(percpus[fake_cpu].loaded, v);
	world.pending[v->index] = false;
}

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	assert_int_equal(sgi, SGI_KICK);
	world.sgi[cpu] = true;
}

uint64_t job_next_deadline(void)
{
	return world.job_deadline;
}

bool ram_clean_one(void)
{
	return false;
}

void guest_enter_first(void)
{
	abort();
}

static bool own_timer_due(uint32_t cpu)
{
	const struct vcpu *v = percpus[cpu].loaded;

	return v != NULL && world.timer[v->index] <= fake_now;
}

static bool interrupted(uint32_t cpu)
{
	return world.sgi[cpu] || world.el2_timer[cpu] <= fake_now || own_timer_due(cpu);
}

/* A step takes a tick; after its last one the job is gone. */
bool job_step_one(void)
{
	if (world.job_steps == 0 || world.job_deadline > fake_now) {
		return false;
	}
	fake_now++;
	fake_sysreg_write("isr_el1", interrupted(fake_cpu));
	if (--world.job_steps == 0) {
		world.job_deadline = NEVER;
	}
	return true;
}

static void interrupt(struct vcpu *v)
{
	world.pending[v->index] = true;
	vcpu_kick(v);
}

void irq_dispatch(void)
{
	fake_sysreg_write("isr_el1", 0);
	world.sgi[fake_cpu] = false;
	if (world.el2_timer[fake_cpu] <= fake_now) {
		el2_timer_set(NEVER);
		sched_tick();
	}
	if (own_timer_due(fake_cpu)) {
		struct vcpu *v = percpus[fake_cpu].loaded;

		world.timer[v->index] = NEVER;
		interrupt(v);
	}
}

void wfi(void)
{
	if (!interrupted(fake_cpu)) {
		longjmp(idle_jump, 1);
	}
}

/* An exit on cpu, until it enters a guest or sleeps. */
static void run(uint32_t cpu)
{
	fake_cpu = cpu;
	if (percpus[cpu].current == NULL) {
		percpus[cpu].resched = true; /* it slept inside the scheduler */
	}
	world.guest_runs[cpu] = false;
	if (setjmp(idle_jump) == 0) {
		irq_dispatch();
		sched_exit();
		world.guest_runs[cpu] = true;
	}
}

static void settle(void)
{
	for (uint32_t round = 0; round < 1000; round++) {
		bool quiet = true;

		for (uint32_t c = 0; c < CPUS; c++) {
			/* Asked to look again by itself: it is in EL2, on its way out. */
			if (percpus[c].online && (interrupted(c) || percpus[c].resched)) {
				run(c);
				quiet = false;
			}
		}
		if (quiet) {
			return;
		}
	}
	fail_msg("CPUs do not come to rest");
}

static void check_cpu(uint32_t cpu)
{
	uint32_t running = 0;
	uint32_t ready = 0;

	for (uint32_t i = 0; i < vcpu_count; i++) {
		const struct vcpu *v = &vcpus[i];

		if (v->pcpu != cpu) {
			assert_ptr_not_equal(percpus[cpu].current, v);
			assert_ptr_not_equal(percpus[cpu].loaded, v);
			continue;
		}
		ready += v->state == VCPU_READY ? 1 : 0;
		if (v->state == VCPU_RUNNING) {
			running++;
			assert_ptr_equal(percpus[cpu].current, v);
		}
		/* Asleep and out of the CPU: EL2 watches its timer. */
		if (v->state == VCPU_BLOCKED && percpus[cpu].loaded != v) {
			assert_true(world.el2_timer[cpu] <= world.timer[i]);
		}
	}
	assert_int_equal(running, percpus[cpu].current != NULL);
	assert_int_equal(running, world.guest_runs[cpu]);
	if (running != 0) {
		assert_ptr_equal(percpus[cpu].loaded, percpus[cpu].current);
	} else {
		assert_int_equal(ready, 0);
	}
	if (ready != 0) {
		assert_true(world.el2_timer[cpu] <= fake_now + SLICE);
	}
}

/* All CPUs are at rest. */
static void check(void)
{
	for (uint32_t c = 0; c < CPUS; c++) {
		if (percpus[c].online) {
			check_cpu(c);
		}
	}
	for (uint32_t i = 0; i < vcpu_count; i++) {
		struct vcpu *v = &vcpus[i];

		assert_int_equal(list_empty(&v->run_node), v->state != VCPU_READY);
		if (v->state == VCPU_BLOCKED) {
			assert_false(world.pending[i]);
		}
		if (v->stop_wanted) {
			assert_true(v->state == VCPU_STOPPED || v->state == VCPU_OFF ||
				    v->state == VCPU_PARKED);
		} else {
			assert_int_not_equal(v->state, VCPU_STOPPED);
		}
		assert_int_equal(sched_stopped(v),
				 v->state == VCPU_STOPPED || v->state == VCPU_OFF);
		assert_int_equal(v->online, v->state != VCPU_OFF);
	}
}

static void world_init(uint32_t cpus, uint32_t count)
{
	memset(&world, 0, sizeof(world));
	memset(vcpus, 0, sizeof(vcpus));
	fake_cpus_reset(cpus);
	fake_now = 1000;
	world.job_deadline = NEVER;
	sched_init();
	vcpu_count = count;
	for (uint32_t i = 0; i < CPUS; i++) {
		world.el2_timer[i] = NEVER;
	}
	for (uint32_t i = 0; i < count; i++) {
		vcpus[i].index = i;
		vcpus[i].domain = &domain;
		world.timer[i] = NEVER;
		sched_add(&vcpus[i]);
	}
}

static void world_end(void)
{
	fake_cpu = 0;
	for (uint32_t i = 0; i < vcpu_count; i++) {
		sched_remove(&vcpus[i]);
	}
}

static void all_online(void)
{
	for (uint32_t i = 0; i < vcpu_count; i++) {
		assert_true(sched_online(&vcpus[i], 0x1000 + i, i));
	}
	for (uint32_t c = 0; c < CPUS; c++) {
		if (percpus[c].online) {
			run(c);
		}
	}
	settle();
	check();
}

/* The guest on cpu does something that ends in sched_block(). */
static struct vcpu *block(uint32_t cpu, enum vcpu_state why)
{
	struct vcpu *v = percpus[cpu].current;

	fake_cpu = cpu;
	if (v != NULL) {
		sched_block(v, why);
		run(cpu);
	}
	return v;
}

static void pass(uint64_t ticks)
{
	for (uint64_t i = 0; i < ticks; i++) {
		fake_now++;
		settle();
		check();
	}
}

static void test_placement_is_even(void **state)
{
	uint32_t on[CPUS] = { 0 };

	world_init(CPUS, 8);
	for (uint32_t i = 0; i < 8; i++) {
		on[vcpus[i].pcpu]++;
	}
	for (uint32_t c = 0; c < CPUS; c++) {
		assert_in_range(on[c], 2, 3);
	}
	world_end();
}

static void test_online_once(void **state)
{
	world_init(1, 1);
	assert_true(sched_online(&vcpus[0], 0x4000, 7));
	assert_int_equal(vcpus[0].regs.pc, 0x4000);
	assert_int_equal(vcpus[0].regs.x[0], 7);
	assert_false(sched_online(&vcpus[0], 0x5000, 8));
	run(0);
	check();
	assert_false(sched_online(&vcpus[0], 0x5000, 8));
	assert_int_equal(vcpus[0].regs.pc, 0x4000);
	assert_int_equal(world.resets, 1);
	world_end();
}

/* CPU_ON for one that is still on its way out finds it on; once it is off its state is its own. */
static void test_on_while_going_off(void **state)
{
	world_init(2, 2);
	all_online();
	fake_cpu = vcpus[1].pcpu;
	sched_offline(&vcpus[1]);
	fake_cpu = vcpus[0].pcpu;
	assert_false(sched_online(&vcpus[1], 0x9000, 0));
	run(vcpus[1].pcpu);
	check();
	assert_int_equal(vcpus[1].state, VCPU_OFF);
	fake_cpu = vcpus[0].pcpu;
	assert_true(sched_online(&vcpus[1], 0x9000, 0));
	settle();
	check();
	assert_int_equal(vcpus[1].state, VCPU_RUNNING);
	world_end();
}

static void interrupt_vcpu0_from_cpu1(void)
{
	fake_cpu = 1;
	interrupt(&vcpus[0]);
}

/* The interrupt comes after WFI's last look and before the vCPU is put away, or while it is. */
static void test_interrupt_while_blocking(void **state)
{
	world_init(2, 4);
	all_online();
	while (percpus[vcpus[0].pcpu].current != &vcpus[0]) {
		pass(1);
	}
	assert_int_equal(vcpus[0].pcpu, 0);
	world.in_pending = interrupt_vcpu0_from_cpu1;
	block(0, VCPU_BLOCKED);
	settle();
	check();
	assert_int_not_equal(vcpus[0].state, VCPU_BLOCKED);

	while (percpus[0].current != &vcpus[0]) {
		pass(1);
	}
	world.in_save = interrupt_vcpu0_from_cpu1;
	block(0, VCPU_BLOCKED);
	settle();
	check();
	assert_null(world.in_save);
	assert_int_not_equal(vcpus[0].state, VCPU_BLOCKED);
	world_end();
}

static void stop_vcpu0_from_cpu1(void)
{
	fake_cpu = 1;
	sched_stop(&vcpus[0]);
}

static void stop_and_resume_vcpu0_from_cpu1(void)
{
	fake_cpu = 1;
	sched_stop(&vcpus[0]);
	sched_resume(&vcpus[0]);
}

static void test_stop_while_blocking(void **state)
{
	world_init(2, 2);
	all_online();
	world.in_pending = stop_vcpu0_from_cpu1;
	block(0, VCPU_BLOCKED);
	settle();
	check();
	assert_true(sched_stopped(&vcpus[0]));
	/* An interrupt does not start it; the one that came is not lost either. */
	interrupt_vcpu0_from_cpu1();
	settle();
	check();
	assert_true(sched_stopped(&vcpus[0]));
	sched_resume(&vcpus[0]);
	settle();
	check();
	assert_int_equal(vcpus[0].state, VCPU_RUNNING);

	world.in_save = stop_and_resume_vcpu0_from_cpu1;
	sched_stop(&vcpus[0]);
	settle();
	assert_null(world.in_save);
	check();
	assert_int_equal(vcpus[0].state, VCPU_RUNNING);
	world_end();
}

/* Stopped is stopped only when its registers are out of the CPU. */
static void test_stopped_means_saved(void **state)
{
	world_init(2, 2);
	all_online();
	block(0, VCPU_BLOCKED);
	assert_ptr_equal(percpus[0].loaded, &vcpus[0]);
	fake_cpu = 1;
	sched_stop(&vcpus[0]);
	assert_int_equal(vcpus[0].state, VCPU_STOPPED);
	assert_false(sched_stopped(&vcpus[0]));
	settle();
	assert_true(sched_stopped(&vcpus[0]));
	assert_null(percpus[0].loaded);
	world_end();
}

/* Paused before it was ever on: it comes on when the domain goes on, not before. */
static void test_online_while_stopped(void **state)
{
	world_init(1, 1);
	sched_stop(&vcpus[0]);
	assert_true(sched_online(&vcpus[0], 0, 0));
	run(0);
	check();
	assert_int_equal(vcpus[0].state, VCPU_STOPPED);
	sched_resume(&vcpus[0]);
	run(0);
	check();
	assert_int_equal(vcpus[0].state, VCPU_RUNNING);
	world_end();
}

static void test_park_and_stop(void **state)
{
	world_init(1, 2);
	all_online();
	struct vcpu *v = block(0, VCPU_PARKED);

	interrupt(v);
	settle();
	assert_int_equal(v->state, VCPU_PARKED);
	sched_stop(v);
	settle();
	assert_false(sched_stopped(v));
	sched_wake(v);
	settle();
	check();
	assert_true(sched_stopped(v));
	world_end();
}

/* A CPU whose only vCPU sleeps keeps it loaded: waking it costs no switch. */
static void test_sleep_alone_keeps_registers(void **state)
{
	uint32_t loads;

	world_init(1, 1);
	all_online();
	loads = world.loads;
	for (uint32_t i = 0; i < 5; i++) {
		world.timer[0] = fake_now + 3;
		block(0, VCPU_BLOCKED);
		assert_int_equal(vcpus[0].state, VCPU_BLOCKED);
		pass(3);
		assert_int_equal(vcpus[0].state, VCPU_RUNNING);
	}
	assert_int_equal(world.loads, loads);
	world_end();
}

static void test_timer_of_an_unloaded_sleeper(void **state)
{
	world_init(1, 2);
	all_online();
	struct vcpu *sleeper = percpus[0].current;
	struct vcpu *other = sleeper == &vcpus[0] ? &vcpus[1] : &vcpus[0];

	world.timer[sleeper->index] = fake_now + 7;
	block(0, VCPU_BLOCKED);
	assert_ptr_equal(percpus[0].loaded, other);
	pass(6);
	assert_int_equal(sleeper->state, VCPU_BLOCKED);
	assert_ptr_equal(percpus[0].current, other);
	pass(1);
	/* It has run less than the other, so it is next at once. */
	assert_ptr_equal(percpus[0].current, sleeper);
	world_end();
}

static void test_fair_among_busy(void **state)
{
	uint64_t least = NEVER;
	uint64_t most = 0;

	world_init(1, 3);
	all_online();
	pass(3000);
	fake_cpu = 0;
	for (uint32_t i = 0; i < 3; i++) {
		least = MIN(least, vcpus[i].cpu_ticks);
		most = MAX(most, vcpus[i].cpu_ticks);
	}
	assert_true(most - least <= 2 * SLICE);
	assert_true(least >= 3000 / 3 - 2 * SLICE);
	world_end();
}

/* One that slept long has the CPU at once when it wakes, and no more than a slice in advance. */
static void test_sleeper_gets_no_credit(void **state)
{
	world_init(1, 2);
	all_online();
	struct vcpu *sleeper = block(0, VCPU_BLOCKED);
	struct vcpu *busy = sleeper == &vcpus[0] ? &vcpus[1] : &vcpus[0];
	uint64_t before_sleeper, before_busy;

	pass(2000);
	interrupt(sleeper);
	before_sleeper = sleeper->cpu_ticks;
	before_busy = busy->cpu_ticks;
	settle();
	assert_ptr_equal(percpus[0].current, sleeper);
	pass(400);
	assert_true(sleeper->cpu_ticks - before_sleeper <= 200 + 3 * SLICE);
	assert_true(busy->cpu_ticks - before_busy >= 200 - 3 * SLICE);
	world_end();
}

/* The same when the busy one sleeps just as the other wakes. */
static void test_no_credit_from_an_empty_queue(void **state)
{
	world_init(1, 2);
	all_online();
	struct vcpu *sleeper = block(0, VCPU_BLOCKED);
	struct vcpu *busy = sleeper == &vcpus[0] ? &vcpus[1] : &vcpus[0];
	uint64_t before;

	pass(2000);
	block(0, VCPU_BLOCKED);
	interrupt(sleeper);
	settle();
	assert_ptr_equal(percpus[0].current, sleeper);
	pass(1);
	interrupt(busy);
	before = busy->cpu_ticks;
	pass(400);
	assert_true(busy->cpu_ticks - before >= 200 - 3 * SLICE);
	world_end();
}

/* The time of one that is never interrupted counts too, and counts on. */
static void test_running_time_counts(void **state)
{
	world_init(1, 1);
	all_online();
	uint64_t before = sched_cpu_ticks(&vcpus[0]);

	fake_now += 1000;
	assert_int_equal(sched_cpu_ticks(&vcpus[0]) - before, 1000);
	block(0, VCPU_BLOCKED);
	before = sched_cpu_ticks(&vcpus[0]);
	fake_now += 1000;
	assert_int_equal(sched_cpu_ticks(&vcpus[0]), before);
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
	all_online();
	world.timer[0] = fake_now + 100;
	due = world.timer[0];
	block(0, VCPU_BLOCKED);
	start_job(1000);
	run(0);
	assert_true(world.guest_runs[0]);
	assert_in_range(fake_now, due, due + 2);
	assert_in_range(world.job_steps, 890, 910);
	/* The job goes on while the guest runs. */
	settle();
	check();
	assert_int_equal(world.job_steps, 0);
	world_end();
}

/* A waiting job has its turn when it wants it, whoever runs. */
static void test_job_interrupts_guests(void **state)
{
	world_init(1, 1);
	world.job_deadline = fake_now + 20;
	all_online();
	assert_int_equal(world.el2_timer[0], fake_now + 20);
	world_end();
}

static void random_step(void)
{
	struct vcpu *v = &vcpus[(uint32_t)rand() % vcpu_count];
	uint32_t cpu = (uint32_t)rand() % CPUS;

	fake_cpu = cpu;
	switch (rand() % 12) {
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
		block(cpu, VCPU_OFF);
		break;
	case 6:
		block(cpu, VCPU_PARKED);
		break;
	case 7:
		sched_wake(v);
		break;
	case 8:
	case 9:
		interrupt(v);
		break;
	case 10:
		v = percpus[cpu].current;
		if (v != NULL) {
			world.timer[v->index] = fake_now + (uint64_t)rand() % 20;
			block(cpu, VCPU_BLOCKED);
		}
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
			run(c);
		}
		for (int i = 0; i < 1500; i++) {
			random_step();
			if (rand() % 2 == 0) {
				settle();
				check();
			}
		}
		/* Everyone who may run does so in the end. */
		for (uint32_t i = 0; i < VCPUS; i++) {
			fake_cpu = 0;
			sched_resume(&vcpus[i]);
			sched_wake(&vcpus[i]);
			interrupt(&vcpus[i]);
		}
		settle();
		check();
		for (uint32_t i = 0; i < VCPUS; i++) {
			assert_true(vcpus[i].state == VCPU_READY || vcpus[i].state == VCPU_OFF ||
				    vcpus[i].state == VCPU_RUNNING);
		}
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placement_is_even),
		cmocka_unit_test(test_online_once),
		cmocka_unit_test(test_on_while_going_off),
		cmocka_unit_test(test_interrupt_while_blocking),
		cmocka_unit_test(test_stop_while_blocking),
		cmocka_unit_test(test_stopped_means_saved),
		cmocka_unit_test(test_online_while_stopped),
		cmocka_unit_test(test_park_and_stop),
		cmocka_unit_test(test_sleep_alone_keeps_registers),
		cmocka_unit_test(test_timer_of_an_unloaded_sleeper),
		cmocka_unit_test(test_fair_among_busy),
		cmocka_unit_test(test_sleeper_gets_no_credit),
		cmocka_unit_test(test_no_credit_from_an_empty_queue),
		cmocka_unit_test(test_running_time_counts),
		cmocka_unit_test(test_job_does_not_hold_up_timers),
		cmocka_unit_test(test_job_interrupts_guests),
		cmocka_unit_test(test_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
