/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2 exception vectors. A trap from a guest stores its registers in the current vCPU and runs a C
 * handler on this CPU's stack; when the handler returns, whichever vCPU is current then is entered.
 * Offsets: struct percpu {current, stack_top}, struct vcpu_regs {x[31], pc, pstate} (trap.c
 * asserts).
 */
#include "arch/arm64/mmu.h"

#define REGS_PC 248

	.macro guest_exit handler
	.balign	128
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el2
	ldr	x0, [x0]
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	str	x30, [x0, #240]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x0, #REGS_PC]
	mov	x29, xzr
	mov	x30, xzr
	bl	\handler
	b	guest_enter
	.endm

	.macro own_exit kind
	.balign	128
	/* x0 is rescued through sp: is the stack pointer inside a stack? */
	add	sp, sp, x0
	sub	x0, sp, x0
	tbz	x0, #14, 1f
	sub	x0, sp, x0
	sub	sp, sp, x0
	sub	sp, sp, #272
	stp	x0, x1, [sp]
	mov	x1, #\kind
	b	own_exit_common
1:	/* Guard page hit: the values of x0 and sp are lost but for x0 = sp. */
	mov	x1, x0
	ldr	x0, =panic_stack + 4096
	mov	sp, x0
	mov	x0, x1
	sub	sp, sp, #272
	stp	x0, x1, [sp]
	mov	x1, #4
	b	own_exit_common
	.endm

	.macro vector_table name sync irq serror
	.balign	2048
	.global \name
\name:
	/*
	 * From EL2 itself, on SP_EL0 and on SP_EL2: interrupts stay masked, so each is the end, but
	 * for those of guarded accesses.
	 */
	own_exit 0
	own_exit 1
	own_exit 2
	own_exit 3
	own_exit 0
	own_exit 1
	own_exit 2
	own_exit 3
	/* From a guest, AArch64 and AArch32. */
	guest_exit \sync
	guest_exit \irq
	guest_exit trap_fiq
	guest_exit \serror
	guest_exit \sync
	guest_exit \irq
	guest_exit trap_fiq
	guest_exit \serror
	.endm

	.text
	vector_table vectors trap_sync trap_irq trap_serror
	/* Of a CPU that records its exits: core/trace.h. */
	vector_table vectors_recording record_sync record_irq record_serror
	.balign	128
	.ltorg

own_exit_common:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x30, x2, [sp, #240]
	str	x3, [sp, #256]
	mov	x0, sp
	bl	trap_own
	/* A guarded access: on where trap_own() said. */
	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldp	x0, x1, [sp]
	add	sp, sp, #272
	eret
	dsb	nsh
	isb

	/* Run this CPU's first vCPU, or come back to one after idling on a fresh stack. */
	.global guest_enter_first
guest_enter_first:
	mrs	x0, tpidr_el2
	ldr	x1, [x0, #8]
	mov	sp, x1
	.global guest_enter
guest_enter:
	mrs	x0, tpidr_el2
	ldr	x0, [x0]
	ldp	x2, x3, [x0, #REGS_PC]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	ldp	x18, x19, [x0, #144]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
	ldr	x30, [x0, #240]
	ldp	x0, x1, [x0]
	eret
	/* No speculation past the return. */
	dsb	nsh
	isb

	/* void call_on_stack(uint64_t top, void (*fn)(void)); never returns. */
	.global call_on_stack
call_on_stack:
	hint	#34			/* BTI c */
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x16, x1
	br	x16

	/* void fp_save(struct vcpu_fp *), fp_restore(const struct vcpu_fp *) */
	.global fp_save
fp_save:
	hint	#34			/* BTI c */
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	stp	q4, q5, [x0, #64]
	stp	q6, q7, [x0, #96]
	stp	q8, q9, [x0, #128]
	stp	q10, q11, [x0, #160]
	stp	q12, q13, [x0, #192]
	stp	q14, q15, [x0, #224]
	stp	q16, q17, [x0, #256]
	stp	q18, q19, [x0, #288]
	stp	q20, q21, [x0, #320]
	stp	q22, q23, [x0, #352]
	stp	q24, q25, [x0, #384]
	stp	q26, q27, [x0, #416]
	stp	q28, q29, [x0, #448]
	stp	q30, q31, [x0, #480]
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #512]
	str	x2, [x0, #520]
	ret

	.global fp_restore
fp_restore:
	hint	#34			/* BTI c */
	ldp	q0, q1, [x0]
	ldp	q2, q3, [x0, #32]
	ldp	q4, q5, [x0, #64]
	ldp	q6, q7, [x0, #96]
	ldp	q8, q9, [x0, #128]
	ldp	q10, q11, [x0, #160]
	ldp	q12, q13, [x0, #192]
	ldp	q14, q15, [x0, #224]
	ldp	q16, q17, [x0, #256]
	ldp	q18, q19, [x0, #288]
	ldp	q20, q21, [x0, #320]
	ldp	q22, q23, [x0, #352]
	ldp	q24, q25, [x0, #384]
	ldp	q26, q27, [x0, #416]
	ldp	q28, q29, [x0, #448]
	ldp	q30, q31, [x0, #480]
	ldr	x1, [x0, #512]
	ldr	x2, [x0, #520]
	msr	fpcr, x1
	msr	fpsr, x2
	ret

	.section .bss.panic_stack, "aw", %nobits
	.balign	4096
panic_stack:
	.skip	4096
