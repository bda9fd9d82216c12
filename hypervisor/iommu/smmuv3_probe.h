/* SPDX-License-Identifier: BSD-2-Clause */
/* What an SMMUv3 can do, from its ID registers (IHI0070 6.3.1 to 6.3.6). Pure. */
#ifndef IOMMU_SMMUV3_PROBE_H
#define IOMMU_SMMUV3_PROBE_H

#include "lib/types.h"

struct smmuv3_features {
	bool stage1;
	bool coherent; /* walks and queues snoop the CPU's caches */
	bool hyp;      /* has EL2 translations to forget */
	bool msi;      /* interrupt registers are there */
	bool two_level;
	uint32_t stream_bits;
	uint32_t oas;          /* as encoded in IDR5 */
	uint32_t address_bits; /* the same in bits */
	uint32_t cmdq_log2;    /* largest queues, log2 of entries */
	uint32_t eventq_log2;
};

/* NULL, or one sentence that says why Viaduct cannot confine DMA with it. */
const char *smmuv3_probe(uint32_t idr0, uint32_t idr1, uint32_t idr5, struct smmuv3_features *f);

#endif
