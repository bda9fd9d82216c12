/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits of one CPU from guests to EL2: why, and how many EL2 instructions each took. */
#ifndef BENCH_EXITS_H
#define BENCH_EXITS_H

#include <stdint.h>
#include <stdio.h>

/* Offset of the vector: DDI0487 D1.3.1, from a lower exception level that uses AArch64. */
#define EXITS_SYNC   0x400U
#define EXITS_IRQ    0x480U
#define EXITS_FIQ    0x500U
#define EXITS_SERROR 0x580U
#define EXITS_TABLE_SIZE 0x800U

/* Forget all that were counted; one that is under way counts when it ends. */
void exits_reset(void);
/* At the vector's first instruction: esr is ESR_EL2, now how many EL2 instructions there were. */
void exits_begin(uint32_t vector, uint64_t esr, uint64_t now);
/*
 * EL2 looks what interrupts are pending. In an exit for WFx this is where it idles, and does what
 * waits for that: what follows counts from the last look on, as "wake".
 */
void exits_look(uint64_t now);
/* At an ERET of EL2; nothing when none is under way. */
void exits_end(uint64_t now);
/* Records "e NAME KIND LENGTH COUNT", one for each length there was. */
void exits_print(FILE *out, const char *name);

#endif
