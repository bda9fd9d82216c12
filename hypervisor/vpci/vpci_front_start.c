/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bridge that its owner's driver brings up: its functions are found, numbered and placed when the
 * owner first looks for them, by a job it waits for.
 */
#include "core/log.h"
#include "lib/errno.h"
#include "pci/pci_late.h"
#include "pci/registry.h"
#include "vpci/bus.h"
#include "vpci/front.h"
#include "vpci/lend.h"

/* What cannot be given to the owner stays out of its sight. */
static void give_to_owner(struct vpci_front *front)
{
	struct pci_function *f;

	for (f = front->bridge->functions; f; f = pci_function_next_below(f)) {
		if (!f->pf &&
		    lend_owner_begin(front->segment->domain, front->segment, f) != 0) {
			log_error("pci", SBDF_FMT ": out of memory, not shown to its owner",
				  SBDF_ARG(f->sbdf));
		}
	}
}

static enum job_status start_step(struct job *j)
{
	struct vpci_front *front = container_of(j, struct vpci_front, start);

	if (pci_bring_up_late(front->bridge) == 0) {
		give_to_owner(front);
		host_bridge_set_up(front->bridge);
	} else {
		__atomic_store_n(&front->failed, true, __ATOMIC_RELAXED);
	}
	return JOB_DONE;
}

static const struct job_ops start_ops = {
	.name = "pci bridge",
	.step = start_step,
};

void vpci_front_start_init(struct vpci_front *front)
{
	job_init(&front->start, &start_ops);
}

enum mmio_result vpci_front_start(struct vpci_front *front, struct vcpu *v)
{
	if (__atomic_load_n(&front->failed, __ATOMIC_RELAXED)) {
		return MMIO_DONE;
	}
	if (!front->started) {
		front->started = true;
		job_start(&front->start);
	}
	/* Where it ended meanwhile, on another CPU, the vCPU goes on at once. */
	job_park(&front->start, v);
	return MMIO_RETRY;
}
