/* SPDX-License-Identifier: BSD-2-Clause */
/* VFs' coming and going as a job, in the hypervisor's time. */
#include "pci/pci_time.h"
#include "vpci/vfs.h"

static enum job_status step(struct job *j)
{
	return vpci_vfs_step(container_of(j, struct vpci_vfs, job), pci_now_ms());
}

/* Nothing cancels it: half of it would leave VFs that nobody knows of. */
static void finish(struct job *j, bool cancelled)
{
	(void)cancelled;
	vpci_vfs_finish(container_of(j, struct vpci_vfs, job));
}

static const struct job_ops vfs_job = {
	.name = "vpci-vfs",
	.step = step,
	.finish = finish,
};

void vpci_vfs_start(struct vpci_vfs *v)
{
	job_init(&v->job, &vfs_job);
	job_start(&v->job);
}
