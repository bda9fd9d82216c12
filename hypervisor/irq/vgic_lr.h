/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual CPU interface registers of this pCPU, and which pCPU this is. All of the virtual GIC
 * that touches hardware, so that the rest compiles on the build host. Values have the layout of
 * GICv3's system registers (IHI0069 12.4); where the machine has a GICv2 they are translated.
 */
#ifndef IRQ_VGIC_LR_H
#define IRQ_VGIC_LR_H

#include "lib/types.h"

#define LR_MAX 16

/* ICH_LR<n>_EL2 */
#define LR_PENDING       BIT(62)
#define LR_ACTIVE        BIT(63)
#define LR_STATE         (LR_PENDING | LR_ACTIVE)
#define LR_HW            BIT(61)
#define LR_GROUP1        BIT(60)
#define LR_PRIORITY(p)   ((uint64_t)(p) << 48)
#define LR_HOST_INTID(n) ((uint64_t)(n) << 32)
#define LR_EOI           BIT(41) /* maintenance interrupt at deactivation; HW = 0 only */
/* GICv2 only: the vCPU an SGI comes from; HW = 0, where GICv3 has nothing. */
#define LR_SOURCE(n)     LR_HOST_INTID(n)

/* ICH_HCR_EL2 */
#define ICH_HCR_EN   BIT(0)
#define ICH_HCR_UIE  BIT(1) /* maintenance interrupt while at most one list register is valid */
#define ICH_HCR_NPIE BIT(3) /* maintenance interrupt while no list register is pending */

/* ICH_VMCR_EL2 */
#define ICH_VMCR_VENG0      BIT(0)
#define ICH_VMCR_VENG1      BIT(1)
#define ICH_VMCR_VPMR(vmcr) ((uint32_t)BITS(vmcr, 31, 24))

/* What a vCPU's interface holds besides list registers. */
struct vgic_hw_state {
	uint64_t vmcr;
	uint64_t ap0r[4];
	uint64_t ap1r[4];
};

/*
 * Boot CPU, before the others start. unwired: a GICv3's virtual interrupt signal is not connected
 * to the CPUs (QEMU's imx8mp-evk before 10.0.3).
 */
void vgic_hw_choose(uint32_t gic_version, bool unwired);
/* True: EL2 signals itself, so whatever becomes pending must pass through it. */
bool vgic_hw_unwired(void);
/* The maintenance interrupt was handled; what the core wants of it is off. */
void vgic_hw_maintained(void);
/* This pCPU: all list registers cleared, interface off. */
void vgic_hw_init(void);
uint32_t vgic_hw_lr_count(void);
uint32_t vgic_hw_cpu(void);

void vgic_hw_load(const struct vgic_hw_state *s);
void vgic_hw_save(struct vgic_hw_state *s);
uint64_t vgic_hw_vmcr(void);
void vgic_hw_set_hcr(uint64_t hcr);

uint64_t vgic_hw_lr_read(uint32_t lr);
void vgic_hw_lr_write(uint32_t lr, uint64_t value);
/* Bit n: list register n holds nothing any more (ICH_ELRSR_EL2; not set for one with LR_EOI). */
uint32_t vgic_hw_empty(void);
/* Bit n: list register n had LR_EOI and was deactivated (ICH_EISR_EL2). */
uint32_t vgic_hw_eoi(void);

/* The same of a GICv3; init returns how many list registers there are. Called by vgic_hw.c. */
uint32_t vgic_lr_init(void);
void vgic_lr_load(const struct vgic_hw_state *s);
void vgic_lr_save(struct vgic_hw_state *s);
uint64_t vgic_lr_vmcr(void);
void vgic_lr_set_hcr(uint64_t hcr);
uint64_t vgic_lr_read(uint32_t lr);
void vgic_lr_write(uint32_t lr, uint64_t value);
uint32_t vgic_lr_empty(void);
uint32_t vgic_lr_eoi(void);

/* Of a GICv3 that is not connected: vgic_unwired.c. */
void vgic_unwired_set_hcr(uint64_t hcr);
void vgic_unwired_write(uint32_t lr, uint64_t value);
void vgic_unwired_maintained(void);

#endif
