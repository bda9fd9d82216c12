/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry by the arm64 Image protocol, secondary CPUs, exception vectors. The MMU stays off. On bare
 * metal the entry is at EL2, which is left at once.
 */
#define STACK_SHIFT 13

	.section .text.start, "ax"
	.global _start
_start:
	b	primary
	.long	0
	.quad	0			/* text offset */
	.quad	image_end - _start
	.quad	0xa			/* little endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	/* x19 = argument for C, x20 = CPU number. Clobbers x0-x2. */
	.macro	cpu_setup
	msr	spsel, #1
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	mov	x0, #(3 << 20)		/* FP registers do not trap */
	msr	cpacr_el1, x0
	isb
	adrp	x0, stacks
	add	x1, x20, #1
	add	x0, x0, x1, lsl #STACK_SHIFT
	mov	sp, x0
	.endm

primary:
	mov	x19, x0
	mov	x20, #0
	mrs	x21, CurrentEL
	cmp	x21, #8
	b.ne	at_el1
	mov	x0, #(1 << 31)		/* HCR_EL2.RW */
	msr	hcr_el2, x0
	mov	x0, #0xf
	msr	S3_4_C12_C9_5, x0	/* ICC_SRE_EL2: system registers, also for EL1 */
	mov	x0, #0x33ff
	msr	cptr_el2, x0
	msr	cntvoff_el2, xzr
	mov	x0, #0x3c5		/* EL1h, all masked */
	msr	spsr_el2, x0
	adr	x0, at_el1
	msr	elr_el2, x0
	isb
	eret
at_el1:
	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	cpu_setup
	mov	x0, x19
	mov	x1, x21
	bl	guest_start
	b	.

	/* CPU_ON with x0 = CPU number. */
	.global secondary_entry
secondary_entry:
	mov	x20, x0
	cpu_setup
	mov	x0, x20
	bl	guest_secondary
	b	.

	.macro	vector kind
	.balign	128
	sub	sp, sp, #272
	stp	x0, x1, [sp]
	mov	x0, #\kind
	b	exception_entry
	.endm

	.balign	2048
vectors:
	vector	0
	vector	1
	vector	2
	vector	3
	vector	0
	vector	1
	vector	2
	vector	3
	.rept	8
	vector	4
	.endr

exception_entry:
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
	mrs	x1, elr_el1
	stp	x30, x1, [sp, #240]
	mrs	x1, spsr_el1
	str	x1, [sp, #256]
	mov	x1, sp
	bl	guest_exception
	ldr	x1, [sp, #256]
	msr	spsr_el1, x1
	ldp	x30, x1, [sp, #240]
	msr	elr_el1, x1
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #272
	eret
