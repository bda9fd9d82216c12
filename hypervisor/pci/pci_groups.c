/* SPDX-License-Identifier: BSD-2-Clause */
/* Isolation groups by merging: each function starts alone, each rule below merges some. */
#include "pci/pci_groups.h"

#include "pci/pci_config.h"
#include "pci/pci_index.h"
#include "pci/registry.h"
#include "pci/registry_list.h"

#define FUNCTIONS 8U /* of a device number */

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

/* Of the next group that is made. */
static uint32_t next_number;

static void join(struct pci_function *a, struct pci_function *b)
{
	struct pci_function *after_a = pci_group_next(a);

	a->group_next = pci_group_next(b);
	b->group_next = after_a;
}

/*
 * The lower number stays: at boot a group is named by its first member. Functions come in rising
 * order, so that mostly the group that is renamed is of one.
 */
static void merge(struct pci_function *a, struct pci_function *b)
{
	struct pci_function *keep = a->group < b->group ? a : b;
	struct pci_function *drop = keep == a ? b : a;
	struct pci_function *m = drop;

	if (a->group == b->group || drop->group == PCI_GROUP_NONE) {
		return;
	}
	do {
		m->group = keep->group;
		m = pci_group_next(m);
	} while (m != drop);
	join(keep, drop);
}

/* All below it are in its own group. */
static bool is_open(const struct pci_function *bridge)
{
	return is_conventional_bridge(bridge) || bridge->siblings_open ||
	       (is_port_of(bridge, PCI_EXP_TYPE_ROOT_PORT) && !bridge->isolated);
}

/* One open downstream port lets what is below it reach what is below its siblings. */
static void look_for_open_ports(struct pci_function *f)
{
	if (is_port_of(f, PCI_EXP_TYPE_DOWNSTREAM) && !f->isolated) {
		(f->parent != NULL ? f->parent : f)->siblings_open = true;
	}
}

/* Then everything between such a bridge and f is in its group, too. */
static bool is_below_open(const struct pci_function *f)
{
	for (f = f->parent; f != NULL; f = f->parent) {
		if (is_open(f)) {
			return true;
		}
	}
	return false;
}

/*
 * Functions of one device may talk inside it. Not VFs, although they share a device number with
 * others: one that could would need ACS (PCIe 6.0 6.12.1.2) - or its header says multi-function.
 */
static void merge_device(struct pci_function *f)
{
	struct pci_function *peer;
	uint32_t fn;

	if (f->pf != NULL) {
		if (f->multifunction && !f->isolated) {
			merge(f, f->pf);
		}
		return;
	}
	for (fn = 0; fn < FUNCTIONS; fn++) {
		peer = registry_find_any((struct sbdf){ (f->sbdf.v & ~(FUNCTIONS - 1)) | fn });
		if (peer != NULL && peer->pf == NULL && peer->group != PCI_GROUP_NONE &&
		    (!f->isolated || !peer->isolated)) {
			merge(f, peer);
		}
	}
}

/* To the IOMMU or the ITS these are one: what opens a way for one opens it for the other. */
static void merge_aliases(struct pci_function *f)
{
	struct pci_function *m;

	if (f->iommu != NULL) {
		pci_index_for_each(m, PCI_BY_STREAM, f->stream.v) {
			if (m->iommu == f->iommu && m->stream.v == f->stream.v) {
				merge(f, m);
			}
		}
	}
	if (f->its != NULL) {
		pci_index_for_each(m, PCI_BY_DEVICE_ID, f->device_id.v) {
			if (m->its == f->its && m->device_id.v == f->device_id.v) {
				merge(f, m);
			}
		}
	}
}

static void enter_index(struct pci_function *f)
{
	if (f->indexed) {
		return;
	}
	f->indexed = true;
	if (f->iommu != NULL) {
		pci_index_add(PCI_BY_STREAM, f, f->stream.v);
	}
	if (f->its != NULL) {
		pci_index_add(PCI_BY_DEVICE_ID, f, f->device_id.v);
	}
}

static void apply_rules(struct pci_function *f)
{
	if (is_below_open(f)) {
		merge(f, f->parent);
	}
	merge_device(f);
	merge_aliases(f);
}

void pci_groups_leave(struct pci_function *f)
{
	struct pci_function *before = f;

	if (f->group_next == NULL || f->group_next == f) {
		return;
	}
	while (before->group_next != f) {
		before = before->group_next;
	}
	before->group_next = f->group_next;
	f->group_next = NULL;
	f->group = PCI_GROUP_NONE;
}

void pci_groups_add(struct pci_function *f)
{
	enter_index(f);
	if (f->group == PCI_GROUP_NONE) {
		f->group = next_number++;
	}
	apply_rules(f);
}

void pci_groups_assign(struct pci_function *all)
{
	struct pci_function *f, *m;
	uint32_t index = 0, next = 0;

	for (f = all; f != NULL; f = f->next) {
		f->group = index++;
		f->group_next = NULL;
		f->siblings_open = false; /* its ports come later */
		look_for_open_ports(f);
		enter_index(f);
	}
	for (f = all; f != NULL; f = f->next) {
		apply_rules(f);
	}
	/* Close the gaps; a new number never exceeds the old one, so labels cannot meet. */
	index = 0;
	for (f = all; f != NULL; f = f->next, index++) {
		if (f->group != index) {
			continue;
		}
		m = f;
		do {
			m->group = next;
			m = pci_group_next(m);
		} while (m != f);
		next++;
	}
	next_number = next;
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
