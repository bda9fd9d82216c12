/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPIs of a domain. Allocated in blocks of 32 when the first ITS event names one of them, and kept
 * until the domain ends, so a pointer to one never dangles. Enable and priority are a copy of the
 * guest's configuration table, taken when the guest says so (IHI0069 5.1.1).
 */
#ifndef IRQ_VGIC_LPI_H
#define IRQ_VGIC_LPI_H

#include "core/domain.h"
#include "lib/types.h"

struct vgic;
struct vgic_cpu;
struct vgic_irq;

#define VGIC_NO_TARGET 0xffU

/* May an event name this INTID? */
bool vgic_lpi_valid(uint32_t lpi);
/* NULL: never mapped. */
struct vgic_irq *vgic_lpi_find(struct vgic *g, uint32_t lpi);
/*
 * One more event names lpi, delivered to vCPU target (or VGIC_NO_TARGET). Reads its configuration.
 * NULL: out of memory.
 */
struct vgic_irq *vgic_lpi_get(struct domain *d, uint32_t lpi, uint32_t target);
/* One event fewer; with the last one its pending state goes. */
void vgic_lpi_put(struct domain *d, struct vgic_irq *irq);
void vgic_lpi_pend(struct domain *d, struct vgic_irq *irq);
void vgic_lpi_clear(struct domain *d, struct vgic_irq *irq);
void vgic_lpi_move(struct domain *d, struct vgic_irq *irq, uint32_t target);
/* Read its configuration again. */
void vgic_lpi_reload(struct domain *d, struct vgic_irq *irq);
/* vCPU, or VGIC_NO_TARGET. */
uint32_t vgic_lpi_target(const struct vgic_irq *irq);
/*
 * The configurations of all are read again, about max of them a call; *next, 0 at first, says how
 * far it is. True: that was the last.
 */
bool vgic_lpi_reload_some(struct domain *d, uint32_t *next, uint32_t max);

/* GICR_CTLR.EnableLPIs of c, vGIC lock held. False: a part is done, again in another trap. */
bool vgic_lpi_enable(struct vgic *g, struct vgic_cpu *c, bool enable, uint32_t *kick);
/* At most max blocks; no event is left. True: they are gone. */
bool vgic_lpi_free_some(struct vgic *g, uint32_t max);

#endif
