/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stream-table entries (IHI0070 5.2) and how to get from one to another while the SMMU may read,
 * prefetch and cache any of their words at any time (3.21.3). Pure: a plan is a list of steps that
 * smmuv3.c carries out in order.
 */
#ifndef IOMMU_SMMUV3_STE_H
#define IOMMU_SMMUV3_STE_H

#include "lib/types.h"

#define SMMUV3_STE_WORDS 8
#define SMMUV3_STE_BYTES 64

struct smmuv3_ste {
	uint64_t word[SMMUV3_STE_WORDS];
};

/* Aborts, and every transaction is recorded as C_BAD_STE: a stream at rest. */
struct smmuv3_ste smmuv3_ste_invalid(void);
/* Aborts without a record: a stream that was cut off for flooding the event queue. */
struct smmuv3_ste smmuv3_ste_abort(void);
/* Stage 2 with the tables of p2m.h. oas: IDR5.OAS; coherent: table walks snoop the CPU's caches. */
struct smmuv3_ste smmuv3_ste_stage2(uint16_t vmid, paddr_t root, uint32_t oas, bool coherent);

enum smmuv3_ste_op {
	STE_WRITE, /* store value to word, one 64-bit access */
	STE_SYNC,  /* stores visible to the SMMU, then CMD_CFGI_STE and CMD_SYNC completed */
};

struct smmuv3_ste_step {
	enum smmuv3_ste_op op;
	uint32_t word;
	uint64_t value;
};

#define SMMUV3_STE_STEPS_MAX 16

struct smmuv3_ste_plan {
	struct smmuv3_ste_step steps[SMMUV3_STE_STEPS_MAX];
	uint32_t count;
};

/* Empty when the two are the same. current is what the steps before left in memory. */
void smmuv3_ste_plan(const struct smmuv3_ste *current, const struct smmuv3_ste *wanted,
		     struct smmuv3_ste_plan *plan);

#endif
