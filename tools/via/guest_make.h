/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain made as its configuration says. */
#ifndef VIA_GUEST_MAKE_H
#define VIA_GUEST_MAKE_H

#include "guest_config.h"
#include "via.h"

/*
 * Make it, lend it its functions, load and start it; flags: CONTROL_START_*. Done, *id set, or
 * nothing is left: 0, or VIA_FAILED, reported. Connects and disconnects by itself.
 */
int guest_make(const struct command *c, struct guest_config *g, uint32_t flags, uint32_t *id);

#endif
