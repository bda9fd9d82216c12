/* SPDX-License-Identifier: BSD-2-Clause */
/* See domain_world.h. */
#include "domain_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "arch/arm64/el2.h"
#include "core/domain_build.h"
#include "core/ram.h"
#include "core/sched.h"
#include "fake_cpus.h"
#include "fake_heap.h"
#include "fake_log.h"
#include "irq/irq.h"
#include "lib/errno.h"

struct domain_world domain_world;

jmp_buf the_end;

/* Blocks taken one by one are told at addresses from 0 on, runs where guests have RAM. */
static uint32_t number(paddr_t block)
{
	return (uint32_t)(block.v / RAM_BLOCK_SIZE % BLOCKS);
}

int p2m_init(struct p2m *p, uint16_t vmid, uint32_t table_pages_max)
{
	*p = (struct p2m){ .vmid = vmid, .table_pages_max = table_pages_max };
	domain_world.tables++;
	return 0;
}

/* Three slices a domain. */
bool p2m_destroy_slice(struct p2m *p, uint32_t max)
{
	p->destroy_next++;
	domain_world.tables -= p->destroy_next == 3 ? 1 : 0;
	return p->destroy_next >= 3;
}

int p2m_map(struct p2m *p, ipaddr_t at, paddr_t to, uint64_t size, enum p2m_type type)
{
	if (domain_world.mapped == domain_world.map_fails_after) {
		return -ENOMEM;
	}
	assert_true(IS_ALIGNED(to.v, RAM_BLOCK_SIZE));
	assert_false(domain_world.dirty[number(to)]);
	assert_int_equal(size, RAM_BLOCK_SIZE);
	domain_world.mapped++;
	if (type == P2M_ROM) {
		assert_in_range(at.v, 0, 0x7e00000);
		assert_int_equal(domain_world.flash[at.v / RAM_BLOCK_SIZE], 0);
		domain_world.flash[at.v / RAM_BLOCK_SIZE] = (uint8_t)(1 + number(to));
	} else {
		assert_int_equal(type, P2M_RAM);
		assert_true(at.v >= 0x40000000);
		assert_true(!domain_world.in_place || at.v == to.v);
	}
	return 0;
}

void ram_stats(uint64_t *free_blocks, uint64_t *total_blocks)
{
	*total_blocks = BLOCKS;
	*free_blocks = 0;
	for (uint32_t i = 0; i < BLOCKS; i++) {
		*free_blocks += domain_world.used[i] ? 0 : 1;
	}
	*free_blocks -= domain_world.promised;
}

int ram_promise(uint32_t count)
{
	uint64_t free_blocks, total;

	ram_stats(&free_blocks, &total);
	if (count > free_blocks) {
		return -ENOMEM;
	}
	domain_world.promised += count;
	return 0;
}

void ram_promise_end(uint32_t count)
{
	assert_true(count <= domain_world.promised);
	domain_world.promised -= count;
}

void ram_block_alloc(paddr_t *block, bool *dirty)
{
	uint32_t i = 0;

	assert_int_not_equal(domain_world.promised, 0);
	domain_world.promised--;
	domain_world.taken_in_step++;
	while (domain_world.used[i]) {
		i++;
	}
	domain_world.used[i] = true;
	*block = pa(i * RAM_BLOCK_SIZE);
	*dirty = domain_world.dirty[i];
}

int ram_run_claim(uint32_t count, uint64_t from, uint64_t end, paddr_t *base)
{
	uint64_t free_blocks, total;

	assert_true(from >= 0x40000000);
	assert_true(end == 0x4010000000 || from + (uint64_t)count * RAM_BLOCK_SIZE == end);
	ram_stats(&free_blocks, &total);
	if (count > free_blocks) {
		return -ENOMEM;
	}
	from = (from - 0x40000000) / RAM_BLOCK_SIZE;
	end = MIN((end - 0x40000000) / RAM_BLOCK_SIZE, BLOCKS);
	for (uint32_t i = (uint32_t)from, length = 0; i < end; i++) {
		length = domain_world.used[i] ? 0 : length + 1;
		if (length == count) {
			*base = pa(0x40000000 + (uint64_t)(i + 1 - count) * RAM_BLOCK_SIZE);
			memset(&domain_world.used[i + 1 - count], true, count);
			return 0;
		}
	}
	return -ERANGE;
}

/* In two parts. */
uint64_t ram_block_clean(paddr_t block, uint64_t from)
{
	assert_true(domain_world.dirty[number(block)]);
	assert_true(from == 0 || from == RAM_BLOCK_SIZE / 2);
	if (from == 0) {
		return RAM_BLOCK_SIZE / 2;
	}
	domain_world.dirty[number(block)] = false;
	domain_world.cleaned++;
	return RAM_BLOCK_SIZE;
}

void ram_block_free(paddr_t block)
{
	assert_true(IS_ALIGNED(block.v, RAM_BLOCK_SIZE));
	assert_true(domain_world.used[number(block)]);
	domain_world.used[number(block)] = false;
	domain_world.dirty[number(block)] = true;
}

struct domain *named(const char *name)
{
	uint32_t id = domain_next_id(0);

	while (id != DOMAIN_ID_NONE && strcmp(domain_by_id(id)->name, name) != 0) {
		id = domain_next_id(id + 1);
	}
	return id == DOMAIN_ID_NONE ? NULL : domain_by_id(id);
}

int domain_build_check(struct domain *d)
{
	assert_int_equal(d->vcpu_count, 0);
	assert_true(d->vcpus_wanted != 0);
	return domain_world.check_answer;
}

/* In two parts. */
int domain_build_gic(struct domain *d)
{
	assert_int_equal(d->vcpu_count, d->vcpus_wanted);
	if (domain_world.gic_answer != 0) {
		return domain_world.gic_answer;
	}
	if (d->vgic == NULL) {
		d->vgic = (struct vgic *)d;
		return -EAGAIN;
	}
	return 0;
}

int domain_build_guest(struct domain *d)
{
	assert_non_null(d->vgic);
	if (domain_world.build_answer == 0) {
		d->uart = (struct vuart *)d;
		domain_world.built++;
	}
	return domain_world.build_answer;
}

int domain_build_guest_pci(struct domain *d)
{
	assert_true(domain_world.built != 0);
	assert_int_equal(d->ram_taken, 0);
	return domain_world.pci_answer;
}

bool domain_restart(struct domain *d)
{
	assert_false(spin_is_locked(&d->lock));
	domain_world.restarts++;
	return domain_world.restart_answer;
}

bool domain_restart_pending(void)
{
	return domain_world.restart_pending;
}

/* In three parts and a wait, before the rest. */
enum job_status domain_unbuild_slice(struct domain *d)
{
	static const enum job_status answers[] = { JOB_MORE, JOB_WAIT, JOB_DONE };

	assert_true(domain_world.unbuild_slices < 3);
	return answers[domain_world.unbuild_slices++];
}

int domain_unbuild_guest(struct domain *d)
{
	assert_int_equal(domain_world.unbuild_slices, 3);
	domain_world.unbuild_slices = 0;
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		assert_true(sched_stopped(d->vcpus[i]));
	}
	domain_world.built -= d->uart != NULL ? 1 : 0;
	return domain_world.unbuild_answer;
}

void sched_add(struct vcpu *v)
{
	domain_world.placed++;
}

void sched_remove(struct vcpu *v)
{
	domain_world.placed--;
}

/* A vCPU that runs stops when its CPU next exits: stop_now(). */
void sched_stop(struct vcpu *v)
{
	v->stop_wanted = true;
}

uint64_t sched_cpu_ticks(struct vcpu *v)
{
	return v->cpu_ticks;
}

bool sched_stopped(struct vcpu *v)
{
	return v->state == VCPU_STOPPED || v->state == VCPU_OFF;
}

void sched_resume(struct vcpu *v)
{
	v->stop_wanted = false;
	v->state = v->state == VCPU_STOPPED ? VCPU_RUNNING : v->state;
}

bool sched_online(struct vcpu *v, uint64_t pc, uint64_t context)
{
	v->online = true;
	v->state = v->stop_wanted ? VCPU_STOPPED : VCPU_RUNNING;
	v->regs.pc = pc;
	v->regs.x[0] = context;
	return true;
}

void sched_tick(void)
{
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
}

void sched_wake(struct vcpu *v)
{
}

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
}

void console_flush(void)
{
}

void psci_system_off(void)
{
	domain_world.machine_end = 1;
	longjmp(the_end, 1);
}

void psci_system_reset(void)
{
	domain_world.machine_end = 2;
	longjmp(the_end, 1);
}

void stop_now(struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		if (d->vcpus[i]->stop_wanted && d->vcpus[i]->state == VCPU_RUNNING) {
			d->vcpus[i]->state = VCPU_STOPPED;
		}
	}
}

/* All jobs of CPU 0, while CPU 1 keeps taking interrupts. */
void run_jobs(void)
{
	for (uint32_t i = 0; i < 1000 && job_next_deadline() != ~0ULL; i++) {
		fake_now += 2;
		domain_world.taken_in_step = 0;
		job_step_one();
		assert_true(domain_world.taken_in_step <= 1);
		fake_cpu = 1;
		grace_quiet();
		fake_cpu = 0;
	}
}

int domain_world_setup(void **state)
{
	memset(&domain_world, 0, sizeof(domain_world));
	domain_world.map_fails_after = ~0U;
	memset(domain_world.dirty, true, sizeof(domain_world.dirty));
	fake_cpus_reset(2);
	fake_log_clear();
	fake_heap_live = 0;
	fake_heap_fail_in = 0;
	return 0;
}

void assert_nothing_left(void)
{
	uint64_t free_blocks, total;

	ram_stats(&free_blocks, &total);
	assert_int_equal(free_blocks, total);
	assert_int_equal(domain_world.tables, 0);
	assert_int_equal(domain_world.built, 0);
	assert_int_equal(domain_world.placed, 0);
	assert_int_equal(fake_heap_live, 0);
}

int create(const char *name, uint64_t mib, struct domain **d)
{
	struct domain_spec spec = { .vcpu_count = 2, .ram_size = mib << 20 };

	snprintf(spec.name, sizeof(spec.name), "%s", name);
	return domain_create(&spec, d);
}

struct domain *created(const char *name, uint64_t mib)
{
	struct domain *d = NULL;

	assert_int_equal(create(name, mib, &d), 0);
	run_jobs();
	return d;
}

void end(struct domain *d)
{
	uint32_t id = d->id;

	assert_int_equal(domain_destroy(d), 0);
	stop_now(d);
	run_jobs();
	assert_null(domain_by_id(id));
}
