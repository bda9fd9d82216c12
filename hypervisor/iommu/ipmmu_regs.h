/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of the IPMMU-VMSA of R-Car Gen3, 32 bits wide. Contexts are the root unit's; a cache
 * unit has a copy of each context's IMCTR, and the micro-TLBs through which bus masters come.
 */
#ifndef IOMMU_IPMMU_REGS_H
#define IOMMU_IPMMU_REGS_H

#include "lib/types.h"

#define IPMMU_REGS_SIZE 0x1000U
#define IPMMU_CONTEXTS  8U
#define IPMMU_UTLBS     48U

/* Of context c. */
#define IMCTR(c)    (0x40U * (c) + 0x00U)
#define IMCTR_VA64   BIT(29) /* VMSAv8-64 tables; root only */
#define IMCTR_INTEN  BIT(2)
#define IMCTR_FLUSH  BIT(1)  /* clears itself when it is done */
#define IMCTR_ENABLE BIT(0)
#define IMTTBCR(c)  (0x40U * (c) + 0x08U)
#define IMTTBCR_EAE      BIT(31) /* long descriptors: must be set */
#define IMTTBCR_PMB      BIT(30) /* stage 1 is bypassed */
#define IMTTBCR_SL0_L1   (1U << 6) /* stage 2: the walk begins at level 1 */
#define IMTTBCR_TSZ0(ia) (64U - (ia))
#define IMTTLBR(c)  (0x40U * (c) + 0x10U) /* table address 31:12 */
#define IMTTUBR(c)  (0x40U * (c) + 0x14U) /* ... and 39:32 */
#define IMSTR(c)    (0x40U * (c) + 0x20U) /* write 0 to clear */
#define IMSTR_MULTIPLE    BIT(4)
#define IMSTR_WALK_ABORT  BIT(2)
#define IMSTR_PERMISSION  BIT(1)
#define IMSTR_TRANSLATION BIT(0)
#define IMELAR(c)   (0x40U * (c) + 0x30U) /* faulting address: read before IMSTR is cleared */
#define IMEUAR(c)   (0x40U * (c) + 0x34U)

#define IMSCTLR    0x500U
#define IMSCTLR_SECURITY_GROUPS BIT(28)
#define IMSAUXCTLR 0x504U
#define IMSAUXCTLR_S2PTE BIT(3) /* tables have stage 2 format; root only */

/* Of micro-TLB n, which are in two groups. */
#define IMUCTR(n)  (0x10U * (n) + ((n) < 32 ? 0x300U : 0x400U))
#define IMUCTR_CONTEXT(c) ((uint32_t)(c) << 4)
#define IMUCTR_FLUSH      BIT(1)
#define IMUCTR_ENABLE     BIT(0)
#define IMUASID(n) (IMUCTR(n) + 8U)

#endif
