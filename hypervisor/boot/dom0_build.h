/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps of boot_control_domain(). Each panics with one clear message. */
#ifndef BOOT_DOM0_BUILD_H
#define BOOT_DOM0_BUILD_H

#include "core/domain.h"
#include "core/machine.h"

/* Map what dom0_claim_ram() claimed, IPA = PA. Fills d->ram_base and d->ram_size. */
const struct rangeset *dom0_map_ram(struct domain *d);

/* Map and route the devices that pass through; log each node that does not. */
void dom0_pass_devices(struct domain *d);
/* Route those of a host bridge that the domain drives itself. */
void dom0_pass_interrupts(struct domain *d, const struct machine_bridge *b);

#endif
