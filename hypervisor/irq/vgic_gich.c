/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface of a GICv2: registers in memory, banked by CPU (IHI0048B 5.3). */
#include "irq/vgic_gich.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/domain.h"
#include "core/machine.h"
#include "irq/gicv2.h"
#include "irq/gicv2_regs.h"

static volatile uint8_t *gich;

uint32_t vgic_gich_init(void)
{
	gich = mmio_map_device(machine.gic.virt_control.base, GICH_SIZE);
	mmio_write32(gich + GICH_HCR, 0);
	return (uint32_t)GICH_VTR_LIST_REGS(mmio_read32(gich + GICH_VTR)) + 1;
}

void vgic_gich_load(const struct vgic_hw_state *s)
{
	mmio_write32(gich + GICH_VMCR, (uint32_t)gich_vmcr_swap(s->vmcr));
	mmio_write32(gich + GICH_APR, (uint32_t)s->ap1r[0]);
}

uint64_t vgic_gich_vmcr(void)
{
	return gich_vmcr_swap(mmio_read32(gich + GICH_VMCR));
}

void vgic_gich_save(struct vgic_hw_state *s)
{
	s->vmcr = vgic_gich_vmcr();
	s->ap1r[0] = mmio_read32(gich + GICH_APR);
}

void vgic_gich_set_hcr(uint64_t hcr)
{
	mmio_write32(gich + GICH_HCR, (uint32_t)hcr);
	/* A maintenance interrupt this takes away must be gone before the next acknowledge. */
	dsb(sy);
}

uint64_t vgic_gich_read(uint32_t lr)
{
	return gich_lr_decode(mmio_read32(gich + GICH_LR(lr)));
}

void vgic_gich_write(uint32_t lr, uint64_t value)
{
	mmio_write32(gich + GICH_LR(lr), gich_lr_encode(value));
}

uint32_t vgic_gich_empty(void)
{
	return mmio_read32(gich + GICH_ELRSR0);
}

uint32_t vgic_gich_eoi(void)
{
	return mmio_read32(gich + GICH_EISR0);
}

int vgic_gich_map_interface(struct domain *d, ipaddr_t at)
{
	return p2m_map(&d->p2m, at, gicv2_virtual_interface(), GICC_SIZE, P2M_MMIO);
}
