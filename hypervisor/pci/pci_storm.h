/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function that interrupts too often: each of its MSIs is masked on the host ITS when it fires in
 * the storm, and all are let through again after a back-off. None is lost: what is masked stays
 * pending. Wires need no mask, they are silent until their domain has ended the handling.
 */
#ifndef PCI_PCI_STORM_H
#define PCI_PCI_STORM_H

#include "core/job.h"
#include "core/spinlock.h"
#include "lib/types.h"

#define PCI_STORM_BACKOFF_MS 10

struct pci_storm {
	struct spinlock lock; /* all of it, and the meter's window; before the ITS's */
	uint64_t count;       /* since boot */
	uint64_t until_ms;    /* MSIs stay masked; 0: no storm */
	bool queued;          /* the job has work, or may be given some */
	struct job job;
};

#endif
