/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain of the device tree that asks for a reboot ends, as if an administrator destroyed it, and
 * is made again from what was kept: its device tree and the modules, which nobody writes to. It
 * has a new id. What is lent of a bridge it owns stays with its user meanwhile.
 */
#include "boot/domain_boot.h"
#include "core/domain.h"
#include "core/domain_build.h"
#include "core/log.h"
#include "lib/errno.h"

#define POLL_MS 10

static uint32_t pending;

bool domain_restart_pending(void)
{
	return __atomic_load_n(&pending, __ATOMIC_ACQUIRE) != 0;
}

static enum job_status restart_over(void)
{
	__atomic_sub_fetch(&pending, 1, __ATOMIC_RELEASE);
	domain_end_machine_if_last(); /* unless it runs again */
	return JOB_DONE;
}

static enum job_status restart_step(struct job *j)
{
	struct domain_boot *b = container_of(j, struct domain_boot, restart);
	struct domain *d = domain_by_id(b->id);
	int err;

	b->restart.wait_ms = POLL_MS;
	switch (b->restart_phase) {
	case RESTART_END:
		/* When somebody destroys it, that is meant. */
		if (d == NULL || domain_destroy(d) != 0) {
			return restart_over();
		}
		break;
	case RESTART_GONE:
		if (d != NULL || job_active(&b->job)) {
			return JOB_WAIT;
		}
		break;
	case RESTART_RESETS:
		if (!domain_boot_bridges_settled(b)) {
			return JOB_WAIT;
		}
		break;
	case RESTART_MAKE:
	default:
		err = domain_boot_make(b);
		if (err == -EAGAIN) {
			return JOB_MORE;
		}
		if (err == 0) {
			log_info("boot", "domain %s begins again", b->spec->name);
		}
		return restart_over();
	}
	b->restart_phase++;
	return JOB_MORE;
}

static const struct job_ops restart_ops = {
	.name = "domain restart",
	.step = restart_step,
};

bool domain_restart(struct domain *d)
{
	struct domain_boot *b = d->boot;

	if (b == NULL || job_active(&b->restart)) {
		return false;
	}
	__atomic_add_fetch(&pending, 1, __ATOMIC_RELEASE);
	b->restart_phase = RESTART_END;
	job_init(&b->restart, &restart_ops);
	job_start(&b->restart);
	return true;
}
