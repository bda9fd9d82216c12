/* SPDX-License-Identifier: BSD-2-Clause */
/* Lending, the part other files of vpci/ call. The interface is in vpci.h. */
#ifndef VPCI_LEND_H
#define VPCI_LEND_H

#include "vpci/bus.h"

/*
 * While d is built: f appears in its owner's segment, in use by d. What cannot be made safe or
 * complete stays an identity with f broken; only -ENOMEM fails.
 */
int lend_owner_begin(struct domain *d, struct vpci_segment *seg, struct pci_function *f);

#endif
