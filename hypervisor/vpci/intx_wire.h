/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books of the wires. Private to vpci_intx.c, intx_*.c.
 *
 * A function that comes or goes touches its own line and, if it is the first or the last one of its
 * route, one other line at most, however many functions and lines there are.
 *
 * Locks: registry > change_lock > lock > function > virtual GIC. change_lock is held over the whole
 * of a change, also while irq_release() waits for a handler, which takes lock only.
 */
#ifndef VPCI_INTX_WIRE_H
#define VPCI_INTX_WIRE_H

#include "core/spinlock.h"
#include "vpci/bus.h"

enum intx_mode { INTX_OFF, INTX_FORWARD, INTX_SHARED };

/* A wire that is in use. */
struct intx_line {
	struct intx_line *next; /* change_lock; of its bucket */
	uint32_t intid;
	uint32_t unmaskable;   /* change_lock; functions on it that cannot be silenced */
	struct list routes;    /* written under both locks, read under one */
	enum intx_mode mode;   /* the same */
	struct domain *domain; /* change_lock; INTX_FORWARD: where to */

	/* lock; INTX_SHARED, and speaking always */
	struct list speaking; /* members that may interrupt, still to be asked in this round */
	struct list asked;    /* those that were; who interrupted last is first */
	struct list raised;   /* routes; the end of the handling there comes to this line */
	uint32_t empty;      /* intx_judge() */
	uint32_t polls_left; /* 0: it interrupts; else it is disabled, and looked at so often yet */
	uint64_t poll_count; /* times that it came to that */
	struct list polled;  /* in a list while polls_left is not 0 */
};

/* The functions of a line that interrupt one domain at one place. Written under both locks. */
struct intx_route {
	struct list of_line;
	struct list raised;      /* of line->raised, or in none */
	struct intx_route *next; /* of its bucket */
	struct intx_line *line;
	struct domain *domain;
	uint32_t vintid;
	uint32_t members;   /* change_lock */
	struct list silent; /* masked, to be looked at once the virtual wire has fallen */
	struct list held;   /* masked until a storm is over */
};

struct intx_wires {
	struct spinlock change_lock;
	struct spinlock lock;
};

extern struct intx_wires intx_wires;

static inline struct vpci_function *intx_function(struct intx_member *m)
{
	return container_of(m, struct vpci_function, intx);
}

/* intx_wire.c */

/* The line with this INTID; NULL: nobody is on it. change_lock held. */
struct intx_line *intx_wire_line(uint32_t intid);
/* The first route to a place, and the next, each of another line. NULL: no more. Any lock held. */
struct intx_route *intx_wire_first(const struct domain *d, uint32_t vintid);
struct intx_route *intx_wire_next(const struct intx_route *r);
/*
 * m is on that line from now on and interrupts d at vintid; m->maskable is known. False: no memory.
 * change_lock held.
 */
bool intx_wire_join(struct intx_member *m, uint32_t intid, struct domain *d, uint32_t vintid);
/* m is on none any more, and silent. change_lock held. */
void intx_wire_leave(struct intx_member *m);

/* intx_share.c. change_lock held. */

/* The line's interrupts are handled here from now on, or are no longer. -EBUSY, -EINVAL. */
int intx_share_start(struct intx_line *line);
void intx_share_stop(struct intx_line *line);
/* The silent ones at this route's place are to be looked at. */
void intx_share_look(struct intx_route *r);
void intx_share_storm_over(struct intx_member *m);

/* vpci_intx.c. lock and function->lock held; which list m is in is the caller's. */
void intx_set_masked(struct intx_member *m, bool masked);
/* Its domain wants no interrupt of it. */
bool intx_turned_off(const struct vpci_function *vf);

#endif
