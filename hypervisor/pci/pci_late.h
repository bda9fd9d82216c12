/* SPDX-License-Identifier: BSD-2-Clause */
/* A host bridge that comes up while domains run, since its owner's driver brings up the link. */
#ifndef PCI_PCI_LATE_H
#define PCI_PCI_LATE_H

#include "pci/host_bridge.h"

/*
 * Start the controller's part that is the hypervisor's, then find, number and place what is below
 * it. Functions are in the registry then, ABSENT until they are given to the owner. Once, by a job;
 * the negative errno of a start that failed, said in the log.
 */
int pci_bring_up_late(struct host_bridge *b);

#endif
