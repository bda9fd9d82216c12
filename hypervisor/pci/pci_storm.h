/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function that interrupts too often: each of its MSIs is masked on the host ITS, or at the MSI
 * controller, when it fires in the storm, its wire disabled if it is its user's alone, otherwise
 * the function held silent; after a back-off all may interrupt again. Nothing is lost: what is
 * masked stays pending.
 */
#ifndef PCI_PCI_STORM_H
#define PCI_PCI_STORM_H

#include "core/job.h"
#include "core/spinlock.h"
#include "lib/types.h"

#define PCI_STORM_BACKOFF_MS 10

struct pci_storm {
	struct spinlock lock; /* all of it, and the meter's window; before the ITS's */
	uint64_t count;       /* since boot. Read without the lock too */
	uint64_t until_ms;    /* it stays silent; 0: no storm. Read without the lock too */
	bool queued;          /* the job has work, or may be given some */
	struct job job;
};

struct pci_function;

/* It may not interrupt just now: pci_storm_over() says when it may again. */
bool pci_storm_lasts(const struct pci_function *f);

/* Implemented by vpci/, for f's wire. From a job, no lock held. */
void pci_storm_over(struct pci_function *f);
/* The same, for its vectors of an MSI controller. f->lock held. */
void pci_msi_let_through(struct pci_function *f);

#endif
