/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function that did harm is taken from its user, with all that share its stream. They are claimed
 * as one: none is left in use with its DMA dead, or finds the stream in use when it is shut.
 */
#include "core/log.h"
#include "lib/errno.h"
#include "pci/pci_contain.h"
#include "pci/registry.h"
#include "vpci/lend.h"

/* Registry lock held. True: it was in use, and is ours to take away. */
static bool claim(struct pci_function *f, const char *why)
{
	if (f->vpci && (f->state == FUNCTION_LENT || f->state == FUNCTION_OWNED)) {
		log_warn("pci", SBDF_FMT ": cut off from d%u %s: %s", SBDF_ARG(f->sbdf),
			 f->vpci->domain->id, f->vpci->domain->name, why);
		pci_function_set_state(f, FUNCTION_RESETTING);
		f->broken_why = why;
		return true;
	}
	if (f->state == FUNCTION_QUARANTINED) {
		lend_set_broken(f, why);
	}
	return false;
}

void pci_contain_claim(struct pci_function *f)
{
	struct pci_function *m = f;

	spin_lock(&pci_registry_lock);
	/* Those with one stream are of one group. */
	do {
		m = pci_group_next(m);
		if (pci_same_stream(f, m) && claim(m, f->contain.why)) {
			m->contain.next = f->contain.claimed;
			f->contain.claimed = m;
		}
	} while (m != f);
	spin_unlock(&pci_registry_lock);
}

bool pci_contain_take(struct pci_function *f)
{
	struct pci_function *m = f->contain.claimed;

	if (m) {
		/* Once it is broken another CPU may retry it: not to be looked at again. */
		f->contain.claimed = m->contain.next;
		(void)lend_take_away(m, -EIO, false); /* in m->state */
	}
	return f->contain.claimed == NULL;
}
