/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books: every function found, who owns its bridge, who uses it, in which state. The state
 * machine itself is pure (registry_state.c); this is the list with its lock.
 */
#ifndef PCI_REGISTRY_H
#define PCI_REGISTRY_H

#include "pci/function.h"
#include "pci/host_bridge.h"

/*
 * Boot: probe every host bridge, enumerate, number, place, read capabilities, log one line a
 * function.
 */
void pci_init(void);

extern struct spinlock pci_registry_lock;

/* NULL also for a VF that is not enabled. */
struct pci_function *pci_function_find(struct sbdf s);
/* Takes the registry lock. */
struct pci_function *pci_function_by_name(const char *name);
/* Is one below b lent, or on its way between users? Any context. */
bool pci_any_lent(const struct host_bridge *b);
/*
 * First function in SBDF order; follow ->next. Functions are never freed, so no lock is needed to
 * walk: VFs that were enabled once stay as entries in state ABSENT, used again the next time.
 */
struct pci_function *pci_function_first(void);
/* The same among the functions below f's host bridge, which begin with its ->functions. */
static inline struct pci_function *pci_function_next_below(const struct pci_function *f)
{
	struct pci_function *next = __atomic_load_n(&f->next, __ATOMIC_ACQUIRE);

	return next != NULL && next->bridge == f->bridge ? next : NULL;
}
/* One of those whose parent port is; the others follow ->sibling. */
static inline struct pci_function *pci_function_children(const struct pci_function *port)
{
	return __atomic_load_n(&port->children, __ATOMIC_ACQUIRE);
}
/* The next member of m's isolation group; after the last one the first. */
static inline struct pci_function *pci_group_next(const struct pci_function *m)
{
	return m->group_next != NULL ? m->group_next : (struct pci_function *)(uintptr_t)m;
}

/*
 * To their IOMMU a and b are one: behind a bridge to conventional PCI. Each is one with itself;
 * apart from that b is no bridge.
 */
static inline bool pci_same_stream(const struct pci_function *a, const struct pci_function *b)
{
	return a == b || (b->header_type == 0 && a->iommu != NULL && a->iommu == b->iommu &&
			  a->stream.v == b->stream.v);
}

/*
 * State transitions, pure verdicts (registry_state.c); the caller holds the registry lock and then
 * sets state and user itself. 0, or the errno that says why not:
 * -EPERM (bridge: never), -EBUSY (lent, or resetting), -EBADF (broken), -EINVAL (wrong state).
 */
/*
 * OWNED -> RESETTING; BROKEN -> RESETTING: an administrator's retry. -ENOTEMPTY: its virtual
 * functions are enabled, or those of a broken one lent.
 */
int pci_state_can_quarantine(const struct pci_function *f);
/*
 * QUARANTINED -> OWNED by owner. -EEXIST: a member of the same isolation group is used by someone
 * else.
 */
int pci_state_can_return(const struct pci_function *f, uint16_t owner);
/*
 * QUARANTINED -> LENT(domain). unprotected: the domain takes functions that nothing translates for;
 * among those isolation groups mean nothing. Also -EACCES (no usable IOMMU, and not unprotected),
 * -EEXIST (a member of its isolation group is used by someone else), -ENOSPC (a BAR without
 * address), -EOPNOTSUPP (lent before and not reset since, and not PCI_QUIRK_NO_RESET among quirks),
 * -ENOLINK (a VF whose PF is broken or being reset).
 */
int pci_state_can_lend(const struct pci_function *f, uint16_t domain, uint32_t quirks,
		       bool unprotected);
/* What keeps a function from being lent: bits, as pci_state_obstacles() finds them. */
#define PCI_OBSTACLE_BRIDGE    (1U << 0)
#define PCI_OBSTACLE_BROKEN    (1U << 1)
#define PCI_OBSTACLE_LENT      (1U << 2)
#define PCI_OBSTACLE_RESETTING (1U << 3)
#define PCI_OBSTACLE_ADDRESS   (1U << 4) /* a BAR has none */
#define PCI_OBSTACLE_RESET     (1U << 5) /* lent before, and not reset since */
#define PCI_OBSTACLE_IOMMU     (1U << 6) /* none, or not usable */
#define PCI_OBSTACLE_GROUP     (1U << 7) /* a member is broken, or used by who cannot have f too */
#define PCI_OBSTACLE_VFS       (1U << 8) /* its virtual functions are enabled */
#define PCI_OBSTACLE_PF        (1U << 9) /* it is a VF, and its PF broken or being reset */
#define PCI_OBSTACLE_REACH     (1U << 10) /* it can reach none of a guest's memory */
/*
 * All that is in f's way, not only the first thing; pure, registry lock held. That f is OWNED is
 * none: its owner can put it into quarantine. *only: the domain that uses members of f's isolation
 * group, the only one that can have f; DOMAIN_ID_NONE: any guest can.
 */
uint32_t pci_state_obstacles(const struct pci_function *f, uint16_t *only);
/* An IOMMU that can confine f stands before memory. */
bool pci_state_translated(const struct pci_function *f);
/*
 * How many bytes from an address on the functions below a bridge reach at these addresses through
 * its dma-ranges, if nothing behind it refuses; UINT64_MAX: they set no limit.
 */
uint64_t pci_state_reach(const struct host_bridge *bridge, uint64_t from);
/* One plain clause for a refusal of the three above, for logs and tools. */
const char *pci_state_why(int error);

/*
 * Carry a reset out: best method first, the next one when it fails, as a job on this pCPU. The
 * caller holds the function's lock, has set state RESETTING and has cut the function off (no BAR
 * mapped, streams abort). on_done runs exactly once, without locks, when the function is ready
 * again (config restored, BARs verified, identity checked, decode and bus master off: error 0) or
 * given up (-ETIMEDOUT: not back in time, -ENODEV: something else is there, -EIO: BARs do not hold,
 * or no method took; f->broken_why has the sentence). A function without a method, or whose only
 * one would hit a neighbour in use, is only restored and verified: lent_once says so. A reset that
 * its last user asked for is followed by this one, and that user's on_done is not called. -EBUSY: a
 * reset is under way.
 */
int pci_reset_start(struct pci_function *f,
		    void (*on_done)(struct pci_function *f, int error, void *arg), void *arg);
/*
 * The same for a user that keeps the function, its BARs unmapped, none under way: a function-level
 * reset, or with wake the way from D3hot to D0 of a function that loses its config on it.
 */
void pci_reset_start_for_user(struct pci_function *f, bool wake,
			      void (*on_done)(struct pci_function *f, int error, void *arg));

/* Bus master, memory and I/O decode off, INTx disabled, MSI/MSI-X off. Config writes only. */
void pci_quiesce(struct pci_function *f);

uint32_t pci_read(struct pci_function *f, uint32_t offset, uint32_t size);
void pci_write(struct pci_function *f, uint32_t offset, uint32_t size, uint32_t value);

#endif
