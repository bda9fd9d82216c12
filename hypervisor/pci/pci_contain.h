/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Containment: a function that floods the IOMMU, reports an uncorrectable error or does not answer
 * is cut off from its user and broken, and with it all that share its StreamID: nobody can tell
 * them apart, and one cannot be silenced without the others. User and machine go on;
 * pci_state_can_quarantine() is the way back, through a reset.
 */
#ifndef PCI_PCI_CONTAIN_H
#define PCI_PCI_CONTAIN_H

#include "core/job.h"
#include "lib/types.h"

struct pci_function;

/* Reasons, as lists and logs show them. */
#define PCI_CONTAIN_DMA      "dma-faults"
#define PCI_CONTAIN_FATAL    "fatal-error"
#define PCI_CONTAIN_NONFATAL "nonfatal-error"
#define PCI_CONTAIN_ACCESS   "access-error"

struct pci_contain {
	const char *why; /* NULL: not under way */
	struct job job;
	bool begun; /* pci_contain_claim() was called */
	struct pci_function *claimed; /* by it, in use before */
	struct pci_function *next; /* of those: its own */
};

/*
 * Any context; locks up to and including the function's may be held. DMA of f and all that share
 * its stream aborts, silently, on return; a job of this pCPU does the rest. why is one of the
 * above, and stays valid.
 */
void pci_contain(struct pci_function *f, const char *why);

/*
 * f was cut off, which made faults of its stream heard again: a device that did harm may go on
 * regardless. No lock held; f is claimed, so that nobody else takes the stream into use.
 */
void pci_contain_stay_silent(struct pci_function *f);

/*
 * An access to where, config space or I/O port, was answered with an abort, and the caller goes on
 * with all ones. Absent functions and bridges may do that; a function that was found is contained.
 */
void pci_access_failed(struct sbdf where);

/*
 * Implemented by vpci/, called from that job, a step each, no lock held. First all that share f's
 * stream are claimed, for f->contain.why; what nobody uses is broken. Then who uses one loses it,
 * and it is broken: one a call, true after the last. One that is being reset is left to that: its
 * reset verifies it.
 */
void pci_contain_claim(struct pci_function *f);
bool pci_contain_take(struct pci_function *f);

#endif
