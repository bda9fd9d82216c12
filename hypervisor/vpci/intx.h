/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INTx: level interrupts on wires that functions share (PCIe 6.0 6.1.2, 7.5.1.1.3).
 *
 * A wire whose functions all interrupt one domain at one place is forwarded: the domain's EOI
 * deactivates the physical interrupt, without an exit. A storm disables the wire for a while, which
 * is that domain's alone.
 *
 * Any other wire is shared out: each function found asserting is silenced with Command.INTxDisable
 * and the virtual wire it is on raised. When its domain ends the handling, the virtual wire falls
 * and the function is looked at again; in a storm of it, only when that is over. So an interrupt
 * that a function stands for silences it, and a domain that storms, or never answers, holds up
 * itself.
 *
 * An interrupt costs the same however many share the wire. Those who may speak are asked only while
 * it is asserted, who interrupted last first, and a few in one interrupt. In a round each is asked
 * once: who is let speak again waits for the next one. So whoever asserts is found in as many
 * interrupts as there are others to ask, however quick they are to assert again.
 *
 * Nobody can be blamed for interrupts that no function stands for: too many, and the wire is
 * disabled for a while and its functions are polled. A domain that makes them costs the others a
 * millisecond an interrupt.
 */
#ifndef VPCI_INTX_H
#define VPCI_INTX_H

#include "lib/list.h"
#include "lib/types.h"

struct domain;
struct intx_line;
struct intx_route;
struct vpci_function;

/* A function on a wire. */
struct intx_member {
	struct list node; /* of line->speaking or asked, route->silent or held */
	struct intx_route *route; /* NULL: on none */
	bool maskable;            /* implements Command.INTxDisable */
	bool masked;              /* silenced by the hypervisor */
};

/* intx_line.c: pure. */

/*
 * May a function interrupt d by this wire (NULL: nobody is on it)? Two domains can share one when
 * all of its functions can be silenced.
 */
bool intx_can_join(const struct intx_line *line, const struct domain *d, bool maskable);

enum intx_action {
	INTX_LEAVE,
	INTX_MASK,   /* silence it, raise its virtual wire */
	INTX_HOLD,   /* silence it, and no more until its storm is over */
	INTX_UNMASK,
	INTX_RAISE,  /* it stays silent, its virtual wire rises again */
};

/*
 * One function of a shared wire. masked: silenced, and its virtual wire has fallen; off: silenced
 * by its domain; storms: it interrupts too often just now; asserted: Status.Interrupt, which does
 * not depend on INTxDisable.
 */
enum intx_action intx_decide(bool masked, bool off, bool storms, bool asserted);

/*
 * A physical interrupt found something to do, or a round of them did not; *empty is how many more
 * did not. True: too many. A few come from withdrawn requests.
 */
bool intx_judge(uint32_t *empty, bool useful);

/* vpci_intx.c */

/* INTID of vf's domain for vf's pin, or 0: no interrupt. Registry lock; f is quiet. */
uint32_t vpci_intx_vintid(const struct vpci_function *vf, bool guest);
/*
 * vf begins or ends to be its domain's. Registry lock or state RESETTING; no other lock that an
 * interrupt's handler takes. On return from vpci_intx_leave() the function makes no interrupt and
 * nobody writes its COMMAND for one.
 */
void vpci_intx_join(struct vpci_function *vf);
void vpci_intx_leave(struct vpci_function *vf);
/* The domain wrote its own INTxDisable. function->lock held. */
void vpci_intx_update(struct vpci_function *vf);

#endif
