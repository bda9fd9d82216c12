/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a domain's end means, by on_poweroff, on_reboot and on_crash: carried out by a process that
 * waits for it. All it knows is the configuration; when it is killed the domain goes on, and stays
 * as it has ended.
 */
#ifndef VIA_GUEST_WATCH_H
#define VIA_GUEST_WATCH_H

#include "guest_config.h"
#include "via.h"

/* Until the domain is gone, or is to stay as it has ended: 0, or VIA_FAILED, reported. */
int guest_watch(const struct command *c, struct guest_config *g, uint32_t id);
/*
 * The same in a process of its own, which writes to WATCH_LOG if that can be opened. 0 at once, or
 * VIA_FAILED, reported. Not while connected.
 */
int guest_watch_apart(const struct command *c, struct guest_config *g, uint32_t id);

#define WATCH_LOG "/var/log/via-%s.log"

#endif
