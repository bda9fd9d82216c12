/* SPDX-License-Identifier: BSD-2-Clause */
/* What config writes lead to: mappings that come and go, resets. Private to vpci/. */
#ifndef VPCI_WORK_H
#define VPCI_WORK_H

#include "vpci/bus.h"

void vpci_work_init(struct vpci_function *vf);
/*
 * Do what a plan asks for: now, or the rest of it as the function's job, and vf->busy is that. vf
 * is neither gone nor busy. Unmapping is done when it returns. function->lock held.
 */
void vpci_work_start(struct vpci_function *vf, enum vpci_effect work);

/* Work is under way that an access has to wait for: the caller parks on vf->busy. */
static inline bool vpci_work_busy(const struct vpci_function *vf)
{
	return vf->busy != NULL;
}

/*
 * A reset the user asked for has ended, or does not matter any more: config space is there again,
 * in its initial state. No-op when there was none. function->lock held.
 */
void vpci_work_reset_over(struct vpci_function *vf);

/*
 * VPCI_VIEW_VF: map the BARs where pf_bars says, or unmap them; vf is in use by its owner, not busy
 * and not under reset. function->lock held.
 */
void vpci_work_decode(struct vpci_function *vf, bool on);

/* Stage-2 entries that vpci_work_unmap_all() clears. function->lock held. */
uint32_t vpci_work_entries(const struct vpci_function *vf);
/*
 * Everything of vf out of the domain's stage 2, queued work dropped. On return no CPU reaches the
 * BARs. function->lock held.
 */
void vpci_work_unmap_all(struct vpci_function *vf);

#endif
