/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine whose functions are lent by CPUs that are threads (thread_cpus.h): pci/, vpci/, stage
 * 2, jobs, resets and interrupts' dispatch are the real ones. A control domain and two guests; on
 * one wire a disk (0000:01:00.0) and a network card (0000:02:00.0), besides a card with VFS virtual
 * functions (0000:03:00.0). Behind them hardware that does as it is told: config space of
 * model_pci.h, an IOMMU, an ITS, and a lock in place of each virtual ITS.
 */
#ifndef FAKE_THREAD_WORLD_H
#define FAKE_THREAD_WORLD_H

#include "pci_world.h"
#include "thread_cpus.h"

#define WORLD_DOMAINS 3
#define WORLD_WIRE    36U
#define WORLD_VFS     2U

extern struct domain world_domains[WORLD_DOMAINS]; /* the control domain first */
extern struct pci_world world;

void thread_world_begin(void);
/* Everything is given back and nothing is left. */
void thread_world_end(void);

/* The domain whose memory the function reaches, or -1. */
int world_dma(const struct pci_function *f);

/* d's virtual ITS looks for the host's behind a device, as for a command of the guest. */
void world_vits_command(struct domain *d, uint32_t vdevice);

/* Config space of a function for its bridge's owner, and of a slot's function 0 for a guest. */
uint64_t world_owner_cfg(struct sbdf s, uint32_t reg);
uint64_t world_guest_cfg(uint32_t slot, uint32_t reg);

#endif
