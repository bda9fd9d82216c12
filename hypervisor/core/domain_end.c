/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a guest, as a job: each phase relies on the one before. */
#include "core/domain_build.h"
#include "core/domain_parts.h"
#include "core/log.h"
#include "core/sched.h"
#include "lib/errno.h"

enum teardown_phase {
	TEARDOWN_STOP,    /* until every vCPU is off its pCPU and no job fills RAM */
	TEARDOWN_REQUESTS, /* until no CPU is inside a request that found the domain alive */
	TEARDOWN_PARTS,
	TEARDOWN_DEVICES,
	TEARDOWN_RAM,
	TEARDOWN_TABLES,
	TEARDOWN_GONE,
	TEARDOWN_READERS, /* out of the table; until nobody looks at it any more */
};

/* Blocks of RAM, and pages of tables, that a slice gives back. */
#define RAM_A_SLICE    64
#define TABLES_A_SLICE 8

static bool all_stopped(struct domain *d)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		if (!sched_stopped(d->vcpus[i])) {
			return false;
		}
	}
	return !job_active(&d->populate);
}

static enum job_status teardown_step(struct job *j)
{
	struct domain *d = container_of(j, struct domain, teardown);
	enum job_status status;

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
	case TEARDOWN_PARTS:
		status = domain_unbuild_slice(d);
		if (status != JOB_DONE) {
			return status;
		}
		break;
	case TEARDOWN_DEVICES:
		if (domain_unbuild_guest(d) != 0) {
			log_error("domain",
				  "d%u %s stays, dying: an IOMMU does not answer, so its memory "
				  "must not be anyone else's",
				  d->id, d->name);
			return JOB_DONE;
		}
		break;
	case TEARDOWN_RAM:
		if (!domain_ram_free(d, RAM_A_SLICE)) {
			return JOB_MORE;
		}
		break;
	case TEARDOWN_TABLES:
		if (!p2m_destroy_slice(&d->p2m, TABLES_A_SLICE)) {
			return JOB_MORE;
		}
		break;
	case TEARDOWN_GONE:
		log_info("domain", "d%u %s is gone", d->id, d->name);
		domain_table_remove(d);
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
	domain_set_state(d, DOMAIN_DYING);
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		sched_stop(d->vcpus[i]);
	}
	job_cancel(&d->populate);
	job_init(&d->teardown, &teardown_ops);
	job_start(&d->teardown);
	spin_unlock(&d->lock);
	return 0;
}
