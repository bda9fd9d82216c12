/* SPDX-License-Identifier: BSD-2-Clause */
/* What may become of a function: the life cycle as verdicts. Pure. */
#include <viaduct/guest_map.h>

#include "core/domain.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/registry.h"

/*
 * Besides what routes to other buses, what only calls itself a bridge (PCI Code and ID Assignment
 * 1.5, base class 06): host bridges and the like have registers that concern the whole machine.
 */
static bool is_bridge(const struct pci_function *f)
{
	return f->header_type != 0 || f->class_code >> 16 == 0x06;
}

/* Refusals that do not depend on where the function should go. */
static int refuse_common(const struct pci_function *f)
{
	if (is_bridge(f)) {
		return -EPERM;
	}
	switch (f->state) {
	case FUNCTION_BROKEN:
		return -EBADF;
	case FUNCTION_LENT:
	case FUNCTION_RESETTING:
		return -EBUSY;
	case FUNCTION_OWNED:
	case FUNCTION_QUARANTINED:
		return 0;
	case FUNCTION_ABSENT:
	default:
		return -EINVAL;
	}
}

int pci_state_can_quarantine(const struct pci_function *f)
{
	uint16_t lent = __atomic_load_n(&f->sriov.lent, __ATOMIC_RELAXED);
	enum pci_vfs_state vfs = pci_vfs_state(f);
	int error = refuse_common(f);

	/* A broken one is reset, and its VFs with it, once nobody else uses them. */
	if (error == -EBADF) {
		return vfs == PCI_VFS_OFF || (vfs == PCI_VFS_ON && lent == 0) ? 0 : -ENOTEMPTY;
	}
	if (error != 0) {
		return error;
	}
	if (f->state != FUNCTION_OWNED) {
		return -EINVAL;
	}
	return vfs == PCI_VFS_OFF ? 0 : -ENOTEMPTY;
}

/*
 * A member may stay in quarantine or belong to the same domain. One that is being taken away has
 * its user until it is cut off; then it is like one in quarantine. A broken one is cut off too, but
 * nobody vouches for it. Bridges are the hypervisor's and send nothing of their own.
 */
static bool member_allows(const struct pci_function *m, uint16_t domain)
{
	if (m->header_type == 1) {
		return true;
	}
	switch (m->state) {
	case FUNCTION_ABSENT:
	case FUNCTION_QUARANTINED:
		return true;
	case FUNCTION_RESETTING:
		return m->user == DOMAIN_ID_NONE || m->user == domain;
	case FUNCTION_OWNED:
	case FUNCTION_LENT:
		return m->user == domain;
	case FUNCTION_BROKEN:
	default:
		return false;
	}
}

bool pci_state_translated(const struct pci_function *f)
{
	return f->iommu != NULL && f->iommu->usable;
}

/*
 * m is of f's group. One's user may be the other's too, or nobody. Of two that nothing confines
 * neither gains by the group: each reaches all of memory. What is confined could reach the other's
 * registers, though.
 */
static bool joined(const struct pci_function *f, const struct pci_function *m)
{
	return pci_state_translated(f) || pci_state_translated(m);
}

static bool group_allows(const struct pci_function *f, uint16_t domain)
{
	const struct pci_function *m;

	for (m = pci_group_next(f); m != f; m = pci_group_next(m)) {
		if (joined(f, m) && !member_allows(m, domain)) {
			return false;
		}
	}
	return true;
}

int pci_state_can_return(const struct pci_function *f, uint16_t owner)
{
	int error = refuse_common(f);

	if (error != 0) {
		return error;
	}
	if (f->state != FUNCTION_QUARANTINED) {
		return -EINVAL;
	}
	return group_allows(f, owner) ? 0 : -EEXIST;
}

/* In quarantine the reset has been: what it did not reach is as its last user left it. */
static bool resettable(const struct pci_function *f)
{
	bool will_be = f->state != FUNCTION_QUARANTINED && f->reset_methods != 0;

	return !f->lent_once || will_be;
}

/* A VF answers as long as its physical function does. */
static bool pf_works(const struct pci_function *f)
{
	return f->pf == NULL || f->pf->state == FUNCTION_OWNED;
}

int pci_state_can_lend(const struct pci_function *f, uint16_t domain, uint32_t quirks,
		       bool unprotected)
{
	int error = refuse_common(f);

	if (error != 0) {
		return error;
	}
	if (f->state != FUNCTION_QUARANTINED || domain == DOMAIN_ID_NONE) {
		return -EINVAL;
	}
	if (!pf_works(f)) {
		return -ENOLINK;
	}
	if (!f->placed) {
		return -ENOSPC;
	}
	if (!resettable(f) && !(quirks & PCI_QUIRK_NO_RESET)) {
		return -EOPNOTSUPP;
	}
	if (!unprotected && !pci_state_translated(f)) {
		return -EACCES;
	}
	return group_allows(f, domain) ? 0 : -EEXIST;
}

/*
 * A guest takes bus addresses for its own: an entry that moves them leads to other memory. Each
 * turn goes on behind an entry, so there are no more turns than entries.
 */
uint64_t pci_state_reach(const struct host_bridge *bridge, uint64_t from)
{
	const struct machine_bridge *b = bridge->desc;
	uint64_t end = from;

	for (uint32_t turn = 0; turn < b->dma_count; turn++) {
		for (uint32_t i = 0; i < b->dma_count; i++) {
			const struct machine_window *w = &b->dma[i];

			if (w->pci == w->cpu && end >= w->pci && end - w->pci < w->size) {
				end = w->pci + w->size;
			}
		}
	}
	return b->dma_count != 0 ? end - from : UINT64_MAX;
}

/* The guest that uses members of f's group, if one does. */
static uint16_t group_guest(const struct pci_function *f)
{
	const struct pci_function *m;

	for (m = pci_group_next(f); m != f; m = pci_group_next(m)) {
		if (joined(f, m) && m->state == FUNCTION_LENT) {
			return m->user;
		}
	}
	return DOMAIN_ID_NONE;
}

uint32_t pci_state_obstacles(const struct pci_function *f, uint16_t *only)
{
	uint32_t found = 0;

	*only = DOMAIN_ID_NONE;
	if (is_bridge(f)) {
		return PCI_OBSTACLE_BRIDGE;
	}
	*only = group_guest(f);
	found |= f->state == FUNCTION_BROKEN ? PCI_OBSTACLE_BROKEN : 0;
	found |= f->state == FUNCTION_LENT ? PCI_OBSTACLE_LENT : 0;
	found |= f->state == FUNCTION_RESETTING ? PCI_OBSTACLE_RESETTING : 0;
	found |= pci_vfs_state(f) == PCI_VFS_OFF ? 0 : PCI_OBSTACLE_VFS;
	found |= pf_works(f) ? 0 : PCI_OBSTACLE_PF;
	found |= f->placed ? 0 : PCI_OBSTACLE_ADDRESS;
	found |= resettable(f) ? 0 : PCI_OBSTACLE_RESET;
	found |= pci_state_translated(f) ? 0 : PCI_OBSTACLE_IOMMU;
	/* One with unprotected_dma may have its memory elsewhere. */
	found |= pci_state_reach(f->bridge, GUEST_RAM_BASE) != 0 || !pci_state_translated(f)
			 ? 0
			 : PCI_OBSTACLE_REACH;
	/* Nobody's id when no guest is there: then every user of a member is one too many. */
	found |= group_allows(f, *only) ? 0 : PCI_OBSTACLE_GROUP;
	return found;
}

const char *pci_state_why(int error)
{
	switch (error) {
	case 0:
		return "possible";
	case -EPERM:
		return "bridges are not lent";
	case -EBADF:
		return "broken";
	case -EBUSY:
		return "in use or being reset";
	case -EACCES:
		return "no usable IOMMU in front of it";
	case -EEXIST:
		return "another member of its isolation group is in use elsewhere";
	case -ENOSPC:
		return "a BAR has no address";
	case -EOPNOTSUPP:
		return "lent before and not reset since";
	case -ERANGE:
		return "its host bridge's dma-ranges do not reach all of the domain's memory";
	case -ENOTEMPTY:
		return "its virtual functions are enabled";
	case -ENOLINK:
		return "its physical function is broken or being reset";
	case -EINVAL:
	default:
		return "not in the right state";
	}
}
