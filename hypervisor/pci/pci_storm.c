/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt storms: begun by the interrupt that is one too many, ended by a job. */
#include "pci/pci_storm.h"

#include "core/log.h"
#include "irq/irq.h"
#include "irq/irq_meter.h"
#include "irq/its.h"
#include "irq/msi.h"
#include "pci/pci_time.h"
#include "pci/registry.h"

/* Each waits for the host ITS. */
#define UNMASK_A_SLICE 16U

/* MSIs that were masked get through again. True: there are more. */
static bool let_through(struct pci_function *f)
{
	struct its_device *itt;
	bool more;

	/* The ITT goes away under this lock, and comes under none. */
	spin_lock(&f->lock);
	itt = __atomic_load_n(&f->itt, __ATOMIC_ACQUIRE);
	more = itt != NULL && its_device_unmask(itt, UNMASK_A_SLICE);
	pci_msi_let_through(f);
	spin_unlock(&f->lock);
	return more;
}

bool pci_storm_lasts(const struct pci_function *f)
{
	return __atomic_load_n(&f->storm.until_ms, __ATOMIC_ACQUIRE) != 0;
}

/* Storm lock held; 0: it is over. */
static void last_until(struct pci_storm *s, uint64_t ms)
{
	__atomic_store_n(&s->until_ms, ms, __ATOMIC_RELEASE);
}

static enum job_status storm_step(struct job *j)
{
	struct pci_function *f = container_of(j, struct pci_function, storm.job);
	struct pci_storm *s = &f->storm;
	enum job_status status = JOB_MORE;
	bool over = false;

	spin_lock(&s->lock);
	if (s->until_ms != 0 && pci_now_ms() < s->until_ms) {
		status = JOB_WAIT;
	} else if (s->until_ms != 0) {
		last_until(s, 0);
		irq_meter_restart(&f->meter, ticks_now());
		over = true;
	}
	spin_unlock(&s->lock);
	if (over) {
		pci_storm_over(f);
	}
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

	last_until(s, pci_now_ms() + PCI_STORM_BACKOFF_MS);
	__atomic_store_n(&s->count, s->count + 1, __ATOMIC_RELAXED);
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

/* Storm lock held. Is it one? */
static bool storms(struct pci_function *f)
{
	if (f->storm.until_ms == 0 && irq_meter_check(&f->meter, ticks_now(), ticks_per_second())) {
		begin(f);
	}
	return f->storm.until_ms != 0;
}

void pci_irq_storm(struct irq_meter *m, uint32_t event)
{
	struct pci_function *f = container_of(m, struct pci_function, meter);
	struct its_device *itt = __atomic_load_n(&f->itt, __ATOMIC_ACQUIRE);

	spin_lock(&f->storm.lock);
	/* Whoever frees the ITT waits for the interrupt that brought us here. */
	if (storms(f) && itt != NULL) {
		its_event_mask(itt, event);
	}
	spin_unlock(&f->storm.lock);
}

void pci_msi_storm(struct irq_meter *m, struct msi_controller *c, uint32_t vector, bool *held)
{
	struct pci_function *f = container_of(m, struct pci_function, meter);

	spin_lock(&f->storm.lock);
	if (storms(f)) {
		/* In this order: whoever finds it held unmasks what is masked already. */
		msi_mask(c, vector);
		__atomic_store_n(held, true, __ATOMIC_RELEASE);
	}
	spin_unlock(&f->storm.lock);
}

void pci_wire_storm(struct irq_meter *m, uint32_t host_intid)
{
	struct pci_function *f = container_of(m, struct pci_function, meter);

	spin_lock(&f->storm.lock);
	/* Under the lock, so that pci_storm_over() comes after it. */
	if (storms(f) && host_intid != 0) {
		irq_disable(host_intid);
	}
	spin_unlock(&f->storm.lock);
}
