/* SPDX-License-Identifier: BSD-2-Clause */
/* Root ports are looked at by a job that never ends. */
#include "pci/pci_aer.h"

#include "core/job.h"
#include "pci/registry.h"

static struct job look_job;

static enum job_status look_step(struct job *j)
{
	pci_aer_look();
	j->wait_ms = PCI_AER_PERIOD_MS;
	return JOB_WAIT;
}

static const struct job_ops look_ops = {
	.name = "pci errors",
	.step = look_step,
};

void pci_aer_start(const struct host_bridge *b)
{
	struct pci_function *f = pci_function_first();

	pci_aer_enable(b);
	while (f != NULL && !(f->bridge == b && f->error_root)) {
		f = f->next;
	}
	if (f != NULL && !job_active(&look_job)) {
		job_init(&look_job, &look_ops);
		job_start(&look_job);
	}
}
