/* SPDX-License-Identifier: BSD-2-Clause */
/* What is written to an IPMMU, in which order, for each change of its state. Pure. */
#ifndef IOMMU_IPMMU_PLAN_H
#define IOMMU_IPMMU_PLAN_H

#include "iommu/iommu.h"
#include "iommu/ipmmu_regs.h"

/* Where micro-TLBs wait whose stream nobody has: a context that maps nothing and tells nobody. */
#define IPMMU_PARKED 0U

enum ipmmu_op {
	IPMMU_ROOT,    /* root register: clear the bits, set those of value */
	IPMMU_UNIT,    /* the same in the cache unit */
	IPMMU_FLUSHED, /* until FLUSH is clear in the root register at offset */
};

struct ipmmu_step {
	enum ipmmu_op op;
	uint32_t offset;
	uint32_t clear; /* ~0: value is written without reading first */
	uint32_t value;
};

#define IPMMU_STEPS_MAX 24

struct ipmmu_plan {
	struct ipmmu_step steps[IPMMU_STEPS_MAX];
	uint32_t count;
};

/* NULL, or one sentence that says why this silicon, by its product register, cannot confine DMA. */
const char *ipmmu_product(uint32_t prr);

/* Root unit: no context but the parked one, whose (empty) table is at empty. */
void ipmmu_plan_root(paddr_t empty, struct ipmmu_plan *plan);
/* A cache unit: parked context known. Its micro-TLBs are still as they were. */
void ipmmu_plan_unit(struct ipmmu_plan *plan);
/* A micro-TLB into the parked context. */
void ipmmu_plan_park(uint32_t utlb, struct ipmmu_plan *plan);
/*
 * A micro-TLB through its own context, never another's, to the stage-2 table at table (8 KiB
 * aligned, below 40 bits). live: it is in that context already, and gets parked while the context
 * changes. faults: they interrupt.
 */
void ipmmu_plan_stream(uint32_t context, uint32_t utlb, paddr_t table, bool live, bool faults,
		       struct ipmmu_plan *plan);
/* Forget the context's translations, the unit's copies first. */
void ipmmu_plan_flush(uint32_t context, struct ipmmu_plan *plan);

/* status: IMSTR, not 0. */
struct iommu_fault ipmmu_fault_decode(uint32_t status, uint32_t low, uint32_t high);

#endif
