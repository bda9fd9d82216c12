/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A GICv3 whose virtual interrupt signals are not connected to the CPUs: HCR_EL2.VI takes their
 * place, at the price of one exit more for each interrupt.
 */
#include "arch/arm64/cpu.h"
#include "irq/vgic_lr.h"

#define HCR_VI BIT(7) /* HCR_EL2: virtual IRQ pending */

static void set_virtual_irq(bool high)
{
	uint64_t hcr = read_sysreg(hcr_el2);

	write_sysreg(hcr_el2, high ? hcr | HCR_VI : hcr & ~HCR_VI);
}

/*
 * By hand, what the interface would signal: something is pending. It no longer is when the guest
 * has acknowledged the last one; the maintenance interrupt for that comes at once.
 */
void vgic_unwired_set_hcr(uint64_t hcr)
{
	bool pending = false;

	for (uint32_t lr = 0; lr < vgic_hw_lr_count(); lr++) {
		pending = pending || (vgic_lr_read(lr) & LR_STATE) == LR_PENDING;
	}
	set_virtual_irq(pending);
	vgic_lr_set_hcr(pending ? hcr | ICH_HCR_NPIE : hcr);
}

void vgic_unwired_write(uint32_t lr, uint64_t value)
{
	vgic_lr_write(lr, value);
	if ((value & LR_STATE) == LR_PENDING) {
		set_virtual_irq(true);
		vgic_lr_set_hcr(read_sysreg(ich_hcr_el2) | ICH_HCR_NPIE);
	}
}

void vgic_unwired_maintained(void)
{
	vgic_unwired_set_hcr(read_sysreg(ich_hcr_el2) & ~ICH_HCR_NPIE);
}
