/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An SMMUv3 as IHI0070 describes it, as far as stage 2 goes, and as unkind as it allows: whatever
 * it read of stream table and translations it keeps until a command makes it forget. When it is not
 * coherent it sees memory only as it was last cleaned. Registers are behind arch/arm64/mmio.h.
 */
#ifndef FAKE_MODEL_SMMU_H
#define FAKE_MODEL_SMMU_H

#include "lib/types.h"

enum model_dma { DMA_ABORTED, DMA_TRANSLATED, DMA_BYPASSED };

struct model_smmu {
	/* Set before iommu_init(). */
	uint32_t idr0, idr1, idr5;
	bool coherent;
	/* Misbehaviour, any time. */
	bool stalled;       /* commands are not consumed */
	uint32_t refuses;   /* n > 0: the n-th command from now is an error */
	bool acks_nothing;  /* CR0ACK, IRQ_CTRLACK and GBPA.Update do not follow */
	/* Called after every register write. */
	void (*after_write)(void);
	/* What was seen. */
	uint32_t commands;
	uint32_t events_lost;
};

extern struct model_smmu model_smmu;

/* Registers as after reset; firmware_on: enabled, in bypass, with junk in CR0 and GBPA. */
void model_smmu_reset(bool firmware_on);
/* One transaction. *out is the address on the bus when it was not aborted. */
enum model_dma model_smmu_dma(uint32_t stream, uint64_t address, bool write, uint64_t *out);

#endif
