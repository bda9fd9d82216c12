/* SPDX-License-Identifier: BSD-2-Clause */
/* VFs go, in steps: from their owner or out of quarantine, from its bus, from the registry. */
#include "core/log.h"
#include "iommu/iommu.h"
#include "irq/vits.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"
#include "vpci/vfs.h"

/* Events unmapped by a step. */
#define ROUTES_A_SLICE 8U

struct claim {
	bool used;   /* its owner uses it */
	bool broken; /* and its stream may be open */
	bool shared; /* another function has its stream */
};

/* State RESETTING claims it. False: not yet, it is being reset. */
static bool claim(struct pci_function *f, struct claim *c)
{
	bool free = true;

	spin_lock(&pci_registry_lock);
	c->used = f->state == FUNCTION_OWNED;
	c->broken = f->state == FUNCTION_BROKEN;
	if (f->state == FUNCTION_LENT || f->state == FUNCTION_RESETTING ||
	    pci_reset_active(&f->reset)) {
		/* What does not come back soon is not waited for: it is going away. */
		__atomic_store_n(&f->reset.budget_ms, PCI_RESET_SLOW_MS, __ATOMIC_RELAXED);
		free = false;
	} else {
		lend_unprepare(f);
		pci_function_set_state(f, FUNCTION_RESETTING);
		f->cut_off = true; /* cut() follows: whoever has its stream does not wait for it */
	}
	c->shared = lend_stream_shared(f);
	spin_unlock(&pci_registry_lock);
	return free;
}

/* Off the bus, and cut off from its owner if it was the owner's. Its stream is the next one's. */
static void cut(struct vpci_vfs *v, struct pci_function *f, const struct claim *c)
{
	struct vpci_function *vf = vpci_vfs_owners(v, v->next);
	int r = 0;

	if (vf) {
		vpci_bus_withdraw(vf);
		r = c->used ? lend_cut_off(vf, c->shared) : 0;
	}
	if (c->broken && pci_state_translated(f) && !c->shared) {
		r = iommu_abort(f->iommu, f->stream);
	}
	if (r) {
		log_error("pci", SBDF_FMT ": %s", SBDF_ARG(f->sbdf), lend_stream_open);
	}
	v->going = vf;
	v->cut = true;
}

/* Out of the registry. */
static void remove(struct vpci_vfs *v, struct pci_function *f)
{
	struct vpci_function *vf = v->going;

	v->cut = false;
	v->going = NULL;
	spin_lock(&pci_registry_lock);
	pci_function_set_state(f, FUNCTION_ABSENT);
	lend_end_use(f);
	f->name[0] = '\0';
	f->quirks = 0;
	spin_unlock(&pci_registry_lock);
	if (vf) {
		vpci_function_free(vf);
	}
}

enum job_status vpci_vfs_take(struct vpci_vfs *v)
{
	struct pci_function *pf = v->vf->function;
	struct pci_function *f = pci_vf_find(pf, v->next);
	struct claim c;

	if (v->next < pf->sriov.count) {
		if (f && !v->cut) {
			if (!claim(f, &c)) {
				return JOB_WAIT;
			}
			cut(v, f, &c);
		}
		if (v->going && !lend_routes_follow(v->going, ROUTES_A_SLICE)) {
			return JOB_MORE;
		}
		if (f) {
			remove(v, f);
		}
		v->next++;
		return JOB_MORE;
	}
	pci_vfs_turn_off(pf);
	spin_lock(&pf->lock);
	pci_vfs_set_state(pf, PCI_VFS_OFF);
	__atomic_store_n(&pf->sriov.count, 0, __ATOMIC_RELAXED);
	vpci_vfs_hold(v->vf, VPCI_HOLD_VFS, false);
	spin_unlock(&pf->lock);
	log_info("pci", SBDF_FMT ": virtual functions disabled", SBDF_ARG(pf->sbdf));
	return JOB_DONE;
}
