/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function's way from user to user; lend_leave.c is the way out. The order of steps is the safety
 * argument: on the way in a function can do nothing until all is set; on the way out it is cut off
 * before its user's memory or interrupts can be anyone else's. State RESETTING is the claim that
 * keeps others away while the registry lock is not held. A failure ends where it began, in
 * quarantine, or broken.
 */
#include "core/log.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"
#include "vpci/ports.h"
#include "vpci/vfs.h"
#include "vpci/work.h"

const char lend_stream_open[] = "its IOMMU did not confirm that the stream is shut";

void lend_set_broken(struct pci_function *f, const char *why)
{
	lend_unprepare(f);
	pci_function_set_state(f, FUNCTION_BROKEN);
	if (!f->broken_why) {
		f->broken_why = why;
	}
	/* That it is gone was said. */
	if (!pci_function_gone(f)) {
		log_error("pci", SBDF_FMT ": broken: %s", SBDF_ARG(f->sbdf), f->broken_why);
	}
}

/* A VF that is the owner's is mapped as long as VF MSE is set; nothing else asks for it. */
static void decode_as_pf_says(struct vpci_function *vf)
{
	spin_lock(&vf->function->lock);
	if (vf->view == VPCI_VIEW_VF && vf->pf_decode) {
		vpci_work_decode(vf, true);
	}
	spin_unlock(&vf->function->lock);
}

int lend_quarantine(struct pci_function *f, const char *name)
{
	bool nobodys, vfs = false;
	int r;

	spin_lock(&pci_registry_lock);
	/* A broken one, or one below a bridge without owner. */
	nobodys = f->state == FUNCTION_BROKEN || !f->vpci;
	r = pci_state_can_quarantine(f);
	if (r == 0 && pci_vfs_state(f) != PCI_VFS_OFF) {
		r = vpci_vfs_leave_for_retry(f);
		vfs = true;
	}
	if (r == 0) {
		pci_function_set_state(f, FUNCTION_RESETTING);
		f->broken_why = NULL;
		str_copy(f->name, name, sizeof(f->name));
	}
	spin_unlock(&pci_registry_lock);
	if (r) {
		return r;
	}
	if (vfs) {
		return 0; /* lend_retry() follows when they are gone */
	}
	return nobodys ? lend_retry(f) : lend_take_away(f, 0, false);
}

/*
 * State RESETTING claims f for someone who takes it away; then it is not the user's any more and
 * vf may be gone.
 */
void lend_user_reset_done(struct pci_function *f, int error, void *arg)
{
	bool lost = false;

	(void)arg;
	spin_lock(&pci_registry_lock);
	if ((f->state == FUNCTION_LENT || f->state == FUNCTION_OWNED) && f->vpci &&
	    f->vpci->away) {
		lost = error != 0;
		if (lost) {
			pci_function_set_state(f, FUNCTION_RESETTING);
		} else {
			spin_lock(&f->lock);
			vpci_work_reset_over(f->vpci);
			vpci_intx_update(f->vpci);
			spin_unlock(&f->lock);
			decode_as_pf_says(f->vpci);
		}
	}
	spin_unlock(&pci_registry_lock);
	if (lost) {
		(void)lend_take_away(f, error, false); /* its outcome is in f->state */
	}
}

int lend_detach(struct pci_function *f)
{
	int r = 0;

	spin_lock(&pci_registry_lock);
	if (f->state != FUNCTION_LENT) {
		r = -EINVAL;
	} else {
		pci_function_set_state(f, FUNCTION_RESETTING);
	}
	spin_unlock(&pci_registry_lock);
	return r ? r : lend_take_away(f, 0, false);
}

int lend_return_step(struct pci_function *f)
{
	struct domain *owner;
	struct vpci_function *vf;
	int r;

	spin_lock(&pci_registry_lock);
	r = pci_state_can_return(f, f->bridge->owner);
	if (r) {
		goto out;
	}
	owner = domain_by_id(f->bridge->owner);
	vf = owner && owner->vpci && !domain_is_dying(owner)
		     ? vpci_bus_peek(owner, (struct vsbdf){ f->sbdf.v })
		     : NULL;
	if (!vf) {
		r = -ENODEV;
		goto out;
	}
	r = lend_prepare(owner, f, lend_owners_view(f), NULL, vf->where);
	if (r) {
		goto out;
	}
	spin_lock(&f->lock);
	r = vpci_work_busy(vf) ? -EBUSY : lend_show_to_owner(vf);
	if (r == 0) {
		vf->view = lend_owners_view(f);
	} else if (r != -EBUSY) {
		lend_show_identity(vf);
	}
	spin_unlock(&f->lock);
	if (r == 0) {
		lend_begin_use(vf, FUNCTION_OWNED);
		f->name[0] = '\0';
		f->quirks = 0;
		lend_rom_drop(f);
		decode_as_pf_says(vf);
	}
out:
	spin_unlock(&pci_registry_lock);
	return r;
}

/* On d's bus: who it is, and nothing of its own. */
static int show(struct domain *d, struct vpci_segment *seg, struct pci_function *f)
{
	struct vpci_function *vf = vpci_function_alloc(d, seg, f, (struct vsbdf){ f->sbdf.v });
	int r;

	if (!vf) {
		return -ENOMEM;
	}
	vf->view = lend_owners_view(f);
	if (f->sriov.total != 0) {
		vf->vfs = vpci_vfs_alloc(vf);
		if (!vf->vfs) {
			vpci_function_free(vf);
			return -ENOMEM;
		}
	}
	r = lend_show_identity(vf);
	if (r == 0) {
		r = vpci_bus_publish(vf);
	}
	if (r) {
		vpci_function_free(vf);
	}
	return r;
}

int lend_owner_begin(struct domain *d, struct vpci_segment *seg, struct pci_function *f)
{
	struct vpci_function *vf = vpci_bus_peek(d, (struct vsbdf){ f->sbdf.v });
	int r;

	/* A slot's device that went, or came while d was being built and is d's already. */
	if (pci_function_gone(f) || (vf && f->vpci)) {
		return 0;
	}
	if (!vf) {
		r = show(d, seg, f);
		return r ? r : -EAGAIN;
	}
	/* Broken; or in quarantine, or a guest's, since an owner before d; or a VF that went. */
	if (f->state != FUNCTION_OWNED && (f->state != FUNCTION_ABSENT || f->pf)) {
		return 0;
	}
	r = lend_prepare(d, f, vf->view, NULL, vf->where);
	if (r == -EAGAIN) {
		return r;
	}
	if (r == 0) {
		spin_lock(&f->lock);
		r = lend_show_to_owner(vf);
		spin_unlock(&f->lock);
	}
	if (r == 0) {
		lend_begin_use(vf, FUNCTION_OWNED);
	} else if (r != -ENOMEM) {
		lend_set_broken(f, "could not be given to its bridge's owner");
		r = lend_show_identity(vf);
	}
	return r;
}

/* Registry lock held; every condition holds. f->quirks is what its config space is built with. */
static int lend(struct domain *d, struct pci_function *f, struct vsbdf where,
		struct vpci_slot *slot)
{
	struct vpci_function *vf = vpci_function_alloc(d, d->vpci->segments, f, where);
	int r;

	if (!vf) {
		return -ENOMEM;
	}
	vf->view = VPCI_VIEW_GUEST;
	vf->slot = slot;
	r = vpci_vfs_borrow(f);
	if (r) {
		goto free;
	}
	if (pci_state_translated(f) && !lend_stream_shared(f)) {
		r = iommu_abort(f->iommu, f->stream);
	}
	if (r == 0) {
		r = lend_let_in(vf, VPCI_VIEW_GUEST);
	}
	if (r) {
		goto give_back;
	}
	r = vpci_bus_publish(vf);
	if (r) {
		goto cut;
	}
	lend_begin_use(vf, FUNCTION_LENT);
	f->lent_once = true;
	if (slot) {
		vpci_slot_filled(vf);
	}
	return 0;
cut:
	if (lend_cut_off(vf, lend_stream_shared(f))) {
		lend_set_broken(f, lend_stream_open);
	}
	lend_drop_itt(f);
	lend_leave(f);
	lend_unsay(f);
give_back:
	vpci_vfs_give_back(f);
free:
	vpci_function_free(vf);
	return r;
}

/* Never silent: what a quirk or unprotected_dma allows is written down with each lend. */
static void log_lent(const struct pci_function *f, const struct domain *d, struct vsbdf where)
{
	log_info("pci", SBDF_FMT ": lent to d%u %s as " SBDF_FMT "%s%s%s", SBDF_ARG(f->sbdf), d->id,
		 d->name, SBDF_ARG(where),
		 f->quirks & PCI_QUIRK_NO_RESET ? ", quirk no-reset" : "",
		 f->quirks & PCI_QUIRK_ALLOW_GAP ? ", quirk allow-gap" : "",
		 pci_state_translated(f) ? "" : ", not isolated");
}

int lend_bus_state(struct domain *d)
{
	bool coming = job_active(&d->populate); /* before the rest is looked at */
	const struct vpci *vpci = __atomic_load_n(&d->vpci, __ATOMIC_ACQUIRE);

	if (vpci && __atomic_load_n(&vpci->complete, __ATOMIC_ACQUIRE)) {
		return 0;
	}
	return coming ? -EAGAIN : -ENOMEM;
}

int lend_attach_step(struct domain *d, struct pci_function *f, const struct lend_options *options,
		     struct vsbdf *out)
{
	struct vpci_slot *slot = NULL;
	uint32_t last_quirks;
	int r;

	if (options->vslot >= VPCI_SLOTS || (options->quirks & ~PCI_QUIRKS) || d->control ||
	    d->drives) {
		return -EINVAL;
	}
	r = domain_is_dying(d) ? -EINVAL : lend_bus_state(d);
	if (r) {
		return r;
	}
	spin_lock(&pci_registry_lock);
	/* A dying domain is marked before lend_reclaim() takes this lock. */
	r = domain_is_dying(d)
		    ? -EINVAL
		    : pci_state_can_lend(f, d->id, options->quirks, d->unprotected_dma);
	if (r == 0 && options->rom && f->lent_rom.size == 0) {
		r = -EINVAL;
	}
	/* Its driver knows no limit: what it does not reach would be lost, or land elsewhere. */
	if (r == 0 && pci_state_reach(f->bridge, d->ram_base.v) < d->ram_size) {
		r = -ERANGE;
	}
	if (r == 0) {
		r = lend_choose_slot(d->vpci->segments, f, options->vslot, out, &slot);
	}
	if (r) {
		goto out;
	}
	if (!options->rom) {
		lend_rom_drop(f);
	}
	last_quirks = f->quirks;
	f->quirks = options->quirks;
	r = lend_prepare(d, f, VPCI_VIEW_GUEST, slot, *out);
	if (r == 0 && !f->prepared->said) {
		/* A part like the others, for a line takes its time; and nothing is lent unsaid. */
		log_lent(f, d, *out);
		f->prepared->said = true;
		r = -EAGAIN;
	}
	if (r == 0) {
		r = lend(d, f, *out, slot);
	}
	if (r) {
		f->quirks = last_quirks;
	}
	if (r && r != -EAGAIN) {
		lend_unprepare(f);
	}
out:
	spin_unlock(&pci_registry_lock);
	return r;
}
