/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books of the wires. Private to vpci_intx.c, intx_wire.c and intx_share.c.
 *
 * Locks: registry > change_lock > lock > function > virtual GIC. change_lock is held over the whole
 * of a change, also while irq_release() waits for a handler, which takes lock only.
 */
#ifndef VPCI_INTX_WIRE_H
#define VPCI_INTX_WIRE_H

#include "core/spinlock.h"
#include "vpci/bus.h"

struct intx_line {
	struct intx_line *next;
	uint32_t intid;
	enum intx_mode mode;
	struct domain *domain; /* INTX_FORWARD: where to */
	uint32_t vintid;

	/* lock; INTX_SHARED */
	uint32_t empty;      /* intx_judge() */
	uint32_t polls_left; /* 0: it interrupts; else it is disabled, and looked at so often yet */
	uint64_t poll_count; /* times that it came to that */
};

struct intx_wires {
	struct spinlock change_lock;
	struct spinlock lock;
	struct intx_member *members; /* written under both locks, read under one */
	struct intx_line *lines;     /* change_lock; those in use */
};

extern struct intx_wires intx_wires;

static inline struct vpci_function *intx_function(struct intx_member *m)
{
	return container_of(m, struct vpci_function, intx);
}

/* intx_wire.c. change_lock held. */

/* Members came, went or changed: serve every wire as they want it now. */
void intx_wire_apply_all(void);
/* There is a line for this INTID. False: no memory. */
bool intx_wire_prepare(uint32_t intid);

/* intx_share.c. change_lock held. */

/* The line's interrupts are handled here from now on, or are no longer. -EBUSY, -EINVAL. */
int intx_share_start(struct intx_line *line);
void intx_share_stop(struct intx_line *line);
/* Its functions are to be looked at. */
void intx_share_look(struct intx_line *line);

/* vpci_intx.c. lock and function->lock held. */
void intx_set_masked(struct intx_member *m, bool masked);
/* Its domain wants no interrupt of it. */
bool intx_turned_off(const struct vpci_function *vf);

#endif
