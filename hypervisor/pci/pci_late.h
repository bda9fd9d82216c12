/* SPDX-License-Identifier: BSD-2-Clause */
/* A host bridge that comes up while domains run, since its owner's driver brings up the link. */
#ifndef PCI_PCI_LATE_H
#define PCI_PCI_LATE_H

#include "core/log.h"
#include "pci/host_bridge.h"
#include "pci/pci_scan.h"

/* How far that is; zeros at first. */
struct pci_late {
	uint32_t step;
	struct pci_function *function; /* whose turn it is in this step, */
	uint32_t part;                 /* and with what */
	struct pci_scan scan;
	struct placement *plan;
	struct log_text line;
};

/*
 * A part of starting what of the controller is the hypervisor's, then of finding, numbering and
 * placing what is below it. Called by one job. 0: functions are in the registry, ABSENT until they
 * are given to the owner; -EAGAIN: there is more; else the negative errno of a start that failed,
 * said in the log.
 */
int pci_late_step(struct pci_late *l, struct host_bridge *b);

#endif
