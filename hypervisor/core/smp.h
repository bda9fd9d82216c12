/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_SMP_H
#define CORE_SMP_H

/* Boot CPU: stacks and percpu data of every CPU of the machine. */
void smp_prepare(void);
/* Each CPU, for itself: trap controls, interrupt controller, timers; then it counts as online. */
void smp_init_cpu(void);
/* Boot CPU: start the others; they schedule from then on. One that does not come is left out. */
void smp_start(void);

#endif
