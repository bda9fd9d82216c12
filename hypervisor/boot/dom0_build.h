/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps of boot_control_domain(). Each panics with one clear message. */
#ifndef BOOT_DOM0_BUILD_H
#define BOOT_DOM0_BUILD_H

#include "core/domain.h"
#include "core/machine.h"

/*
 * Claim and map the domain's RAM, IPA = PA: the modules' blocks, then blocks from the bottom of the
 * memory they lie in upwards, then other memory, until wanted bytes (0: half of what is free, at
 * least 512 MiB) are there. Fills d->ram_base and d->ram_size. The set lives as long as boot does.
 */
const struct rangeset *dom0_claim_ram(struct domain *d, uint64_t wanted);

/* Map and route the devices that pass through; log each node that does not. */
void dom0_pass_devices(struct domain *d);
/* Forward a bridge's INTx lines. Lines that bridges share are routed once. */
void dom0_route_intx(struct domain *d, const struct machine_bridge *b);

#endif
