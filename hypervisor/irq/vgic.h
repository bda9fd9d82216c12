/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual GIC of a domain, of the machine's own version: distributor, redistributors (GICv3,
 * IHI0069) or CPU interface (GICv2, IHI0048B), list registers. A domain's interrupts live here;
 * hardware sees them only in list registers of the running vCPU.
 */
#ifndef IRQ_VGIC_H
#define IRQ_VGIC_H

#include "core/domain.h"
#include "lib/types.h"

struct irq_meter;

#define VGIC_V2_CPUS_MAX 8U
#define VGIC_LR_MAX      16U /* list registers of a CPU */

struct vgic_config {
	uint32_t version;       /* 2 or 3: what the machine has */
	ipaddr_t dist;          /* GICv3: 64 KiB; GICv2: 4 KiB */
	ipaddr_t redist;        /* GICv3: 128 KiB a vCPU, contiguous */
	ipaddr_t cpu_interface; /* GICv2: 8 KiB, the hardware's own */
	ipaddr_t its;           /* GICv3: 128 KiB */
	bool has_its;
	uint32_t spi_count;   /* multiple of 32; INTIDs 32..31+spi_count */
};

/*
 * Boot CPU, after gic_init(): the maintenance interrupt's handler. unwired: as vgic_hw_choose().
 */
void vgic_init(bool unwired);
/* Each CPU, boot CPU included, after gic_init_cpu(). */
void vgic_init_cpu(void);

/*
 * Adds the MMIO regions too. -ENOMEM, -EINVAL (more vCPUs than the version allows). vCPUs exist
 * already (vcpu_count is final).
 */
int vgic_create(struct domain *d, const struct vgic_config *config);
/*
 * The same in parts: all but the vCPUs' own, then these, one a call. 0: that was the last; -EAGAIN:
 * there are more; -ENOMEM: what there is stays, for vgic_destroy().
 */
int vgic_begin(struct domain *d, const struct vgic_config *config);
int vgic_add_cpu(struct domain *d);
/*
 * No vCPU runs any more and the vITS has no device left: some of the memory of LPIs given back.
 * True: vgic_destroy() is short.
 */
bool vgic_clear_slice(struct domain *d);
/* No vCPU runs any more; all forwarded interrupts are already taken away. */
void vgic_destroy(struct domain *d);

/*
 * Signals, any context, any pCPU, no lock of the scheduler held. v names the vCPU of a PPI and is
 * NULL for an SPI. All kick the vCPU that gets it. Calls for one wire come one after another: the
 * device's own lock sees to that.
 */
void vgic_set_level(struct domain *d, struct vcpu *v, uint32_t intid, bool high); /* a level wire */
void vgic_pulse(struct domain *d, struct vcpu *v, uint32_t intid);                /* an edge */
/* A physical interrupt fired and stays active until the guest's EOI (list register HW bit). */
void vgic_forward(struct domain *d, struct vcpu *v, uint32_t intid, uint32_t host_intid);

/*
 * Route a host SPI to a domain as virtual SPI vintid, for the domain's life or until it is undone.
 * Level or edge as the host line is. -EBUSY: requested already.
 */
int vgic_route_spi(struct domain *d, uint32_t host_intid, uint32_t vintid, bool edge);
/* What counts the interrupts of that route from now on; it is never freed. */
void vgic_route_meter(struct domain *d, uint32_t host_intid, struct irq_meter *meter);
/* Undo it. The host's line is free on return; what the domain has in hand it may finish. */
void vgic_unroute_spi(struct domain *d, uint32_t host_intid);
/*
 * Level SPI vintid stands for several devices: when the domain ends its handling, the wire falls
 * and host_intid is set pending, so that its handler looks which of them still ask. 0: an ordinary
 * wire again, low.
 */
void vgic_set_resample(struct domain *d, uint32_t vintid, uint32_t host_intid);
/* The pCPU that virtual SPI vintid is delivered on now. */
uint32_t vgic_spi_cpu(struct domain *d, uint32_t vintid);
/* The wire of an SPI, as vgic_set_level() or the end of its handling left it. */
bool vgic_level(struct domain *d, uint32_t vintid);

/* Would this vCPU be interrupted if it ran now with PSTATE.I clear? (WFI decision) No lock held. */
bool vgic_pending(struct vcpu *v);

/* By list register: bit n of mask is set when register n has the interrupt intid[n], pending. */
struct vgic_waiting {
	uint32_t mask;
	uint32_t intid[VGIC_LR_MAX];
};
/* What waits for v in this pCPU, where it is loaded. */
void vgic_look_waiting(const struct vcpu *v, struct vgic_waiting *out);

/*
 * v, which ran here until now, is blocked: whatever comes for it from now on kicks it. True:
 * something came already. No lock held.
 */
bool vgic_block(struct vcpu *v);
/* v is here, and will be entered; whether it was blocked or not. No lock held. */
void vgic_resume(struct vcpu *v);

/*
 * Around the life of a vCPU on a pCPU. The physical active state of its forwarded PPIs (timers) is
 * moved by the caller, which stops and starts the timers: asked for after vgic_save(), written
 * before vgic_load().
 */
void vgic_load(struct vcpu *v);
void vgic_save(struct vcpu *v);
/* The physical interrupt behind v's private one is held active until v's EOI. v is saved. */
bool vgic_holds(const struct vcpu *v, uint32_t intid);
/* Before every entry to the guest; cheap when nothing changed. */
void vgic_enter(struct vcpu *v);

/* Trapped ICC_SGI1R_EL1 write. (ICC_SGI0R/ASGI1R are ignored.) */
void vgic_sgi1r(struct vcpu *v, uint64_t value);

/* Reset of a vCPU at PSCI CPU_ON (private interrupts stay configured, nothing pending). */
void vgic_vcpu_reset(struct vcpu *v);

#endif
