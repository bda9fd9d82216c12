/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a lent function goes in a guest: which slot, which addresses. */
#include "core/heap.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/lend.h"
#include "vpci/lend_prepare.h"
#include "vpci/ports.h"
#include "vpci/vpci_shared.h"

static void collect_bars_of(const struct pci_function *f, const struct vpci_shadow *shadow,
			    struct rangeset *used)
{
	uint64_t rom;

	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];

		/* A value the guest made nonsense of is refused by the set and in nobody's way. */
		if (vpci_bar_usable(bar) || vpci_io_bar_usable(bar)) {
			(void)rangeset_add(used, vpci_shadow_bar(shadow, i, bar->kind),
					   vpci_bar_size(bar));
		}
	}
	if (vpci_shadow_rom(shadow, &rom)) {
		(void)rangeset_add(used, rom, f->lent_rom.size);
	}
}

/* Those it is prepared with. */
static void collect_prepared(const struct pci_function *f, struct rangeset *used)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		if (f->prepared->bars[i] != 0) {
			(void)rangeset_add(used, f->prepared->bars[i],
					   vpci_bar_size(&f->bars[i]));
		}
	}
}

/*
 * Registry lock held. PCI bus addresses the domain's functions have in their BARs right now, or
 * will have when they come.
 */
static void collect_bars(const struct vpci_segment *seg, struct rangeset *used)
{
	struct pci_function *f;

	list_for_each(f, &seg->domain->vpci->functions, user_node) {
		if (f->state == FUNCTION_LENT && f->vpci->segment == seg) {
			spin_lock(&f->lock);
			collect_bars_of(f, &f->vpci->shadow, used);
			spin_unlock(&f->lock);
		} else if (f->prepared) {
			collect_prepared(f, used);
		}
	}
	vpci_shared_collect(seg, used);
}

int lend_place(struct vpci_segment *seg, const struct pci_function *f, uint64_t bars[PCI_BARS])
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

/*
 * A function of f's device that the domain sees under its own function number: function 0, or one
 * that joined it. One that came alone sits as function 0 of a device of its own, and so does a VF:
 * what it shares a device number with is by chance.
 */
static const struct pci_function *mate_of(const struct pci_function *f, const struct domain *d)
{
	if (f->pf || (SBDF_FN(f->sbdf) == 0 && !f->multifunction)) {
		return NULL;
	}
	for (uint32_t fn = 0; fn < VPCI_FUNCTIONS; fn++) {
		const struct pci_function *m = pci_function_find(
			(struct sbdf){ (f->sbdf.v & ~(VPCI_FUNCTIONS - 1)) | fn });

		if (m && m != f && !m->pf && m->state == FUNCTION_LENT && m->user == d->id &&
		    SBDF_FN(m->user_view) == SBDF_FN(m->sbdf)) {
			return m;
		}
	}
	return NULL;
}

bool lend_slot_is_empty(const struct vpci_segment *seg, uint32_t slot)
{
	for (uint32_t fn = 0; fn < VPCI_FUNCTIONS; fn++) {
		if (vpci_bus_peek(seg->domain, vsbdf_make(seg->number, 0, slot, fn))) {
			return false;
		}
	}
	return !vpci_shared_at(seg, slot);
}

int lend_choose_slot(struct vpci_segment *seg, const struct pci_function *f, uint32_t vslot,
		     struct vsbdf *out, struct vpci_slot **slot)
{
	const struct pci_function *mate = mate_of(f, seg->domain);
	bool plugs = seg->ports && seg->domain->state != DOMAIN_BUILDING;
	uint32_t device = vslot ? vslot : plugs ? GUEST_PORT_DEVICE : 1;
	uint32_t last = vslot ? vslot : VPCI_SLOTS - 1;

	if (mate && (!vslot || vslot == SBDF_DEV(mate->user_view))) {
		*out = vsbdf_make(seg->number, 0, SBDF_DEV(mate->user_view), SBDF_FN(f->sbdf));
		*slot = mate->vpci->slot;
		return vpci_bus_peek(seg->domain, *out) ? -EBUSY : 0;
	}
	for (; device < VPCI_SLOTS && device <= last; device++) {
		*slot = plugs ? vpci_slot_at(seg, device) : NULL;
		if (lend_slot_is_empty(seg, device) && (vslot || !plugs || *slot)) {
			*out = vsbdf_make(seg->number, 0, device, 0);
			return 0;
		}
	}
	return vslot ? -EBUSY : -ENOSPC;
}
