/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which virtual CPU interface this machine has. A branch, not a table of functions: it costs an
 * exit on a GICv3 three instructions, not a call.
 */
#include "core/panic.h"
#include "core/percpu.h"
#include "irq/vgic_gich.h"

/* An ordinary GICv3, the common case, is 0. */
static enum { GICV3, GICV2, GICV3_UNWIRED } kind;
static uint32_t lr_count; /* the same on every CPU of a machine */

void vgic_hw_choose(uint32_t gic_version, bool unwired)
{
	if (gic_version == 2) {
		kind = GICV2;
	} else {
		kind = unwired ? GICV3_UNWIRED : GICV3;
	}
}

bool vgic_hw_unwired(void)
{
	return kind == GICV3_UNWIRED;
}

void vgic_hw_maintained(void)
{
	if (kind == GICV3_UNWIRED) {
		vgic_unwired_maintained();
	}
}

void vgic_hw_init(void)
{
	uint32_t i;

	lr_count = MIN(kind == GICV2 ? vgic_gich_init() : vgic_lr_init(), (uint32_t)LR_MAX);
	/* With a single one its underflow interrupt would be asserted for ever. */
	if (lr_count < 2) {
		panic("GIC has only %u list register", lr_count);
	}
	for (i = 0; i < lr_count; i++) {
		vgic_hw_lr_write(i, 0);
	}
}

uint32_t vgic_hw_lr_count(void)
{
	return lr_count;
}

uint32_t vgic_hw_cpu(void)
{
	return cpu_index();
}

void vgic_hw_load(const struct vgic_hw_state *s)
{
	if (kind == GICV2) {
		vgic_gich_load(s);
	} else {
		vgic_lr_load(s);
	}
}

void vgic_hw_save(struct vgic_hw_state *s)
{
	if (kind == GICV2) {
		vgic_gich_save(s);
	} else {
		vgic_lr_save(s);
	}
}

uint64_t vgic_hw_vmcr(void)
{
	return kind == GICV2 ? vgic_gich_vmcr() : vgic_lr_vmcr();
}

void vgic_hw_set_hcr(uint64_t hcr)
{
	if (kind == GICV3) {
		vgic_lr_set_hcr(hcr);
	} else if (kind == GICV2) {
		vgic_gich_set_hcr(hcr);
	} else {
		vgic_unwired_set_hcr(hcr);
	}
}

uint64_t vgic_hw_lr_read(uint32_t lr)
{
	return __builtin_expect(kind == GICV2, 0) ? vgic_gich_read(lr) : vgic_lr_read(lr);
}

void vgic_hw_lr_write(uint32_t lr, uint64_t value)
{
	if (__builtin_expect(kind == GICV3, 1)) {
		vgic_lr_write(lr, value);
	} else if (kind == GICV2) {
		vgic_gich_write(lr, value);
	} else {
		vgic_unwired_write(lr, value);
	}
}

uint32_t vgic_hw_empty(void)
{
	return __builtin_expect(kind == GICV2, 0) ? vgic_gich_empty() : vgic_lr_empty();
}

uint32_t vgic_hw_eoi(void)
{
	return kind == GICV2 ? vgic_gich_eoi() : vgic_lr_eoi();
}
