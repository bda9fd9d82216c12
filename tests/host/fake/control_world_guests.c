/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains as plain books: their life, CPUs, power keys and consoles. */
#include "control_world_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "core/heap.h"
#include "core/sched.h"
#include "core/vuart.h"
#include "lib/errno.h"

#define GUESTS 4

static struct domain control_domain;
static struct domain *domains[DOMAINS_MAX];

struct domain *control_world_domains_init(void)
{
	memset(domains, 0, sizeof(domains));
	control_domain = (struct domain){ .control = true,
					  .direct = true,
					  .vcpu_count = 1,
					  .vcpus_wanted = 1,
					  .state = DOMAIN_RUNNING,
					  .ram_size = 512 * SZ_1M };
	strcpy(control_domain.name, "control");
	world.vcpu.domain = &control_domain;
	world.vcpu.state = VCPU_RUNNING;
	control_domain.vcpus[0] = &world.vcpu;
	world.vcpu.allowed = SCHED_ANY_CPU;
	domains[0] = &control_domain;
	return &control_domain;
}

void control_world_domains_end(void)
{
	world_reap();
	for (uint32_t i = 1; i < DOMAINS_MAX; i++) {
		assert_null(domains[i]);
	}
	free(world.started_ram);
}

void control_world_clean(void)
{
	for (uint32_t id = 1; id < DOMAINS_MAX; id++) {
		if (domains[id] != NULL &&
		    domains[id]->ram_populated < domains[id]->ram_block_count) {
			domains[id]->ram_populated++;
		}
	}
}

struct domain *domain_by_id(uint32_t id)
{
	return id < DOMAINS_MAX ? domains[id] : NULL;
}

uint32_t domain_next_id(uint32_t from)
{
	for (uint32_t i = from; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL) {
			return i;
		}
	}
	return DOMAIN_ID_NONE;
}

int domain_create(const struct domain_spec *spec, struct domain **out)
{
	uint64_t blocks = (spec->ram_size + spec->flash_size) / CONTROL_SLOT_SIZE;
	struct domain *d;
	uint32_t id = 1;

	if (world.scribble) {
		memset(world_page(0), 0xff, CONTROL_PAGE_SIZE);
	}
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL && strcmp(domains[i]->name, spec->name) == 0) {
			return -EEXIST;
		}
	}
	while (domains[id] != NULL) {
		id++;
	}
	if (blocks * CONTROL_SLOT_SIZE > world.free_bytes) {
		return -ENOMEM;
	}
	if (id > GUESTS) {
		return -ENOSPC;
	}
	d = calloc(1, sizeof(*d));
	memcpy(d->name, spec->name, sizeof(d->name));
	d->id = (uint16_t)id;
	d->unprotected_dma = spec->unprotected_dma;
	d->ram_base = ipa(spec->unprotected_dma ? 0x8c0200000 : 0x40000000);
	d->vcpu_count = d->vcpus_wanted = spec->vcpu_count;
	d->ram_size = spec->ram_size;
	d->flash_size = spec->flash_size;
	d->unsafe_interrupts = spec->unsafe_interrupts;
	d->ram_block_count = (uint32_t)blocks;
	d->ram_blocks = calloc(1, sizeof(*d->ram_blocks));
	d->ram_blocks[0] = calloc(blocks, sizeof(*d->ram_blocks[0]));
	for (uint64_t i = 0; i < blocks; i++) {
		d->ram_blocks[0][i] = pa((uintptr_t)calloc(1, CONTROL_SLOT_SIZE));
	}
	d->ram_populated = world.cleaning != 0 ? world.cleaning : (uint32_t)blocks;
	d->uart = (struct vuart *)d; /* not NULL is all that is asked */
	d->gpio = (struct vgpio *)d;
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		d->vcpus[i] = aligned_alloc(_Alignof(struct vcpu), sizeof(struct vcpu));
		memset(d->vcpus[i], 0, sizeof(struct vcpu));
		d->vcpus[i]->pcpu = i % 2;
		d->vcpus[i]->allowed = SCHED_ANY_CPU;
	}
	domains[id] = d;
	world.free_bytes -= blocks * CONTROL_SLOT_SIZE;
	*out = d;
	return 0;
}

/* That makes a domain. */
bool job_active(const struct job *j)
{
	struct domain *d = (void *)((uintptr_t)j - offsetof(struct domain, populate));

	if (world.making == 0) {
		return false;
	}
	if (--world.making == 0 && !world.making_fails) {
		d->vcpu_count = d->vcpus_wanted;
		d->gpio = (struct vgpio *)d;
	}
	return true;
}

paddr_t domain_ram_block(const struct domain *d, uint32_t i)
{
	assert_true(i < d->ram_populated || d->state == DOMAIN_DYING);
	return d->ram_blocks[0][i];
}

int domain_start(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	if (world.fail_start != 0) {
		return -world.fail_start;
	}
	assert_int_equal(d->state, DOMAIN_BUILDING);
	if (d->ram_populated != d->ram_block_count) {
		return -EAGAIN;
	}
	for (uint32_t k = 0; k < d->ram_block_count; k++) {
		assert_false(control_world_shows(domain_ram_block(d, k)));
	}
	d->state = DOMAIN_RUNNING;
	world.started_pc = pc.v;
	world.started_arg = arg;
	free(world.started_ram);
	world.started_ram = malloc(d->ram_size + d->flash_size);
	for (uint32_t k = 0; k < d->ram_block_count; k++) {
		memcpy(world.started_ram + k * CONTROL_SLOT_SIZE, heap_va(domain_ram_block(d, k)),
		       CONTROL_SLOT_SIZE);
	}
	return 0;
}

int domain_start_paused(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	int err = domain_start(d, pc, arg);

	d->state = err == 0 ? DOMAIN_PAUSED : d->state;
	return err;
}

int domain_pause(struct domain *d)
{
	if (d->state != DOMAIN_RUNNING) {
		return -EINVAL;
	}
	d->state = DOMAIN_PAUSED;
	return 0;
}

int domain_unpause(struct domain *d)
{
	if (d->state != DOMAIN_PAUSED) {
		return -EINVAL;
	}
	d->state = DOMAIN_RUNNING;
	return 0;
}

int domain_destroy(struct domain *d)
{
	assert_false(d->control);
	if (d->state == DOMAIN_DYING) {
		return -EBUSY;
	}
	d->state = DOMAIN_DYING;
	return 0;
}

void world_reap(void)
{
	for (uint32_t id = 1; id < DOMAINS_MAX; id++) {
		struct domain *d = domains[id];

		if (d == NULL || d->state != DOMAIN_DYING) {
			continue;
		}
		control_world_reclaim(d);
		for (uint32_t k = 0; k < d->ram_block_count; k++) {
			assert_false(control_world_shows(domain_ram_block(d, k)));
			free(heap_va(domain_ram_block(d, k)));
		}
		world.free_bytes += d->ram_size + d->flash_size;
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			free(d->vcpus[i]);
		}
		free(d->ram_blocks[0]);
		free(d->ram_blocks);
		free(d);
		domains[id] = NULL;
	}
}

uint32_t world_domains(void)
{
	uint32_t count = 0;

	for (uint32_t id = 0; id < DOMAINS_MAX; id++) {
		count += domains[id] != NULL;
	}
	return count;
}

int domain_rename(struct domain *d, const char *name)
{
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL && strcmp(domains[i]->name, name) == 0) {
			return -EEXIST;
		}
	}
	strcpy(d->name, name);
	return 0;
}

void domain_copy_name(const struct domain *d, char name[DOMAIN_NAME_MAX])
{
	memcpy(name, d->name, DOMAIN_NAME_MAX);
}

void domain_off_is_reboot(struct domain *d, bool reboot)
{
	d->off_is_reboot = reboot;
}

uint32_t sched_cpus_online(void)
{
	return 3;
}

int sched_pin(struct vcpu *v, uint32_t allowed)
{
	if (allowed != SCHED_ANY_CPU && (allowed == 0 || (allowed & ~sched_cpus_online()) != 0)) {
		return -ERANGE;
	}
	v->allowed = allowed;
	return 0;
}

int sched_set_share(struct domain *d, uint32_t weight, uint32_t cap)
{
	return sched_share_set(&d->share, weight, cap, 30);
}

uint64_t sched_cpu_ticks(struct vcpu *v)
{
	return v->cpu_ticks;
}

uint64_t domain_cpu_ticks(struct domain *d)
{
	return d->id == 0 ? 12345 : 0;
}

uint64_t domain_life_ticks(const struct domain *d)
{
	return d->ended - d->started;
}

/* A guest that looks does so in the course of some requests, and may then power off. */
struct vgpio_key vgpio_key(struct domain *d)
{
	if (world.key.unread && world.key_looks != 0 && --world.key_looks == 0) {
		world.key.unread = false;
		world.key_seen_down = world.key_seen_down || world.key.down;
		if (world.key.down && world.key_obeyed) {
			d->state = world.key_destroyed ? DOMAIN_DYING : DOMAIN_SHUTDOWN;
			d->reason = d->off_is_reboot ? SHUTDOWN_REBOOT : SHUTDOWN_POWEROFF;
		}
		world.key_looks = world.key_looks_again;
	}
	return world.key;
}

void vgpio_key_move(struct domain *d, bool down)
{
	world.key.unread = world.key.unread || world.key.down != down;
	world.key.down = down;
}

/* A guest ends when all it prints has been read. */
uint32_t vuart_output(struct domain *d, uint64_t *pos, char *buf, uint32_t size)
{
	uint32_t n = control_world_text(world.printed, pos, buf, size);

	if (n == 0 && world.printed != NULL) {
		d->state = DOMAIN_SHUTDOWN;
	}
	return n;
}

uint32_t vuart_input(struct domain *d, const char *s, uint32_t size)
{
	size_t used = strlen(world.typed);

	/* Slowly: three characters at a time. */
	size = size < 3 ? size : 3;
	if (used + size < sizeof(world.typed)) {
		memcpy(world.typed + used, s, size);
	}
	return size;
}
