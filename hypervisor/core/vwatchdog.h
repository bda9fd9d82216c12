/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's watchdog: a virtual Generic Watchdog (Arm BSA). WS0 is an SPI, WS1 the guest's end. It
 * stands still while the guest is paused.
 */
#ifndef CORE_VWATCHDOG_H
#define CORE_VWATCHDOG_H

#include "core/domain.h"

/* -ENOMEM, -ENOSPC, -EEXIST: nothing is left. */
int vwatchdog_create(struct domain *d, ipaddr_t refresh, ipaddr_t control, uint32_t intid);
/* No vCPU of d runs any more. False: it still counts, ask again. */
bool vwatchdog_stop(struct domain *d);
/* Of one that was stopped, or never ran; none is allowed. */
void vwatchdog_destroy(struct domain *d);

#endif
