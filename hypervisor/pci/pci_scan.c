/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enumeration (PCIe 6.0 7.3.1, 7.5.1.3.4): a bus is read completely, all its bridges closed, before
 * the first bridge is opened, so that stale numbers of one cannot answer for the bus of another.
 */
#include "pci/pci_scan.h"

#include "core/domain.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/pci_bar.h"
#include "pci/pci_caps.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_place.h"
#include "pci/registry.h"
#include "pci/registry_list.h"

struct scan {
	struct host_bridge *bridge;
	uint32_t next_bus; /* lowest number not given to anyone */
};

static bool vendor_present(uint32_t vendor)
{
	return vendor != PCI_VENDOR_NONE && vendor != 0 && vendor != PCI_VENDOR_RETRY;
}

void pci_header_read(struct pci_function *f)
{
	uint32_t header = pci_read(f, PCI_HEADER_TYPE, 1);
	uint32_t class = pci_read(f, PCI_REVISION, 4);

	f->vendor = (uint16_t)pci_read(f, PCI_VENDOR_ID, 2);
	f->device = (uint16_t)pci_read(f, PCI_DEVICE_ID, 2);
	f->revision = (uint8_t)class;
	f->class_code = class >> 8;
	f->header_type = header & PCI_HEADER_LAYOUT;
	f->multifunction = (header & PCI_HEADER_MULTI) != 0;
	f->interrupt_pin = (uint8_t)pci_read(f, PCI_INTERRUPT_PIN, 1);
	if (f->interrupt_pin > 4) {
		f->interrupt_pin = 0;
	}
	if (f->header_type == 0) {
		f->subsystem_vendor = (uint16_t)pci_read(f, PCI_SUBSYSTEM_VENDOR, 2);
		f->subsystem = (uint16_t)pci_read(f, PCI_SUBSYSTEM_ID, 2);
	}
}

static void open_bridge(struct pci_function *f, uint32_t primary, uint32_t secondary,
			uint32_t subordinate)
{
	f->bus_primary = (uint8_t)primary;
	f->bus_secondary = (uint8_t)secondary;
	f->bus_subordinate = (uint8_t)subordinate;
	/* The secondary latency timer above them is left alone. */
	pci_write(f, PCI_PRIMARY_BUS, 2, primary | secondary << 8);
	pci_write(f, PCI_SUBORDINATE_BUS, 1, subordinate);
}

/* Retries of configuration requests become visible as vendor ID 0001 (2.3.2). */
static void enable_crs(struct pci_function *f)
{
	uint32_t control = f->cap_express + PCI_EXP_ROOTCTL;

	if (f->cap_express != 0 && f->express_type == PCI_EXP_TYPE_ROOT_PORT &&
	    (pci_read(f, f->cap_express + PCI_EXP_ROOTCAP, 2) & PCI_EXP_ROOTCAP_CRS)) {
		pci_write(f, control, 2, pci_read(f, control, 2) | PCI_EXP_ROOTCTL_CRS);
	}
}

/* 128 bytes, what every function can do (7.5.3.4): mixed sizes on a path lose packets. */
static void set_payload(struct pci_function *f)
{
	uint32_t offset = f->cap_express + PCI_EXP_DEVCTL;

	if (f->cap_express != 0) {
		pci_write(f, offset, 2,
			  pci_read(f, offset, 2) &
				  ~(uint32_t)(PCI_EXP_DEVCTL_MPS | PCI_EXP_DEVCTL_FLR));
	}
}

/* A new entry, or that of what was there before. */
static struct pci_function *entry(struct sbdf where, bool *found)
{
	struct pci_function *f = registry_find_any(where);

	*found = f != NULL;
	if (f == NULL) {
		return heap_alloc(sizeof(*f));
	}
	registry_forget(f);
	return f;
}

static int add_function(struct host_bridge *bridge, struct pci_function *parent, struct sbdf where,
			enum function_state state, struct pci_function **out)
{
	bool found;
	struct pci_function *f = entry(where, &found);

	if (f == NULL) {
		return -ENOMEM;
	}
	f->sbdf = where;
	f->bridge = bridge;
	f->parent = parent;
	f->pf = NULL;
	f->depth = parent == NULL ? 0 : (uint8_t)(parent->depth + 1);
	f->user = bridge->owner;
	pci_function_set_state(f, state);
	pci_header_read(f);
	pci_write(f, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
	if (f->header_type > 1) {
		log_warn("pci", SBDF_FMT ": header type %u unknown, left off", SBDF_ARG(where),
			 f->header_type);
		pci_function_set_state(f, FUNCTION_BROKEN);
		f->broken_why = "header type unknown";
	} else {
		pci_caps_read(f);
		set_payload(f);
		pci_bars_size(f);
		pci_msix_read(f);
		pci_ari_enable(f);
		pci_sriov_read(f);
		pci_quiesce(f);
	}
	if (f->header_type == 1) {
		open_bridge(f, 0, 0, 0);
		pci_windows_probe(f);
		enable_crs(f);
	}
	if (!found) {
		f->group = PCI_GROUP_NONE;
		registry_insert(f);
	}
	*out = f;
	return 0;
}

/* A bridge among them would need bus numbers and windows: it is left alone. */
int pci_scan_function(struct pci_function *port, uint32_t fn, struct pci_function **out)
{
	struct sbdf where = sbdf_make(SBDF_SEG(port->sbdf), port->bus_secondary, 0, fn);
	int error;

	*out = NULL;
	if (!vendor_present(host_bridge_read(port->bridge, where, PCI_VENDOR_ID, 2))) {
		return 0;
	}
	error = add_function(port->bridge, port, where, FUNCTION_ABSENT, out);
	if (error == 0) {
		pci_function_set_gone(*out, true);
		(*out)->user = DOMAIN_ID_NONE;
		pci_function_set_state(*out, FUNCTION_ABSENT);
	}
	return error;
}

/* A link has one device, number 0 (7.3.1). */
static bool one_device_below(const struct pci_function *parent)
{
	return parent != NULL && (parent->express_type == PCI_EXP_TYPE_ROOT_PORT ||
				  parent->express_type == PCI_EXP_TYPE_DOWNSTREAM ||
				  parent->express_type == PCI_EXP_TYPE_TO_EXPRESS) &&
	       parent->cap_express != 0;
}

/* *first: of those of this bus, unless it is set. */
static int scan_device(struct scan *s, struct pci_function *parent, uint32_t bus, uint32_t dev,
		       struct pci_function **first)
{
	uint32_t fn, functions = 1;
	int error;

	for (fn = 0; fn < functions; fn++) {
		struct sbdf where = sbdf_make(s->bridge->desc->segment, bus, dev, fn);
		/* Domains run already: nobody looks at it before it is complete and its owner's. */
		enum function_state state = s->bridge->owner_driven ? FUNCTION_ABSENT
								    : FUNCTION_OWNED;
		struct pci_function *f;

		if (!vendor_present(host_bridge_read(s->bridge, where, PCI_VENDOR_ID, 2))) {
			continue;
		}
		error = add_function(s->bridge, parent, where, state, &f);
		if (error != 0) {
			return error;
		}
		*first = *first == NULL ? f : *first;
		if (fn == 0 && f->multifunction) {
			functions = 8;
		}
		/* VFs may answer on the numbers above: they are taken. */
		if (f->sriov.total != 0) {
			uint32_t last = SBDF_RID(where) + f->sriov.first +
					(f->sriov.total - 1U) * f->sriov.stride;

			s->next_bus = MAX(s->next_bus, (last >> 8) + 1);
		}
	}
	return 0;
}

static int scan_bus(struct scan *s, struct pci_function *parent, uint32_t bus);

static int scan_behind(struct scan *s, struct pci_function *f)
{
	uint32_t end = s->bridge->desc->bus_end;
	uint32_t secondary = s->next_bus;
	int error;

	if (secondary > end || f->depth >= PCI_DEPTH_MAX) {
		log_warn("pci", SBDF_FMT ": %s, nothing below it is used", SBDF_ARG(f->sbdf),
			 secondary > end ? "out of bus numbers" : "too many bridges in a row");
		return 0;
	}
	s->next_bus = secondary + 1;
	open_bridge(f, SBDF_BUS(f->sbdf), secondary, end);
	error = scan_bus(s, f, secondary);
	if (f->hotplug && f->children == NULL) {
		s->next_bus = MIN(s->next_bus + PCI_HOTPLUG_BUSES, end + 1);
	}
	open_bridge(f, SBDF_BUS(f->sbdf), secondary, s->next_bus - 1);
	return error;
}

/* Recursion is bounded by PCI_DEPTH_MAX. */
static int scan_bus(struct scan *s, struct pci_function *parent, uint32_t bus)
{
	uint32_t devices = one_device_below(parent) ? 1 : 32;
	struct pci_function *f = NULL;
	uint32_t dev;
	int error = 0;

	for (dev = 0; dev < devices && error == 0; dev++) {
		error = scan_device(s, parent, bus, dev, &f);
	}
	/* The registry has them in a row; what is found behind one comes behind them all. */
	while (f != NULL && SBDF_BUS(f->sbdf) == bus && error == 0) {
		if (f->header_type == 1) {
			error = scan_behind(s, f);
		}
		f = pci_function_next_below(f);
	}
	return error;
}

int pci_scan(struct host_bridge *b)
{
	struct scan s = { .bridge = b, .next_bus = b->desc->bus_start + 1U };

	return scan_bus(&s, NULL, b->desc->bus_start);
}
