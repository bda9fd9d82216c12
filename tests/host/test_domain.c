/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains from birth to end: ids, states, refusals, and that nothing is left of them. */
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

#define BLOCKS 64U

static struct {
	uint32_t promised;
	bool used[BLOCKS];
	bool dirty[BLOCKS];
	uint32_t taken_in_step; /* blocks */
	uint32_t cleaned;
	uint32_t mapped;
	bool in_place; /* RAM must be mapped where it is */
	uint8_t flash[64]; /* what shows in each 2 MiB of it: 1 + block */
	uint32_t map_fails_after;
	int32_t tables;      /* p2m alive */
	int32_t built;       /* devices of guests */
	int32_t placed;      /* vCPUs in the scheduler */
	uint32_t restarts;
	bool restart_answer;
	bool restart_pending;
	int build_answer;
	int unbuild_answer;
	uint32_t unbuild_slices;
	int machine_end; /* 1 off, 2 reset */
	struct domain *met; /* by who looked during the build */
} world;

static jmp_buf the_end;

/* Blocks taken one by one are told at addresses from 0 on, runs where guests have RAM. */
static uint32_t number(paddr_t block)
{
	return (uint32_t)(block.v / RAM_BLOCK_SIZE % BLOCKS);
}

int p2m_init(struct p2m *p, uint16_t vmid, uint32_t table_pages_max)
{
	*p = (struct p2m){ .vmid = vmid, .table_pages_max = table_pages_max };
	world.tables++;
	return 0;
}

/* Three slices a domain. */
bool p2m_destroy_slice(struct p2m *p, uint32_t max)
{
	p->destroy_next++;
	world.tables -= p->destroy_next == 3 ? 1 : 0;
	return p->destroy_next >= 3;
}

int p2m_map(struct p2m *p, ipaddr_t at, paddr_t to, uint64_t size, enum p2m_type type)
{
	if (world.mapped == world.map_fails_after) {
		return -ENOMEM;
	}
	assert_true(IS_ALIGNED(to.v, RAM_BLOCK_SIZE));
	assert_false(world.dirty[number(to)]);
	assert_int_equal(size, RAM_BLOCK_SIZE);
	world.mapped++;
	if (type == P2M_ROM) {
		assert_in_range(at.v, 0, 0x7e00000);
		assert_int_equal(world.flash[at.v / RAM_BLOCK_SIZE], 0);
		world.flash[at.v / RAM_BLOCK_SIZE] = (uint8_t)(1 + number(to));
	} else {
		assert_int_equal(type, P2M_RAM);
		assert_true(at.v >= 0x40000000);
		assert_true(!world.in_place || at.v == to.v);
	}
	return 0;
}

void ram_stats(uint64_t *free_blocks, uint64_t *total_blocks)
{
	*total_blocks = BLOCKS;
	*free_blocks = 0;
	for (uint32_t i = 0; i < BLOCKS; i++) {
		*free_blocks += world.used[i] ? 0 : 1;
	}
	*free_blocks -= world.promised;
}

int ram_promise(uint32_t count)
{
	uint64_t free_blocks, total;

	ram_stats(&free_blocks, &total);
	if (count > free_blocks) {
		return -ENOMEM;
	}
	world.promised += count;
	return 0;
}

void ram_promise_end(uint32_t count)
{
	assert_true(count <= world.promised);
	world.promised -= count;
}

void ram_block_alloc(uint16_t owner, paddr_t *block, bool *dirty)
{
	uint32_t i = 0;

	assert_int_not_equal(world.promised, 0);
	world.promised--;
	world.taken_in_step++;
	while (world.used[i]) {
		i++;
	}
	world.used[i] = true;
	*block = pa(i * RAM_BLOCK_SIZE);
	*dirty = world.dirty[i];
}

int ram_run_claim(uint16_t owner, uint32_t count, uint64_t from, uint64_t end, paddr_t *base)
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
		length = world.used[i] ? 0 : length + 1;
		if (length == count) {
			*base = pa(0x40000000 + (uint64_t)(i + 1 - count) * RAM_BLOCK_SIZE);
			memset(&world.used[i + 1 - count], true, count);
			return 0;
		}
	}
	return -ERANGE;
}

/* In two parts. */
uint64_t ram_block_clean(paddr_t block, uint64_t from)
{
	assert_true(world.dirty[number(block)]);
	assert_true(from == 0 || from == RAM_BLOCK_SIZE / 2);
	if (from == 0) {
		return RAM_BLOCK_SIZE / 2;
	}
	world.dirty[number(block)] = false;
	world.cleaned++;
	return RAM_BLOCK_SIZE;
}

void ram_block_free(paddr_t block)
{
	assert_true(IS_ALIGNED(block.v, RAM_BLOCK_SIZE));
	assert_true(world.used[number(block)]);
	world.used[number(block)] = false;
	world.dirty[number(block)] = true;
}

int domain_build_guest(struct domain *d)
{
	world.met = domain_by_name(d->name);
	if (world.build_answer == 0) {
		world.built++;
	}
	return world.build_answer;
}

bool domain_restart(struct domain *d)
{
	assert_false(spin_is_locked(&d->lock));
	world.restarts++;
	return world.restart_answer;
}

bool domain_restart_pending(void)
{
	return world.restart_pending;
}

/* In three parts and a wait, before the rest. */
enum job_status domain_unbuild_slice(struct domain *d)
{
	static const enum job_status answers[] = { JOB_MORE, JOB_WAIT, JOB_DONE };

	assert_true(world.unbuild_slices < 3);
	return answers[world.unbuild_slices++];
}

int domain_unbuild_guest(struct domain *d)
{
	assert_int_equal(world.unbuild_slices, 3);
	world.unbuild_slices = 0;
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		assert_true(sched_stopped(d->vcpus[i]));
	}
	world.built--;
	return world.unbuild_answer;
}

void sched_add(struct vcpu *v)
{
	world.placed++;
}

void sched_remove(struct vcpu *v)
{
	world.placed--;
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
	world.machine_end = 1;
	longjmp(the_end, 1);
}

void psci_system_reset(void)
{
	world.machine_end = 2;
	longjmp(the_end, 1);
}

static void stop_now(struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		if (d->vcpus[i]->stop_wanted && d->vcpus[i]->state == VCPU_RUNNING) {
			d->vcpus[i]->state = VCPU_STOPPED;
		}
	}
}

/* All jobs of CPU 0, while CPU 1 keeps taking interrupts. */
static void run_jobs(void)
{
	for (uint32_t i = 0; i < 1000 && job_next_deadline() != ~0ULL; i++) {
		fake_now += 2;
		world.taken_in_step = 0;
		job_step_one();
		assert_true(world.taken_in_step <= 1);
		fake_cpu = 1;
		grace_quiet();
		fake_cpu = 0;
	}
}

static int setup(void **state)
{
	memset(&world, 0, sizeof(world));
	world.map_fails_after = ~0U;
	memset(world.dirty, true, sizeof(world.dirty));
	fake_cpus_reset(2);
	fake_log_clear();
	fake_heap_live = 0;
	fake_heap_fail_in = 0;
	return 0;
}

static void assert_nothing_left(void)
{
	uint64_t free_blocks, total;

	ram_stats(&free_blocks, &total);
	assert_int_equal(free_blocks, total);
	assert_int_equal(world.tables, 0);
	assert_int_equal(world.built, 0);
	assert_int_equal(world.placed, 0);
	assert_int_equal(fake_heap_live, 0);
}

static int create(const char *name, uint64_t mib, struct domain **d)
{
	struct domain_spec spec = { .vcpu_count = 2, .ram_size = mib << 20 };

	snprintf(spec.name, sizeof(spec.name), "%s", name);
	return domain_create(&spec, d);
}

static struct domain *created(const char *name, uint64_t mib)
{
	struct domain *d = NULL;

	assert_int_equal(create(name, mib, &d), 0);
	run_jobs();
	return d;
}

static void end(struct domain *d)
{
	uint32_t id = d->id;

	assert_int_equal(domain_destroy(d), 0);
	stop_now(d);
	run_jobs();
	assert_null(domain_by_id(id));
}

/* Not one instruction before it is unpaused. */
static void test_start_paused(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 7, &d), 0);
	assert_int_equal(domain_start_paused(d, ipa(0x40080000), 5), -EAGAIN);
	run_jobs();
	assert_int_equal(domain_start_paused(d, ipa(0x40080000), 5), 0);
	assert_int_equal(d->state, DOMAIN_PAUSED);
	assert_int_equal(d->vcpus[0]->state, VCPU_STOPPED);
	assert_true(d->vcpus[1]->stop_wanted);
	assert_int_equal(domain_start(d, ipa(0), 0), -EINVAL);
	assert_int_equal(domain_unpause(d), 0);
	assert_int_equal(d->vcpus[0]->state, VCPU_RUNNING);
	assert_int_equal(d->vcpus[0]->regs.pc, 0x40080000);
	assert_false(d->vcpus[1]->stop_wanted);
	end(d);
}

static void test_life(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 7, &d), 0);
	assert_int_equal(d->ram_size, 8 << 20);
	assert_ptr_equal(domain_by_name("a"), d);
	assert_ptr_equal(domain_by_id(d->id), d);
	assert_int_equal(domain_start(d, ipa(0x40080000), 5), -EAGAIN);
	run_jobs();
	assert_int_equal(world.cleaned, 4);
	assert_int_equal(world.mapped, 4);
	assert_int_equal(domain_unpause(d), -EINVAL);
	assert_int_equal(domain_pause(d), -EINVAL);
	fake_now = 777;
	assert_int_equal(domain_start(d, ipa(0x40080000), 5), 0);
	assert_int_equal(d->vcpus[0]->regs.pc, 0x40080000);
	assert_int_equal(d->vcpus[0]->regs.x[0], 5);
	assert_int_equal(d->vcpus[0]->sys.cntvoff, 777);
	assert_int_equal(d->vcpus[1]->sys.cntvoff, 777);
	assert_false(d->vcpus[1]->online);
	assert_int_equal(domain_start(d, ipa(0), 0), -EINVAL);
	assert_int_equal(domain_pause(d), 0);
	stop_now(d);
	assert_int_equal(domain_pause(d), -EINVAL);
	assert_int_equal(domain_unpause(d), 0);
	assert_int_equal(d->vcpus[0]->state, VCPU_RUNNING);
	domain_shutdown(d, SHUTDOWN_REBOOT);
	stop_now(d);
	/* Over is over, and the first reason stands. */
	domain_shutdown(d, SHUTDOWN_CRASH);
	assert_int_equal(d->state, DOMAIN_SHUTDOWN);
	assert_int_equal(d->reason, SHUTDOWN_REBOOT);
	assert_int_equal(world.restarts, 1);
	assert_int_equal(domain_unpause(d), -EINVAL);
	assert_int_equal(domain_pause(d), -EINVAL);
	end(d);
	assert_nothing_left();
}

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
	assert_int_equal(world.cleaned, 6);
	assert_int_equal(world.mapped, 4 + 64);
	assert_int_not_equal(world.flash[0], world.flash[1]);
	for (uint32_t i = 0; i < 64; i++) {
		paddr_t block = domain_ram_block(d, i == 0 ? 4 : 5);

		assert_int_equal(world.flash[i], block.v / RAM_BLOCK_SIZE + 1);
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
	world.map_fails_after = 10;
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

	world.in_place = true;
	world.used[1] = true;
	assert_int_equal(domain_create(&spec, &d), 0);
	assert_true(d->unprotected_dma);
	assert_true(d->unsafe_interrupts);
	assert_int_equal(d->ram_base.v, 0x40400000);
	run_jobs();
	assert_int_equal(world.cleaned, 4);
	assert_int_equal(world.mapped, 4);
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
	world.map_fails_after = world.mapped + 2;
	assert_int_equal(domain_create(&spec, &d), 0);
	run_jobs();
	assert_int_equal(domain_start(d, d->ram_base, 0), -ENOMEM);
	end(d);
	world.used[1] = false;
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

	world.in_place = true;
	assert_int_equal(domain_create(&spec, &d), 0);
	assert_int_equal(d->ram_base.v, 0x40600000);
	run_jobs();
	assert_int_equal(domain_ram_block(d, 0).v, 0x40600000);
	end(d);
	world.used[6] = true; /* its last block */
	assert_int_equal(domain_create(&spec, &d), -ERANGE);
	world.used[6] = false;
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
	world.build_answer = -ENOMEM;
	assert_int_equal(domain_create(&spec, &d), -ENOMEM);
	assert_nothing_left();
}

static void test_bad_specs(void **state)
{
	struct domain_spec spec = { .name = "x", .vcpu_count = 1, .ram_size = 1 << 20 };
	struct domain *d = NULL;

	spec.vcpu_count = 0;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.vcpu_count = DOMAIN_VCPUS_MAX + 1;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.vcpu_count = 1;
	spec.ram_size = 0;
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.ram_size = ~0ULL; /* rounds up to 0 */
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	spec.ram_size = 1 << 20;
	spec.name[0] = '\0';
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	memset(spec.name, 'n', sizeof(spec.name));
	assert_int_equal(domain_create(&spec, &d), -EINVAL);
	assert_int_equal(create("big", 2 * (BLOCKS + 1), &d), -ENOMEM);
	assert_null(d);
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

static void test_name_in_use(void **state)
{
	struct domain *a = created("a", 2);
	struct domain *b = NULL;

	assert_int_equal(create("a", 2, &b), -EEXIST);
	assert_int_equal(domain_destroy(a), 0);
	/* Still going: the name is not free yet. */
	assert_int_equal(create("a", 2, &b), -EEXIST);
	assert_int_equal(domain_destroy(a), -EBUSY);
	run_jobs();
	end(created("a", 2));
	assert_nothing_left();
}

static void test_rename(void **state)
{
	char name[DOMAIN_NAME_MAX], longest[DOMAIN_NAME_MAX];
	struct domain *a = created("a", 2), *b = created("b", 2);

	assert_int_equal(domain_rename(a, "b"), -EEXIST);
	assert_ptr_equal(domain_by_name("a"), a);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(domain_rename(a, longest), 0);
	assert_ptr_equal(domain_by_name(longest), a);
	assert_null(domain_by_name("a"));
	assert_int_equal(domain_rename(a, "c"), 0);
	domain_copy_name(a, name);
	assert_memory_equal(name, (char[DOMAIN_NAME_MAX]){ "c" }, sizeof(name));
	assert_int_equal(domain_rename(b, "a"), 0);
	end(created("b", 2));
	end(a);
	end(b);
	assert_nothing_left();
}

/* Its power key was pressed for a reboot, or was not. */
static void test_what_power_off_means(void **state)
{
	static const struct {
		bool reboot;
		enum shutdown_reason asked, counts;
	} cases[] = {
		{ false, SHUTDOWN_POWEROFF, SHUTDOWN_POWEROFF },
		{ true, SHUTDOWN_POWEROFF, SHUTDOWN_REBOOT },
		{ true, SHUTDOWN_CRASH, SHUTDOWN_CRASH },
		{ true, SHUTDOWN_REBOOT, SHUTDOWN_REBOOT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct domain *d = created("a", 2);
		uint32_t restarts = world.restarts;

		run_jobs();
		assert_int_equal(domain_start(d, ipa(0x40080000), 0), 0);
		domain_off_is_reboot(d, true);
		domain_off_is_reboot(d, cases[i].reboot);
		domain_shutdown(d, cases[i].asked);
		stop_now(d);
		assert_int_equal(d->reason, cases[i].counts);
		assert_int_equal(world.restarts - restarts, cases[i].counts == SHUTDOWN_REBOOT);
		end(d);
	}
	assert_nothing_left();
}

/* Whatever allocation fails, nothing stays. */
static void test_out_of_memory(void **state)
{
	struct domain *d = NULL;
	int64_t n = 1;

	for (;; n++) {
		fake_heap_fail_in = n;
		if (create("a", 8, &d) == 0) {
			break;
		}
		fake_heap_fail_in = 0;
		assert_null(domain_by_name("a"));
		assert_nothing_left();
	}
	fake_heap_fail_in = 0;
	assert_true(n > 3);
	run_jobs();
	end(d);
	assert_nothing_left();
}

static void test_half_built_is_not_found(void **state)
{
	struct domain *d = NULL;

	world.build_answer = -ENOMEM;
	assert_int_equal(create("a", 2, &d), -ENOMEM);
	assert_null(world.met);
	assert_nothing_left();
	world.build_answer = 0;
	d = created("a", 2);
	assert_null(world.met);
	assert_ptr_equal(domain_by_name("a"), d);
	end(d);
}

static void test_no_tables_for_ram(void **state)
{
	struct domain *d;

	world.map_fails_after = 2;
	d = created("a", 8);
	assert_int_equal(domain_start(d, ipa(0), 0), -ENOMEM);
	assert_int_equal(d->state, DOMAIN_BUILDING);
	end(d);
	assert_nothing_left();
}

/* Refused at once, though nobody has the memory yet: nothing is begun that could not be finished. */
static void test_promised_is_not_free(void **state)
{
	struct domain *a = NULL;
	struct domain *b = NULL;

	assert_int_equal(create("a", 2 * (BLOCKS - 4), &a), 0);
	assert_int_equal(world.taken_in_step, 0);
	assert_int_equal(create("b", 2 * 5, &b), -ENOMEM);
	assert_null(b);
	assert_int_equal(create("b", 2 * 4, &b), 0);
	run_jobs();
	assert_int_equal(world.promised, 0);
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

/* Destroyed while its RAM is still being filled. */
static void test_destroy_while_populating(void **state)
{
	struct domain *d = NULL;

	assert_int_equal(create("a", 32, &d), 0);
	assert_true(job_step_one());
	end(d);
	assert_true(world.cleaned < 16);
	assert_nothing_left();
}

static void test_destroy_in_every_state(void **state)
{
	for (int how = 0; how < 4; how++) {
		struct domain *d = created("a", 2);

		if (how > 0) {
			assert_int_equal(domain_start(d, ipa(0), 0), 0);
		}
		if (how == 2) {
			assert_int_equal(domain_pause(d), 0);
		}
		if (how == 3) {
			domain_shutdown(d, SHUTDOWN_CRASH);
		}
		end(d);
		assert_nothing_left();
	}
}

/* Teardown waits for the vCPUs and for every other CPU, in this order. */
static void test_teardown_waits(void **state)
{
	struct domain *d = created("a", 2);

	assert_int_equal(domain_start(d, ipa(0), 0), 0);
	assert_int_equal(domain_destroy(d), 0);
	run_jobs();
	assert_int_equal(world.built, 1);
	stop_now(d);
	for (uint32_t i = 0; i < 50; i++) {
		fake_now += 2;
		job_step_one();
	}
	/* CPU 1 took no interrupt: it may be inside a request that found the domain. */
	assert_int_equal(world.built, 1);
	assert_ptr_equal(domain_by_name("a"), d);
	run_jobs();
	assert_nothing_left();
}

/* A device that may still write to its RAM keeps that RAM from everyone else, for ever. */
static void test_unconfirmed_end(void **state)
{
	struct domain *d = created("a", 4);
	uint64_t free_blocks, total;

	world.unbuild_answer = -EIO;
	assert_int_equal(domain_destroy(d), 0);
	run_jobs();
	ram_stats(&free_blocks, &total);
	assert_int_equal(free_blocks, total - 2);
	assert_ptr_equal(domain_by_name("a"), d);
	assert_int_equal(domain_destroy(d), -EBUSY);
	assert_true(fake_log_has("stays, dying"));
}

/* Ids start again after the last one, past those that are still in use. */
static void test_ids(void **state)
{
	struct domain *old = created("old", 2);
	uint32_t last = old->id;
	bool wrapped = false;

	for (uint32_t i = 0; i < DOMAIN_ID_LAST + 10U; i++) {
		struct domain *d = created("a", 2);
		uint32_t id = d->id;

		assert_int_not_equal(id, old->id);
		assert_in_range(id, 1, DOMAIN_ID_LAST);
		wrapped = wrapped || id < last;
		last = id;
		assert_ptr_equal(domain_by_id(old->id), old);
		end(d);
	}
	assert_true(wrapped);
	end(old);
}

static void test_walk(void **state)
{
	struct domain *a = created("a", 2);
	struct domain *b = created("b", 2);
	uint32_t low = MIN(a->id, b->id);
	uint32_t high = MAX(a->id, b->id);

	assert_int_equal(domain_next_id(low), low);
	assert_int_equal(domain_next_id(low + 1), high);
	assert_int_equal(domain_next_id(high + 1), DOMAIN_ID_NONE);
	assert_null(domain_by_id(DOMAIN_ID_NONE));
	end(a);
	end(b);
}

/* Guests run alone: the machine ends when the last of them has, one way or another. */
static void test_without_control(void **state)
{
	struct domain *a = created("one", 4);
	struct domain *b = created("two", 4);
	struct domain *c = created("three", 4);

	domain_without_control();
	assert_int_not_equal(a->id, 0); /* the control domain's */
	run_jobs();
	assert_int_equal(domain_start(a, ipa(0x40000000), 0), 0);
	assert_int_equal(domain_start(b, ipa(0x40000000), 0), 0);
	domain_shutdown(a, SHUTDOWN_POWEROFF);
	assert_int_equal(domain_pause(b), 0);
	end(c); /* never started */
	domain_end_machine_if_last();
	assert_int_equal(domain_unpause(b), 0);
	/* One that begins again is waited for. */
	world.restart_answer = true;
	domain_shutdown(b, SHUTDOWN_REBOOT);
	assert_int_equal(world.restarts, 1);
	world.restart_pending = true;
	domain_end_machine_if_last();
	assert_int_equal(world.machine_end, 0);
	world.restart_pending = false;
	if (setjmp(the_end) == 0) {
		domain_end_machine_if_last();
		fail();
	}
	assert_int_equal(world.machine_end, 1);
	end(a);
	end(b);
}

/* Its id is 0, whoever was there before. The machine ends with it. */
static void test_control(void **state)
{
	struct domain *d = domain_create_control(2);

	assert_non_null(d);
	assert_int_equal(d->id, 0);
	assert_ptr_equal(domain_by_id(0), d);
	assert_int_equal(domain_start(d, ipa(0x1000), 0), 0);
	assert_int_equal(d->vcpus[0]->sys.cntvoff, 0);
	assert_int_equal(domain_pause(d), -EINVAL);
	assert_int_equal(domain_destroy(d), -EPERM);
	if (setjmp(the_end) == 0) {
		domain_shutdown(d, SHUTDOWN_REBOOT);
	}
	assert_int_equal(world.machine_end, 2);
	if (setjmp(the_end) == 0) {
		domain_shutdown(d, SHUTDOWN_POWEROFF);
	}
	assert_int_equal(world.machine_end, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_start_paused, setup),
		cmocka_unit_test_setup(test_life, setup),
		cmocka_unit_test_setup(test_flash, setup),
		cmocka_unit_test_setup(test_flash_without_tables, setup),
		cmocka_unit_test_setup(test_in_place, setup),
		cmocka_unit_test_setup(test_in_its_old_place, setup),
		cmocka_unit_test_setup(test_not_in_place, setup),
		cmocka_unit_test_setup(test_bad_specs, setup),
		cmocka_unit_test_setup(test_table_quota, setup),
		cmocka_unit_test_setup(test_name_in_use, setup),
		cmocka_unit_test_setup(test_rename, setup),
		cmocka_unit_test_setup(test_what_power_off_means, setup),
		cmocka_unit_test_setup(test_out_of_memory, setup),
		cmocka_unit_test_setup(test_half_built_is_not_found, setup),
		cmocka_unit_test_setup(test_no_tables_for_ram, setup),
		cmocka_unit_test_setup(test_promised_is_not_free, setup),
		cmocka_unit_test_setup(test_no_list_of_blocks, setup),
		cmocka_unit_test_setup(test_destroy_while_populating, setup),
		cmocka_unit_test_setup(test_destroy_in_every_state, setup),
		cmocka_unit_test_setup(test_teardown_waits, setup),
		cmocka_unit_test_setup(test_ids, setup),
		cmocka_unit_test_setup(test_walk, setup),
		cmocka_unit_test_setup(test_unconfirmed_end, setup),
		cmocka_unit_test_setup(test_without_control, setup),
		cmocka_unit_test_setup(test_control, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
