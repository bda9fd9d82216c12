/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bridge that its owner's driver brings up: its functions are found, numbered and placed when the
 * owner first looks for them, by a job it waits for.
 */
#include "core/log.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/bus.h"
#include "vpci/front.h"
#include "vpci/lend.h"

/* A part of it. What cannot be given to the owner stays out of its sight. */
static bool give_to_owner(struct vpci_segment *seg)
{
	int r = lend_owner_next(seg);

	if (r && r != -EAGAIN) {
		log_error("pci", SBDF_FMT ": out of memory, not shown to its owner",
			  SBDF_ARG(seg->coming->sbdf));
		seg->coming = pci_function_next_below(seg->coming);
	}
	return r == 0;
}

static enum job_status start_step(struct job *j)
{
	struct vpci_front *front = container_of(j, struct vpci_front, start);

	if (!front->found) {
		int error = pci_late_step(&front->late, front->bridge);

		if (error != 0 && error != -EAGAIN) {
			__atomic_store_n(&front->failed, true, __ATOMIC_RELAXED);
			return JOB_DONE;
		}
		front->found = error == 0;
		front->segment->coming = front->bridge->functions;
	} else if (give_to_owner(front->segment)) {
		host_bridge_set_up(front->bridge);
		return JOB_DONE;
	}
	return JOB_MORE;
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
