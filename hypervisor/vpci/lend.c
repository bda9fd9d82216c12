/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function's way from user to user. The order of steps is the safety argument: on the way in a
 * function can do nothing until all is set; on the way out it is cut off before its user's memory
 * or interrupts can be anyone else's. State RESETTING is the claim that keeps others away while the
 * registry lock is not held. A failure ends where it began, in quarantine, or broken.
 */
#include "core/heap.h"
#include "core/log.h"
#include "iommu/iommu.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/registry.h"
#include "vpci/exec.h"
#include "vpci/lend.h"

#define VSLOTS 32U

static bool translated(const struct pci_function *f)
{
	return f->iommu && f->iommu->usable;
}

static uint32_t event_count(const struct pci_function *f)
{
	return MAX(f->msix.cap ? f->msix.entries : 0U, f->msi.cap ? f->msi.vectors : 0U);
}

/*
 * Registry and function lock held, or f is not visible yet. From ITT over config space to the
 * stream: when the last step is done f may be told to read and write d's memory. On failure
 * nothing is left open; the caller shows what it showed before.
 */
static int let_in(struct vpci_function *vf, enum vpci_view view, const uint64_t bars[PCI_BARS])
{
	struct pci_function *f = vf->function;
	struct domain *d = vf->domain;
	struct vpci_build build = { .view = view, .function = f };
	struct vpci_image image;
	int r = 0;

	vpci_exec_image(f, &image);
	build.image = &image;
	memcpy(build.bars, bars, sizeof(build.bars));
	/* MSIs need no trap where the ITS knows the sender and its doorbell page is in reach. */
	if (f->header_type == 0 && f->its && f->its == d->vpci->its && event_count(f) != 0 &&
	    (translated(f) || d->direct)) {
		r = its_device_map(f->its, f->device_id, event_count(f), &f->itt);
		if (r) {
			f->itt = NULL;
			return r;
		}
	}
	build.msi = f->itt != NULL;
	r = vpci_build(&vf->shadow, &build);
	/* A bridge's stream stays shut: its MSIs are hidden, so it has nothing to say. */
	if (r == 0 && f->header_type == 0 && translated(f)) {
		r = iommu_attach(f->iommu, f->stream, &d->p2m);
	}
	if (r && f->itt) {
		its_device_unmap(f->itt);
		f->itt = NULL;
	}
	return r;
}

/* Registry lock held; let_in() went well and vf is in its bus. */
static void begin_use(struct vpci_function *vf, enum function_state state)
{
	struct pci_function *f = vf->function;

	f->state = state;
	f->user = vf->domain->id;
	f->user_view = vf->where;
	f->vpci = vf;
	__atomic_store_n(&vf->itt, f->itt, __ATOMIC_RELEASE);
	if (f->itt) {
		vits_device_here(vf->domain, vpci_device_id(vf->where));
	}
}

/* From what the books say: a function under reset, or someone else's, is not asked. */
static int show_identity(struct vpci_function *vf)
{
	const struct pci_function *f = vf->function;
	struct vpci_image image = { .ext_count = 0 };
	struct vpci_build build = { .view = VPCI_VIEW_IDENTITY, .function = f, .image = &image };

	image.regs[0x00 / 4] = f->vendor | (uint32_t)f->device << 16;
	image.regs[0x08 / 4] = f->revision | f->class_code << 8;
	image.regs[0x0c / 4] = (f->header_type | (f->multifunction ? 0x80U : 0U)) << 16;
	image.regs[0x2c / 4] = f->subsystem_vendor | (uint32_t)f->subsystem << 16;
	return vpci_build(&vf->shadow, &build);
}

static int show_to_owner(struct vpci_function *vf)
{
	const struct pci_function *f = vf->function;
	uint64_t bars[PCI_BARS];

	for (uint32_t i = 0; i < PCI_BARS; i++) {
		bars[i] = f->bars[i].address;
	}
	return let_in(vf, f->header_type == 1 ? VPCI_VIEW_BRIDGE : VPCI_VIEW_OWNER, bars);
}

/*
 * State RESETTING, no lock held, vf no longer answers for its user. Goes on past errors. -EIO: the
 * IOMMU did not confirm, f must not be used again.
 */
static int cut_off(struct vpci_function *vf)
{
	struct pci_function *f = vf->function;
	int r = 0;

	spin_lock(&f->lock);
	vpci_exec_unmap_all(vf);
	pci_quiesce(f);
	spin_unlock(&f->lock);
	if (translated(f)) {
		r = iommu_abort(f->iommu, f->stream);
	}
	__atomic_store_n(&vf->itt, NULL, __ATOMIC_RELEASE);
	if (f->itt) {
		vits_device_gone(vf->domain, vpci_device_id(vf->where));
		its_device_unmap(f->itt);
		f->itt = NULL;
	}
	return r;
}

static void set_broken(struct pci_function *f, const char *why)
{
	f->state = FUNCTION_BROKEN;
	if (!f->broken_why) {
		f->broken_why = why;
	}
	log_error("pci", SBDF_FMT ": broken: %s", SBDF_ARG(f->sbdf), f->broken_why);
}

static void reset_done(struct pci_function *f, int error, void *arg)
{
	(void)arg;
	spin_lock(&pci_registry_lock);
	if (error) {
		set_broken(f, "reset failed");
	} else {
		f->state = FUNCTION_QUARANTINED;
		log_info("pci", SBDF_FMT ": in quarantine", SBDF_ARG(f->sbdf));
	}
	spin_unlock(&pci_registry_lock);
}

/* What is left of every way out once f is cut off: nobody's, then reset. */
static int enter_quarantine(struct pci_function *f, int cut_error)
{
	int r = cut_error;

	spin_lock(&pci_registry_lock);
	f->user = DOMAIN_ID_NONE;
	f->vpci = NULL;
	if (r) {
		set_broken(f, "its IOMMU did not confirm that the stream is shut");
	}
	spin_unlock(&pci_registry_lock);
	if (r) {
		return r;
	}
	r = pci_reset_start(f, reset_done, NULL);
	if (r) {
		spin_lock(&pci_registry_lock);
		set_broken(f, "reset could not start");
		spin_unlock(&pci_registry_lock);
	}
	return r;
}

/* State RESETTING: take f from its user, whichever kind that is. */
static int take_away(struct pci_function *f)
{
	struct vpci_function *vf = f->vpci;
	bool owner = vf->view == VPCI_VIEW_OWNER;
	int r;

	if (owner) {
		spin_lock(&f->lock);
		show_identity(vf);
		spin_unlock(&f->lock);
	} else {
		vpci_bus_withdraw(vf);
	}
	r = cut_off(vf);
	if (!owner) {
		vpci_exec_free(vf);
	}
	return enter_quarantine(f, r);
}

int lend_quarantine(struct pci_function *f, const char *name)
{
	int r;

	spin_lock(&pci_registry_lock);
	r = pci_state_can_quarantine(f);
	if (r == 0 && !f->vpci) {
		r = -EINVAL;
	}
	if (r == 0) {
		f->state = FUNCTION_RESETTING;
		str_copy(f->name, name, sizeof(f->name));
	}
	spin_unlock(&pci_registry_lock);
	return r ? r : take_away(f);
}

int lend_detach(struct pci_function *f)
{
	int r = 0;

	spin_lock(&pci_registry_lock);
	if (f->state != FUNCTION_LENT) {
		r = -EINVAL;
	} else {
		f->state = FUNCTION_RESETTING;
	}
	spin_unlock(&pci_registry_lock);
	return r ? r : take_away(f);
}

int lend_return_to_owner(struct pci_function *f)
{
	struct domain *owner;
	struct vpci_function *vf;
	int r;

	spin_lock(&pci_registry_lock);
	r = pci_state_can_return(f, pci_function_first(), f->bridge->owner);
	if (r) {
		goto out;
	}
	owner = domain_by_id(f->bridge->owner);
	vf = owner && owner->vpci && owner->state != DOMAIN_DYING
		     ? vpci_bus_peek(owner, (struct vsbdf){ f->sbdf.v })
		     : NULL;
	if (!vf) {
		r = -ENODEV;
		goto out;
	}
	spin_lock(&f->lock);
	r = vpci_exec_busy(vf) ? -EBUSY : show_to_owner(vf);
	if (r == 0) {
		vf->view = VPCI_VIEW_OWNER;
	} else if (r != -EBUSY) {
		show_identity(vf);
	}
	spin_unlock(&f->lock);
	if (r == 0) {
		begin_use(vf, FUNCTION_OWNED);
		f->name[0] = '\0';
	}
out:
	spin_unlock(&pci_registry_lock);
	return r;
}

int lend_owner_begin(struct domain *d, struct vpci_segment *seg, struct pci_function *f)
{
	struct vpci_function *vf = vpci_exec_alloc(d, seg, f, (struct vsbdf){ f->sbdf.v });
	int r;

	if (!vf) {
		return -ENOMEM;
	}
	vf->view = f->header_type == 1 ? VPCI_VIEW_BRIDGE : VPCI_VIEW_OWNER;
	spin_lock(&pci_registry_lock);
	r = show_identity(vf);
	if (r == 0) {
		r = vpci_bus_publish(vf);
	}
	if (r) {
		vpci_exec_free(vf);
		goto out;
	}
	if (f->state == FUNCTION_BROKEN) {
		goto out;
	}
	r = show_to_owner(vf);
	if (r == 0) {
		begin_use(vf, FUNCTION_OWNED);
	} else if (r != -ENOMEM) {
		set_broken(f, "could not be given to its bridge's owner");
		r = show_identity(vf);
	}
out:
	spin_unlock(&pci_registry_lock);
	return r;
}

/* Registry lock held. PCI bus addresses the domain's functions have in their BARs right now. */
static void collect_bars(struct vpci_segment *seg, struct rangeset *used)
{
	for (uint32_t slot = 0; slot < VSLOTS; slot++) {
		struct vpci_function *vf =
			vpci_bus_peek(seg->domain, vsbdf_make(seg->number, 0, slot, 0));

		if (!vf) {
			continue;
		}
		spin_lock(&vf->function->lock);
		for (uint32_t i = 0; i < PCI_BARS; i++) {
			const struct pci_bar *bar = &vf->function->bars[i];

			/* A value the guest made nonsense of is refused by the set and in nobody's way. */
			if (vpci_bar_usable(bar)) {
				(void)rangeset_add(used,
						   vpci_shadow_bar(&vf->shadow, i, bar->kind),
						   vpci_bar_size(bar));
			}
		}
		spin_unlock(&vf->function->lock);
	}
}

static int place(struct vpci_segment *seg, const struct pci_function *f, uint64_t bars[PCI_BARS])
{
	struct range *storage = heap_alloc(VPCI_PLACED_MAX * sizeof(*storage));
	struct rangeset used;
	int r;

	if (!storage) {
		return -ENOMEM;
	}
	rangeset_init(&used, storage, VPCI_PLACED_MAX);
	collect_bars(seg, &used);
	r = vpci_place_function(seg->apertures, seg->aperture_count, &used, f, bars);
	heap_free(storage);
	return r;
}

/* Registry lock held. Slot 0 is where a guest expects its host bridge. */
static int choose_slot(struct vpci_segment *seg, uint32_t vslot, struct vsbdf *out)
{
	uint32_t slot = vslot ? vslot : 1;
	uint32_t last = vslot ? vslot : VSLOTS - 1;

	for (; slot < VSLOTS && slot <= last; slot++) {
		*out = vsbdf_make(seg->number, 0, slot, 0);
		if (!vpci_bus_peek(seg->domain, *out)) {
			return 0;
		}
	}
	return vslot ? -EBUSY : -ENOSPC;
}

/* Registry lock held; every condition holds. */
static int lend(struct domain *d, struct pci_function *f, struct vsbdf where)
{
	struct vpci_segment *seg = d->vpci->segments;
	struct vpci_function *vf = vpci_exec_alloc(d, seg, f, where);
	uint64_t bars[PCI_BARS];
	int r;

	if (!vf) {
		return -ENOMEM;
	}
	vf->view = VPCI_VIEW_GUEST;
	r = place(seg, f, bars);
	if (r == 0) {
		r = iommu_abort(f->iommu, f->stream);
	}
	if (r == 0) {
		r = let_in(vf, VPCI_VIEW_GUEST, bars);
	}
	if (r) {
		goto free;
	}
	r = vpci_bus_publish(vf);
	if (r) {
		goto cut;
	}
	begin_use(vf, FUNCTION_LENT);
	f->lent_once = true;
	return 0;
cut:
	if (cut_off(vf)) {
		set_broken(f, "its IOMMU did not confirm that the stream is shut");
	}
free:
	vpci_exec_free(vf);
	return r;
}

int lend_attach(struct domain *d, struct pci_function *f, uint32_t vslot, struct vsbdf *out)
{
	int r;

	if (vslot >= VSLOTS || d->control || !d->vpci || !d->vpci->segments) {
		return -EINVAL;
	}
	spin_lock(&pci_registry_lock);
	/* A dying domain is marked before lend_reclaim_all() takes this lock. */
	r = d->state == DOMAIN_DYING
		    ? -EINVAL
		    : pci_state_can_lend(f, pci_function_first(), d->id, false);
	if (r == 0 && !translated(f)) {
		r = -EACCES;
	}
	if (r == 0) {
		r = choose_slot(d->vpci->segments, vslot, out);
	}
	if (r == 0) {
		r = lend(d, f, *out);
	}
	if (r == 0) {
		log_info("pci", SBDF_FMT ": lent to d%u %s as " SBDF_FMT, SBDF_ARG(f->sbdf), d->id,
			 d->name, SBDF_ARG(*out));
	}
	spin_unlock(&pci_registry_lock);
	return r;
}

/*
 * The next function that has d as user. *claimed: it was ours to take; otherwise another CPU is
 * taking it away this moment and clears f->user when its DMA has stopped.
 */
static struct pci_function *claim_next(const struct domain *d, bool *claimed)
{
	struct pci_function *f;

	spin_lock(&pci_registry_lock);
	for (f = pci_function_first(); f; f = f->next) {
		if (f->user == d->id && f->header_type == 0 && f->vpci) {
			*claimed = f->state == FUNCTION_LENT || f->state == FUNCTION_OWNED;
			if (*claimed) {
				f->state = FUNCTION_RESETTING;
			}
			break;
		}
	}
	spin_unlock(&pci_registry_lock);
	return f;
}

void lend_reclaim_all(struct domain *d)
{
	struct pci_function *f;
	bool claimed;

	while ((f = claim_next(d, &claimed)) != NULL) {
		if (claimed) {
			(void)take_away(f); /* its outcome is in f->state */
		}
	}
}
