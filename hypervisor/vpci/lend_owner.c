/* SPDX-License-Identifier: BSD-2-Clause */
/* One owner of a bridge ends, and the next one begins: what of its functions is whose. */
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

/* The registry is walked without lock: entries stay, and lend_return_to_owner() looks again. */
void lend_owner_again(const struct host_bridge *b)
{
	for (struct pci_function *f = b->functions; f; f = pci_function_next_below(f)) {
		bool here;

		spin_lock(&pci_registry_lock);
		here = waits(f) && f->state == FUNCTION_QUARANTINED;
		spin_unlock(&pci_registry_lock);
		if (here) {
			(void)lend_return_to_owner(f); /* if not, it stays in quarantine */
		}
	}
}
