/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a GICv3 (IHI0069 ch. 12): offsets and fields this code uses. */
#ifndef IRQ_GICV3_REGS_H
#define IRQ_GICV3_REGS_H

#include "lib/types.h"

/* Distributor, 64 KiB (12.9). */
#define GICD_FRAME         SZ_64K
#define GICD_CTLR          0x0000
#define GICD_TYPER         0x0004
#define GICD_IGROUPR(n)    (0x0080 + 4 * (n))
#define GICD_ISENABLER(n)  (0x0100 + 4 * (n))
#define GICD_ICENABLER(n)  (0x0180 + 4 * (n))
#define GICD_ICPENDR(n)    (0x0280 + 4 * (n))
#define GICD_ISPENDR(n)    (0x0200 + 4 * (n))
#define GICD_ISACTIVER(n)  (0x0300 + 4 * (n))
#define GICD_ICACTIVER(n)  (0x0380 + 4 * (n))
#define GICD_IPRIORITYR(n) (0x0400 + (n))
#define GICD_ICFGR(n)      (0x0c00 + 4 * (n))
#define GICD_IGRPMODR(n)   (0x0d00 + 4 * (n))
#define GICD_IROUTER(n)    (0x6000 + 8 * (n))
#define GICD_PIDR2         0xffe8

/* Bit 1 is EnableGrp1NS with one security state and EnableGrp1A in the Non-secure view of two. */
#define GICD_CTLR_ENABLE_GRP1 BIT(1)
#define GICD_CTLR_ARE_NS      BIT(4)
#define GICD_CTLR_RWP         BIT(31)
#define GICD_TYPER_LINES(v)   BITS(v, 4, 0)
#define GICD_TYPER_LPIS       BIT(17)
#define GICD_TYPER_IDBITS(v)  (BITS(v, 23, 19) + 1)
#define GIC_PIDR2_ARCHREV(v)  BITS(v, 7, 4)

/* Redistributor (12.11): RD frame, then SGI frame; two more frames with GICv4. */
#define GICR_FRAME     SZ_64K
#define GICR_CTLR      0x0000
#define GICR_TYPER     0x0008
#define GICR_WAKER     0x0014
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078
#define GICR_PIDR2     0xffe8
#define GICR_VPROPBASER 0x20070
#define GICR_VPENDBASER 0x20078

#define GICR_CTLR_ENABLE_LPIS         BIT(0)
#define GICR_CTLR_RWP                 BIT(3)
#define GICR_TYPER_PLPIS              BIT(0)
#define GICR_TYPER_VLPIS              BIT(1)
#define GICR_TYPER_LAST               BIT(4)
#define GICR_TYPER_RVPEID             BIT(7) /* GICv4.1: other registers, other commands */
#define GICR_TYPER_CPU_NUMBER(v)      BITS(v, 23, 8)
#define GICR_TYPER_AFFINITY(v)        BITS(v, 63, 32)
#define GICR_WAKER_PROCESSOR_SLEEP    BIT(1)
#define GICR_WAKER_CHILDREN_ASLEEP    BIT(2)

/* Same layout in the distributor and, for INTIDs 0-31, in the SGI frame. */
#define GIC_ICFGR_EDGE 2U

/* ICC_SRE_EL2, ICC_CTLR_EL1 (12.2). */
#define ICC_SRE_SRE        BIT(0)
#define ICC_SRE_DFB        BIT(1)
#define ICC_SRE_DIB        BIT(2)
#define ICC_SRE_ENABLE     BIT(3)
#define ICC_CTLR_EOIMODE   BIT(1)
#define ICC_IAR_INTID(v)   ((uint32_t)BITS(v, 23, 0))

/* MPIDR affinity fields as GICR_TYPER packs them. */
#define MPIDR_PACKED(m) (BITS(m, 39, 32) << 24 | BITS(m, 23, 0))

#endif
