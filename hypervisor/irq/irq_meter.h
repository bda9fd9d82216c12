/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of one lent function: an exact count, and the notice that there are too many at a
 * time. Pure but for the pci_*_storm() ones; time comes in as ticks.
 */
#ifndef IRQ_IRQ_METER_H
#define IRQ_IRQ_METER_H

#include "lib/types.h"

struct msi_controller;

#define IRQ_METER_WINDOWS 100U /* a second: what is allowed in one may come at once */

struct irq_meter {
	uint64_t total;    /* since boot, atomic */
	uint64_t check_at; /* of total; atomic */
	uint64_t since;    /* ticks: begin of the window; the lock of who checks */
	uint32_t direct;   /* events that hardware delivers, of which nothing is counted; atomic */
};

/* Interrupts one function may make in a second; 0: as many as it likes. Boot, before the first. */
void irq_meter_limit(uint32_t per_second);

/* One interrupt, on any CPU. True: look whether it is a storm. */
static inline bool irq_meter_hit(struct irq_meter *m)
{
	return __atomic_add_fetch(&m->total, 1, __ATOMIC_RELAXED) >=
	       __atomic_load_n(&m->check_at, __ATOMIC_RELAXED);
}

/* Is it? If not the next window begins. Callers take turns. */
bool irq_meter_check(struct irq_meter *m, uint64_t now, uint64_t hz);
/* Begin a window, after a storm. */
void irq_meter_restart(struct irq_meter *m, uint64_t now);

/*
 * irq_meter_hit() said so. Implemented by pci/. From the interrupt, which event or a wire made; no
 * lock held that the ITS's or the function's storm lock comes before. A storm's MSI is masked for a
 * while; of a wire, host_intid is disabled for that time, if it is not 0. Without an ITS it is
 * vector of c that is masked, and then *held is set, for pci_msi_let_through() to find.
 */
void pci_irq_storm(struct irq_meter *m, uint32_t event);
void pci_msi_storm(struct irq_meter *m, struct msi_controller *c, uint32_t vector, bool *held);
void pci_wire_storm(struct irq_meter *m, uint32_t host_intid);

#endif
