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
	}
	if (!found) {
		f->group = PCI_GROUP_NONE;
		registry_insert(f);
	}
	*out = f;
	return 0;
}

static void read_capabilities(struct pci_function *f)
{
	pci_caps_read(f);
	set_payload(f);
}

static void read_vfs(struct pci_function *f)
{
	pci_msix_read(f);
	pci_ari_enable(f);
	pci_sriov_read(f);
	pci_quiesce(f);
}

static void close_bridge(struct pci_function *f)
{
	if (f->header_type == 1) {
		open_bridge(f, 0, 0, 0);
		pci_windows_probe(f);
		enable_crs(f);
	}
}

/* Each as short as interrupts may wait. */
static void (*const parts[])(struct pci_function *f) = {
	read_capabilities, pci_bars_size, read_vfs, close_bridge,
};

bool pci_scan_part(struct pci_function *f, uint32_t part)
{
	if (f->header_type > 1) {
		return true;
	}
	parts[part](f);
	return part + 1 == ARRAY_SIZE(parts);
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

/* Devices of a bus that a step looks for in vain. */
#define ABSENT_A_STEP 8U

static void begin_bus(struct pci_scan *s, struct pci_function *parent, uint32_t bus)
{
	s->parent = parent;
	s->bus = bus;
	s->first = NULL;
	s->device = s->fn = 0;
	s->functions = 1;
}

static void next_function(struct pci_scan *s)
{
	if (++s->fn == s->functions) {
		s->device++;
		s->fn = 0;
		s->functions = 1;
	}
}

/* Up to the next function, or a few that are not there. */
static int look(struct pci_scan *s, uint32_t devices)
{
	/* Domains run already: nobody looks at it before it is complete and its owner's. */
	enum function_state state = s->bridge->owner_driven ? FUNCTION_ABSENT : FUNCTION_OWNED;

	for (uint32_t i = 0; i < ABSENT_A_STEP && s->device < devices; i++) {
		struct sbdf where = sbdf_make(s->bridge->desc->segment, s->bus, s->device, s->fn);

		if (vendor_present(host_bridge_read(s->bridge, where, PCI_VENDOR_ID, 2))) {
			s->part = 0;
			return add_function(s->bridge, s->parent, where, state, &s->reading);
		}
		next_function(s);
	}
	return 0;
}

static void read_on(struct pci_scan *s)
{
	struct pci_function *f = s->reading;

	if (!pci_scan_part(f, s->part++)) {
		return;
	}
	s->reading = NULL;
	s->first = s->first == NULL ? f : s->first;
	if (s->fn == 0 && f->multifunction) {
		s->functions = 8;
	}
	/* VFs may answer on the numbers above: they are taken. */
	if (f->sriov.total != 0) {
		uint32_t last = SBDF_RID(f->sbdf) + f->sriov.first +
				(f->sriov.total - 1U) * f->sriov.stride;

		s->next_bus = MAX(s->next_bus, (last >> 8) + 1);
	}
	next_function(s);
}

/* From f on, the first bridge of that bus, whose functions the registry has in a row. */
static struct pci_function *bridge_on(struct pci_function *f, uint32_t bus)
{
	while (f != NULL && SBDF_BUS(f->sbdf) == bus && f->header_type != 1) {
		f = pci_function_next_below(f);
	}
	return f != NULL && SBDF_BUS(f->sbdf) == bus ? f : NULL;
}

/* Down to the bus behind f. False: it gets none. */
static bool enter(struct pci_scan *s, struct pci_function *f)
{
	uint32_t end = s->bridge->desc->bus_end;
	uint32_t secondary = s->next_bus;

	if (secondary > end || f->depth >= PCI_DEPTH_MAX) {
		log_warn("pci", SBDF_FMT ": %s, nothing below it is used", SBDF_ARG(f->sbdf),
			 secondary > end ? "out of bus numbers" : "too many bridges in a row");
		return false;
	}
	s->next_bus = secondary + 1;
	open_bridge(f, SBDF_BUS(f->sbdf), secondary, end);
	begin_bus(s, f, secondary);
	return true;
}

/* Up from the bus behind s->parent, all below which is known. */
static void leave(struct pci_scan *s)
{
	struct pci_function *f = s->parent;

	if (f->hotplug && f->children == NULL) {
		s->next_bus = MIN(s->next_bus + PCI_HOTPLUG_BUSES, s->bridge->desc->bus_end + 1U);
	}
	open_bridge(f, SBDF_BUS(f->sbdf), f->bus_secondary, s->next_bus - 1);
	s->parent = f->parent;
}

/* This bus is read: on to the next one. False: that was the last. */
static bool next_bus(struct pci_scan *s)
{
	struct pci_function *f = bridge_on(s->first, s->bus);

	for (;;) {
		if (f != NULL && enter(s, f)) {
			return true;
		}
		if (f == NULL) {
			f = s->parent;
			if (f == NULL) {
				return false;
			}
			leave(s);
		}
		f = bridge_on(pci_function_next_below(f), SBDF_BUS(f->sbdf));
	}
}

void pci_scan_begin(struct pci_scan *s, struct host_bridge *b)
{
	*s = (struct pci_scan){ .bridge = b, .next_bus = b->desc->bus_start + 1U };
	begin_bus(s, NULL, b->desc->bus_start);
}

int pci_scan_step(struct pci_scan *s)
{
	uint32_t devices = one_device_below(s->parent) ? 1 : 32;
	int error = 0;

	if (s->reading != NULL) {
		read_on(s);
	} else if (s->device < devices) {
		error = look(s, devices);
	} else if (!next_bus(s)) {
		return 0;
	}
	/* Bridges that are open forward what was found. */
	while (error != 0 && s->parent != NULL) {
		leave(s);
	}
	return error != 0 ? error : -EAGAIN;
}

int pci_scan(struct host_bridge *b)
{
	struct pci_scan s;
	int error;

	pci_scan_begin(&s, b);
	do {
		error = pci_scan_step(&s);
	} while (error == -EAGAIN);
	return error;
}
