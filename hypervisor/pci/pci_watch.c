/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports are looked at by a job that never ends. */
#include "pci/pci_watch.h"

#include "core/job.h"
#include "pci/pci_aer.h"
#include "pci/pci_slots.h"
#include "pci/pci_time.h"
#include "pci/registry.h"

static struct job watch_job;
static uint64_t errors_at; /* when they were looked at last, in ms */

static enum job_status watch_step(struct job *j)
{
	uint64_t now_ms = pci_now_ms();
	bool more;

	if (now_ms - errors_at >= PCI_AER_PERIOD_MS) {
		errors_at = now_ms;
		pci_aer_look();
		return JOB_MORE;
	}
	more = pci_slots_step(now_ms, &j->wait_ms);
	return more ? JOB_MORE : JOB_WAIT;
}

static const struct job_ops watch_ops = {
	.name = "pci watch",
	.step = watch_step,
};

void pci_watch_start(const struct host_bridge *b)
{
	struct pci_function *f = b->functions;

	pci_aer_enable(b);
	pci_slots_start(b, pci_now_ms());
	while (f != NULL && !f->error_root && f->slot == NULL) {
		f = pci_function_next_below(f);
	}
	if (f != NULL && !job_active(&watch_job)) {
		job_init(&watch_job, &watch_ops);
		job_start(&watch_job);
	}
}
