/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI-X tables where no ITS tells devices apart. The pages of a BAR that hold the table are not
 * mapped; what the domain writes is kept, and hardware gets the message of the entry's own vector
 * (vpci_vectors.h). Everything else in those pages is passed on. Private to vpci/.
 */
#ifndef VPCI_MSIX_H
#define VPCI_MSIX_H

#include "vpci/bus.h"

/* Does f signal through a controller without requester check, with a table that can be trapped? */
static inline bool vpci_msix_trapped(const struct pci_function *f)
{
	return f->msix_pages != NULL;
}

/*
 * Registry and function lock held, or vf is in no bus yet; vf has vectors. The table is as after a
 * reset. -ENOMEM.
 */
int vpci_msix_create(struct vpci_function *vf);
/* Locks as for vpci_msix_create(). */
void vpci_msix_destroy(struct vpci_function *vf);
/* The function was reset: every entry is masked and empty. function->lock held. */
void vpci_msix_reset(struct vpci_function *vf);
/*
 * MSI-X Enable may have changed. Entries have vectors while it is set: those that are unmasked when
 * it is set, the others when they first are; all go when it is cleared. While the table's BAR is
 * not mapped nothing is decoded, and the device does not take writes: to be called again when it
 * is, until then all stays as it was. function->lock held.
 */
void vpci_msix_follow(struct vpci_function *vf);

/* Bytes [*start, *end) of BAR bar are not to be mapped; empty: nothing there is trapped. */
void vpci_msix_hole(const struct vpci_function *vf, uint32_t bar, uint64_t *start, uint64_t *end);
/* A trapped access at address at of the domain. False: not in a page of a table of vf's. Locked. */
bool vpci_msix_access(struct vpci_function *vf, ipaddr_t at, struct mmio_access *a);

#endif
