/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's virtual PCI as a whole: the guest's empty bus, the owner's mirror of a host bridge. */
#include <viaduct/guest_map.h>

#include "core/heap.h"
#include "core/log.h"
#include "irq/its.h"
#include "irq/msi.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/front.h"
#include "vpci/function.h"
#include "vpci/lend.h"
#include "vpci/ports.h"
#include "vpci/vpci_shared.h"

/* GITS_TRANSLATER's page within a (virtual) ITS (IHI0069 12.8). */
#define ITS_TRANSLATER_PAGE 0x10000ULL

/* One guest may own so many vectors of a controller: all divided by this. */
#define UNSAFE_SHARE 4U

static const struct vpci_aperture guest_apertures[] = {
	{ WINDOW_MEM32, GUEST_PCI_MEM32_BASE, { GUEST_PCI_MEM32_BASE }, GUEST_PCI_MEM32_SIZE },
	{ WINDOW_IO, 0, { GUEST_PCI_IO_BASE }, GUEST_PCI_IO_SIZE },
	{ WINDOW_MEM64, GUEST_PCI_MEM64_BASE, { GUEST_PCI_MEM64_BASE }, GUEST_PCI_MEM64_SIZE },
};

static int create(struct domain *d)
{
	if (!d->vpci) {
		struct vpci *vpci = heap_alloc(sizeof(*vpci));

		if (vpci) {
			list_init(&vpci->functions);
		}
		__atomic_store_n(&d->vpci, vpci, __ATOMIC_RELEASE);
	}
	return d->vpci ? 0 : -ENOMEM;
}

/* NULL: functions signal through an ITS, or not at all. */
static struct msi_controller *unsafe_controller(void)
{
	struct msi_controller *c = NULL;

	for (uint32_t i = 0; i < host_bridge_count; i++) {
		if (host_bridges[i].its) {
			return NULL;
		}
		c = c ? c : host_bridges[i].msi;
	}
	return c;
}

uint32_t vpci_unsafe_vectors(void)
{
	const struct msi_controller *c = unsafe_controller();

	return c ? MIN(MAX(c->vector_count / UNSAFE_SHARE, 1U), (uint32_t)GUEST_V2M_COUNT) : 0;
}

/* All but its root ports. */
static int begin_guest(struct domain *d)
{
	struct vpci_segment *seg;
	int r = create(d);

	if (r) {
		return r;
	}
	r = vpci_bus_add_segment(d, 0, 0, ipa(GUEST_PCI_ECAM_BASE), GUEST_PCI_ECAM_SIZE,
				 guest_apertures, ARRAY_SIZE(guest_apertures), &seg);
	/* Machines with one ITS: all lent functions signal through it. */
	for (uint32_t i = 0; r == 0 && i < host_bridge_count; i++) {
		r = vpci_bus_use_its(d, host_bridges[i].its,
				     ipa(GUEST_ITS_BASE + ITS_TRANSLATER_PAGE));
	}
	if (r == 0 && d->unsafe_interrupts) {
		r = vpci_bus_use_msi(d, unsafe_controller(), ipa(GUEST_V2M_BASE),
				     vpci_unsafe_vectors());
	}
	return r ? r : -EAGAIN;
}

int vpci_create_guest(struct domain *d)
{
	int r = 0;

	if (!d->vpci) {
		return begin_guest(d);
	}
	/* A frame has few vectors: its guest needs them for what is lent to it. */
	if (d->vpci->its) {
		r = vpci_ports_create(d->vpci->segments);
	}
	__atomic_store_n(&d->vpci->complete, r == 0, __ATOMIC_RELEASE);
	return r;
}

/*
 * The owner's windows are the host bridge's: PCI bus addresses are the host's. Config space is a
 * flat window, or behind the controller's registers.
 */
static int add_owner_segment(struct domain *d, struct host_bridge *b, struct vpci_segment **out)
{
	const struct machine_bridge *desc = b->desc;
	const struct vpci_front_ops *front = vpci_front_of(b);
	const struct range *ecam = b->ecam.size != 0 ? &b->ecam : &desc->cfg;
	struct vpci_aperture apertures[VPCI_APERTURES_MAX];
	int r;

	for (uint32_t i = 0; i < desc->window_count; i++) {
		apertures[i] = (struct vpci_aperture){
			.kind = desc->windows[i].kind,
			.pci = desc->windows[i].pci,
			.ipa = ipa(b->windows[i] != 0 ? b->windows[i] : desc->windows[i].cpu),
			.size = desc->windows[i].size,
		};
	}
	r = vpci_bus_add_segment(d, desc->segment, desc->bus_start, ipa(ecam->base),
				 front ? 0 : ecam->size, apertures, desc->window_count, out);
	if (r == 0) {
		(*out)->bridge = b;
		b->owner = d->id;
	}
	return r == 0 && front ? vpci_front_create(*out, b, front) : r;
}

/* Where RAM is not at its own address, a device needs translation. */
static bool can_drive(const struct domain *d, const struct host_bridge *b)
{
	struct pci_function *f;

	for (f = b->functions; f && !d->direct; f = pci_function_next_below(f)) {
		if (f->header_type == 0 && !pci_state_translated(f)) {
			log_error("pci", SBDF_FMT ": no IOMMU can confine it to d%u %s",
				  SBDF_ARG(f->sbdf), d->id, d->name);
			return false;
		}
	}
	return true;
}

/* What is not direct has the guest's ITS. */
static ipaddr_t owner_doorbell(const struct domain *d, const struct its *its)
{
	return ipa(d->direct ? its_doorbell(its).v : GUEST_ITS_BASE + ITS_TRANSLATER_PAGE);
}

/* All but its functions. */
static int begin_owner(struct domain *d, struct host_bridge *b)
{
	struct vpci_segment *seg;
	int r = can_drive(d, b) ? create(d) : -EACCES;

	if (r) {
		return r;
	}
	r = add_owner_segment(d, b, &seg);
	if (r) {
		return r;
	}
	host_bridge_map_io(b);
	if (b->its) {
		r = vpci_bus_use_its(d, b->its, owner_doorbell(d, b->its));
	}
	/* Of those that own bridges only the control domain has a virtual frame, and not always. */
	if (r == 0 && b->msi && d->vmsi) {
		r = vpci_bus_use_msi(d, b->msi, ipa(b->msi->doorbell.v), ~0U);
	}
	seg->coming = b->functions;
	return r ? r : -EAGAIN;
}

int vpci_create_owner(struct domain *d, struct host_bridge *b)
{
	struct vpci_segment *seg = d->vpci ? d->vpci->segments : NULL;

	while (seg && seg->bridge != b) {
		seg = seg->next;
	}
	return seg ? lend_owner_next(seg) : begin_owner(d, b);
}

/* Those of a bus that a slice frees. */
#define FREED_A_SLICE 8U

/* Functions of an owner are still in its buses, as identities. True: the bus was empty. */
static bool destroy_bus(struct vpci_function **table)
{
	uint32_t freed = 0;

	for (uint32_t i = 0; i < VPCI_DEVFNS && freed < FREED_A_SLICE; i++) {
		if (table[i]) {
			vpci_function_free(table[i]);
			table[i] = NULL;
			freed++;
		}
	}
	return freed == 0;
}

/* True: none is left. */
static bool destroy_buses(struct vpci_segment *seg)
{
	uint32_t bus = 0;

	while (bus < VPCI_BUSES && !seg->buses[bus]) {
		bus++;
	}
	if (bus < VPCI_BUSES && destroy_bus(seg->buses[bus])) {
		heap_free(seg->buses[bus]);
		seg->buses[bus] = NULL;
	}
	return bus == VPCI_BUSES;
}

bool vpci_destroy(struct domain *d)
{
	struct vpci_segment *seg = d->vpci ? d->vpci->segments : NULL;

	if (!d->vpci) {
		return true;
	}
	if (!seg) {
		heap_free(d->vpci->buckets);
		heap_free(d->vpci);
		d->vpci = NULL;
		return true;
	}
	if (seg->bridge) {
		lend_owner_end(seg->bridge);
		seg->bridge = NULL;
	} else if (vpci_share_leave(seg)) {
		vpci_ports_destroy(seg);
		if (destroy_buses(seg)) {
			d->vpci->segments = seg->next;
			vpci_front_free(seg->front);
			heap_free(seg);
		}
	}
	return false;
}
