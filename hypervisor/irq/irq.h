/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts at EL2. The CPU interface runs with EOImode = 1: acknowledging drops priority
 * at once, deactivation is separate, so an interrupt forwarded to a guest stays active until the
 * guest's own EOI deactivates it through its list register.
 */
#ifndef IRQ_IRQ_H
#define IRQ_IRQ_H

#include "lib/types.h"

struct domain;

enum irq_result {
	IRQ_HANDLED,   /* deactivate now */
	IRQ_FORWARDED, /* a guest will deactivate */
};

typedef enum irq_result (*irq_handler)(uint32_t intid, void *arg);
/* True: the cause was this sharer's, and is gone. */
typedef bool (*irq_sharer)(uint32_t intid, void *arg);

/* Drivers of the physical controller. */
int gic_init(void);      /* boot CPU, from machine.gic; -ENODEV with one clear message logged */
int gic_init_cpu(void);  /* each CPU, boot CPU included */
void gic_send_sgi(uint32_t cpu, uint32_t sgi);
enum irq_sgi { SGI_KICK = 0, SGI_LOOK = 1 /* another CPU panicked, or core/trace.h */ };

/*
 * INTIDs 16..1019. PPIs must be requested once and enabled on each CPU. Level/edge per trigger.
 * The line stays disabled. -EINVAL: no such line here. -EBUSY: requested already.
 */
int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg);
/*
 * Undo irq_request() of an SPI: disabled, inactive, and the handler is not running on return. Not
 * from the handler itself, nor under a lock that it takes.
 */
void irq_release(uint32_t intid);
/*
 * Boot, nobody has requested it yet: an SPI, a level, at which sharer is asked before whoever may
 * request it as well. It is enabled from now on, except while that one has it disabled, or when it
 * interrupts again and again for neither. -EINVAL, -EBUSY.
 */
int irq_share(uint32_t intid, irq_sharer sharer, void *arg);
/* Boot: undo it. */
void irq_unshare(uint32_t intid);
void irq_enable(uint32_t intid);
void irq_disable(uint32_t intid);
void irq_set_affinity(uint32_t intid, uint32_t cpu); /* SPIs */
/* Have an SPI's handler run once, from the next exception on. Any lock may be held. */
void irq_set_pending(uint32_t intid);
/* Forget an edge that came while an SPI was disabled. */
void irq_clear_pending(uint32_t intid);
/*
 * Is an SPI pending, also while it is active or disabled? A level is while its wire is asserted, or
 * when irq_set_pending() was called since it was acknowledged.
 */
bool irq_is_pending(uint32_t intid);
/* Physical active state of a PPI of this CPU or an SPI: it moves with the vCPU that has it. */
void irq_set_active(uint32_t intid, bool active);

/*
 * From the exception vector: acknowledge and dispatch until none is pending, or for a bounded
 * number of interrupts; what is left raises the exception again.
 */
void irq_dispatch(void);
/* What it would acknowledge first; 1020-1023: none. */
uint32_t irq_peek(void);

/* INTIDs the distributor implements (GICD_TYPER.ITLinesNumber). */
uint32_t irq_line_count(void);

#endif
