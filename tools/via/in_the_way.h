/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusals that are another function's doing, and which one's. */
#ifndef VIA_IN_THE_WAY_H
#define VIA_IN_THE_WAY_H

#include "via.h"

/*
 * The hypervisor refused to give sbdf to domain: err and viaduct_error() say why. Reported, with
 * the members of its isolation group that are in the way if that is it. Returns VIA_FAILED.
 */
int fail_to_give(const struct command *c, struct viaduct *v, uint32_t sbdf, uint32_t domain,
		 int err);
/*
 * A reset left f broken. Reported, with those who use its bus if a reset of that was all there is.
 * Returns VIA_FAILED.
 */
int fail_to_reset(const struct command *c, struct viaduct *v, const struct control_function *f);

#endif
