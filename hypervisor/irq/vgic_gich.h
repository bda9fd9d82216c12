/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv2's list registers and VMCR (IHI0048B 5.3) in the layout of GICv3's. Interrupts of a GICv2
 * guest are group 0, of a GICv3 guest group 1, and the virtual GIC knows the latter: the two groups
 * trade places here.
 */
#ifndef IRQ_VGIC_GICH_H
#define IRQ_VGIC_GICH_H

#include "irq/vgic_lr.h"

struct domain;

#define GICH_LR_HW     31
#define GICH_LR_GROUP1 30
#define GICH_LR_STATE  28 /* two bits */
#define GICH_LR_PRIO   23 /* five bits, the upper ones of a priority */
#define GICH_LR_HOST   10 /* ten bits: physical INTID, or EOI in the highest and sender of an SGI */

/* INTIDs of a GICv2 have ten bits, there is room for that only. */
static inline uint32_t gich_lr_encode(uint64_t lr)
{
	return (uint32_t)(BITS(lr, 61, 61) << GICH_LR_HW | BITS(lr, 63, 62) << GICH_LR_STATE |
			  BITS(lr, 55, 51) << GICH_LR_PRIO | BITS(lr, 41, 32) << GICH_LR_HOST |
			  BITS(lr, 9, 0) |
			  ((lr & LR_GROUP1) == 0 ? BIT(GICH_LR_GROUP1) : 0));
}

static inline uint64_t gich_lr_decode(uint32_t lr)
{
	return (uint64_t)BITS(lr, 31, 31) << 61 | (uint64_t)BITS(lr, 29, 28) << 62 |
	       (uint64_t)BITS(lr, 27, 23) << 51 | (uint64_t)BITS(lr, 19, 10) << 32 |
	       BITS(lr, 9, 0) | ((lr & BIT(GICH_LR_GROUP1)) == 0 ? LR_GROUP1 : 0);
}

/* Either way. The priority mask has its place already. */
static inline uint64_t gich_vmcr_swap(uint64_t vmcr)
{
	return (vmcr & ~(ICH_VMCR_VENG0 | ICH_VMCR_VENG1)) |
	       ((vmcr & ICH_VMCR_VENG0) != 0 ? ICH_VMCR_VENG1 : 0) |
	       ((vmcr & ICH_VMCR_VENG1) != 0 ? ICH_VMCR_VENG0 : 0);
}

/* As vgic_lr_init() and so on. */
uint32_t vgic_gich_init(void);
void vgic_gich_load(const struct vgic_hw_state *s);
void vgic_gich_save(struct vgic_hw_state *s);
uint64_t vgic_gich_vmcr(void);
void vgic_gich_set_hcr(uint64_t hcr);
uint64_t vgic_gich_read(uint32_t lr);
void vgic_gich_write(uint32_t lr, uint64_t value);
uint32_t vgic_gich_empty(void);
uint32_t vgic_gich_eoi(void);

/* The guest's CPU interface at address at of d: GICV, two pages. -EEXIST, -ENOMEM. */
int vgic_gich_map_interface(struct domain *d, ipaddr_t at);

#endif
