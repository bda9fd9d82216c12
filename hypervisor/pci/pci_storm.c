/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt storms: begun by the interrupt that is one too many, ended by a job. */
#include "pci/pci_storm.h"

#include "core/log.h"
#include "irq/irq_meter.h"
#include "irq/its.h"
#include "pci/pci_time.h"
#include "pci/registry.h"

/* Each waits for the host ITS. */
#define UNMASK_A_SLICE 16U

/* MSIs that were masked get through again. True: there are more. */
static bool let_through(struct pci_function *f)
{
	bool more;

	/* The ITT goes away under this lock. */
	spin_lock(&f->lock);
	more = f->itt != NULL && its_device_unmask(f->itt, UNMASK_A_SLICE);
	spin_unlock(&f->lock);
	return more;
}

static enum job_status storm_step(struct job *j)
{
	struct pci_function *f = container_of(j, struct pci_function, storm.job);
	struct pci_storm *s = &f->storm;
	enum job_status status = JOB_MORE;

	spin_lock(&s->lock);
	if (s->until_ms != 0 && pci_now_ms() < s->until_ms) {
		status = JOB_WAIT;
	} else if (s->until_ms != 0) {
		s->until_ms = 0;
		irq_meter_restart(&f->meter, ticks_now());
	}
	spin_unlock(&s->lock);
	if (status == JOB_MORE && !let_through(f)) {
		status = JOB_DONE;
	}
	return status;
}

/* A storm that began since the last step found the job queued. */
static void storm_finish(struct job *j, bool cancelled)
{
	struct pci_function *f = container_of(j, struct pci_function, storm.job);
	struct pci_storm *s = &f->storm;

	spin_lock(&s->lock);
	s->queued = s->until_ms != 0;
	if (s->queued) {
		job_start(j);
	}
	spin_unlock(&s->lock);
}

static const struct job_ops storm_ops = {
	.name = "pci storm",
	.step = storm_step,
	.finish = storm_finish,
};

/* Storm lock held. A device can do this for ever, so only the counts 1, 2, 4, 8... are said. */
static void begin(struct pci_function *f)
{
	struct pci_storm *s = &f->storm;

	s->until_ms = pci_now_ms() + PCI_STORM_BACKOFF_MS;
	s->count++;
	if ((s->count & (s->count - 1)) == 0) {
		log_warn("pci", SBDF_FMT ": interrupt storm (%llu times), interrupts are delayed",
			 SBDF_ARG(f->sbdf), (unsigned long long)s->count);
	}
	if (!s->queued) {
		s->queued = true;
		job_init(&s->job, &storm_ops);
		job_start(&s->job);
	}
}

void pci_irq_storm(struct irq_meter *m, uint32_t event)
{
	struct pci_function *f = container_of(m, struct pci_function, meter);
	struct pci_storm *s = &f->storm;
	struct its_device *itt = __atomic_load_n(&f->itt, __ATOMIC_ACQUIRE);

	spin_lock(&s->lock);
	if (s->until_ms == 0 && irq_meter_check(m, ticks_now(), ticks_per_second())) {
		begin(f);
	}
	/* Whoever frees the ITT waits for the interrupt that brought us here. */
	if (s->until_ms != 0 && itt != NULL && event != IRQ_NO_EVENT) {
		its_event_mask(itt, event);
	}
	spin_unlock(&s->lock);
}
