/* SPDX-License-Identifier: BSD-2-Clause */
/* The GIC as vpci_intx.c sees it: host lines with a handler or a route, and virtual wires. */
#ifndef FAKE_INTX_H
#define FAKE_INTX_H

#include "core/domain.h"

/* No line may be in use any more: fails the test otherwise. */
void fake_intx_end(void);

/* Where a host line is forwarded to; NULL when it is not. */
struct domain *fake_intx_forwarded(uint32_t intid, uint32_t *vintid);
/* What counts the interrupts of a forwarded line. */
struct irq_meter *fake_intx_meter(uint32_t intid);
/* Nobody can request a line. */
extern bool fake_intx_refuse;
bool fake_intx_has_handler(uint32_t intid);
bool fake_intx_enabled(uint32_t intid);
/* The pCPU a line with a handler interrupts; 0 when nobody has said. */
uint32_t fake_intx_cpu(uint32_t intid);

/* The host line is asserted, by whomever: its handler runs. */
void fake_intx_fire(uint32_t intid);
/* Handlers of lines that functions assert, or that were set pending, run once; how many. */
uint32_t fake_intx_run_pending(void);
/* The domain ends its handling of a virtual wire. */
void fake_intx_eoi(struct domain *d, uint32_t vintid);

#endif
