/* SPDX-License-Identifier: BSD-2-Clause */
/* Isolation groups by merging: each function starts alone, each rule below merges some. */
#include "pci/pci_groups.h"

#include "pci/pci_config.h"

/* Conventional PCI on its far side: all below share requester IDs and can snoop each other. */
static bool is_conventional_bridge(const struct pci_function *f)
{
	return f->header_type == 1 &&
	       (f->cap_express == 0 || f->express_type == PCI_EXP_TYPE_PCI_BRIDGE ||
		f->express_type == PCI_EXP_TYPE_TO_EXPRESS);
}

static bool is_port_of(const struct pci_function *f, uint8_t type)
{
	return f->header_type == 1 && f->cap_express != 0 && f->express_type == type;
}

static bool is_below(const struct pci_function *f, const struct pci_function *bridge)
{
	for (f = f->parent; f != NULL; f = f->parent) {
		if (f == bridge) {
			return true;
		}
	}
	return false;
}

/* The lower number stays: at boot a group is named by its first member. */
static void merge(struct pci_function *all, uint32_t a, uint32_t b)
{
	uint32_t keep = MIN(a, b), drop = MAX(a, b);
	struct pci_function *f;

	for (f = all; f != NULL && keep != drop && drop != PCI_GROUP_NONE; f = f->next) {
		if (f->group == drop) {
			f->group = keep;
		}
	}
}

static void merge_below(struct pci_function *all, struct pci_function *bridge)
{
	struct pci_function *f;

	for (f = all; f != NULL; f = f->next) {
		if (is_below(f, bridge)) {
			merge(all, bridge->group, f->group);
		}
	}
}

/*
 * Functions of one device may talk inside it. Not VFs, although they share a device number with
 * others: one that could would need ACS (PCIe 6.0 6.12.1.2) - or its header says multi-function.
 */
static void merge_device(struct pci_function *all, struct pci_function *f)
{
	struct pci_function *peer;

	if (f->pf != NULL) {
		if (f->multifunction) {
			merge(all, f->group, f->pf->group);
		}
		return;
	}
	for (peer = all; peer != NULL; peer = peer->next) {
		if (peer->pf == NULL && peer->sbdf.v >> 3 == f->sbdf.v >> 3) {
			merge(all, f->group, peer->group);
		}
	}
}

/* To the IOMMU or the ITS these are one: what opens a way for one opens it for the other. */
static bool is_alias(const struct pci_function *a, const struct pci_function *b)
{
	return (a->iommu != NULL && a->iommu == b->iommu && a->stream.v == b->stream.v) ||
	       (a->its != NULL && a->its == b->its && a->device_id.v == b->device_id.v);
}

static void merge_aliases(struct pci_function *all, struct pci_function *f,
			  struct pci_function *from)
{
	struct pci_function *other;

	for (other = from; other != NULL; other = other->next) {
		if (other != f && is_alias(f, other)) {
			merge(all, f->group, other->group);
		}
	}
}

static void apply_rules(struct pci_function *all, struct pci_function *f)
{
	if (is_conventional_bridge(f)) {
		merge_below(all, f);
	}
	if (is_port_of(f, PCI_EXP_TYPE_ROOT_PORT) && !f->isolated) {
		merge_below(all, f);
	}
	/* One open downstream port lets what is below it reach what is below its siblings. */
	if (is_port_of(f, PCI_EXP_TYPE_DOWNSTREAM) && !f->isolated) {
		merge_below(all, f->parent != NULL ? f->parent : f);
	}
	if (!f->isolated) {
		merge_device(all, f);
	}
	merge_aliases(all, f, f->next);
}

void pci_groups_add(struct pci_function *all, struct pci_function *f)
{
	struct pci_function *other, *bridge;
	uint32_t next = 0;

	for (other = all; other != NULL && f->group == PCI_GROUP_NONE; other = other->next) {
		next = other->group != PCI_GROUP_NONE ? MAX(next, other->group + 1) : next;
	}
	f->group = f->group == PCI_GROUP_NONE ? next : f->group;
	for (bridge = f->parent; bridge != NULL; bridge = bridge->parent) {
		apply_rules(all, bridge);
	}
	apply_rules(all, f);
	merge_aliases(all, f, all);
}

void pci_groups_assign(struct pci_function *all)
{
	struct pci_function *f, *m;
	uint32_t index = 0, next = 0;

	for (f = all; f != NULL; f = f->next) {
		f->group = index++;
	}
	for (f = all; f != NULL; f = f->next) {
		apply_rules(all, f);
	}
	/* Close the gaps; a new number never exceeds the old one, so labels cannot meet. */
	index = 0;
	for (f = all; f != NULL; f = f->next, index++) {
		if (f->group != index) {
			continue;
		}
		for (m = f; m != NULL; m = m->next) {
			if (m->group == index) {
				m->group = next;
			}
		}
		next++;
	}
}

uint16_t pci_requester_id(const struct pci_function *f)
{
	const struct pci_function *bridge;
	uint16_t rid = SBDF_RID(f->sbdf);

	for (bridge = f->parent; bridge != NULL; bridge = bridge->parent) {
		if (bridge->cap_express != 0 && bridge->express_type == PCI_EXP_TYPE_PCI_BRIDGE) {
			rid = (uint16_t)(bridge->bus_secondary << 8);
		} else if (is_conventional_bridge(bridge)) {
			rid = SBDF_RID(bridge->sbdf);
		}
	}
	return rid;
}
