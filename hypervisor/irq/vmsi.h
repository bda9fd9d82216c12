/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's virtual GICv2m frame: what its drivers take for the doorbell, and the virtual SPIs
 * that belong to it. Devices never write there: their tables are rewritten (vpci/vpci_msix.h).
 */
#ifndef IRQ_VMSI_H
#define IRQ_VMSI_H

#include "core/domain.h"
#include "lib/types.h"

/*
 * The domain's GIC exists and has virtual SPIs [first, +count). The page at at is trapped. -ENOMEM,
 * -ENOSPC, -EEXIST.
 */
int vmsi_create(struct domain *d, ipaddr_t at, uint32_t first, uint32_t count);
void vmsi_destroy(struct domain *d);
/* The virtual SPI that a device of d means by writing data to address; 0: none. */
uint32_t vmsi_target(const struct domain *d, uint64_t address, uint32_t data);

#endif
