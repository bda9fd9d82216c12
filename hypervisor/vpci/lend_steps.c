/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps transitions are made of: opening a function to a user, showing it, cutting it off. */
#include "core/heap.h"
#include "iommu/iommu.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"
#include "vpci/vfs.h"
#include "vpci/vpci_msix.h"
#include "vpci/vpci_vectors.h"
#include "vpci/work.h"

bool lend_stream_shared(const struct pci_function *f)
{
	const struct pci_function *m;

	for (m = pci_group_next(f); m != f; m = pci_group_next(m)) {
		if (pci_same_stream(f, m) && m->vpci &&
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
 * Its messages can be told from others' by vectors: the domain has some, and the function reaches
 * the doorbell. That of the domain's own controller is mapped for it; what a bridge takes itself
 * needs no mapping.
 */
bool lend_takes_vectors(const struct pci_function *f, const struct domain *d)
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

int lend_map_itt(struct domain *d, struct pci_function *f, enum vpci_view view)
{
	struct its_device *itt = NULL;
	int r = 0;

	/* MSIs need no trap where the ITS knows the sender and its doorbell page is in reach. */
	if (f->header_type == 0 && f->its && f->its == d->vpci->its && event_count(f) != 0 &&
	    named_by_itself(f, view) && (pci_state_translated(f) || d->direct)) {
		r = its_device_map(f->its, f->device_id, event_count(f), &f->meter, &itt);
		/* It comes under no lock of f's: its last user's storm may still be under way. */
		if (r == 0) {
			__atomic_store_n(&f->itt, itt, __ATOMIC_RELEASE);
		}
	}
	/* Behind an aliasing bridge the DeviceID is another's already: no MSI, still DMA. */
	return r == -EBUSY ? 0 : r;
}

int lend_build(struct lend_prepared *p, const struct pci_function *f, bool msi_trapped,
	       bool msix_trapped)
{
	struct vpci_build build = {
		.view = p->view,
		.function = f,
		.image = &p->image,
		/* A bridge's own MSI block is its owner's to use, where its driver has it. */
		.msi = f->itt || (f->bridge->owner_driven && vpci_view_is_owners(p->view)),
		.msi_trapped = msi_trapped,
		.msix_trapped = msix_trapped,
		.behind_port = p->slot != NULL,
	};

	memcpy(build.bars, p->bars, sizeof(build.bars));
	p->built = p->header_built;
	p->header_built = true;
	return p->built ? vpci_build_lists(&p->shadow, &build)
			: vpci_build_header(&p->shadow, &build);
}

/* What is prepared becomes what vf shows. */
static void show(struct vpci_function *vf)
{
	struct lend_prepared *p = vf->function->prepared;

	vpci_shadow_free(&vf->shadow);
	vf->shadow = p->shadow;
	vf->function->prepared = NULL;
	heap_free(p);
}

int lend_let_in(struct vpci_function *vf, enum vpci_view view)
{
	struct pci_function *f = vf->function;
	struct domain *d = vf->domain;
	struct lend_prepared *p;
	int r;

	/* What it takes for memory would be someone else's. */
	if (f->header_type == 0 && !pci_state_translated(f) && !d->direct && !d->unprotected_dma) {
		lend_unprepare_locked(f);
		return -EACCES;
	}
	do {
		r = lend_prepare(d, f, view, vf->slot, vf->where);
	} while (r == -EAGAIN);
	if (r) {
		return r;
	}
	p = f->prepared;
	if (!p->built) {
		bool vectors = vpci_vectors_create(vf) == 0;
		bool msix = vectors && vpci_msix_trapped(f) && vpci_msix_create(vf) == 0;

		do {
			r = lend_build(p, f, vectors && f->msi.cap != 0, msix);
		} while (r == 0 && !p->built);
	}
	if (r == 0 && view == VPCI_VIEW_GUEST && vpci_intx_vintid(vf, true) != 0) {
		vpci_build_pin(&p->shadow, &p->image);
	}
	/* A bridge's stream stays shut: its MSIs are hidden, so it has nothing to say. */
	if (r == 0 && f->header_type == 0 && pci_state_translated(f) && !lend_stream_shared(f)) {
		r = iommu_attach(f->iommu, f->stream, &d->p2m);
	}
	if (r) {
		lend_unprepare_locked(f);
		drop_vectors(vf);
	} else {
		show(vf);
	}
	return r;
}

void lend_leave(struct pci_function *f)
{
	if (f->user_node.next) {
		list_del(&f->user_node);
	}
}

void lend_join(struct domain *d, struct pci_function *f)
{
	lend_leave(f);
	list_add_tail(&d->vpci->functions, &f->user_node);
}

void lend_end_use(struct pci_function *f)
{
	f->user = DOMAIN_ID_NONE;
	f->vpci = NULL;
	lend_leave(f);
}

void lend_begin_use(struct vpci_function *vf, enum function_state state)
{
	struct pci_function *f = vf->function;

	lend_join(vf->domain, f);
	pci_function_set_state(f, state);
	f->cut_off = false;
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
	int r = lend_let_in(vf, lend_owners_view(vf->function));

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
		 * No stream to shut: it is off the bus, and an answer comes behind what it had
		 * posted before (PCIe 6.0 2.4.1), so its last DMA is in memory now.
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
	 * Without an ITT too: it waits for a vITS that may be looking at vf. Behind a port the
	 * guest says which requester it is, and may have said something else before.
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
