/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual GIC's state, for vgic_*.c only. One lock a domain covers all of it: sections are
 * short and a domain has at most 16 vCPUs. It is never held across a call into the scheduler:
 * functions below collect the vCPUs to kick in a mask, vgic_kick() goes last, unlocked.
 *
 * A list register OWNS the part of an interrupt's state that was put into it: the pending latch,
 * active, the physical interrupt's active state. vgic_sync_fold() returns it. So an event that
 * comes while the guest still handles the last one is simply new state beside the list register.
 */
#ifndef IRQ_VGIC_STATE_H
#define IRQ_VGIC_STATE_H

#include "core/domain.h"
#include "core/spinlock.h"
#include "irq/vgic.h"
#include "irq/vgic_lr.h"
#include "lib/list.h"
#include "lib/types.h"

#define VGIC_NONE       0xffU
#define VGIC_IIDR       0x5600043bU /* GICD, GICR, GITS: product 'V', implementer Arm */
#define VGIC_PIDR2      0x3bU       /* GICv3 */
#define VGIC_V2_PIDR2   0x2bU
#define VGIC_PRIVATE    32U
#define VGIC_SGIS       16U
#define VGIC_SPI_MAX    960U   /* INTIDs 32..991 */
#define VGIC_LPI_FIRST  8192U
#define VGIC_LPI_ID_BITS 14U   /* GICD_TYPER.IDbits: LPIs 8192..16383 */
#define VGIC_LPI_LIMIT  (1U << VGIC_LPI_ID_BITS)
#define VGIC_LPI_BLOCK  32U    /* LPIs allocated together */
#define VGIC_LPI_BLOCKS ((VGIC_LPI_LIMIT - VGIC_LPI_FIRST) / VGIC_LPI_BLOCK)

/* Priorities have 5 bits: what every GICv3 CPU interface implements at least. */
#define VGIC_PRIORITY_MASK 0xf8U
#define VGIC_BUCKET_ACTIVE 0U /* bucket 0: active and out of list registers, must come back first */
#define VGIC_BUCKETS       33U

struct vgic_irq {
	struct list node; /* in vgic_cpu.ready[bucket] of vCPU queued_on */
	uint32_t intid;
	uint32_t host_intid;    /* of a forwarded interrupt */
	uint32_t resample;      /* host SPI to set pending at the end of handling, or 0 */
	uint16_t mappings;      /* LPI: ITS events that name it */
	uint8_t priority;
	uint8_t target;         /* vCPU, or VGIC_NONE: routed to nobody */
	uint8_t active_on;      /* vCPU that acknowledged it */
	uint8_t queued_on;      /* vCPU, or VGIC_NONE */
	uint8_t bucket;
	uint8_t lr;             /* list register of vCPU lr_cpu that holds it, or VGIC_NONE */
	uint8_t lr_cpu;
	uint8_t sources;        /* SGI of a GICv2: vCPUs whose signal waits; pending says if any */
	uint8_t source;         /* the one whose signal was put into a list register last */
	bool enabled;
	bool level;
	/* the wire, for level ones that EL2 drives; read without the lock too */
	bool line;
	bool pending;        /* latch; a level interrupt may have it too (ISPENDR, forwarded) */
	bool active;
	bool host_active;    /* the physical interrupt is held active for us */
	bool lr_latched;     /* the list register took the latch */
	bool lr_pending;     /* state it was written with */
	bool lr_active;
	bool lr_hw;          /* it took the physical interrupt */
	bool lr_drop_active; /* the guest cleared it meanwhile */
	void *direct;        /* LPI: the owner of the event that hardware delivers, or NULL */
};

struct vgic_cpu {
	struct vcpu *vcpu;
	bool dirty;        /* vgic_enter() has work */
	bool fold_all;     /* ... and must take back every list register */
	bool reset;        /* ... and must zero the CPU interface */
	bool lpis_enabled; /* GICR_CTLR.EnableLPIs */
	uint32_t lpi_walk; /* blocks of LPIs that know; for the others it is not so yet */
	bool asleep;       /* GICR_WAKER */
	uint8_t loaded_on; /* pCPU whose registers hold this vCPU, or VGIC_NONE */
	uint8_t fold_retries;
	uint32_t fold_wait; /* vCPUs this one's register access waits for */
	uint32_t lr_used;
	uint32_t lr_eoi;  /* of lr_used: written with LR_EOI */
	uint64_t hcr;     /* as last written */
	uint64_t ready_map; /* non-empty buckets; its vCPU's CPU looks without the lock too */
	uint32_t moved_kick; /* vCPUs that get interrupts just taken back from here */
	uint32_t forwarded; /* private interrupts that may have host_active */
	uint64_t propbaser, pendbaser;
	struct its_vpe *vpe; /* takes direct LPIs, or NULL; atomic, final once it is there */
	bool resident;       /* vpe is, in the pCPU this vCPU is in; that one's own */
	struct vgic_hw_state hw; /* while not loaded */
	struct vgic_irq *lr_irq[LR_MAX];
	struct list ready[VGIC_BUCKETS];
	struct vgic_irq private[VGIC_PRIVATE];
};

struct vgic_route;

struct vgic {
	struct spinlock lock;
	struct domain *domain;
	uint32_t version;
	bool enabled;  /* GICD_CTLR.EnableGrp1; EnableGrp0 of a GICv2 */
	bool has_its;
	uint32_t cpu_count;
	uint32_t spi_count;
	uint32_t lpi_block_count; /* allocated */
	uint8_t lpi_blocks[VGIC_LPI_BLOCKS]; /* of lpis[], so many of these */
	struct vgic_cpu *cpus[DOMAIN_VCPUS_MAX];
	struct vgic_irq *spis;
	uint64_t *routes_written; /* by SPI: GICD_IROUTER, or GICD_ITARGETSR of a GICv2 */
	struct vgic_irq *lpis[VGIC_LPI_BLOCKS];
	struct vgic_route *routes;
	uint8_t *properties; /* of direct LPIs, for hardware: from VGIC_LPI_FIRST; or NULL */
	bool direct_failed;  /* there was no memory, or no vPE left */
};

/* vgic_irq.c: one interrupt. All with the lock held. */
void vgic_irq_init(struct vgic_irq *irq, uint32_t intid, uint8_t target);
/* By INTID; private ones of c (NULL: none). NULL: no such interrupt. */
struct vgic_irq *vgic_irq_find(struct vgic *g, struct vgic_cpu *c, uint32_t intid);
static inline bool vgic_irq_asserted(const struct vgic_irq *irq)
{
	return irq->pending || (irq->level && irq->line);
}

static inline bool vgic_lpi_taken(const struct vgic_cpu *c, uint32_t lpi)
{
	return ((lpi - VGIC_LPI_FIRST) / VGIC_LPI_BLOCK < c->lpi_walk) == c->lpis_enabled;
}

/* Asserted, enabled, and its redistributor takes it. Does not look at GICD_CTLR. */
static inline bool vgic_irq_deliverable(const struct vgic *g, const struct vgic_irq *irq)
{
	if (!vgic_irq_asserted(irq) || !irq->enabled || irq->target == VGIC_NONE) {
		return false;
	}
	return irq->intid < VGIC_LPI_FIRST || vgic_lpi_taken(g->cpus[irq->target], irq->intid);
}

/* Put it into the queue where it belongs now; no-op for one in a list register. */
void vgic_irq_queue(struct vgic *g, struct vgic_irq *irq, uint32_t *kick);
void vgic_irq_dequeue(struct vgic *g, struct vgic_irq *irq);
/* After a change of anything but a new edge. */
void vgic_irq_changed(struct vgic *g, struct vgic_irq *irq, uint32_t *kick);
void vgic_irq_pulse(struct vgic *g, struct vgic_irq *irq, uint32_t *kick);
/* SGIs of a GICv2: vCPU from signals, or what the vCPUs in sources signalled is taken back. */
void vgic_irq_signal(struct vgic *g, struct vgic_irq *irq, uint32_t from, uint32_t *kick);
void vgic_irq_unsignal(struct vgic *g, struct vgic_irq *irq, uint32_t sources, uint32_t *kick);
void vgic_irq_line(struct vgic *g, struct vgic_irq *irq, bool high, uint32_t *kick);
void vgic_irq_clear_pending(struct vgic *g, struct vgic_irq *irq, uint32_t *kick);
void vgic_irq_set_active(struct vgic *g, struct vgic_irq *irq, bool active, uint32_t *kick);
/* Give the physical interrupt back when nothing virtual is left of it. */
void vgic_irq_settle(struct vgic *g, struct vgic_irq *irq);
/* Another vCPU becomes its target. */
void vgic_irq_retarget(struct vgic *g, struct vgic_irq *irq, uint8_t target, uint32_t *kick);

/* vgic_sync.c: c is in this pCPU; lock held. */
/* List registers -> state: every one, or those that are done or have new state beside them. */
void vgic_sync_fold(struct vgic *g, struct vgic_cpu *c, bool all);
/*
 * A new edge of irq, for the usual course of one that comes often: it is in a list register of a
 * vCPU that is in this pCPU, was handled since it was put there, and nobody waits before it. False:
 * it is not that simple.
 */
bool vgic_sync_rearm(struct vgic *g, struct vgic_irq *irq);
/* Queues -> list registers. Returns the ICH_HCR_EL2 that fits what is left over. */
uint64_t vgic_sync_fill(struct vgic *g, struct vgic_cpu *c);

static inline void vgic_cpu_set_ready(struct vgic_cpu *c, uint64_t map)
{
	__atomic_store_n(&c->ready_map, map, __ATOMIC_RELAXED);
}

/* vgic_cpu.c: one vCPU's interface. All with the lock held. */
void vgic_cpu_init(struct vgic_cpu *c, struct vcpu *v);
/* When c is in this pCPU: take back all its list registers; the next entry fills them again. */
void vgic_cpu_fold_here(struct vgic *g, struct vgic_cpu *c);
/*
 * c's register access concerns interrupts in list registers of other vCPUs (mask). True: they were
 * asked to fold, the access is to be executed again. False: they did, or did not in good time.
 */
bool vgic_cpu_wait_fold(struct vgic *g, struct vgic_cpu *c, uint32_t mask, uint32_t *kick);

/*
 * vgic_direct.c: LPIs that hardware delivers. Residency follows what the guest allows: c is in this
 * pCPU. Without the lock the guest may just change that; c is dirty then.
 */
void vgic_direct_enter(struct vgic *g, struct vgic_cpu *c);
/* c's vPE is resident nowhere; no lock. True: it has something pending. */
bool vgic_direct_leave(struct vgic_cpu *c);
/* irq's enable or priority changed; lock held. */
void vgic_direct_configure(struct vgic *g, const struct vgic_irq *irq);
/* No event is left. */
void vgic_direct_free(struct vgic *g);

/*
 * vgic_bank.c: registers with a field for each INTID, the same in GICD and in GICR's SGI frame.
 * owner: whose private interrupts; NULL: only SPIs are there. GICv2's distributor has both.
 */
enum mmio_result vgic_bank_access(struct vgic *g, struct vgic_cpu *self, struct vgic_cpu *owner,
				  struct mmio_access *a, uint32_t *kick);
/* GICD_CPENDSGIR and GICD_SPENDSGIR of a GICv2, which are self's own. */
enum mmio_result vgic_bank_sgi_access(struct vgic *g, struct vgic_cpu *self, struct mmio_access *a,
				      uint32_t *kick);

/* vgic_dist.c, vgic_dist_v2.c, vgic_redist.c */
extern const struct mmio_ops vgic_dist_ops;
extern const struct mmio_ops vgic_dist_v2_ops;
extern const struct mmio_ops vgic_redist_ops;

/* vgic_dist.c: what both distributors do. Lock held. */
void vgic_dist_enable(struct vgic *g, bool enabled, uint32_t *kick);
/* An SPI goes to vCPU target, or VGIC_NONE, and so does the host's. */
void vgic_dist_route(struct vgic *g, struct vgic_irq *irq, uint8_t target, uint32_t *kick);

/* The maintenance interrupt of the pCPU c is loaded on. Takes the lock. */
void vgic_maintenance(struct vgic_cpu *c);

/* vgic.c: no lock held. */
void vgic_kick(struct vgic *g, uint32_t mask);

#endif
