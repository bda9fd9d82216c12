/* SPDX-License-Identifier: BSD-2-Clause */
#include "sched_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/el2.h"
#include "core/job.h"
#include "core/ram.h"
#include "irq/irq.h"
#include "irq/vgic.h"

struct domain world_domains[VCPUS];
struct vcpu world_vcpus[VCPUS];
uint32_t world_vcpu_count;

struct sched_world world;

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

void el2_wfi_native(bool native)
{
	world.wfi_native[fake_cpu] = native;
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

bool vgic_block(struct vcpu *v)
{
	bool pending = world.pending[v->index];

	world.away[v->index] = true;
	call_once(&world.in_pending);
	return pending;
}

void vgic_resume(struct vcpu *v)
{
	assert_ptr_equal(percpus[fake_cpu].loaded, v);
	world.away[v->index] = false;
}

/* The guest takes its interrupt at once. */
void vgic_enter(struct vcpu *v)
{
	assert_ptr_equal(percpus[fake_cpu].current, v);
	assert_ptr_equal(percpus[fake_cpu].loaded, v);
	assert_false(world.away[v->index]);
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

void world_interrupt(struct vcpu *v)
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
		world_interrupt(v);
	}
}

void wfi(void)
{
	if (!interrupted(fake_cpu)) {
		longjmp(idle_jump, 1);
	}
}

void world_run(uint32_t cpu)
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

void world_settle(void)
{
	for (uint32_t round = 0; round < 1000; round++) {
		bool quiet = true;

		for (uint32_t c = 0; c < CPUS; c++) {
			/* Asked to look again by itself: it is in EL2, on its way out. */
			if (percpus[c].online && (interrupted(c) || percpus[c].resched)) {
				world_run(c);
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

	for (uint32_t i = 0; i < world_vcpu_count; i++) {
		const struct vcpu *v = &world_vcpus[i];

		if (v->pcpu != cpu) {
			assert_ptr_not_equal(percpus[cpu].current, v);
			assert_ptr_not_equal(percpus[cpu].loaded, v);
			continue;
		}
		/* One with a cap may have to wait longer than for its turn. */
		ready += v->state == VCPU_READY && v->domain->share.cap == 0 ? 1 : 0;
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

void world_check(void)
{
	for (uint32_t c = 0; c < CPUS; c++) {
		if (percpus[c].online) {
			check_cpu(c);
		}
	}
	for (uint32_t i = 0; i < world_vcpu_count; i++) {
		struct vcpu *v = &world_vcpus[i];

		assert_int_equal(!list_empty(&v->run_node),
				 v->state == VCPU_READY ||
				 (v->state == VCPU_BLOCKED && v->wake_at != ~0ULL));
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
		assert_true((v->allowed & 1U << v->pcpu) != 0);
		assert_int_equal(v->move_to, VCPU_STAYS);
	}
}

void world_init(uint32_t cpus, uint32_t count)
{
	memset(&world, 0, sizeof(world));
	memset(world_vcpus, 0, sizeof(world_vcpus));
	memset(world_domains, 0, sizeof(world_domains));
	fake_cpus_reset(cpus);
	fake_now = 1000;
	world.job_deadline = NEVER;
	sched_init();
	world_vcpu_count = count;
	for (uint32_t i = 0; i < CPUS; i++) {
		world.el2_timer[i] = NEVER;
	}
	for (uint32_t i = 0; i < count; i++) {
		world_vcpus[i].index = i;
		world_vcpus[i].domain = &world_domains[0];
		world.timer[i] = NEVER;
		sched_add(&world_vcpus[i]);
	}
}

void world_end(void)
{
	fake_cpu = 0;
	for (uint32_t i = 0; i < world_vcpu_count; i++) {
		sched_remove(&world_vcpus[i]);
	}
}

void world_all_online(void)
{
	for (uint32_t i = 0; i < world_vcpu_count; i++) {
		assert_true(sched_online(&world_vcpus[i], 0x1000 + i, i));
	}
	for (uint32_t c = 0; c < CPUS; c++) {
		if (percpus[c].online) {
			world_run(c);
		}
	}
	world_settle();
	world_check();
}

struct vcpu *world_block(uint32_t cpu, enum vcpu_state why)
{
	struct vcpu *v = percpus[cpu].current;

	fake_cpu = cpu;
	if (v != NULL) {
		sched_block(v, why);
		world_run(cpu);
	}
	return v;
}

void world_pass(uint64_t ticks)
{
	for (uint64_t i = 0; i < ticks; i++) {
		fake_now++;
		world_settle();
		world_check();
	}
}
