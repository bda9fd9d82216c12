/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of domains, and their birth, pauses and end. */
#include "core/domain.h"

#include <viaduct/guest_map.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "core/domain_build.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/ram.h"
#include "core/sched.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Table pages a guest may use: enough for its RAM in blocks and generous BAR mappings. */
#define P2M_PAGES_BASE 512

/* In domain->ram_blocks[]: not cleaned yet. */
#define BLOCK_DIRTY BIT(0)

static struct domain *domains[DOMAINS_MAX];
static uint16_t next_id;
static struct spinlock table_lock;

/* Table lock held. One that is still being put together is nobody's business. */
static bool in_sight(uint32_t slot)
{
	return domains[slot] != NULL && __atomic_load_n(&domains[slot]->visible, __ATOMIC_ACQUIRE);
}

struct domain *domain_by_id(uint32_t id)
{
	struct domain *found = NULL;

	spin_lock(&table_lock);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (in_sight(i) && domains[i]->id == id) {
			found = domains[i];
		}
	}
	spin_unlock(&table_lock);
	return found;
}

struct domain *domain_by_name(const char *name)
{
	struct domain *found = NULL;

	spin_lock(&table_lock);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (in_sight(i) && strcmp(domains[i]->name, name) == 0) {
			found = domains[i];
		}
	}
	spin_unlock(&table_lock);
	return found;
}

uint32_t domain_next_id(uint32_t from)
{
	uint32_t best = DOMAIN_ID_NONE;

	spin_lock(&table_lock);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (in_sight(i) && domains[i]->id >= from && domains[i]->id < best) {
			best = domains[i]->id;
		}
	}
	spin_unlock(&table_lock);
	return best;
}

/* Table lock held. Ids begin again some day, when the first domains may still be there. */
static uint16_t take_id(void)
{
	uint16_t id;
	bool used;

	do {
		id = next_id;
		next_id = (uint16_t)(id == DOMAIN_ID_LAST ? 1 : id + 1);
		used = false;
		for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
			used = used || (domains[i] != NULL && domains[i]->id == id);
		}
	} while (used);
	return id;
}

/* Enter d into the table under a fresh id. Table slot + 1 is its VMID. */
static int table_add(struct domain *d, uint16_t *vmid)
{
	int ret = -ENOSPC;

	spin_lock(&table_lock);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] != NULL && strcmp(domains[i]->name, d->name) == 0) {
			spin_unlock(&table_lock);
			return -EEXIST;
		}
	}
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] == NULL) {
			d->id = take_id();
			*vmid = (uint16_t)(i + 1);
			domains[i] = d;
			ret = 0;
			break;
		}
	}
	spin_unlock(&table_lock);
	return ret;
}

static void table_remove(struct domain *d)
{
	spin_lock(&table_lock);
	for (uint32_t i = 0; i < DOMAINS_MAX; i++) {
		if (domains[i] == d) {
			domains[i] = NULL;
		}
	}
	spin_unlock(&table_lock);
}

static int create_vcpus(struct domain *d, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct vcpu *v = heap_alloc(sizeof(*v));

		if (v == NULL) {
			return -ENOMEM;
		}
		v->domain = d;
		v->index = i;
		/* MPIDR_EL1: RES1 bit 31, affinity 0 = index; the same in GICR_TYPER. */
		v->sys.vmpidr = BIT(31) | i;
		sched_add(v);
		d->vcpus[i] = v;
		d->vcpu_count = i + 1;
	}
	return 0;
}

static void destroy_vcpus(struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		sched_remove(d->vcpus[i]);
		heap_free(d->vcpus[i]);
	}
	d->vcpu_count = 0;
}

/* Id, vCPUs and empty stage-2 tables; nothing is mapped. */
static int domain_alloc(const char *name, uint32_t vcpu_count, uint32_t table_pages,
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
	ret = table_add(d, &vmid);
	if (ret != 0) {
		heap_free(d);
		return ret;
	}
	ret = p2m_init(&d->p2m, vmid, table_pages);
	if (ret != 0) {
		goto fail_table;
	}
	ret = create_vcpus(d, vcpu_count);
	if (ret != 0) {
		goto fail_vcpus;
	}
	*out = d;
	return 0;

fail_vcpus:
	destroy_vcpus(d);
	p2m_destroy(&d->p2m);
fail_table:
	table_remove(d);
	heap_free(d);
	return ret;
}

struct domain *domain_create_control(uint32_t vcpu_count)
{
	struct domain *d = NULL;

	if (domain_alloc("Domain-0", vcpu_count, P2M_PAGES_BASE * 4, &d) != 0) {
		return NULL;
	}
	d->control = true;
	d->direct = true;
	__atomic_store_n(&d->visible, true, __ATOMIC_RELEASE);
	return d;
}

/* All blocks now, so that a guest that does not fit is refused at once; they may be dirty. */
static int take_ram(struct domain *d, uint64_t size)
{
	uint32_t count = (uint32_t)(size / RAM_BLOCK_SIZE);

	d->ram_base = ipa(GUEST_RAM_BASE);
	d->ram_size = size;
	d->ram_blocks = heap_alloc(count * sizeof(*d->ram_blocks));
	if (d->ram_blocks == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		bool dirty = false;
		int ret = ram_block_alloc(d->id, &d->ram_blocks[i], &dirty);

		if (ret != 0) {
			return ret;
		}
		d->ram_blocks[i].v |= dirty ? BLOCK_DIRTY : 0;
		d->ram_block_count = i + 1;
	}
	return 0;
}

/* One block a slice: cleaning one is as long as a slice may be. */
static enum job_status populate_step(struct job *j)
{
	struct domain *d = container_of(j, struct domain, populate);
	paddr_t *block = &d->ram_blocks[d->ram_populated];
	ipaddr_t at = ipa_add(d->ram_base, d->ram_populated * RAM_BLOCK_SIZE);

	if ((block->v & BLOCK_DIRTY) != 0) {
		block->v &= ~BLOCK_DIRTY;
		ram_block_clean(*block);
	}
	if (p2m_map(&d->p2m, at, *block, RAM_BLOCK_SIZE, P2M_RAM) != 0) {
		log_error("domain", "d%u %s: no memory for its page tables", d->id, d->name);
		return JOB_DONE;
	}
	__atomic_store_n(&d->ram_populated, d->ram_populated + 1, __ATOMIC_RELEASE);
	return d->ram_populated == d->ram_block_count ? JOB_DONE : JOB_MORE;
}

static const struct job_ops populate_ops = {
	.name = "domain memory",
	.step = populate_step,
};

/* Frees what take_ram() took, at most max blocks a call. True: all gone. */
static bool free_ram(struct domain *d, uint32_t max)
{
	while (d->ram_block_count != 0 && max-- != 0) {
		ram_block_free(pa(d->ram_blocks[--d->ram_block_count].v & ~BLOCK_DIRTY));
	}
	if (d->ram_block_count != 0) {
		return false;
	}
	heap_free(d->ram_blocks);
	d->ram_blocks = NULL;
	return true;
}

static void domain_free(struct domain *d)
{
	while (!free_ram(d, 64)) {
	}
	destroy_vcpus(d);
	p2m_destroy(&d->p2m);
	heap_free(d);
}

int domain_create(const struct domain_spec *spec, struct domain **out)
{
	uint64_t size = ALIGN_UP(spec->ram_size, RAM_BLOCK_SIZE);
	uint64_t free_blocks;
	uint64_t total_blocks;
	struct domain *d = NULL;
	int ret;

	if (spec->vcpu_count == 0 || spec->vcpu_count > DOMAIN_VCPUS_MAX || size == 0 ||
	    spec->ram_size > GUEST_RAM_MAX || size > GUEST_RAM_MAX || spec->name[0] == 0 ||
	    strnlen(spec->name, DOMAIN_NAME_MAX) == DOMAIN_NAME_MAX) {
		return -EINVAL;
	}
	ram_stats(&free_blocks, &total_blocks);
	if (size / RAM_BLOCK_SIZE > free_blocks) {
		return -ENOMEM;
	}
	ret = domain_alloc(spec->name, spec->vcpu_count, P2M_PAGES_BASE, &d);
	if (ret != 0) {
		return ret;
	}
	ret = take_ram(d, size);
	if (ret == 0) {
		ret = domain_build_guest(d);
	}
	if (ret != 0) {
		table_remove(d);
		domain_free(d);
		return ret;
	}
	job_init(&d->populate, &populate_ops);
	job_start(&d->populate);
	__atomic_store_n(&d->visible, true, __ATOMIC_RELEASE);
	log_info("domain", "d%u %s created: %u vCPUs, %llu MiB", d->id, d->name, d->vcpu_count,
		 (unsigned long long)(size / SZ_1M));
	*out = d;
	return 0;
}

int domain_start(struct domain *d, ipaddr_t pc, uint64_t arg)
{
	int ret = -EINVAL;

	spin_lock(&d->lock);
	if (d->state == DOMAIN_BUILDING && d->ram_populated != d->ram_block_count) {
		ret = job_active(&d->populate) ? -EAGAIN : -ENOMEM;
	} else if (d->state == DOMAIN_BUILDING) {
		uint64_t now = ticks_now();

		d->state = DOMAIN_RUNNING;
		/* A guest's virtual time begins with it; the control domain's is the machine's. */
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			d->vcpus[i]->sys.cntvoff = d->control ? 0 : now;
		}
		/* What lies at pc was written as data. */
		icache_invalidate_all();
		sched_online(d->vcpus[0], pc.v, arg);
		ret = 0;
	}
	spin_unlock(&d->lock);
	return ret;
}

int domain_pause(struct domain *d)
{
	int ret = -EINVAL;

	spin_lock(&d->lock);
	if (d->state == DOMAIN_RUNNING && !d->control) {
		d->state = DOMAIN_PAUSED;
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
		d->state = DOMAIN_RUNNING;
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			sched_resume(d->vcpus[i]);
		}
		ret = 0;
	}
	spin_unlock(&d->lock);
	return ret;
}

/* The machine goes with its control domain. */
static _Noreturn void machine_end(enum shutdown_reason reason)
{
	if (reason == SHUTDOWN_REBOOT) {
		log_info("domain", "control domain reboots the machine");
		psci_system_reset();
	}
	log_info("domain", "control domain %s: the machine is switched off",
		 reason == SHUTDOWN_CRASH ? "crashed" : "powers off");
	psci_system_off();
}

void domain_shutdown(struct domain *d, enum shutdown_reason reason)
{
	static const char *const words[] = { "powered off", "asked for a reboot", "crashed" };

	if (d->control) {
		machine_end(reason);
	}
	spin_lock(&d->lock);
	if (d->state == DOMAIN_RUNNING || d->state == DOMAIN_PAUSED) {
		d->state = DOMAIN_SHUTDOWN;
		d->reason = reason;
		for (uint32_t i = 0; i < d->vcpu_count; i++) {
			sched_stop(d->vcpus[i]);
		}
		log_info("domain", "d%u %s %s", d->id, d->name, words[reason]);
	}
	spin_unlock(&d->lock);
}

enum teardown_phase {
	TEARDOWN_STOP,    /* until every vCPU is off its pCPU and no job fills RAM */
	TEARDOWN_REQUESTS, /* until no CPU is inside a request that found the domain alive */
	TEARDOWN_DEVICES,
	TEARDOWN_RAM,
	TEARDOWN_READERS, /* out of the table; until nobody looks at it any more */
};

static bool all_stopped(struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		if (!sched_stopped(d->vcpus[i])) {
			return false;
		}
	}
	return !job_active(&d->populate);
}

/* One slice of an ending domain's teardown; each phase relies on the one before. */
static enum job_status teardown_step(struct job *j)
{
	struct domain *d = container_of(j, struct domain, teardown);

	switch ((enum teardown_phase)d->teardown_phase) {
	case TEARDOWN_STOP:
		if (!all_stopped(d)) {
			return JOB_WAIT;
		}
		grace_start(&d->grace);
		break;
	case TEARDOWN_REQUESTS:
		if (!grace_over(&d->grace)) {
			return JOB_WAIT;
		}
		break;
	case TEARDOWN_DEVICES:
		if (domain_unbuild_guest(d) != 0) {
			log_error("domain", "d%u %s stays, dying: an IOMMU does not answer, so its memory must not be anyone else's",
				  d->id, d->name);
			return JOB_DONE;
		}
		break;
	case TEARDOWN_RAM:
		if (!free_ram(d, 64)) {
			return JOB_MORE;
		}
		log_info("domain", "d%u %s is gone", d->id, d->name);
		table_remove(d);
		grace_start(&d->grace);
		break;
	case TEARDOWN_READERS:
	default:
		return grace_over(&d->grace) ? JOB_DONE : JOB_WAIT;
	}
	d->teardown_phase++;
	return JOB_MORE;
}

static void teardown_finish(struct job *j, bool cancelled)
{
	struct domain *d = container_of(j, struct domain, teardown);

	if (d->teardown_phase == TEARDOWN_READERS) {
		domain_free(d);
	}
}

static const struct job_ops teardown_ops = {
	.name = "domain teardown",
	.step = teardown_step,
	.finish = teardown_finish,
};

int domain_destroy(struct domain *d)
{
	if (d->control) {
		return -EPERM;
	}
	spin_lock(&d->lock);
	if (d->state == DOMAIN_DYING) {
		spin_unlock(&d->lock);
		return -EBUSY;
	}
	d->state = DOMAIN_DYING;
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		sched_stop(d->vcpus[i]);
	}
	job_cancel(&d->populate);
	job_init(&d->teardown, &teardown_ops);
	job_start(&d->teardown);
	spin_unlock(&d->lock);
	return 0;
}

uint64_t domain_cpu_ticks(struct domain *d)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		sum += d->vcpus[i]->cpu_ticks;
	}
	return sum;
}
