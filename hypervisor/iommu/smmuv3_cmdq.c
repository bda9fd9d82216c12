/* SPDX-License-Identifier: BSD-2-Clause */
/* The command queue: one command at a time, each confirmed by CMD_SYNC (IHI0070 3.5.1, 4.7). */
#include "arch/arm64/cpu.h"
#include "core/heap.h"
#include "core/log.h"
#include "iommu/smmuv3.h"
#include "iommu/smmuv3_regs.h"
#include "lib/errno.h"

#define CMDQ_LOG2 8 /* 4 KiB */
/* Part of a second that a CMD_SYNC may take; it waits for DMA in flight. */
#define SYNC_TIMEOUT_DIV 4

#define QUEUE_INDEX_MASK(q) ((2U << (q)->log2) - 1)

int smmuv3_cmdq_init(struct smmuv3 *smmu)
{
	struct smmuv3_queue *q = &smmu->cmdq;

	q->log2 = MIN(CMDQ_LOG2, smmu->features.cmdq_log2);
	q->entries = heap_page();
	if (q->entries == NULL) {
		return -ENOMEM;
	}
	smmuv3_make_visible(smmu, q->entries, SZ_4K);
	smmuv3_write64(smmu, SMMU_CMDQ_BASE, heap_pa(q->entries).v | QUEUE_BASE_RA_WA | q->log2);
	smmuv3_write(smmu, SMMU_CMDQ_PROD, 0);
	smmuv3_write(smmu, SMMU_CMDQ_CONS, 0);
	return 0;
}

static void push(struct smmuv3 *smmu, struct smmuv3_cmd cmd)
{
	struct smmuv3_queue *q = &smmu->cmdq;
	uint64_t *entry = &q->entries[(q->index & ((1U << q->log2) - 1)) * 2];

	entry[0] = cmd.word[0];
	entry[1] = cmd.word[1];
	smmuv3_make_visible(smmu, entry, SMMUV3_CMD_BYTES);
	q->index = (q->index + 1) & QUEUE_INDEX_MASK(q);
}

static int fail(struct smmuv3 *smmu, const char *what, uint32_t detail)
{
	smmu->broken = true;
	log_error("smmu", "0x%llx: %s (0x%x); it confirms nothing any more",
		  (unsigned long long)smmu->iommu->desc->regs.base, what, detail);
	return -EIO;
}

/* Every command is waited for, so that the queue is empty here and two always fit. */
int smmuv3_run(struct smmuv3 *smmu, struct smmuv3_cmd cmd)
{
	uint32_t mask = QUEUE_INDEX_MASK(&smmu->cmdq);
	uint64_t deadline;

	if (smmu->broken) {
		return -EIO;
	}
	push(smmu, cmd);
	push(smmu, smmuv3_cmd_sync());
	dsb(st);
	smmuv3_write(smmu, SMMU_CMDQ_PROD, smmu->cmdq.index);
	deadline = ticks_now() + ticks_per_second() / SYNC_TIMEOUT_DIV;
	for (;;) {
		uint32_t cons = smmuv3_read(smmu, SMMU_CMDQ_CONS);
		uint32_t errors = smmuv3_read(smmu, SMMU_GERROR) ^
				  smmuv3_read(smmu, SMMU_GERRORN);

		if ((errors & GERROR_CMDQ_ERR) != 0) {
			return fail(smmu, "a command was refused", (uint32_t)CMDQ_CONS_ERR(cons));
		}
		if ((cons & mask) == smmu->cmdq.index) {
			return 0;
		}
		if (ticks_now() > deadline) {
			return fail(smmu, "CMD_SYNC timed out", cons);
		}
	}
}
