/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IPMMU-VMSA: a root, a cache unit and the SoC's product register, as unkind as what is known of
 * them allows. A micro-TLB keeps what it translated, whatever context it is in, until it is
 * flushed; the root keeps it by context; tables are seen as they were last cleaned; what is off
 * lets everything through. Registers are behind arch/arm64/mmio.h; wrong accesses end the test.
 */
#ifndef FAKE_MODEL_IPMMU_H
#define FAKE_MODEL_IPMMU_H

#include "lib/types.h"

#define MODEL_IPMMU_ROOT 0xe67b0000ULL
#define MODEL_IPMMU_UNIT 0xe6570000ULL
#define MODEL_IPMMU_PRR  0xfff00044ULL
#define MODEL_IPMMU_IRQ  228

enum model_ipmmu_dma { IPMMU_BLOCKED, IPMMU_TRANSLATED, IPMMU_BYPASSED };

struct model_ipmmu {
	/* Set before iommu_init(). */
	uint32_t product; /* SoC and cut */
	/* Any time. */
	uint32_t flush_polls; /* reads until FLUSH of a root context clears */
	bool stalled;         /* it never does */
	void (*after_write)(void);
	/* What was seen. */
	uint32_t writes;
	uint32_t faults_lost; /* a context had one recorded already */
};

extern struct model_ipmmu model_ipmmu;

/* As after reset: everything off, H3 of cut 3.0. */
void model_ipmmu_reset(void);
/* A bus master's access through a micro-TLB. *out: where it lands unless it was blocked. */
enum model_ipmmu_dma model_ipmmu_dma(uint32_t utlb, uint64_t address, uint64_t *out);

#endif
