/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions of guarded.h. Between guarded_begin and guarded_end an external abort or SError
 * returns from the function with all ones: of 64 bits, while a value read has 32.
 */

	.macro	guarded_load name, insn
	.global	\name
\name:
	hint	#34			/* BTI c */
	\insn	w0, [x0]
	b	guarded_settle
	.endm

	.macro	guarded_store name, insn
	.global	\name
\name:
	hint	#34
	\insn	w1, [x0]
	mov	x0, xzr
	b	guarded_settle
	.endm

	.text
	.global	guarded_begin
guarded_begin:
	guarded_load guarded_load8, ldrb
	guarded_load guarded_load16, ldrh
	guarded_load guarded_load32, ldr
	guarded_store guarded_store8, strb
	guarded_store guarded_store16, strh
	guarded_store guarded_store32, str

	/* uint64_t serror_probe(void) */
	.global	serror_probe
serror_probe:
	hint	#34
	mov	x0, xzr
guarded_settle:
	/* What the access leads to has come before the next instruction. */
	dsb	sy
	mrs	x1, isr_el1
	tbnz	x1, #8, 1f		/* A: an SError is pending */
	ret
1:	msr	daifclr, #4
	isb
	msr	daifset, #4
	ret
	.global	guarded_end
guarded_end:
	.global	guarded_failed
guarded_failed:
	mov	x0, #-1
	ret
