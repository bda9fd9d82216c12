/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs of the fake arch (tests/host/arch): which one runs, its system registers, the time. */
#ifndef FAKE_CPUS_H
#define FAKE_CPUS_H

#include "core/percpu.h"

extern uint32_t fake_cpu; /* the one that runs */
extern uint64_t fake_now;

/* count CPUs online; registers zero, time 0, CPU 0 runs. */
void fake_cpus_reset(uint32_t count);
/* What every register reads that nobody wrote. */
void fake_sysreg_default(uint64_t value);

#endif
