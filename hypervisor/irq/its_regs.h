/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of an ITS and of LPI tables (IHI0069 12.19, 12.11): offsets and fields used here. */
#ifndef IRQ_ITS_REGS_H
#define IRQ_ITS_REGS_H

#include "lib/types.h"

#define GITS_TRANSLATER_PAGE SZ_64K       /* page of GITS_TRANSLATER (0x10040) */

#define GITS_CTLR     0x0000
#define GITS_TYPER    0x0008
#define GITS_CBASER   0x0080
#define GITS_CWRITER  0x0088
#define GITS_CREADR   0x0090
#define GITS_BASER(n) (0x0100 + 8 * (n))
#define GITS_BASERS   8
#define GITS_PIDR2    0xffe8

#define GITS_CTLR_ENABLED   BIT(0)
#define GITS_CTLR_QUIESCENT BIT(31)

#define GITS_TYPER_PHYSICAL       BIT(0)
#define GITS_TYPER_VIRTUAL        BIT(1)
#define GITS_TYPER_ITT_ENTRY(v)   (BITS(v, 7, 4) + 1) /* bytes */
#define GITS_TYPER_EVENT_BITS(v)  (BITS(v, 12, 8) + 1)
#define GITS_TYPER_DEVICE_BITS(v) (BITS(v, 17, 13) + 1)
#define GITS_TYPER_PTA            BIT(19)
#define GITS_TYPER_VMOVP          BIT(37) /* moves a vPE for all */

#define GITS_CREADR_STALLED BIT(0)
#define GITS_QUEUE_OFFSET   GENMASK(19, 5) /* of CWRITER and CREADR */

/* CBASER and BASERn share their upper half; PROPBASER and PENDBASER have a layout of their own. */
#define GITS_BASER_VALID         BIT(63)
#define GITS_BASER_INDIRECT      BIT(62)
#define GITS_BASER_TYPE(v)       BITS(v, 58, 56)
#define GITS_BASER_ENTRY_SIZE(v) (BITS(v, 52, 48) + 1)
#define GITS_BASER_PAGE_SIZE(v)  BITS(v, 9, 8) /* 4, 16, 64 KiB */
#define GITS_BASER_SHARE_MASK    GENMASK(11, 10)
#define GITS_BASER_SHARED        (1ULL << 10 | 7ULL << 59 | 7ULL << 53) /* inner, write-back */
#define GITS_BASER_NON_CACHEABLE (1ULL << 59 | 1ULL << 53)
#define GITS_TABLE_DEVICES       1
#define GITS_TABLE_VPES          2
#define GITS_TABLE_COLLECTIONS   4
#define GITS_L1_VALID            BIT(63)

#define GICR_BASER_SHARE_MASK    GENMASK(11, 10)
#define GICR_BASER_SHARED        (1ULL << 10 | 7ULL << 7 | 7ULL << 56)
#define GICR_BASER_NON_CACHEABLE (1ULL << 7 | 1ULL << 56)
#define GICR_PENDBASER_ZERO      BIT(62)

/* GICv4.0, whose attributes are as above (12.11). */
#define GICR_VPENDBASER_VALID        BIT(63)
#define GICR_VPENDBASER_IDAI         BIT(62) /* what the table's first KiB holds is of no use */
#define GICR_VPENDBASER_PENDING_LAST BIT(61)
#define GICR_VPENDBASER_DIRTY        BIT(60)

/* One byte per LPI in the configuration table (5.1.1). */
#define LPI_CONFIG_ENABLED BIT(0)
#define LPI_CONFIG_RES1    BIT(1)

#endif
