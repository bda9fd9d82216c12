/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest is made by a job, part by part, each as short as interrupts may wait. It is in the table
 * already, cannot be started before the last part is done, and goes with whatever there is of it.
 */
#include "core/domain_build.h"
#include "core/domain_parts.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/sched.h"
#include "lib/errno.h"

int domain_add_vcpu(struct domain *d)
{
	struct vcpu *v = heap_alloc(sizeof(*v));
	uint32_t index = d->vcpu_count;

	if (v == NULL) {
		return -ENOMEM;
	}
	v->domain = d;
	v->index = index;
	/* MPIDR_EL1: RES1 bit 31, affinity 0 = index; the same in GICR_TYPER. */
	v->sys.vmpidr = BIT(31) | index;
	sched_add(v);
	d->vcpus[index] = v;
	__atomic_store_n(&d->vcpu_count, index + 1, __ATOMIC_RELEASE);
	return 0;
}

static int make_vcpus(struct domain *d)
{
	int err = domain_add_vcpu(d);

	return err == 0 && d->vcpu_count != d->vcpus_wanted ? -EAGAIN : err;
}

static int say(struct domain *d)
{
	log_info("domain", "d%u %s created: %u vCPUs, %llu MiB%s", d->id, d->name, d->vcpu_count,
		 (unsigned long long)(d->ram_size / SZ_1M),
		 d->unprotected_dma ? ", unprotected_dma" : "");
	return 0;
}

/* -EAGAIN: there is more of it. */
static const struct {
	const char *name;
	int (*make)(struct domain *d);
} parts[] = {
	{ "vCPUs", make_vcpus },
	{ "GIC", domain_build_gic },
	{ "devices", domain_build_guest },
	{ "PCI bus", domain_build_guest_pci },
	{ "record", say },
	{ "RAM", domain_ram_populate },
};

#define PART_RAM (ARRAY_SIZE(parts) - 1)

static int make_part(struct domain *d)
{
	int err = parts[d->part].make(d);

	if (err == 0) {
		__atomic_store_n(&d->part, d->part + 1, __ATOMIC_RELEASE);
	} else if (err != -EAGAIN) {
		log_error("domain", "d%u %s: no memory for its %s", d->id, d->name,
			  parts[d->part].name);
	}
	return err;
}

static enum job_status make_step(struct job *j)
{
	struct domain *d = container_of(j, struct domain, populate);
	int err = make_part(d);

	return (err != 0 && err != -EAGAIN) || d->part == ARRAY_SIZE(parts) ? JOB_DONE : JOB_MORE;
}

static const struct job_ops make_ops = {
	.name = "domain memory",
	.step = make_step,
};

void domain_make(struct domain *d)
{
	job_init(&d->populate, &make_ops);
	job_start(&d->populate);
}

int domain_make_devices(struct domain *d)
{
	int err;

	if (d->part >= PART_RAM) {
		return 0;
	}
	/* What its job failed at is not tried again. */
	err = job_active(&d->populate) ? make_part(d) : -ENOMEM;
	return err == 0 && d->part < PART_RAM ? -EAGAIN : err;
}
