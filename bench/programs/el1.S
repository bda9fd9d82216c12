/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only EL1 can measure: hypervisor call, a read of the GIC distributor, an interrupt to
 * itself. An arm64 Image for the virt board and for a guest, which looks like one. Started at EL2
 * (bare metal) it goes to EL1 first. Ends by switching off.
 */
#define SAMPLES 5
#define OPERATIONS 200

#define PSCI_VERSION 0x84000000
#define PSCI_SYSTEM_OFF 0x84000008
#define VENDOR_CALL 0x86000000 /* of hypervisors, to their liking: here there is none */

#define GICD 0x08000000
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_CTLR_ENABLE 0x12 /* affinity routing, group 1 */
#define GICR 0x080a0000
#define GICR_WAKER 0x0014
#define GICR_SGI 0x10000 /* second frame of the redistributor */
#define GICR_IGROUPR0 0x0080
#define GICR_ISENABLER0 0x0100

/* x26 interrupts taken; x27 sample; x28 is set when the machine's PSCI is called with SMC. */

	.section .text.head, "ax"
	b	start
	.long	0
	.quad	0			/* text_offset */
	.quad	image_size
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.balign 2048
vectors:
	.rept	5
	b	.
	.balign	128
	.endr
	/* IRQ at EL1 with SP_EL1: acknowledge, end, count. */
	mrs	x9, S3_0_C12_C12_0	/* ICC_IAR1_EL1 */
	msr	S3_0_C12_C12_1, x9	/* ICC_EOIR1_EL1 */
	add	x26, x26, #1
	eret
	.balign	2048

.macro	mark hint, name, operations
	adr	x9, \name
	ldp	x0, x1, [x9]
	mov	x2, \operations
	hint	#\hint
.endm

.macro	psci function
	movz	w0, #(\function & 0xffff)
	movk	w0, #(\function >> 16), lsl #16
	cbnz	x28, 91f
	hvc	#0
	b	92f
91:	smc	#0
92:
.endm

start:
	mov	x28, #0
	mrs	x0, CurrentEL
	cmp	x0, #8
	b.ne	at_el1
	mov	x28, #1
	mov	x0, #(1 << 31)		/* HCR_EL2.RW */
	msr	HCR_EL2, x0
	mov	x0, #0xf
	msr	S3_4_C12_C9_5, x0	/* ICC_SRE_EL2: system registers, also for EL1 */
	mov	x0, #0x33ff
	msr	CPTR_EL2, x0
	mov	x0, #0x3c5		/* EL1h, all masked */
	msr	SPSR_EL2, x0
	adr	x0, at_el1
	msr	ELR_EL2, x0
	isb
	eret

at_el1:
	adr	x0, vectors
	msr	VBAR_EL1, x0
	isb
	bl	gic_setup

	mov	x27, #SAMPLES
hvc_sample:
	mark	0x70, name_hvc, #0
	mov	x20, #OPERATIONS
1:	psci	PSCI_VERSION
	subs	x20, x20, #1
	b.ne	1b
	mark	0x71, name_hvc, #OPERATIONS
	subs	x27, x27, #1
	b.ne	hvc_sample

	cbnz	x28, gicd
	mov	x27, #SAMPLES
refused_sample:
	mark	0x70, name_refused, #0
	mov	x20, #OPERATIONS
1:	psci	VENDOR_CALL
	subs	x20, x20, #1
	b.ne	1b
	mark	0x71, name_refused, #OPERATIONS
	subs	x27, x27, #1
	b.ne	refused_sample

gicd:
	mov	x27, #SAMPLES
	mov	x10, #GICD
gicd_sample:
	mark	0x70, name_gicd, #0
	mov	x20, #OPERATIONS
1:	ldr	w0, [x10, #GICD_TYPER]
	subs	x20, x20, #1
	b.ne	1b
	mark	0x71, name_gicd, #OPERATIONS
	subs	x27, x27, #1
	b.ne	gicd_sample

	mov	x27, #SAMPLES
	msr	DAIFClr, #2
ipi_sample:
	mark	0x70, name_ipi, #0
	mov	x26, #0
	mov	x20, #0
1:	add	x20, x20, #1
	mov	x0, #1			/* SGI 0 to affinity 0.0.0.0 */
	msr	S3_0_C12_C11_5, x0	/* ICC_SGI1R_EL1 */
	isb
2:	cmp	x26, x20
	b.lo	2b
	cmp	x20, #OPERATIONS
	b.lo	1b
	mark	0x71, name_ipi, #OPERATIONS
	subs	x27, x27, #1
	b.ne	ipi_sample

	psci	PSCI_SYSTEM_OFF
	b	.

gic_setup:
	mov	x10, #GICD
	mov	w0, #GICD_CTLR_ENABLE
	str	w0, [x10, #GICD_CTLR]
	movz	x10, #(GICR >> 16), lsl #16
	str	wzr, [x10, #GICR_WAKER]
1:	ldr	w0, [x10, #GICR_WAKER]
	tbnz	w0, #2, 1b		/* ChildrenAsleep */
	add	x10, x10, #GICR_SGI
	mov	w0, #-1
	str	w0, [x10, #GICR_IGROUPR0]
	mov	w0, #1
	str	w0, [x10, #GICR_ISENABLER0]
	mov	x0, #7
	msr	S3_0_C12_C12_5, x0	/* ICC_SRE_EL1 */
	isb
	mov	x0, #0xff
	msr	S3_0_C4_C6_0, x0	/* ICC_PMR_EL1 */
	mov	x0, #1
	msr	S3_0_C12_C12_7, x0	/* ICC_IGRPEN1_EL1 */
	isb
	ret

	.balign	16
name_hvc:
	.ascii	"el1:hvc\0\0\0\0\0\0\0\0\0"
name_refused:
	.ascii	"el1:refused\0\0\0\0\0"
name_gicd:
	.ascii	"el1:gicd\0\0\0\0\0\0\0\0"
name_ipi:
	.ascii	"el1:ipi\0\0\0\0\0\0\0\0\0"
	.balign	4096
	.globl	image_size
	.set	image_size, 0x10000
