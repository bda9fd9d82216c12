/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function leaves a running guest in agreement with it. What shares its slot is one thing to the
 * guest, and leaves together.
 */
#include "core/log.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/lend.h"
#include "vpci/ports.h"

/* Registry lock held. */
static struct pci_function *claim_all(const struct vpci_slot *slot)
{
	struct pci_function *claimed = NULL;

	for (uint32_t fn = 0; fn < VPCI_FUNCTIONS; fn++) {
		const struct vpci_function *vf = __atomic_load_n(&slot->row[fn], __ATOMIC_ACQUIRE);
		struct pci_function *f = vf ? vf->function : NULL;

		if (f && f->state == FUNCTION_LENT && f->vpci == vf) {
			pci_function_set_state(f, FUNCTION_RESETTING);
			f->contain.next = claimed;
			claimed = f;
		}
	}
	return claimed;
}

static void take_all(struct pci_function *claimed)
{
	bool several = claimed && claimed->contain.next;

	while (claimed) {
		struct pci_function *f = claimed;

		/* Once it is in quarantine another CPU may claim it: not to be looked at again. */
		claimed = f->contain.next;
		(void)lend_take_away(f, 0, several); /* its outcome is in f->state */
	}
}

void lend_let_go(const struct vpci_slot *slot)
{
	struct pci_function *claimed;

	spin_lock(&pci_registry_lock);
	claimed = claim_all(slot);
	spin_unlock(&pci_registry_lock);
	take_all(claimed);
}

int lend_eject(struct pci_function *f)
{
	struct pci_function *claimed = NULL;
	struct vpci_slot *slot = NULL;
	int r = 0;

	spin_lock(&pci_registry_lock);
	if (f->state != FUNCTION_LENT || !f->vpci) {
		r = -EINVAL;
	} else {
		slot = f->vpci->slot;
	}
	if (slot && vpci_slot_ask(f->vpci)) {
		claimed = claim_all(slot);
	} else if (slot) {
		log_info("pci", SBDF_FMT ": d%u %s is asked to let go of it", SBDF_ARG(f->sbdf),
			 f->vpci->domain->id, f->vpci->domain->name);
	}
	spin_unlock(&pci_registry_lock);
	take_all(claimed);
	return r || slot ? r : lend_detach(f);
}
