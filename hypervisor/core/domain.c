/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains made, started, paused and shut down. */
#include "core/domain.h"

#include <viaduct/guest_map.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "core/console.h"
#include "core/domain_build.h"
#include "core/domain_parts.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/ram.h"
#include "core/sched.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Table pages for BARs, unless told otherwise; and for each GiB of RAM, in both views. */
#define P2M_PAGES_BASE 512
#define P2M_PAGES_GIB  2
#define TABLE_SIZE_MAX (4 * SZ_1G)

static uint32_t table_pages(const struct domain_spec *spec, uint64_t ram_size)
{
	uint64_t pages = spec->table_size != 0 ? spec->table_size / SZ_4K : P2M_PAGES_BASE;

	return (uint32_t)(pages + ALIGN_UP(ram_size, SZ_1G) / SZ_1G * P2M_PAGES_GIB);
}

static void destroy_vcpus(struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		sched_remove(d->vcpus[i]);
		heap_free(d->vcpus[i]);
	}
	d->vcpu_count = 0;
}

/* Id and empty stage-2 tables; nothing is mapped. */
static int domain_alloc(const char *name, bool control, uint32_t table_pages_max,
			struct domain **out)
{
	struct domain *d = heap_alloc(sizeof(*d));
	uint16_t vmid = 0;
	int ret;

	if (d == NULL) {
		return -ENOMEM;
	}
	str_copy(d->name, name, sizeof(d->name));
	d->state = DOMAIN_BUILDING;
	d->control = control;
	ret = domain_table_add(d, &vmid);
	if (ret != 0) {
		heap_free(d);
		return ret;
	}
	ret = p2m_init(&d->p2m, vmid, table_pages_max);
	if (ret != 0) {
		domain_table_remove(d);
		heap_free(d);
		return ret;
	}
	*out = d;
	return 0;
}

struct domain *domain_create_control(uint32_t vcpu_count)
{
	struct domain *d = NULL;

	if (domain_alloc("Domain-0", true, P2M_PAGES_BASE * 4, &d) != 0) {
		return NULL;
	}
	for (d->vcpus_wanted = vcpu_count; d->vcpu_count != vcpu_count;) {
		if (domain_add_vcpu(d) != 0) {
			domain_table_remove(d);
			domain_free(d);
			return NULL;
		}
	}
	d->direct = true;
	__atomic_store_n(&d->visible, true, __ATOMIC_RELEASE);
	return d;
}

void domain_free(struct domain *d)
{
	while (!domain_ram_free(d, 64)) {
	}
	destroy_vcpus(d);
	while (!p2m_destroy_slice(&d->p2m, 64)) {
	}
	mmio_clear(&d->mmio);
	heap_free(d);
}

int domain_create(const struct domain_spec *spec, struct domain **out)
{
	uint64_t size = ALIGN_UP(spec->ram_size, RAM_BLOCK_SIZE);
	uint64_t flash_size = ALIGN_UP(spec->flash_size, RAM_BLOCK_SIZE);
	struct domain *d = NULL;
	int ret;

	if (spec->vcpu_count == 0 || spec->vcpu_count > DOMAIN_VCPUS_MAX || size == 0 ||
	    spec->ram_size > GUEST_RAM_MAX || size > GUEST_RAM_MAX ||
	    spec->flash_size > GUEST_FLASH_END || spec->name[0] == 0 ||
	    strnlen(spec->name, DOMAIN_NAME_MAX) == DOMAIN_NAME_MAX ||
	    spec->table_size > TABLE_SIZE_MAX || (spec->unprotected_dma && flash_size != 0)) {
		return -EINVAL;
	}
	ret = domain_alloc(spec->name, false, table_pages(spec, size), &d);
	if (ret != 0) {
		return ret;
	}
	d->vcpus_wanted = spec->vcpu_count;
	d->unprotected_dma = spec->unprotected_dma;
	d->ram_base = ipa(spec->ram_at);
	d->drives = spec->drives;
	d->has_watchdog = spec->has_watchdog;
	/* What can write to all memory can write to every doorbell. */
	d->unsafe_interrupts = spec->unsafe_interrupts || spec->unprotected_dma;
	ret = domain_build_check(d);
	if (ret == 0) {
		ret = domain_ram_promise(d, size, flash_size);
	}
	if (ret != 0) {
		domain_table_remove(d);
		domain_free(d);
		return ret;
	}
	domain_make(d);
	__atomic_store_n(&d->visible, true, __ATOMIC_RELEASE);
	*out = d;
	return 0;
}

/* Into state RUNNING or PAUSED. */
static int start(struct domain *d, ipaddr_t pc, uint64_t arg, enum domain_state state)
{
	int ret = -EINVAL;

	spin_lock(&d->lock);
	if (d->state == DOMAIN_BUILDING && d->ram_populated != d->ram_block_count) {
		ret = job_active(&d->populate) ? -EAGAIN : -ENOMEM;
	} else if (d->state == DOMAIN_BUILDING) {
		uint64_t now = ticks_now();

		domain_set_state(d, state);
		__atomic_store_n(&d->started, now, __ATOMIC_RELAXED);
		/* A guest's virtual time begins with it; the control domain's is the machine's. */
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			d->vcpus[i]->sys.cntvoff = d->control ? 0 : now;
			if (state == DOMAIN_PAUSED) {
				sched_stop(d->vcpus[i]);
			}
		}
		/* What lies at pc was written as data. */
		icache_invalidate_all();
		sched_online(d->vcpus[0], pc.v, arg);
		ret = 0;
	}
	spin_unlock(&d->lock);
	return ret;
}

int domain_start(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	return start(d, pc, arg, DOMAIN_RUNNING);
}

int domain_start_paused(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	return start(d, pc, arg, DOMAIN_PAUSED);
}

int domain_pause(struct domain *d)
{
	int ret = -EINVAL;

	spin_lock(&d->lock);
	if (d->state == DOMAIN_RUNNING && !d->control) {
		domain_set_state(d, DOMAIN_PAUSED);
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			sched_stop(d->vcpus[i]);
		}
		ret = 0;
	}
	spin_unlock(&d->lock);
	return ret;
}

int domain_unpause(struct domain *d)
{
	int ret = -EINVAL;

	spin_lock(&d->lock);
	if (d->state == DOMAIN_PAUSED) {
		domain_set_state(d, DOMAIN_RUNNING);
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			sched_resume(d->vcpus[i]);
		}
		ret = 0;
	}
	spin_unlock(&d->lock);
	return ret;
}

static bool nobody_administers;

void domain_without_control(void)
{
	__atomic_store_n(&nobody_administers, true, __ATOMIC_RELAXED);
}

static _Noreturn void machine_off(void)
{
	console_flush();
	psci_system_off();
}

/* The machine goes with its control domain. */
static _Noreturn void machine_end(enum shutdown_reason reason)
{
	if (reason == SHUTDOWN_REBOOT) {
		log_info("domain", "control domain reboots the machine");
		console_flush();
		psci_system_reset();
	}
	log_info("domain", "control domain %s: the machine is switched off",
		 reason == SHUTDOWN_CRASH ? "crashed" : "powers off");
	machine_off();
}

void domain_end_machine_if_last(void)
{
	if (!__atomic_load_n(&nobody_administers, __ATOMIC_RELAXED) || domain_restart_pending()) {
		return;
	}
	for (uint32_t id = domain_next_id(0); id != DOMAIN_ID_NONE; id = domain_next_id(id + 1)) {
		struct domain *d = domain_by_id(id);

		if (d != NULL && __atomic_load_n(&d->state, __ATOMIC_RELAXED) < DOMAIN_SHUTDOWN) {
			return;
		}
	}
	log_info("domain", "no domain is left to run: the machine is switched off");
	machine_off();
}

void domain_shutdown(struct domain *d, enum shutdown_reason reason)
{
	static const char *const words[] = { "powered off", "asked for a reboot", "crashed",
					     "did not serve its watchdog" };
	bool restart = false;

	if (d->control) {
		machine_end(reason);
	}
	spin_lock(&d->lock);
	if (d->state == DOMAIN_RUNNING || d->state == DOMAIN_PAUSED) {
		if (reason == SHUTDOWN_POWEROFF && d->off_is_reboot) {
			reason = SHUTDOWN_REBOOT;
		}
		domain_set_state(d, DOMAIN_SHUTDOWN);
		d->reason = reason;
		__atomic_store_n(&d->ended, ticks_now(), __ATOMIC_RELAXED);
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			sched_stop(d->vcpus[i]);
		}
		log_info("domain", "d%u %s %s", d->id, d->name, words[reason]);
		restart = reason == SHUTDOWN_REBOOT || reason == SHUTDOWN_WATCHDOG;
	}
	spin_unlock(&d->lock);
	if (!restart || !domain_restart(d)) {
		domain_end_machine_if_last();
	}
}

void domain_off_is_reboot(struct domain *d, bool reboot)
{
	spin_lock(&d->lock);
	d->off_is_reboot = reboot;
	spin_unlock(&d->lock);
}

uint64_t domain_life_ticks(const struct domain *d)
{
	uint64_t started = __atomic_load_n(&d->started, __ATOMIC_RELAXED);
	uint64_t ended = __atomic_load_n(&d->ended, __ATOMIC_RELAXED);

	if (started == 0) {
		return 0;
	}
	return (ended != 0 ? ended : ticks_now()) - started;
}

uint64_t domain_cpu_ticks(struct domain *d)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < domain_vcpu_count(d); i++) {
		sum += sched_cpu_ticks(d->vcpus[i]);
	}
	return sum;
}
