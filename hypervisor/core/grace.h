/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When may memory that other CPUs found by a table be freed? EL2 runs to completion with interrupts
 * masked, so a CPU that takes a software interrupt holds no pointer it found before: once every
 * other CPU has taken one after the object left the table, nobody looks at it any more.
 */
#ifndef CORE_GRACE_H
#define CORE_GRACE_H

#include "core/percpu.h"

struct grace {
	uint32_t seen[CPUS_MAX];
};

/* Begin to wait; the object is in no table already. */
void grace_start(struct grace *g);
/* From a later step of the same job, not in the same run of EL2. */
bool grace_over(const struct grace *g);

/* This CPU took a software interrupt. */
void grace_quiet(void);

#endif
