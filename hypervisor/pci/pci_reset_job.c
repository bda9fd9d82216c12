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
	struct pci_reset *r = &f->reset;
	void (*on_done)(struct pci_function *f, int error, void *arg);
	void *arg;
	int error;

	spin_lock(&f->lock);
	if (r->again) {
		r->again = false;
		pci_reset_begin(f, false, pci_now_ms());
		job_start(j);
		spin_unlock(&f->lock);
		return;
	}
	on_done = r->on_done;
	arg = r->arg;
	error = cancelled ? -ECANCELED : r->error;
	pci_reset_enter(r, PCI_RESET_IDLE);
	spin_unlock(&f->lock);
	on_done(f, error, arg);
}

static const struct job_ops reset_ops = {
	.name = "pci reset",
	.step = reset_step,
	.finish = reset_finish,
};

static void start(struct pci_function *f, bool wake)
{
	pci_reset_begin(f, wake, pci_now_ms());
	job_init(&f->reset.job, &reset_ops);
	job_start(&f->reset.job);
}

int pci_reset_start(struct pci_function *f,
		    void (*on_done)(struct pci_function *f, int error, void *arg), void *arg)
{
	struct pci_reset *r = &f->reset;

	if (pci_reset_active(r) && !r->users_own) {
		return -EBUSY;
	}
	r->on_done = on_done;
	r->arg = arg;
	r->users_own = false;
	if (pci_reset_active(r)) {
		r->again = true;
	} else {
		start(f, false);
	}
	return 0;
}

void pci_reset_start_for_user(struct pci_function *f, bool wake,
			      void (*on_done)(struct pci_function *f, int error, void *arg))
{
	f->reset.on_done = on_done;
	f->reset.arg = NULL;
	f->reset.users_own = true;
	start(f, wake);
}
