/* SPDX-License-Identifier: BSD-2-Clause */
/* irq/irq.h's requests and core/job.h's queue, one line and one job deep: what a driver needs. */
#ifndef FAKE_IRQ_H
#define FAKE_IRQ_H

#include "lib/types.h"

#define FAKE_IRQ_EVENTQ 138
#define FAKE_IRQ_GERROR 141

void fake_irq_reset(void);
/* Interrupts stay pending until the test takes them, as if EL2 were busy. */
void fake_irq_raise(uint32_t intid);
/* Deliver the pending ones. Returns how many there were. */
uint32_t fake_irq_take(void);
/* Run the queued job's steps to the end, or until it waits. Returns the number of steps. */
uint32_t fake_job_run(void);

#endif
