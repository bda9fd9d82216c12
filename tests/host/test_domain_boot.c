/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains of the device tree from node to first instruction and again after a reboot, in a world of
 * one kernel, a few functions and two host bridges; and each way in which one is not started.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "arch/arm64/mmu.h"
#include "boot/boot.h"
#include "boot/domain_boot.h"
#include "core/console_input.h"
#include "core/domain.h"
#include "core/domain_build.h"
#include "core/guest_copy.h"
#include "core/heap.h"
#include "core/ram.h"
#include "fake_cpus.h"
#include "fake_heap.h"
#include "fake_log.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/host_bridge.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

#include <libfdt.h>

#define KERNEL_AT   0x60000000ULL
#define KERNEL_SIZE (3 * RAM_BLOCK_SIZE + 5000)
#define OTHER_SIZE  70000U
#define RAMDISK_AT  (KERNEL_AT + KERNEL_SIZE)
#define RAM_SIZE    (16 * RAM_BLOCK_SIZE)
#define DISK        0x0100U
#define NO_IOMMU    0x0200U
#define FUNCTIONS   2U
#define RNDR        "s3_3_c2_c4_0"

struct machine machine;
struct host_bridge host_bridges[HOST_BRIDGES_MAX];
uint32_t host_bridge_count;
struct spinlock pci_registry_lock;

static struct {
	uint8_t modules[KERNEL_SIZE + OTHER_SIZE];
	uint8_t ram[RAM_SIZE];
	struct domain domain; /* one at a time */
	bool there;
	uint32_t made;
	struct domain_spec spec; /* of the last that was made */
	int create_answer;
	int devices_answer;
	int own_answer;
	int attach_answer;
	uint32_t quarantined, attached, owned;
	uint32_t devices_parts, own_parts, attach_parts; /* calls of what comes in parts */
	uint64_t started_at, started_arg; /* 0: not started */
	struct job *jobs[4];
	uint32_t machine_ends;
	bool unsettled;
} world;

static struct iommu iommu = { .usable = true };
static struct pci_function functions[FUNCTIONS];

/* What boot/ asks the rest of the hypervisor for. */

void *mmu_map_window(paddr_t p)
{
	assert_true(p.v >= KERNEL_AT && p.v - KERNEL_AT < sizeof(world.modules));
	return world.modules + (p.v - KERNEL_AT);
}

void mmu_unmap_window(void)
{
}

int domain_create(const struct domain_spec *spec, struct domain **out)
{
	struct domain *d = &world.domain;

	assert_false(world.there);
	if (world.create_answer != 0) {
		return world.create_answer;
	}
	world.spec = *spec;
	world.there = true;
	*d = (struct domain){ .id = (uint16_t)++world.made,
			      .ram_size = spec->ram_size,
			      .unprotected_dma = spec->unprotected_dma,
			      .unsafe_interrupts = spec->unsafe_interrupts,
			      .has_watchdog = spec->has_watchdog,
			      .ram_block_count = 8,
			      .ram_populated = 8 };
	memcpy(d->name, spec->name, sizeof(d->name));
	d->ram_base = ipa(!spec->unprotected_dma ? 0x40000000 :
			  spec->ram_at != 0	 ? spec->ram_at : 0x48000000);
	*out = d;
	return 0;
}

/* What comes in parts has two here. */
static int in_two(uint32_t *calls)
{
	return ++*calls % 2 != 0 ? -EAGAIN : 0;
}

int domain_make_devices(struct domain *d)
{
	return world.devices_answer != 0 ? world.devices_answer : in_two(&world.devices_parts);
}

int domain_destroy(struct domain *d)
{
	assert_true(world.there && d == &world.domain);
	world.there = false;
	return 0;
}

struct domain *domain_by_id(uint32_t id)
{
	return world.there && world.domain.id == id ? &world.domain : NULL;
}

int domain_start(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	assert_true(d->ram_populated == d->ram_block_count);
	world.started_at = pc.v;
	world.started_arg = arg;
	return 0;
}

int guest_copy_to(struct domain *d, ipaddr_t dst, const void *src, size_t size)
{
	uint64_t at = dst.v - d->ram_base.v;

	if (at > RAM_SIZE || size > RAM_SIZE - at) {
		return -EFAULT;
	}
	memcpy(world.ram + at, src, size);
	return 0;
}

void domain_without_control(void)
{
}

void domain_end_machine_if_last(void)
{
	world.machine_ends++;
}

void console_input_first(void)
{
}

void host_bridge_map_io(struct host_bridge *b)
{
	(void)b;
}

struct host_bridge *host_bridge_of(struct sbdf s)
{
	for (uint32_t i = 0; i < host_bridge_count; i++) {
		const struct machine_bridge *desc = host_bridges[i].desc;

		if (desc->segment == s.v >> 16 && desc->bus_start <= (s.v >> 8 & 0xff) &&
		    desc->bus_end >= (s.v >> 8 & 0xff)) {
			return &host_bridges[i];
		}
	}
	return NULL;
}

int vpci_create_owner(struct domain *d, struct host_bridge *b)
{
	int r = in_two(&world.own_parts);

	if (r == -EAGAIN && world.own_answer == 0) {
		world.owned++;
		b->owner = d->id;
	}
	return world.own_answer != 0 ? world.own_answer : r;
}

bool lend_owner_settled(const struct host_bridge *b)
{
	assert_non_null(b);
	return !world.unsettled;
}

struct pci_function *pci_function_find(struct sbdf s)
{
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		if (functions[i].sbdf.v == s.v) {
			return &functions[i];
		}
	}
	return NULL;
}

int lend_quarantine(struct pci_function *f, const char *name)
{
	assert_string_equal(name, "");
	if (f->state != FUNCTION_OWNED) {
		return -EBUSY;
	}
	f->state = FUNCTION_RESETTING;
	world.quarantined++;
	return 0;
}

int lend_attach_step(struct domain *d, struct pci_function *f, const struct lend_options *options,
		     struct vsbdf *out)
{
	assert_true(d == &world.domain && f->state == FUNCTION_QUARANTINED && !options->rom);
	*out = (struct vsbdf){ 0 };
	if (in_two(&world.attach_parts) == -EAGAIN) {
		return -EAGAIN;
	}
	world.attached += world.attach_answer == 0 ? 1 : 0;
	return world.attach_answer;
}

void job_init(struct job *j, const struct job_ops *ops)
{
	*j = (struct job){ .ops = ops };
}

void job_start(struct job *j)
{
	uint32_t i = 0;

	while (world.jobs[i] != NULL) {
		assert_int_not_equal(++i, ARRAY_SIZE(world.jobs));
	}
	world.jobs[i] = j;
	j->state = 1;
}

bool job_active(const struct job *j)
{
	return j->state != 0;
}

bool job_should_yield(void)
{
	return false;
}

/* Until nothing is left to be done but waiting. */
static void run_jobs(void)
{
	for (uint32_t i = 0, idle = 0; idle < ARRAY_SIZE(world.jobs);
	     i = (i + 1) % ARRAY_SIZE(world.jobs)) {
		struct job *j = world.jobs[i];
		enum job_status status = j == NULL ? JOB_WAIT : j->ops->step(j);

		idle = status == JOB_WAIT ? idle + 1 : 0;
		if (status == JOB_DONE) {
			world.jobs[i] = NULL;
			j->state = 0;
		}
	}
}

/* The world before anything starts: one domain in the tree, whose kernel and ramdisk lie there. */
static int setup(void **state)
{
	struct machine_domain *spec = &machine.domains[0];

	(void)state;
	memset(&world, 0, sizeof(world));
	for (size_t i = 0; i < sizeof(world.modules); i++) {
		world.modules[i] = (uint8_t)(i * 7 + i / 4096);
	}
	memset(world.modules, 0, 64); /* text offset 0, size as the file's */
	world.modules[18] = 0x70;     /* image_size: 7 MiB */
	memcpy(world.modules + 56, "ARM\x64", 4);
	memset(&machine, 0, sizeof(machine));
	machine.gic.version = 3;
	machine.module_count = 1; /* there is a control domain */
	machine.modules[0].kind = MODULE_KERNEL;
	machine.domain_count = 1;
	*spec = (struct machine_domain){
		.name = "web", .path = "/chosen/web", .ram_size = RAM_SIZE, .vcpu_count = 2,
		.kernel = { KERNEL_AT, KERNEL_SIZE }, .ramdisk = { RAMDISK_AT, OTHER_SIZE },
		.bootargs = "quiet",
	};
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct pci_function){ .sbdf = { i == 0 ? DISK : NO_IOMMU },
						      .bridge = &host_bridges[0],
						      .iommu = i == 0 ? &iommu : NULL,
						      .state = FUNCTION_OWNED };
	}
	memset(host_bridges, 0, sizeof(host_bridges));
	host_bridge_count = machine.bridge_count = 2;
	for (uint32_t i = 0; i < 2; i++) {
		machine.bridges[i] = (struct machine_bridge){
			.segment = (uint16_t)i, .bus_end = 0xff, .window_count = 1,
			.windows = { { WINDOW_MEM32, false, 0x10000000, 0x10000000, 0x1000000 } },
		};
		host_bridges[i].desc = &machine.bridges[i];
		host_bridges[i].owner = DOMAIN_ID_NONE;
	}
	fake_cpus_reset(1);
	fake_sysreg_default(0);
	fake_sysreg_write("id_aa64isar0_el1", 1ULL << 60);
	fake_sysreg_write(RNDR, 0x1111111111111111);
	fake_log_clear();
	fake_heap_fail_in = 0;
	return 0;
}

static void lends(uint32_t sbdf)
{
	struct machine_domain *spec = &machine.domains[0];

	spec->lent[spec->lent_count++] = (struct machine_lent){ .sbdf = sbdf };
}

static void owns(uint16_t segment, uint8_t last)
{
	struct machine_domain *spec = &machine.domains[0];

	spec->owned[spec->owned_count++] = (struct machine_owned){ segment, 0, last };
}

static int teardown(void **state)
{
	struct domain_boot *b = world.domain.boot;

	(void)state;
	if (fake_heap_live != 0) { /* what was started is kept for ever */
		heap_free(b->fdt);
		heap_free(b);
	}
	return fake_heap_live == 0 ? 0 : -1;
}

/* A property of a node in the tree that the domain was started with. */
static const void *property(const char *path, const char *name, int *length)
{
	const void *fdt = world.ram + (world.started_arg - world.domain.ram_base.v);

	assert_int_equal(fdt_check_full(fdt, fdt_totalsize(fdt)), 0);
	return fdt_getprop(fdt, fdt_path_offset(fdt, path), name, length);
}

static uint64_t property64(const char *path, const char *name)
{
	int length = 0;
	const fdt64_t *p = property(path, name, &length);

	assert_non_null(p);
	assert_int_equal(length, 8);
	return fdt64_ld(p);
}

/* What it runs is what lies in the modules, byte for byte; all of it is where its RAM is. */
static void has_started(uint64_t ram_base)
{
	uint64_t ramdisk = property64("/chosen", "linux,initrd-start");

	assert_int_equal(world.domain.ram_base.v, ram_base);
	assert_int_equal(world.started_at, ram_base);
	assert_memory_equal(world.ram, world.modules, KERNEL_SIZE);
	assert_true(ramdisk >= ram_base + (7 << 20));
	assert_int_equal(property64("/chosen", "linux,initrd-end"), ramdisk + OTHER_SIZE);
	assert_memory_equal(world.ram + (ramdisk - ram_base), world.modules + KERNEL_SIZE,
			    OTHER_SIZE);
	assert_string_equal(property("/chosen", "bootargs", NULL), "quiet");
	assert_true(fake_log_has("web started"));
}

static void test_starts(void **state)
{
	(void)state;
	lends(DISK);
	domain_boot_all();
	assert_int_equal(functions[0].state, FUNCTION_RESETTING);
	run_jobs();
	assert_int_equal(world.started_at, 0); /* waits for the reset */
	functions[0].state = FUNCTION_QUARANTINED;
	world.domain.ram_populated = 7;
	world.domain.populate.state = 1;
	run_jobs();
	assert_int_equal(world.attached, 0); /* and for its RAM */
	world.domain.ram_populated = 8;
	run_jobs();
	assert_int_equal(world.attached, 1);
	assert_int_equal(world.spec.vcpu_count, 2);
	assert_int_equal(world.spec.ram_size, RAM_SIZE);
	assert_false(world.spec.drives || world.spec.unprotected_dma ||
		     world.spec.unsafe_interrupts || world.spec.has_watchdog);
	has_started(0x40000000);
	assert_non_null(property("/intc@8000000/its@8080000", "compatible", NULL));
}

/* It asked for a reboot: all is as before but for seeds, and nothing is taken from anybody. */
static void test_begins_again(void **state)
{
	int length = 0;

	(void)state;
	lends(DISK);
	domain_boot_all();
	functions[0].state = FUNCTION_QUARANTINED;
	run_jobs();
	assert_int_equal(property64("/chosen", "kaslr-seed"), 0x1111111111111111);
	fake_sysreg_write(RNDR, 0x2222222222222222);
	memset(world.ram, 0xee, sizeof(world.ram));
	assert_true(domain_restart(&world.domain));
	assert_true(domain_restart_pending());
	assert_false(domain_restart(&world.domain)); /* once at a time */
	run_jobs();
	assert_false(domain_restart_pending());
	assert_int_equal(world.made, 2);
	assert_int_equal(world.quarantined, 1);
	assert_int_equal(world.attached, 2);
	has_started(0x40000000);
	assert_int_equal(property64("/chosen", "kaslr-seed"), 0x2222222222222222);
	assert_int_equal(*(const uint8_t *)property("/chosen", "rng-seed", &length), 0x22);
	assert_int_equal(length, 32);
	/* No randomness is better than the old one. */
	fake_sysreg_write(RNDR, 0);
	assert_true(domain_restart(&world.domain));
	run_jobs();
	has_started(0x40000000);
	assert_null(property("/chosen", "kaslr-seed", NULL));
	assert_null(property("/chosen", "rng-seed", NULL));
	assert_true(domain_restart(&world.domain));
	run_jobs();
	has_started(0x40000000);
}

static void test_without_randomness(void **state)
{
	(void)state;
	fake_sysreg_write("id_aa64isar0_el1", 0);
	domain_boot_all();
	run_jobs();
	has_started(0x40000000);
	assert_null(property("/chosen", "kaslr-seed", NULL));
	assert_null(property("/chosen", "rng-seed", NULL));
}

/* It stays ended when somebody destroys it, or has its function or its memory. */
static void test_does_not_begin_again(void **state)
{
	struct domain *d = &world.domain;

	(void)state;
	machine.domains[0].unprotected_dma = true;
	lends(NO_IOMMU);
	domain_boot_all();
	functions[1].state = FUNCTION_QUARANTINED;
	run_jobs();
	has_started(0x48000000);
	assert_true(domain_restart(d));
	(void)domain_destroy(d);
	run_jobs();
	assert_int_equal(world.made, 1);
	assert_false(domain_restart_pending());
	world.there = true;
	assert_true(domain_restart(d));
	world.create_answer = -ERANGE;
	run_jobs();
	assert_int_equal(world.made, 1);
	assert_true(fake_log_has(
		"boot: /chosen/web: unprotected-dma: not so much memory is free in one "
		"piece, or where it was: domain web is not started"));
	world.create_answer = 0;
	world.there = true;
	functions[1].state = FUNCTION_BROKEN;
	assert_true(domain_restart(d));
	run_jobs();
	assert_int_equal(world.made, 2);
	assert_false(world.there);
	assert_true(fake_log_has("pci-devices: 0000:02:00.0: broken: domain web is not started"));
}

/* Its device tree says where its RAM is, so that is where it is the next time. */
static void test_in_place(void **state)
{
	(void)state;
	machine.domains[0].unprotected_dma = true;
	machine.domains[0].unsafe_interrupts = true;
	machine.domains[0].has_watchdog = true;
	machine.gic.version = 2;
	lends(NO_IOMMU);
	domain_boot_all();
	assert_true(world.spec.unprotected_dma && world.spec.unsafe_interrupts);
	assert_true(world.spec.has_watchdog);
	assert_int_equal(world.spec.ram_at, 0);
	functions[1].state = FUNCTION_QUARANTINED;
	run_jobs();
	has_started(0x48000000);
	assert_non_null(property("/memory@48000000", "reg", NULL));
	assert_non_null(property("/intc@8000000/v2m@8020000", "reg", NULL));
	assert_true(domain_restart(&world.domain));
	run_jobs();
	assert_int_equal(world.made, 2);
	assert_int_equal(world.spec.ram_at, 0x48000000);
	has_started(0x48000000);
}

static void test_driver_domain(void **state)
{
	(void)state;
	owns(1, 0xff);
	domain_boot_all();
	assert_int_equal(world.devices_parts, 2); /* which it is given its bridges with */
	run_jobs();
	assert_true(world.spec.drives);
	assert_int_equal(host_bridges[0].owner, DOMAIN_ID_NONE);
	assert_int_equal(host_bridges[1].owner, 1);
	assert_int_equal(host_bridges[1].ecam.base, 0x4010000000);
	has_started(0x40000000);
	assert_non_null(property("/pcie@4010000000", "linux,pci-domain", NULL));
	assert_true(domain_boot_owner(&machine.bridges[1]) == &machine.domains[0]);
	assert_null(domain_boot_owner(&machine.bridges[0]));
	/* Its bridge is nobody's until what it used is through its resets. */
	assert_true(domain_restart(&world.domain));
	world.unsettled = true;
	run_jobs();
	assert_int_equal(world.made, 1);
	world.unsettled = false;
	run_jobs();
	assert_int_equal(world.made, 2);
	has_started(0x40000000);
}

/* It asks for a reboot, and is made again by so many parts. False: by all, it is being started. */
static bool made_again_by(uint32_t parts)
{
	uint32_t before = world.made;
	struct job *restart;

	world.there = true; /* as if it had begun again last time */
	world.devices_parts = world.own_parts = 0;
	assert_true(domain_restart(&world.domain));
	restart = world.jobs[0];
	for (; parts != 0; parts -= world.made != before ? 1 : 0) {
		if (restart->ops->step(restart) == JOB_DONE) {
			world.jobs[0] = NULL;
			restart->state = 0;
			return false;
		}
	}
	return true;
}

static void has_ended(void)
{
	run_jobs();
	assert_null(world.jobs[0]);
	assert_false(world.there || domain_restart_pending());
}

static void test_ends_while_it_is_made_again(void **state)
{
	uint32_t parts = 1;

	(void)state;
	owns(0, 0xff);
	owns(1, 0xff);
	domain_boot_all();
	run_jobs();
	has_started(0x40000000);
	for (; made_again_by(parts); parts++) {
		(void)domain_destroy(&world.domain);
		has_ended();
	}
	assert_true(parts > 6);
	run_jobs();
	has_started(0x40000000);
	/* By itself, as there is no memory for more of it. */
	for (parts = 1; parts < 6; parts++) {
		assert_true(made_again_by(parts));
		world.devices_answer = world.own_answer = -ENOMEM;
		has_ended();
		world.devices_answer = world.own_answer = 0;
	}
	assert_false(made_again_by(100));
	run_jobs();
	has_started(0x40000000);
}

/* One line that names node and cause; nothing is kept, and what it asked for is not touched. */
static void refused(const char *why)
{
	char line[256];

	domain_boot_all();
	snprintf(line, sizeof(line), "boot: %s: domain web is not started\n", why);
	if (!fake_log_has(line) || fake_log_lines != 1) {
		print_error("not \"%s\" alone\n", line);
		fail();
	}
	assert_null(world.jobs[0]);
	assert_false(world.there);
	assert_int_equal(fake_heap_live, 0);
}

static void test_flawed(void **state)
{
	(void)state;
	str_copy(machine.domains[0].flaw, "/chosen/web: cpus: absent", MACHINE_FLAW_MAX);
	refused("/chosen/web: cpus: absent");
}

static void test_bad_kernel(void **state)
{
	(void)state;
	world.modules[56] = 0;
	refused("/chosen/web: its kernel at 0x60000000 is not an arm64 Linux Image");
}

static void test_too_small(void **state)
{
	(void)state;
	machine.domains[0].ram_size = 4 * RAM_BLOCK_SIZE;
	refused("/chosen/web: memory: kernel and ramdisk need 9 MiB, it is 8");
}

static void test_cannot_be_made(void **state)
{
	static const struct {
		int answer;
		const char *why;
	} cases[] = {
		{ -EEXIST, "/chosen/web: a domain of this name exists" },
		{ -ENOSPC, "/chosen/web: there are too many domains" },
		{ -ENOMEM, "/chosen/web: memory: there is not so much" },
		{ -EINVAL, "/chosen/web: it cannot be made" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_log_clear();
		world.create_answer = cases[i].answer;
		refused(cases[i].why);
	}
	fake_log_clear();
	world.create_answer = 0;
	world.devices_answer = -ENOMEM;
	owns(1, 0xff);
	refused("/chosen/web: memory: there is not so much");
}

static void test_no_memory(void **state)
{
	int64_t n = 1;

	(void)state;
	for (; world.started_at == 0; n++) {
		fake_log_clear();
		fake_heap_fail_in = n;
		domain_boot_all();
		fake_heap_fail_in = 0;
		if (world.there) {
			run_jobs();
			break;
		}
		assert_int_equal(fake_heap_live, 0);
		assert_true(fake_log_has("no memory"));
		assert_int_equal(fake_log_lines, 1);
	}
	assert_int_equal(n, 4); /* its books, the tree while it is made, the tree */
	has_started(0x40000000);
}

static void test_bad_functions(void **state)
{
	struct machine_lent *lent = machine.domains[0].lent;

	(void)state;
	lends(0x0300);
	refused("/chosen/web: pci-devices: 0000:03:00.0: is not there");
	/* Its owner keeps what nobody can be lent. */
	lent->sbdf = NO_IOMMU;
	fake_log_clear();
	refused("/chosen/web: pci-devices: 0000:02:00.0: no usable IOMMU in front of it");
	assert_int_equal(functions[1].state, FUNCTION_OWNED);
	lent->sbdf = DISK;
	machine.bridges[0].dma[0] = (struct machine_window){ .size = 0x41000000 };
	machine.bridges[0].dma_count = 1;
	fake_log_clear();
	refused("/chosen/web: pci-devices: 0000:01:00.0: its host bridge's dma-ranges do not reach "
		"all of the domain's memory");
	assert_int_equal(functions[0].state, FUNCTION_OWNED);
	machine.bridges[0].dma_count = 0;
	functions[0].state = FUNCTION_RESETTING;
	fake_log_clear();
	refused("/chosen/web: pci-devices: 0000:01:00.0: in use or being reset");
}

static void test_bad_bridges(void **state)
{
	struct machine_domain *spec = machine.domains;

	(void)state;
	owns(1, 0x3f);
	refused("/chosen/web: pci-bridges: 0001:00-3f: no host bridge has just these buses");
	spec->owned[0].bus_end = 0xff;
	host_bridges[1].owner_driven = true;
	fake_log_clear();
	refused("/chosen/web: pci-bridges: 0001:00-ff: viaduct,owner-driven is for the control "
		"domain's");
	host_bridges[1].owner_driven = false;
	world.own_answer = -EACCES;
	fake_log_clear();
	refused("/chosen/web: pci-bridges: 0001:00-ff: not all below it is behind an IOMMU");
	world.own_answer = 0;
	machine.bridges[1].dma[0] = (struct machine_window){ .size = 0x41000000 };
	machine.bridges[1].dma_count = 1;
	fake_log_clear();
	refused("/chosen/web: pci-bridges: 0001:00-ff: its dma-ranges do not reach all of the "
		"domain's memory");
	assert_int_equal(world.owned, 0);
	machine.bridges[1].dma_count = 0;
	world.own_answer = -ENOMEM;
	fake_log_clear();
	refused("/chosen/web: pci-bridges: 0001:00-ff: cannot be given to it");
	world.own_answer = 0;
	machine.bridges[1].windows[0].size = 1ULL << 41;
	fake_log_clear();
	refused("/chosen/web: pci-bridges: their windows are larger than its address space");
	machine.bridges[1].windows[0].size = 0x1000000;
	owns(1, 0xff);
	fake_log_clear();
	refused("/chosen/web: pci-bridges: 0001:00-ff: is named twice");
}

/* The first in the tree has it, even if it cannot be started. */
static void test_two_ask_for_a_bridge(void **state)
{
	(void)state;
	owns(0, 0xff);
	machine.domains[1] = machine.domains[0];
	str_copy(machine.domains[0].name, "first", MACHINE_NAME_MAX);
	str_copy(machine.domains[0].flaw, "first: bad", MACHINE_FLAW_MAX);
	machine.domain_count = 2;
	domain_boot_all();
	assert_true(fake_log_has("boot: first: bad: domain first is not started\n"));
	assert_true(fake_log_has("0000:00-ff: another domain has it: domain web is not started\n"));
	assert_int_equal(world.made, 0);
}

/* What goes wrong only when it is filled ends it, and with it perhaps the machine. */
static void test_ends_half_way(void **state)
{
	(void)state;
	lends(DISK);
	domain_boot_all();
	functions[0].state = FUNCTION_QUARANTINED;
	world.attach_answer = -EEXIST;
	run_jobs();
	assert_false(world.there);
	assert_int_equal(world.started_at, 0);
	assert_int_equal(world.machine_ends, 1);
	assert_true(fake_log_has("0000:01:00.0: another member of its isolation group is in use "
				 "elsewhere: domain web is not started\n"));
}

static void test_destroyed_half_way(void **state)
{
	(void)state;
	lends(DISK);
	domain_boot_all();
	run_jobs();
	(void)domain_destroy(&world.domain);
	functions[0].state = FUNCTION_QUARANTINED;
	run_jobs();
	assert_null(world.jobs[0]);
	assert_int_equal(world.attached, 0);
	assert_int_equal(world.machine_ends, 0);
}

static void test_nobody_is_left(void **state)
{
	(void)state;
	assert_false(boot_without_control(&machine));
	machine.module_count = 0;
	machine.domains_left_out = 3;
	assert_true(boot_without_control(&machine));
	str_copy(machine.domains[0].flaw, "/chosen/web: cpus: absent", MACHINE_FLAW_MAX);
	expect_assert_failure(domain_boot_all());
	assert_true(fake_log_has("boot: /chosen: 3 domains are not started: 8 is the most\n"));
	machine.domain_count = 0;
	assert_false(boot_without_control(&machine));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_starts),
		TEST(test_begins_again),
		TEST(test_without_randomness),
		TEST(test_does_not_begin_again),
		TEST(test_in_place),
		TEST(test_driver_domain),
		TEST(test_ends_while_it_is_made_again),
		TEST(test_flawed),
		TEST(test_bad_kernel),
		TEST(test_too_small),
		TEST(test_cannot_be_made),
		TEST(test_no_memory),
		TEST(test_bad_functions),
		TEST(test_bad_bridges),
		TEST(test_two_ask_for_a_bridge),
		TEST(test_ends_half_way),
		TEST(test_destroyed_half_way),
		TEST(test_nobody_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
