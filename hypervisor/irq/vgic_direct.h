/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPIs of a domain that hardware delivers (GICv4), as vits.c sees them. Such an LPI has one event
 * behind it and no state in software; any other is as on a GICv3.
 */
#ifndef IRQ_VGIC_DIRECT_H
#define IRQ_VGIC_DIRECT_H

#include "core/domain.h"
#include "lib/types.h"

struct its_vpe;
struct vgic_irq;

/*
 * Where a vCPU's direct LPIs go. Made when first asked for, and there until the domain ends;
 * callers take turns. NULL: this machine has none, or there is no room for one more.
 */
struct its_vpe *vgic_direct_vpe(struct domain *d, uint32_t vcpu);

/*
 * irq becomes direct, for owner. False: more than one event names it, or one is direct already.
 * *pending: it was, and is to be made so in hardware.
 */
bool vgic_direct_take(struct domain *d, struct vgic_irq *irq, void *owner, bool *pending);
/* Not any more: its event is gone from the host's ITS. */
void vgic_direct_drop(struct domain *d, struct vgic_irq *irq);
/* Whose it is, or NULL. Taken and dropped by the caller's kind only, under a lock of theirs. */
void *vgic_direct_owner(const struct vgic_irq *irq);
uint32_t vgic_direct_intid(const struct vgic_irq *irq);

/* One came while its vCPU was not in a pCPU, perhaps. Any pCPU, any context, no lock held. */
void vgic_direct_doorbell(struct domain *d, const struct vgic_irq *irq);
/* All properties of what goes to vCPU vcpu are new. */
void vgic_direct_invalidate(struct domain *d, uint32_t vcpu);

#endif
