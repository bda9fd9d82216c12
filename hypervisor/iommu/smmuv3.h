/* SPDX-License-Identifier: BSD-2-Clause */
/* One SMMUv3 (IHI0070), inside smmuv3*.c. */
#ifndef IOMMU_SMMUV3_H
#define IOMMU_SMMUV3_H

#include "core/job.h"
#include "core/spinlock.h"
#include "iommu/iommu.h"
#include "iommu/smmuv3_cmd.h"
#include "iommu/smmuv3_probe.h"
#include "iommu/smmuv3_ste.h"

/* A ring in memory; indexes count entries and carry the wrap bit above them (3.5.1). */
struct smmuv3_queue {
	uint64_t *entries;
	uint32_t log2;
	uint32_t index; /* ours: producer of commands, consumer of events */
};

struct smmuv3 {
	struct iommu *iommu;
	volatile char *regs;
	struct smmuv3_features features;
	bool coherent;

	struct spinlock lock; /* stream table and command queue */
	bool broken;          /* a command failed or timed out: nothing is confirmed any more */
	uint32_t stream_bits; /* of the table in use */
	bool two_level;
	uint64_t *table; /* level 1 descriptors, or the entries themselves */
	struct smmuv3_queue cmdq;

	struct spinlock event_lock;
	struct smmuv3_queue eventq;
	struct job drain;
	bool untold; /* no interrupt tells of events: drain looks for them */
};

extern const struct iommu_ops smmuv3_ops;

uint32_t smmuv3_read(struct smmuv3 *smmu, uint32_t offset);
void smmuv3_write(struct smmuv3 *smmu, uint32_t offset, uint32_t value);
void smmuv3_write64(struct smmuv3 *smmu, uint32_t offset, uint64_t value);
/* Write and wait until ack reads the same. -ETIMEDOUT. */
int smmuv3_write_acked(struct smmuv3 *smmu, uint32_t offset, uint32_t ack, uint32_t value);
/* Memory the SMMU reads was written: push it out of the caches when it does not snoop them. */
void smmuv3_make_visible(struct smmuv3 *smmu, const void *p, size_t size);

/* Command and event queues, registers included, not enabled yet. -ENOMEM. */
int smmuv3_cmdq_init(struct smmuv3 *smmu);
int smmuv3_eventq_init(struct smmuv3 *smmu);
/* One command, waited for. Lock held. -EIO: not confirmed, and nothing later will be. */
int smmuv3_run(struct smmuv3 *smmu, struct smmuv3_cmd cmd);

/*
 * Interrupt lines of event queue and errors. Failure is logged; without the first, a job looks at
 * the queue.
 */
void smmuv3_request_irqs(struct smmuv3 *smmu);

/* Stream table, registers included, every entry invalid. -ENOMEM. */
int smmuv3_table_init(struct smmuv3 *smmu);
/* Bring a stream's entry to wanted. Lock held. -ERANGE, -ENOMEM, -EIO (memory says abort). */
int smmuv3_table_set(struct smmuv3 *smmu, stream_id_t stream, const struct smmuv3_ste *wanted);

#endif
