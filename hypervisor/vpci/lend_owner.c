/* SPDX-License-Identifier: BSD-2-Clause */
/* One owner of a bridge ends, and the next one begins: what of its functions is whose. */
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/registry.h"
#include "vpci/lend.h"

/* Left are bridge functions, which nobody can take, and identities: as if it never had an owner. */
void lend_owner_end(struct host_bridge *b)
{
	struct pci_function *f;

	spin_lock(&pci_registry_lock);
	for (f = b->functions; f; f = pci_function_next_below(f)) {
		if (f->header_type == 1 && f->vpci) {
			lend_end_use(f);
		}
	}
	b->owner = DOMAIN_ID_NONE;
	spin_unlock(&pci_registry_lock);
}

/* Left by d's predecessor, and nobody's since. Registry lock held. */
static bool waits(const struct pci_function *f)
{
	return f->owner_ended && f->user == DOMAIN_ID_NONE;
}

bool lend_owner_settled(const struct host_bridge *b)
{
	struct pci_function *f;

	spin_lock(&pci_registry_lock);
	for (f = b->functions; f; f = pci_function_next_below(f)) {
		if (waits(f) && f->state == FUNCTION_RESETTING) {
			break;
		}
	}
	spin_unlock(&pci_registry_lock);
	return !f;
}

/* Between two parts no lock is held: entries of the registry stay, and each part looks again. */
int lend_owner_next(struct vpci_segment *seg)
{
	struct pci_function *f = seg->coming;
	bool here = false;
	int r;

	if (!f) {
		return 0;
	}
	spin_lock(&pci_registry_lock);
	/* A dying domain is marked before lend_reclaim() takes this lock. */
	r = domain_is_dying(seg->domain) ? -ENODEV : lend_owner_begin(seg->domain, seg, f);
	if (r == 0) {
		here = waits(f) && f->state == FUNCTION_QUARANTINED;
	}
	spin_unlock(&pci_registry_lock);
	if (r || (here && lend_return_step(f) == -EAGAIN)) {
		return r ? r : -EAGAIN;
	}
	/* If it could not be returned, it stays in quarantine. */
	seg->coming = pci_function_next_below(f);
	return seg->coming ? -EAGAIN : 0;
}
