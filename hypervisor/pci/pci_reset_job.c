/* SPDX-License-Identifier: BSD-2-Clause */
/* A reset as a job: stepped between guest runs, waiting without blocking anyone. */
#include "lib/errno.h"
#include "pci/pci_time.h"
#include "pci/registry.h"

static struct pci_function *function_of(struct job *j)
{
	return container_of(j, struct pci_function, reset.job);
}

static enum job_status reset_step(struct job *j)
{
	struct pci_function *f = function_of(j);
	enum pci_reset_stage before = f->reset.stage;

	if (pci_reset_step(f, pci_now_ms())) {
		return JOB_DONE;
	}
	return f->reset.stage != before ? JOB_MORE : JOB_WAIT;
}

/* Nothing cancels a reset: half of one would leave the function in no state at all. */
static void reset_finish(struct job *j, bool cancelled)
{
	struct pci_function *f = function_of(j);
	int error = cancelled ? -ECANCELED : f->reset.error;

	f->reset.stage = PCI_RESET_IDLE;
	if (f->reset.on_done != NULL) {
		f->reset.on_done(f, error, f->reset.arg);
	}
}

static const struct job_ops reset_ops = {
	.name = "pci reset",
	.step = reset_step,
	.finish = reset_finish,
};

int pci_reset_start(struct pci_function *f,
		    void (*on_done)(struct pci_function *f, int error, void *arg), void *arg)
{
	if (pci_reset_active(&f->reset)) {
		return -EBUSY;
	}
	f->reset.on_done = on_done;
	f->reset.arg = arg;
	pci_reset_begin(f, pci_now_ms());
	job_init(&f->reset.job, &reset_ops);
	job_start(&f->reset.job);
	return 0;
}
