/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface of a GICv3: system registers (IHI0069 12.4). */
#include "irq/vgic_lr.h"

#include "arch/arm64/cpu.h"
#include "core/panic.h"

static uint32_t apr_count; /* the same on every CPU of a machine */

/* A system register's number is part of the instruction: one case for each. */
#define LR_CASES(op)                                                                               \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13)    \
	op(14) op(15)

uint64_t vgic_lr_read(uint32_t lr)
{
	switch (lr) {
#define LR_READ(n)                                                                                 \
	case n:                                                                                    \
		return read_sysreg(ich_lr##n##_el2);
		LR_CASES(LR_READ)
	default:
		panic("list register %u read", lr);
	}
}

void vgic_lr_write(uint32_t lr, uint64_t value)
{
	switch (lr) {
#define LR_WRITE(n)                                                                                \
	case n:                                                                                    \
		write_sysreg(ich_lr##n##_el2, value);                                              \
		break;
		LR_CASES(LR_WRITE)
	default:
		panic("list register %u written", lr);
	}
}

uint32_t vgic_lr_init(void)
{
	uint64_t vtr = read_sysreg(ich_vtr_el2);
	uint32_t prebits = (uint32_t)BITS(vtr, 28, 26) + 1;

	/* One bit for each group priority: 32 of them for 5 bits, and so on (IHI0069 12.4). */
	apr_count = prebits <= 5 ? 1 : 1U << (prebits - 5);
	write_sysreg(ich_hcr_el2, 0);
	isb();
	return (uint32_t)BITS(vtr, 4, 0) + 1;
}

void vgic_lr_load(const struct vgic_hw_state *s)
{
	write_sysreg(ich_vmcr_el2, s->vmcr);
	write_sysreg(ich_ap0r0_el2, s->ap0r[0]);
	write_sysreg(ich_ap1r0_el2, s->ap1r[0]);
	if (apr_count > 1) {
		write_sysreg(ich_ap0r1_el2, s->ap0r[1]);
		write_sysreg(ich_ap1r1_el2, s->ap1r[1]);
	}
	if (apr_count > 2) {
		write_sysreg(ich_ap0r2_el2, s->ap0r[2]);
		write_sysreg(ich_ap1r2_el2, s->ap1r[2]);
		write_sysreg(ich_ap0r3_el2, s->ap0r[3]);
		write_sysreg(ich_ap1r3_el2, s->ap1r[3]);
	}
}

void vgic_lr_save(struct vgic_hw_state *s)
{
	s->vmcr = read_sysreg(ich_vmcr_el2);
	s->ap0r[0] = read_sysreg(ich_ap0r0_el2);
	s->ap1r[0] = read_sysreg(ich_ap1r0_el2);
	if (apr_count > 1) {
		s->ap0r[1] = read_sysreg(ich_ap0r1_el2);
		s->ap1r[1] = read_sysreg(ich_ap1r1_el2);
	}
	if (apr_count > 2) {
		s->ap0r[2] = read_sysreg(ich_ap0r2_el2);
		s->ap1r[2] = read_sysreg(ich_ap1r2_el2);
		s->ap0r[3] = read_sysreg(ich_ap0r3_el2);
		s->ap1r[3] = read_sysreg(ich_ap1r3_el2);
	}
}

uint64_t vgic_lr_vmcr(void)
{
	return read_sysreg(ich_vmcr_el2);
}

void vgic_lr_set_hcr(uint64_t hcr)
{
	write_sysreg(ich_hcr_el2, hcr);
	/* A maintenance interrupt this takes away must be gone before the next acknowledge. */
	isb();
}

uint32_t vgic_lr_empty(void)
{
	return (uint32_t)read_sysreg(ich_elrsr_el2);
}

uint32_t vgic_lr_eoi(void)
{
	return (uint32_t)read_sysreg(ich_eisr_el2);
}
