/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoding of the commands Viaduct uses (IHI0070 4). Pure. */
#ifndef IOMMU_SMMUV3_CMD_H
#define IOMMU_SMMUV3_CMD_H

#include "lib/types.h"

#define SMMUV3_CMD_BYTES 16

struct smmuv3_cmd {
	uint64_t word[2];
};

/* Forget the stream's cached entry, and what led to it in a 2-level table (4.3.1, Leaf = 0). */
struct smmuv3_cmd smmuv3_cmd_cfgi_ste(stream_id_t stream);
/* Forget all configuration (4.3.2, Range = 31). */
struct smmuv3_cmd smmuv3_cmd_cfgi_all(void);
/* Forget all translations of a VMID, both stages (4.4.2.5). */
struct smmuv3_cmd smmuv3_cmd_tlbi_vmid(uint16_t vmid);
/* Forget all non-secure EL1 translations of every VMID (4.4.4.1). */
struct smmuv3_cmd smmuv3_cmd_tlbi_all(void);
/* The same of EL2 (4.4.3.1); only where IDR0.HYP = 1. */
struct smmuv3_cmd smmuv3_cmd_tlbi_el2_all(void);
/* Done when all before it is done; no completion signal, the queue is polled (4.7.3, CS = 0). */
struct smmuv3_cmd smmuv3_cmd_sync(void);

#endif
