/* SPDX-License-Identifier: BSD-2-Clause */
/* SMMUv3 registers and their fields (IHI0070 6.3). Offsets in bytes from the base. */
#ifndef IOMMU_SMMUV3_REGS_H
#define IOMMU_SMMUV3_REGS_H

#include "lib/types.h"

#define SMMU_IDR0            0x0000
#define SMMU_IDR1            0x0004
#define SMMU_IDR5            0x0014
#define SMMU_CR0             0x0020
#define SMMU_CR0ACK          0x0024
#define SMMU_CR1             0x0028
#define SMMU_CR2             0x002c
#define SMMU_GBPA            0x0044
#define SMMU_IRQ_CTRL        0x0050
#define SMMU_IRQ_CTRLACK     0x0054
#define SMMU_GERROR          0x0060
#define SMMU_GERRORN         0x0064
#define SMMU_GERROR_IRQ_CFG0 0x0068
#define SMMU_STRTAB_BASE     0x0080
#define SMMU_STRTAB_BASE_CFG 0x0088
#define SMMU_CMDQ_BASE       0x0090
#define SMMU_CMDQ_PROD       0x0098
#define SMMU_CMDQ_CONS       0x009c
#define SMMU_EVENTQ_BASE     0x00a0
#define SMMU_EVENTQ_IRQ_CFG0 0x00b0
#define SMMU_EVENTQ_PROD     0x100a8 /* page 1 */
#define SMMU_EVENTQ_CONS     0x100ac
#define SMMU_REGS_SIZE       0x20000ULL

#define IDR0_S2P           BIT(0)
#define IDR0_S1P           BIT(1)
#define IDR0_TTF(v)        BITS(v, 3, 2)
#define IDR0_TTF_AARCH64   2 /* bit: 2 is AArch64 only, 3 is both */
#define IDR0_COHACC        BIT(4)
#define IDR0_HYP           BIT(9)
#define IDR0_MSI           BIT(13)
#define IDR0_TTENDIAN(v)   BITS(v, 22, 21)
#define IDR0_TTENDIAN_BE   3
#define IDR0_ST_LEVEL(v)   BITS(v, 28, 27)
#define IDR0_ST_LEVEL_2LVL 1

#define IDR1_SIDSIZE(v) BITS(v, 5, 0)
#define IDR1_EVENTQS(v) BITS(v, 20, 16)
#define IDR1_CMDQS(v)   BITS(v, 25, 21)
#define IDR1_PRESET     GENMASK(30, 29) /* TABLES_PRESET, QUEUES_PRESET */

#define IDR5_OAS(v)  BITS(v, 2, 0)
#define IDR5_GRAN4K  BIT(4)

#define CR0_SMMUEN   BIT(0)
#define CR0_EVENTQEN BIT(2)
#define CR0_CMDQEN   BIT(3)

/* Tables and queues: inner shareable, write-back. All zero is non-cacheable. */
#define CR1_COHERENT 0xd75U

#define CR2_RECINVSID BIT(1) /* record transactions of StreamIDs out of the table */
#define CR2_PTM       BIT(2) /* no part in broadcast TLB maintenance */

#define GBPA_SHCFG_INCOMING (1U << 12)
#define GBPA_ABORT          (1U << 20)
#define GBPA_UPDATE         (1U << 31)

#define IRQ_GERROR BIT(0)
#define IRQ_EVENTQ BIT(2)

#define GERROR_CMDQ_ERR BIT(0)

#define STRTAB_BASE_RA         BIT(62)
#define STRTAB_CFG_2LVL        (1U << 16)
#define STRTAB_CFG_SPLIT(bits) ((uint32_t)(bits) << 6)

#define QUEUE_BASE_RA_WA BIT(62)
#define QUEUE_OVERFLOW   BIT(31) /* EVENTQ_PROD.OVFLG, EVENTQ_CONS.OVACKFLG */
#define CMDQ_CONS_ERR(v) BITS(v, 30, 24)

#endif
