/* SPDX-License-Identifier: BSD-2-Clause */
/* What top shows: two looks at the machine, and the lines that say what went on between them. */
#ifndef VIA_TOP_TEXT_H
#define VIA_TOP_TEXT_H

#include <stdio.h>

#include "libviaduct/viaduct.h"

#define TOP_VCPUS     (1U << 0) /* a line for each virtual CPU too */
#define TOP_FUNCTIONS (1U << 1) /* and for each function that is lent */
#define TOP_BY_CPU    (1U << 2) /* who runs most comes first; else by number */

#define TOP_HEADINGS 2U /* lines before the first domain's */

struct top_domain {
	struct control_domain domain;
	struct control_domain_stats stats;
	struct control_vcpu vcpus[CONTROL_VCPUS_MAX];
	size_t vcpu_count;
};

struct top_look {
	struct control_info info;
	struct top_domain *domains;
	size_t domain_count;
	struct control_function *functions;
	size_t function_count;
};

/* A negative errno, as libviaduct has it, and *look is empty. */
int top_take(struct viaduct *v, struct top_look *look);
void top_free(struct top_look *look);
/*
 * Pure but for the output. Who came in between is shown from its beginning on; where no time has
 * passed nothing has happened. flags: TOP_*.
 */
void top_print(FILE *out, const struct top_look *before, const struct top_look *now,
	       unsigned int flags);

#endif
