/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a function in quarantine will be to its next user, made in parts, each as short as
 * interrupts may wait: its config space is read, its ITT made, its view built. It is nobody's
 * meanwhile: who asks for something else begins anew, and who never comes back leaves memory that
 * goes with the quarantine.
 */
#include "core/heap.h"
#include "core/log.h"
#include "irq/its.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"

void lend_unsay(const struct pci_function *f)
{
	log_info("pci", SBDF_FMT ": not lent after all", SBDF_ARG(f->sbdf));
}

static void forget(struct pci_function *f)
{
	if (f->prepared->said) {
		lend_unsay(f);
	}
	lend_leave(f);
	vpci_shadow_free(&f->prepared->shadow);
	heap_free(f->prepared);
	f->prepared = NULL;
}

void lend_unprepare(struct pci_function *f)
{
	if (f->prepared) {
		forget(f);
		lend_drop_itt(f);
	}
}

void lend_unprepare_locked(struct pci_function *f)
{
	if (!f->prepared) {
		return;
	}
	forget(f);
	if (f->itt) {
		its_device_unmap(f->itt);
		f->itt = NULL;
	}
}

static bool is_for(const struct pci_function *f, const struct domain *d, enum vpci_view view,
		   const struct vpci_slot *slot, struct vsbdf where)
{
	const struct lend_prepared *p = f->prepared;

	return p->domain == d && p->view == view && p->slot == slot && p->where.v == where.v &&
	       p->quirks == f->quirks && p->rom_size == f->lent_rom.size;
}

static int begin(struct domain *d, struct pci_function *f, enum vpci_view view,
		 struct vpci_slot *slot, struct vsbdf where)
{
	struct lend_prepared *p = heap_alloc(sizeof(*p));
	int r = 0;

	if (!p) {
		return -ENOMEM;
	}
	p->domain = d;
	p->view = view;
	p->slot = slot;
	p->where = where;
	p->quirks = f->quirks;
	p->rom_size = f->lent_rom.size;
	if (view != VPCI_VIEW_GUEST) {
		for (uint32_t i = 0; i < PCI_BARS; i++) {
			p->bars[i] = f->bars[i].address;
		}
	} else if (!slot) {
		/* Behind a port addresses are in its window, which the guest chooses. */
		r = lend_place(d->vpci->segments, f, p->bars);
	}
	if (r) {
		heap_free(p);
		return r;
	}
	vpci_function_image(f, &p->image);
	f->prepared = p;
	lend_join(d, f);
	return 0;
}

/* One that shares f's DeviceID may have been prepared for somebody who did not come back. */
static void take_device_id(const struct pci_function *f)
{
	struct pci_function *m;

	for (m = pci_group_next(f); m != f; m = pci_group_next(m)) {
		if (m->prepared && m->itt && m->its == f->its &&
		    m->device_id.v == f->device_id.v) {
			lend_unprepare(m);
		}
	}
}

int lend_prepare(struct domain *d, struct pci_function *f, enum vpci_view view,
		 struct vpci_slot *slot, struct vsbdf where)
{
	struct lend_prepared *p = f->prepared;
	int r;

	if (p && !is_for(f, d, view, slot, where)) {
		lend_unprepare(f);
		p = NULL;
	}
	if (!p) {
		r = begin(d, f, view, slot, where);
		return r ? r : -EAGAIN;
	}
	if (!p->rest_read) {
		vpci_function_image_rest(f, &p->image);
		p->rest_read = true;
		return -EAGAIN;
	}
	if (!p->itt_done) {
		take_device_id(f);
		r = lend_map_itt(d, f, view);
		p->itt_done = true;
	} else if (!p->built && !lend_takes_vectors(f, d)) {
		r = lend_build(p, f, false, false);
	} else {
		return 0;
	}
	if (r) {
		lend_unprepare(f);
	}
	return r ? r : -EAGAIN;
}
