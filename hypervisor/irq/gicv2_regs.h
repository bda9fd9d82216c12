/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a GICv2 (IHI0048B ch. 4, 5): offsets and fields this code uses. */
#ifndef IRQ_GICV2_REGS_H
#define IRQ_GICV2_REGS_H

#include "lib/types.h"

/* Distributor (4.3), 4 KiB. */
#define GICD2_SIZE          SZ_4K
#define GICD2_CTLR          0x000
#define GICD2_TYPER         0x004
#define GICD2_IGROUPR(n)    (0x080 + 4 * (n))
#define GICD2_ISENABLER(n)  (0x100 + 4 * (n))
#define GICD2_ICENABLER(n)  (0x180 + 4 * (n))
#define GICD2_ISPENDR(n)    (0x200 + 4 * (n))
#define GICD2_ICPENDR(n)    (0x280 + 4 * (n))
#define GICD2_ISACTIVER(n)  (0x300 + 4 * (n))
#define GICD2_ICACTIVER(n)  (0x380 + 4 * (n))
#define GICD2_IPRIORITYR(n) (0x400 + (n))
#define GICD2_ITARGETSR(n)  (0x800 + (n))
#define GICD2_ICFGR(n)      (0xc00 + 4 * (n))
#define GICD2_SGIR          0xf00
#define GICD2_CPENDSGIR(n)  (0xf10 + (n))

/* EnableGrp0 with one security state, EnableGrp1 in the Non-secure view of two. */
#define GICD2_CTLR_ENABLE   BIT(0)
#define GICD2_TYPER_LINES(v) BITS(v, 4, 0)
#define GICD2_SGIR_TARGETS(mask) ((uint32_t)(mask) << 16)
#define GICD2_ICFGR_EDGE    2U

/* CPU interface (4.4), two pages of 4 KiB. GICV, a guest's (5.5), looks the same. */
#define GICC_SIZE      (2 * SZ_4K)
#define GICC_CTLR      0x0000
#define GICC_PMR       0x0004
#define GICC_BPR       0x0008
#define GICC_IAR       0x000c
#define GICC_EOIR      0x0010
#define GICC_HPPIR     0x0018 /* laid out as GICC_IAR */
#define GICC_APR(n)    (0x00d0 + 4 * (n))
#define GICC_IIDR      0x00fc
#define GICC_DIR       0x1000

#define GICC_CTLR_ENABLE  BIT(0) /* as in GICD2_CTLR */
#define GICC_CTLR_BYPASS  GENMASK(8, 5)
#define GICC_CTLR_EOIMODE BIT(9)
#define GICC_IAR_INTID(v) ((uint32_t)BITS(v, 9, 0)) /* above it, of an SGI: who sent it */

/*
 * Boards give each 4 KiB page 64 KiB in which it shows 16 times, so that systems with pages of
 * 64 KiB can tell them apart: the last copy of the first page lies before the second one.
 */
#define GICC_ALIASED_SIZE   (2 * SZ_64K)
#define GICC_ALIASED_OFFSET (SZ_64K - SZ_4K)

/* Virtual interface control (5.3). */
#define GICH_SIZE   SZ_4K
#define GICH_HCR    0x000
#define GICH_VTR    0x004
#define GICH_VMCR   0x008
#define GICH_EISR0  0x020
#define GICH_ELRSR0 0x030
#define GICH_APR    0x0f0
#define GICH_LR(n)  (0x100 + 4 * (n))

#define GICH_VTR_LIST_REGS(v) BITS(v, 5, 0)

#endif
