/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI capability where no ITS tells devices apart: enable, address and data are the domain's
 * own (the trapped tables of vpci_std_caps.c), hardware's say the host's. Private to vpci/.
 */
#ifndef VPCI_MSI_H
#define VPCI_MSI_H

#include "vpci/bus.h"

/*
 * The domain wrote to its MSI or MSI-X capability; shadow and hardware have it. Vectors are owned
 * while MSIs are enabled, and given back after. function->lock held.
 */
void vpci_msi_written(struct vpci_function *vf);
/* The function was reset, its shadow is as after one: nothing is enabled. function->lock held. */
void vpci_msi_reset(struct vpci_function *vf);

#endif
