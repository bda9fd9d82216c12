/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs of the machine as xl writes them: "all", or numbers and ranges with commas between,
 * "0-3,^1", where ^ takes some away again. Pure.
 */
#ifndef VIA_CPU_SET_H
#define VIA_CPU_SET_H

#include <stddef.h>
#include <stdint.h>

/* "0,2,4,6,8,10,12,14" and more, with the terminating 0. */
#define CPU_SET_TEXT 64

/* By bit; CONTROL_ANY_CPU for all. -EINVAL, and why has a sentence. */
int cpu_set_parse(const char *text, uint32_t *set, char *why, size_t why_size);
/* buf of CPU_SET_TEXT; returns it. */
const char *cpu_set_text(uint32_t set, char *buf);

#endif
