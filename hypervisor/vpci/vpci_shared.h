/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of shared memory on a guest's bus: ivshmem.h carried out. Private to vpci/. */
#ifndef VPCI_VPCI_SHARED_H
#define VPCI_VPCI_SHARED_H

#include "vpci/bus.h"
#include "vpci/ivshmem.h"

struct shared_region;

struct vpci_shared {
	struct vpci_shared *next; /* bus lock, from here on */
	struct vpci_segment *segment;
	struct shared_region *region; /* NULL: left, and it is others' */
	bool left;
	uint32_t position;
	uint32_t device; /* of bus 0 */
	bool there;      /* its memory is clean, so config space answers; stays so */
	struct ivshmem state;
	bool mapped; /* at ipa, as far as done */
	ipaddr_t ipa;
	uint64_t done; /* all of it: its size */
};

static inline struct vsbdf vpci_shared_where(const struct vpci_shared *f)
{
	return vsbdf_make(f->segment->number, 0, f->device, 0);
}

/* The list only grows while others look. */
static inline struct vpci_shared *vpci_shared_first(const struct vpci_segment *seg)
{
	return __atomic_load_n(&seg->shared, __ATOMIC_ACQUIRE);
}

/* One of them has, or is to have, that device number. Lock-free. */
bool vpci_shared_at(const struct vpci_segment *seg, uint32_t device);

/*
 * An access at bus 0, as vpci_bus_config(). No lock held. False: none of them answers. *result:
 * MMIO_DONE, or MMIO_RETRY while memory is being mapped, a slice with each access.
 */
bool vpci_shared_config(struct vpci_segment *seg, uint32_t devfn, uint32_t reg,
			struct mmio_access *a, enum mmio_result *result);
/* The same of an access to a window of the bridge. False: no BAR of theirs is there. */
bool vpci_shared_window(struct vpci_segment *seg, struct mmio_access *a, enum mmio_result *result);

/* Bus lock held: its memory out of stage 2. On return no CPU reaches it; no-op without. */
void vpci_shared_unmap(struct vpci_shared *f);
/* PCI bus addresses in their BARs, decoded or not, into used. No lock held. */
void vpci_shared_collect(const struct vpci_segment *seg, struct rangeset *used);

/* vpci_share.c. No vCPU of the domain runs: a part of leaving its regions. True: it left all. */
bool vpci_share_leave(struct vpci_segment *seg);

#endif
