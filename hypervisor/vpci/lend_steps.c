/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps transitions are made of: opening a function to a user, showing it, cutting it off. */
#include "iommu/iommu.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/vfs.h"
#include "vpci/vpci_msix.h"
#include "vpci/vpci_vectors.h"
#include "vpci/work.h"

bool lend_stream_shared(const struct pci_function *f)
{
	const struct pci_function *m;

	for (m = pci_function_first(); m; m = m->next) {
		if (m != f && pci_same_stream(f, m) && m->vpci &&
		    (m->state == FUNCTION_OWNED || m->state == FUNCTION_LENT)) {
			return true;
		}
	}
	return false;
}

static uint32_t event_count(const struct pci_function *f)
{
	return MAX(f->msix.cap ? f->msix.entries : 0U, f->msi.cap ? f->msi.vectors : 0U);
}

/*
 * Behind a bridge to conventional PCI the owner, who sees that bridge, names its interrupts by the
 * bridge's requester ID, which is no function of its own: pins it is. A guest sees the function
 * itself.
 */
static bool named_by_itself(const struct pci_function *f, enum vpci_view view)
{
	return view == VPCI_VIEW_GUEST || f->requester == SBDF_RID(f->sbdf);
}

/*
 * Its messages can be told from others' by vectors: the domain has some, and the function reaches the
 * doorbell. That of the domain's own controller is mapped for it; what a bridge takes itself needs no
 * mapping.
 */
static bool can_have_vectors(const struct pci_function *f, const struct domain *d)
{
	const struct msi_controller *c = f->msi_controller;

	return c && d->vpci->msi && (c == d->vpci->msi || c->doorbell.v == 0) &&
	       f->header_type == 0 && event_count(f) != 0;
}

static void drop_vectors(struct vpci_function *vf)
{
	vf->msi_count = 0;
	vpci_vectors_destroy(vf);
	vpci_msix_destroy(vf);
}

int lend_let_in(struct vpci_function *vf, enum vpci_view view, const uint64_t bars[PCI_BARS])
{
	struct pci_function *f = vf->function;
	struct domain *d = vf->domain;
	struct vpci_build build = { .view = view, .function = f };
	struct vpci_image image;
	int r = 0;

	/* What it takes for memory would be someone else's. */
	if (f->header_type == 0 && !pci_state_translated(f) && !d->direct && !d->unprotected_dma) {
		return -EACCES;
	}
	vpci_function_image(f, &image);
	build.image = &image;
	memcpy(build.bars, bars, sizeof(build.bars));
	/* MSIs need no trap where the ITS knows the sender and its doorbell page is in reach. */
	if (f->header_type == 0 && f->its && f->its == d->vpci->its && event_count(f) != 0 &&
	    named_by_itself(f, view) && (pci_state_translated(f) || d->direct)) {
		r = its_device_map(f->its, f->device_id, event_count(f), &f->meter, &f->itt);
		if (r) {
			f->itt = NULL;
		}
		/* Behind an aliasing bridge the DeviceID is another's already: no MSI, still DMA. */
		if (r && r != -EBUSY) {
			return r;
		}
	}
	if (can_have_vectors(f, d) && vpci_vectors_create(vf) == 0) {
		build.msi_trapped = f->msi.cap != 0;
		build.msix_trapped = vpci_msix_trapped(f) && vpci_msix_create(vf) == 0;
	}
	/* A bridge's own MSI block is its owner's to use, where its driver has it. */
	build.msi = f->itt != NULL || (f->bridge->owner_driven && vpci_view_is_owners(view));
	build.behind_port = vf->slot != NULL;
	build.intx = view == VPCI_VIEW_GUEST && vpci_intx_vintid(vf, true) != 0;
	r = vpci_build(&vf->shadow, &build);
	/* A bridge's stream stays shut: its MSIs are hidden, so it has nothing to say. */
	if (r == 0 && f->header_type == 0 && pci_state_translated(f) && !lend_stream_shared(f)) {
		r = iommu_attach(f->iommu, f->stream, &d->p2m);
	}
	if (r && f->itt) {
		its_device_unmap(f->itt);
		f->itt = NULL;
	}
	if (r) {
		drop_vectors(vf);
	}
	return r;
}

void lend_begin_use(struct vpci_function *vf, enum function_state state)
{
	struct pci_function *f = vf->function;

	pci_function_set_state(f, state);
	f->owner_ended = false;
	f->user = vf->domain->id;
	f->user_view = vf->where;
	f->vpci = vf;
	__atomic_store_n(&vf->itt, f->itt, __ATOMIC_RELEASE);
	__atomic_store_n(&f->vectors, vf->vectors, __ATOMIC_RELEASE);
	if (f->itt) {
		lend_routes_come(vf);
	}
	vpci_intx_join(vf);
}

int lend_show_identity(struct vpci_function *vf)
{
	const struct pci_function *f = vf->function;
	struct vpci_image image = { .ext_count = 0 };
	struct vpci_build build = { .view = VPCI_VIEW_IDENTITY, .function = f, .image = &image };

	image.regs[0x00 / 4] = f->pf ? ~0U : f->vendor | (uint32_t)f->device << 16;
	image.regs[0x08 / 4] = f->revision | f->class_code << 8;
	image.regs[0x0c / 4] = (f->header_type | (f->multifunction ? 0x80U : 0U)) << 16;
	image.regs[0x2c / 4] = f->subsystem_vendor | (uint32_t)f->subsystem << 16;
	return vpci_build(&vf->shadow, &build);
}

enum vpci_view lend_owners_view(const struct pci_function *f)
{
	if (f->header_type == 1) {
		return VPCI_VIEW_BRIDGE;
	}
	return f->pf ? VPCI_VIEW_VF : VPCI_VIEW_OWNER;
}

int lend_show_to_owner(struct vpci_function *vf)
{
	const struct pci_function *f = vf->function;
	uint64_t bars[PCI_BARS];
	int r;

	for (uint32_t i = 0; i < PCI_BARS; i++) {
		bars[i] = f->bars[i].address;
	}
	r = lend_let_in(vf, lend_owners_view(f), bars);
	if (vf->vfs) {
		vpci_vfs_hold_again(vf);
	}
	return r;
}

int lend_cut_off(struct vpci_function *vf, bool shared)
{
	struct pci_function *f = vf->function;
	int r = 0;

	vpci_intx_leave(vf);
	spin_lock(&f->lock);
	vpci_work_unmap_all(vf);
	/* Under a reset it is quiet already, and not to be spoken to. */
	if (!pci_reset_active(&f->reset)) {
		pci_quiesce(f);
		/*
		 * No stream to shut: it is off the bus, and an answer comes behind what it had posted
		 * before (PCIe 6.0 2.4.1), so its last DMA is in memory now.
		 */
		if (!pci_state_translated(f)) {
			(void)pci_read(f, PCI_COMMAND, 2);
		}
	}
	spin_unlock(&f->lock);
	if (pci_state_translated(f) && !shared) {
		r = iommu_abort(f->iommu, f->stream);
	}
	__atomic_store_n(&vf->itt, NULL, __ATOMIC_RELEASE);
	spin_lock(&f->lock);
	drop_vectors(vf);
	spin_unlock(&f->lock);
	return r;
}

void lend_drop_itt(struct pci_function *f)
{
	struct its_device *itt;

	spin_lock(&f->lock);
	itt = f->itt;
	f->itt = NULL;
	spin_unlock(&f->lock);
	if (itt) {
		its_device_unmap(itt);
	}
}

bool lend_routes_follow(struct vpci_function *vf, uint32_t max)
{
	/* Looked at first: what the vITS does after that is at least as new. */
	bool leaving = __atomic_load_n(&vf->itt, __ATOMIC_ACQUIRE) == NULL;

	/*
	 * Without an ITT too: it waits for a vITS that may be looking at vf. Behind a port the guest
	 * says which requester it is, and may have said something else before.
	 */
	if (vf->slot ? !vits_devices_update(vf->domain, max)
		     : !vits_device_update(vf->domain, vpci_device_id(vf->where), max)) {
		return false;
	}
	if (leaving) {
		lend_drop_itt(vf->function);
	}
	return true;
}
