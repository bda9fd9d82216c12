/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's root ports carried out: who is behind which bus number, and the ports' interrupts. */
#include "vpci/ports.h"

#include "core/heap.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/lend.h"

#define EXPRESS_LINK_STATUS 0x12U
#define LINK_STATE 0x3ffU /* speed, width */
#define LINK_WIDTH 0x3f0U

int vpci_ports_create(struct vpci_segment *seg)
{
	seg->ports = heap_alloc(sizeof(*seg->ports));
	if (!seg->ports) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < GUEST_PORT_COUNT; i++) {
		if (vpci_port_build(&seg->ports->slots[i].port, GUEST_PORT_DEVICE + i)) {
			vpci_ports_destroy(seg);
			return -ENOMEM;
		}
	}
	return 0;
}

void vpci_ports_destroy(struct vpci_segment *seg)
{
	for (uint32_t i = 0; seg->ports && i < GUEST_PORT_COUNT; i++) {
		struct vpci_slot *slot = &seg->ports->slots[i];

		if (slot->bus != 0) {
			seg->buses[slot->bus] = NULL;
		}
		vpci_shadow_free(&slot->port.shadow);
	}
	heap_free(seg->ports);
	seg->ports = NULL;
}

struct vpci_slot *vpci_slot_at(const struct vpci_segment *seg, uint32_t device)
{
	struct vpci_slot *slot;

	if (!seg->ports || device - GUEST_PORT_DEVICE >= GUEST_PORT_COUNT) {
		return NULL;
	}
	slot = &seg->ports->slots[device - GUEST_PORT_DEVICE];
	return __atomic_load_n(&slot->replaced, __ATOMIC_ACQUIRE) ? NULL : slot;
}

static uint32_t device_of(const struct vpci_segment *seg, const struct vpci_slot *slot)
{
	return GUEST_PORT_DEVICE + (uint32_t)(slot - seg->ports->slots);
}

/* Bus lock held. */
static void lead(struct vpci_segment *seg, struct vpci_slot *slot, uint32_t bus)
{
	if (slot->bus != 0) {
		__atomic_store_n(&seg->buses[slot->bus], NULL, __ATOMIC_RELEASE);
	}
	slot->bus = bus;
	if (bus != 0) {
		__atomic_store_n(&seg->buses[bus], slot->row, __ATOMIC_RELEASE);
	}
}

/*
 * Bus lock held: somebody's bus numbers have changed. Functions whose requester ID is another now
 * take the routes of their interrupts along.
 */
static void decode(struct vpci_segment *seg)
{
	const struct vpci_port *ports[GUEST_PORT_COUNT];
	uint32_t bus[GUEST_PORT_COUNT];
	bool moved[GUEST_PORT_COUNT];

	for (uint32_t i = 0; i < GUEST_PORT_COUNT; i++) {
		struct vpci_slot *slot = vpci_slot_at(seg, GUEST_PORT_DEVICE + i);

		ports[i] = slot ? &slot->port : NULL;
	}
	vpci_ports_decode(ports, GUEST_PORT_COUNT, bus);
	/* All have left a number before one comes to it. */
	for (uint32_t i = 0; i < GUEST_PORT_COUNT; i++) {
		moved[i] = seg->ports->slots[i].bus != bus[i];
		if (moved[i]) {
			lead(seg, &seg->ports->slots[i], 0);
		}
	}
	for (uint32_t i = 0; i < GUEST_PORT_COUNT; i++) {
		struct vpci_slot *slot = &seg->ports->slots[i];

		if (moved[i]) {
			lead(seg, slot, bus[i]);
		}
		for (uint32_t fn = 0; moved[i] && fn < VPCI_FUNCTIONS; fn++) {
			struct vpci_function *vf = slot->row[fn];

			if (vf) {
				spin_lock(&vf->function->lock);
				lend_routes_again(vf);
				spin_unlock(&vf->function->lock);
			}
		}
	}
}

/* Bus lock held: messages of a port leave in order. What is not written to the ITS is lost. */
static void follow(struct vpci_segment *seg, struct vpci_slot *slot,
		   const struct vpci_port_plan *plan)
{
	uint64_t address;
	uint32_t data;

	if (plan->buses) {
		decode(seg);
	}
	if (!plan->interrupt || !vpci_port_message(&slot->port, &address, &data)) {
		return;
	}
	if (address == GUEST_ITS_BASE + VITS_TRANSLATER) {
		/* One that the guest has not mapped is lost, as with hardware. */
		(void)vits_msi(seg->domain,
			       vpci_device_id(vsbdf_make(seg->number, 0, device_of(seg, slot), 0)),
			       data);
	}
}

/* The lower word first, as two writes. */
static struct vpci_port_plan write_words(struct vpci_port *p, uint32_t reg,
					 const struct mmio_access *a)
{
	struct vpci_port_plan low = vpci_port_write(p, reg, 4, (uint32_t)a->value);
	struct vpci_port_plan high = vpci_port_write(p, reg + 4, 4, (uint32_t)(a->value >> 32));

	return (struct vpci_port_plan){ .interrupt = low.interrupt || high.interrupt,
					.buses = low.buses || high.buses,
					.let_go = low.let_go || high.let_go };
}

static struct vpci_port_plan access_port(struct vpci_port *p, uint32_t reg, struct mmio_access *a)
{
	if (a->write) {
		return a->size == 8 ? write_words(p, reg, a)
				    : vpci_port_write(p, reg, a->size, (uint32_t)a->value);
	}
	a->value = vpci_port_read(p, reg, MIN(a->size, 4U));
	if (a->size == 8) {
		a->value |= (uint64_t)vpci_port_read(p, reg + 4, 4) << 32;
	}
	return (struct vpci_port_plan){ .interrupt = false };
}

bool vpci_ports_access(struct vpci_segment *seg, uint32_t devfn, uint32_t reg,
		       struct mmio_access *a)
{
	struct vpci_slot *slot = devfn % VPCI_FUNCTIONS == 0
					 ? vpci_slot_at(seg, devfn / VPCI_FUNCTIONS)
					 : NULL;
	struct vpci_port_plan plan;

	if (!slot) {
		return false;
	}
	spin_lock(&seg->domain->vpci->lock);
	plan = access_port(&slot->port, reg, a);
	follow(seg, slot, &plan);
	spin_unlock(&seg->domain->vpci->lock);
	if (plan.let_go) {
		lend_let_go(slot);
	}
	return true;
}

/* One that is part of a host's root complex has no link, nor has a conventional one. */
static uint32_t link_of(struct pci_function *f)
{
	uint32_t link = f->cap_express ? pci_read(f, f->cap_express + EXPRESS_LINK_STATUS, 2) : 0;

	return link & LINK_WIDTH ? link & LINK_STATE : VPCI_PORT_LINK_LEAST;
}

void vpci_slot_filled(struct vpci_function *vf)
{
	struct vpci_port_plan plan;
	uint32_t link;

	spin_lock(&vf->function->lock);
	link = link_of(vf->function);
	spin_unlock(&vf->function->lock);
	spin_lock(&vf->domain->vpci->lock);
	plan = vpci_port_fill(&vf->slot->port, link);
	follow(vf->segment, vf->slot, &plan);
	spin_unlock(&vf->domain->vpci->lock);
}

void vpci_slot_left(struct vpci_segment *seg, struct vpci_slot *slot)
{
	struct vpci_port_plan plan;

	for (uint32_t fn = 0; fn < VPCI_FUNCTIONS; fn++) {
		if (slot->row[fn]) {
			return;
		}
	}
	plan = vpci_port_empty(&slot->port);
	follow(seg, slot, &plan);
}

bool vpci_slot_ask(struct vpci_function *vf)
{
	struct vpci_port_plan plan;

	spin_lock(&vf->domain->vpci->lock);
	plan = vpci_port_ask(&vf->slot->port);
	follow(vf->segment, vf->slot, &plan);
	spin_unlock(&vf->domain->vpci->lock);
	return plan.let_go;
}
