/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of each node of the host's device tree in the control domain's. An allow-list: what
 * is not in the table stays away, because it may be able to do DMA nothing translates. Pure.
 */
#ifndef BOOT_DOM0_RULES_H
#define BOOT_DOM0_RULES_H

#include "core/machine.h"

enum dom0_action {
	DOM0_KEEP_AWAY,
	DOM0_COPY,    /* describes, has no registers */
	DOM0_PASS,    /* copied; registers mapped, interrupts routed */
	DOM0_BRIDGE,  /* a host bridge its owner drives: registers trapped, interrupts routed */
	DOM0_BUS,     /* copied without its children, for which there are rules too */
	DOM0_CONSOLE, /* copied; a virtual UART answers at the same place */
	DOM0_REPLACE, /* the control domain has its own, written anew or implied */
};

struct dom0_rule {
	enum dom0_action action;
	const char *reason; /* DOM0_KEEP_AWAY: for the log, "used by the hypervisor" */
};

/* The rule for a node that dom0_reaches(). */
struct dom0_rule dom0_rule_of(const struct machine *m, int node);
/* A child of the root of m->fdt, or of a bus that dom0_reaches(). */
bool dom0_reaches(const struct machine *m, int node);
/* The next such node after node (0: the first) in the tree's order; negative: none. */
int dom0_next(const struct machine *m, int node);

#endif
