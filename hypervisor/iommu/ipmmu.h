/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPMMU-VMSA of R-Car Gen3, inside ipmmu*.c. A micro-TLB stands for a whole host bridge, so that a
 * stream is one. Each that was ever used has one of the root's seven contexts for good: a fault
 * names the context only, and has to name the bridge.
 */
#ifndef IOMMU_IPMMU_H
#define IOMMU_IPMMU_H

#include "core/job.h"
#include "core/spinlock.h"
#include "iommu/iommu.h"
#include "iommu/ipmmu_plan.h"

struct ipmmu_context {
	struct iommu *unit; /* NULL: nobody's yet */
	uint32_t utlb;
	uint16_t vmid; /* whose tables it walks; 0: the empty one */
	bool silent;   /* its faults are not reported */
};

struct ipmmu_root {
	struct iommu *iommu;
	volatile char *regs;
	uint64_t *empty;      /* root of stage 2 tables that map nothing */
	struct spinlock lock; /* everything below, and the registers of all its units */
	struct job look;      /* for faults, where no interrupt tells of them */
	struct ipmmu_context contexts[IPMMU_CONTEXTS];
	bool broken; /* a flush was never over: nothing is confirmed any more */
};

struct ipmmu_unit {
	struct ipmmu_root *root;
	volatile char *regs;
};

extern const struct iommu_ops ipmmu_ops;

/* Fault interrupt of a root. Failure is logged; a job looks for faults then. */
void ipmmu_request_irq(struct ipmmu_root *root);

#endif
