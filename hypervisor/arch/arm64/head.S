/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry at EL2, MMU off, x0 = physical address of the device tree (Linux Documentation
 * arch/arm64/booting), and of secondary CPUs by PSCI CPU_ON, x0 = their struct percpu (virtual
 * address).
 */
#include "arch/arm64/mmu.h"

#define HCR_RW    0x80000000
#define CPTR_RES1 0x33ff

	.section .head.text, "ax"
	.global head
head:
	b	boot_entry
	.long	0
	.quad	0			/* text_offset: any 2 MiB boundary */
	.quad	image_claim		/* image_size */
	.quad	0xa			/* flags: little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	/*
	 * What firmware may have left open: interrupts, another stack pointer, VHE and FP traps.
	 * They matter before el2_init_cpu() runs.
	 */
	.macro	take_over
	msr	daifset, #15
	msr	spsel, #1
	mov	x1, #HCR_RW
	msr	hcr_el2, x1
	mov	x1, #CPTR_RES1
	msr	cptr_el2, x1
	isb
	.endm

	.text
boot_entry:
	mov	x19, x0
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.ne	not_el2
	take_over
	/* Clear .bss by PC-relative addresses; nothing else may run before. */
	adrp	x0, bss_start
	adrp	x1, bss_end
1:	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	stp	xzr, xzr, [x0], #64
	cmp	x0, x1
	b.lo	1b
	adrp	x0, boot_stack + 4096
	mov	sp, x0
	adrp	x0, image_start
	bl	mmu_build_early
	mov	x20, x0
	/* What was written with caches off must not be hidden by stale lines (DDI0487 D7.5). */
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
	adrp	x0, bss_start
	adrp	x1, bss_end
2:	dc	ivac, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	2b
	dsb	sy
	mov	x0, x20
	ldr	x21, =boot_continue
	b	mmu_enable

	/* Entered at EL1 or EL3: nothing can be printed, so stop where a debugger sees it. */
not_el2:
	wfe
	b	not_el2

boot_continue:
	hint	#36			/* BTI j */
	ldr	x0, =boot_stack + 4096
	mov	sp, x0
	ldr	x0, =vectors
	msr	vbar_el2, x0
	isb
	ldr	x0, =percpus
	msr	tpidr_el2, x0
	mov	x0, x19
	mov	x29, xzr
	mov	x30, xzr
	bl	main
	b	.

	.global secondary_entry
	.section .idmap.text, "ax"
secondary_entry:
	mov	x19, x0
	take_over
	adrp	x0, boot_ttbr
	ldr	x0, [x0, :lo12:boot_ttbr]
	adr	x1, secondary_va
	ldr	x21, [x1]
	b	mmu_enable
	.balign	8
secondary_va:
	.quad	secondary_continue

	/* x0 = table root (PA), x21 = where to go afterwards (VA). Runs from the identity page. */
	.global mmu_enable
mmu_enable:
	ic	iallu
	tlbi	alle2
	dsb	nsh
	ldr	x1, mair_value
	msr	mair_el2, x1
	/* TCR_EL2: T0SZ 16, walks WB inner-shareable, 4 KiB, PS from the CPU (at most 48 bits). */
	ldr	x1, tcr_value
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #0xf
	cmp	x2, #5
	mov	x3, #5
	csel	x2, x2, x3, ls
	orr	x1, x1, x2, lsl #16
	msr	tcr_el2, x1
	msr	ttbr0_el2, x0
	isb
	ldr	x1, sctlr_value
	msr	sctlr_el2, x1
	isb
	br	x21
	.balign	8
mair_value:
	.quad	MMU_MAIR
tcr_value:
	.quad	0x80803510		/* RES1 bits 31, 23; SH0 inner, ORGN0/IRGN0 WB, T0SZ 16 */
sctlr_value:
	.quad	0x30cd183d		/* RES1, M, C, SA, I, WXN, alignment faults off */

	.text
secondary_continue:
	hint	#36			/* BTI j */
	ldr	x0, =vectors
	msr	vbar_el2, x0
	msr	tpidr_el2, x19
	isb
	ldr	x0, [x19, #8]		/* stack_top */
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	bl	main_secondary
	b	.
	.ltorg

	.section .bss.boot_stack, "aw", %nobits
	.balign	4096
boot_stack:
	.skip	4096
