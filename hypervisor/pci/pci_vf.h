/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual functions (PCIe 6.0 chapter 9): enabling them at their physical function, and their
 * entries in the registry. Nothing here waits; who enables them keeps to the 100 ms of 9.3.3.3.1.
 */
#ifndef PCI_PCI_VF_H
#define PCI_PCI_VF_H

#include "pci/function.h"

#define PCI_VF_SETTLE_MS 100  /* no config access to a VF for that long after VF Enable */
#define PCI_VF_READY_MS  1000 /* and ready by then (9.3.3.3.1) */

/*
 * Lay count VFs out, VF Enable being clear: page size, BARs, NumVFs. count is 1..TotalVFs. NULL, or
 * one clause that says why they cannot be enabled. Registry lock held.
 */
const char *pci_vfs_prepare(struct pci_function *pf, uint32_t count);
/* VF Enable and VF Memory Space Enable. */
void pci_vfs_turn_on(struct pci_function *pf);
void pci_vfs_turn_off(struct pci_function *pf);

/* VF i, from 0, of those pci_vfs_prepare() laid out. */
struct sbdf pci_vf_sbdf(const struct pci_function *pf, uint32_t i);
/* Its entry, made or found again, ABSENT. Registry lock held. NULL: out of memory. */
struct pci_function *pci_vf_entry(struct pci_function *pf, uint32_t i);
/* Its entry of before, whatever its state. */
struct pci_function *pci_vf_find(const struct pci_function *pf, uint32_t i);
/* Does it answer? */
bool pci_vf_ready(struct pci_function *vf);
/*
 * Fill the entry of VF i, which answers: identity from its physical function, BARs, capabilities,
 * stream, group. It is quiet then. Registry lock held. False: what answers is no function.
 */
bool pci_vf_read(struct pci_function *vf, uint32_t i);

#endif
