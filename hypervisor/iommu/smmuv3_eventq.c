/* SPDX-License-Identifier: BSD-2-Clause */
/* Recorded faults: the event queue, its interrupt, and global errors (IHI0070 3.5.2, 7.2). */
#include "arch/arm64/cpu.h"
#include "core/heap.h"
#include "core/log.h"
#include "iommu/smmuv3.h"
#include "iommu/smmuv3_event.h"
#include "iommu/smmuv3_regs.h"
#include "irq/irq.h"
#include "lib/errno.h"

#define EVENTQ_LOG2 7 /* 4 KiB */
/* Events delivered by one interrupt, each perhaps a line; a device that makes more is a job's. */
#define IRQ_EVENTS_MAX 2

#define QUEUE_INDEX_MASK(q) ((2U << (q)->log2) - 1)

int smmuv3_eventq_init(struct smmuv3 *smmu)
{
	struct smmuv3_queue *q = &smmu->eventq;

	q->log2 = MIN(EVENTQ_LOG2, smmu->features.eventq_log2);
	q->entries = heap_page();
	if (q->entries == NULL) {
		return -ENOMEM;
	}
	smmuv3_make_visible(smmu, q->entries, SZ_4K);
	smmuv3_write64(smmu, SMMU_EVENTQ_BASE, heap_pa(q->entries).v | QUEUE_BASE_RA_WA | q->log2);
	smmuv3_write(smmu, SMMU_EVENTQ_PROD, 0);
	smmuv3_write(smmu, SMMU_EVENTQ_CONS, 0);
	return 0;
}

/*
 * A device can make this happen for ever, so only the counts 1, 2, 4, 8... are said. Event lock
 * held.
 */
static void note_overflow(struct smmuv3 *smmu)
{
	uint64_t n = __atomic_add_fetch(&smmu->iommu->overflows, 1, __ATOMIC_RELAXED);

	if ((n & (n - 1)) == 0) {
		log_warn("smmu", "0x%llx: event queue overflowed (%llu times), faults were lost",
			 (unsigned long long)smmu->iommu->desc->regs.base, (unsigned long long)n);
	}
}

/* Copy the oldest record and free its place. False: the queue is empty. */
static bool take_event(struct smmuv3 *smmu, uint64_t record[SMMUV3_EVENT_WORDS])
{
	struct smmuv3_queue *q = &smmu->eventq;
	uint32_t prod;
	bool found;

	spin_lock(&smmu->event_lock);
	prod = smmuv3_read(smmu, SMMU_EVENTQ_PROD);
	found = ((prod ^ q->index) & QUEUE_INDEX_MASK(q)) != 0;
	if (found) {
		uint32_t slot = q->index & ((1U << q->log2) - 1);
		const volatile uint64_t *entry = &q->entries[slot * SMMUV3_EVENT_WORDS];

		/* The record is read after the index that announced it, and past stale lines. */
		dsb(ld);
		if (!smmu->coherent) {
			cache_clean_invalidate(&q->entries[slot * SMMUV3_EVENT_WORDS],
					       SMMUV3_EVENT_BYTES);
		}
		for (uint32_t i = 0; i < SMMUV3_EVENT_WORDS; i++) {
			record[i] = entry[i];
		}
		q->index = (q->index + 1) & QUEUE_INDEX_MASK(q);
	}
	if (((prod ^ smmuv3_read(smmu, SMMU_EVENTQ_CONS)) & QUEUE_OVERFLOW) != 0) {
		note_overflow(smmu);
	}
	/* The copy is made before the place is given back. */
	dsb(ld);
	smmuv3_write(smmu, SMMU_EVENTQ_CONS, q->index | (prod & (uint32_t)QUEUE_OVERFLOW));
	spin_unlock(&smmu->event_lock);
	return found;
}

/* Deliver at most max recorded faults. True: more are waiting. */
static bool drain_events(struct smmuv3 *smmu, uint32_t max)
{
	for (uint32_t i = 0; i < max; i++) {
		uint64_t record[SMMUV3_EVENT_WORDS];
		struct iommu_fault fault;

		if (!take_event(smmu, record)) {
			return false;
		}
		fault = smmuv3_event_decode(record);
		pci_iommu_fault(smmu->iommu, &fault);
	}
	return true;
}

static enum job_status drain_step(struct job *j)
{
	struct smmuv3 *smmu = container_of(j, struct smmuv3, drain);

	if (drain_events(smmu, IRQ_EVENTS_MAX)) {
		return JOB_MORE;
	}
	j->wait_ms = IOMMU_LOOK_MS;
	return smmu->untold ? JOB_WAIT : JOB_DONE;
}

static void drain_finish(struct job *j, bool cancelled)
{
}

static const struct job_ops drain_ops = {
	.name = "smmu-events",
	.step = drain_step,
	.finish = drain_finish,
};

/*
 * The line is an edge that comes when the queue stops being empty, so it has to be emptied: by the
 * job when this takes long. Interrupt and job run on one CPU, one after the other.
 */
static enum irq_result event_irq(uint32_t intid, void *arg)
{
	struct smmuv3 *smmu = arg;

	if (!job_active(&smmu->drain) && drain_events(smmu, IRQ_EVENTS_MAX)) {
		job_start(&smmu->drain);
	}
	return IRQ_HANDLED;
}

/* CMDQ_ERR belongs to who waits in smmuv3_run(), and stays up. */
static enum irq_result error_irq(uint32_t intid, void *arg)
{
	struct smmuv3 *smmu = arg;
	uint32_t gerror = smmuv3_read(smmu, SMMU_GERROR);
	uint32_t gerrorn = smmuv3_read(smmu, SMMU_GERRORN);
	uint32_t news = (gerror ^ gerrorn) & ~(uint32_t)GERROR_CMDQ_ERR;

	if (news != 0) {
		log_error("smmu", "0x%llx: global error 0x%x",
			  (unsigned long long)smmu->iommu->desc->regs.base, news);
		smmuv3_write(smmu, SMMU_GERRORN, gerrorn ^ news);
	}
	return IRQ_HANDLED;
}

static uint32_t request(struct smmuv3 *smmu, uint32_t intid, irq_handler handler, uint32_t bit)
{
	if (intid == 0 || irq_request(intid, true, handler, smmu) != 0) {
		log_warn("smmu", "0x%llx: no interrupt for %s",
			 (unsigned long long)smmu->iommu->desc->regs.base,
			 bit == IRQ_EVENTQ ? "events: faults are looked for" : "errors");
		return 0;
	}
	irq_enable(intid);
	return bit;
}

void smmuv3_request_irqs(struct smmuv3 *smmu)
{
	const struct machine_smmu *desc = smmu->iommu->desc;
	uint32_t lines = 0;

	job_init(&smmu->drain, &drain_ops);
	if (smmu->features.msi) {
		/* No message address: the wired line is used (6.3.25). */
		smmuv3_write64(smmu, SMMU_GERROR_IRQ_CFG0, 0);
		smmuv3_write64(smmu, SMMU_EVENTQ_IRQ_CFG0, 0);
	}
	smmuv3_write(smmu, SMMU_GERRORN, smmuv3_read(smmu, SMMU_GERROR));
	lines |= request(smmu, desc->eventq_intid, event_irq, (uint32_t)IRQ_EVENTQ);
	smmu->untold = lines == 0;
	if (smmu->untold) {
		job_start(&smmu->drain);
	}
	lines |= request(smmu, desc->gerror_intid, error_irq, (uint32_t)IRQ_GERROR);
	if (smmuv3_write_acked(smmu, SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, lines) != 0) {
		log_warn("smmu", "0x%llx: IRQ_CTRL is not acknowledged",
			 (unsigned long long)desc->regs.base);
	}
}
