/* SPDX-License-Identifier: BSD-2-Clause */
/* See model_pci.h. Test code: aborts on a mistake of the test itself. */
#include "model_pci.h"

#include <stdlib.h>
#include <string.h>

#include "pci/pci_config.h"

static void require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static uint32_t get(const uint8_t *space, uint32_t offset, uint32_t size)
{
	uint32_t value = 0;

	while (size-- > 0) {
		value = value << 8 | space[offset + size];
	}
	return value;
}

uint32_t model_get(const struct model_function *f, uint32_t offset, uint32_t size)
{
	return get(f->config, offset, size);
}

static void set(struct model_function *f, uint32_t offset, uint32_t size, uint32_t value,
		uint32_t writable)
{
	uint32_t i;

	require(offset + size <= 4096);
	for (i = 0; i < size; i++) {
		f->config[offset + i] = (uint8_t)(value >> (8 * i));
		f->initial[offset + i] = (uint8_t)(value >> (8 * i));
		f->writable[offset + i] = (uint8_t)(writable >> (8 * i));
	}
}

void model_set8(struct model_function *f, uint32_t offset, uint8_t value, uint8_t writable)
{
	set(f, offset, 1, value, writable);
}

void model_set16(struct model_function *f, uint32_t offset, uint16_t value, uint16_t writable)
{
	set(f, offset, 2, value, writable);
}

void model_set32(struct model_function *f, uint32_t offset, uint32_t value, uint32_t writable)
{
	set(f, offset, 4, value, writable);
}

/* Routing: a bridge passes type 1 cycles for [secondary, subordinate] (PCIe 6.0 7.5.1.3.4). */
static struct model_function *find_on(struct model_pci *m, struct model_function *parent,
				      uint8_t devfn)
{
	uint32_t i;

	for (i = 0; i < m->count; i++) {
		if (m->functions[i]->parent == parent && m->functions[i]->devfn == devfn) {
			return m->functions[i];
		}
	}
	return NULL;
}

static struct model_function *bridge_for(struct model_pci *m, struct model_function *parent,
					 uint8_t bus)
{
	struct model_function *found = NULL;
	uint32_t i;

	for (i = 0; i < m->count; i++) {
		struct model_function *f = m->functions[i];

		if (f->parent == parent && f->bridge && !f->gone &&
		    f->config[PCI_SECONDARY_BUS] != 0 && f->config[PCI_SECONDARY_BUS] <= bus &&
		    f->config[PCI_SUBORDINATE_BUS] >= bus) {
			/* Two bridges that claim one bus: nobody could say who answers. */
			require(found == NULL);
			found = f;
		}
	}
	return found;
}

static struct model_function *route(struct model_pci *m, struct sbdf where)
{
	struct model_function *bridge = NULL;
	uint8_t bus = m->bus_start;

	while (bus != SBDF_BUS(where)) {
		bridge = bridge_for(m, bridge, SBDF_BUS(where));
		if (bridge == NULL || (model_get(bridge, PCI_BRIDGE_CONTROL, 2) &
				       PCI_BRIDGE_CONTROL_RESET)) {
			return NULL;
		}
		bus = bridge->config[PCI_SECONDARY_BUS];
	}
	return find_on(m, bridge, SBDF_DEVFN(where));
}

static void reset_function(struct model_function *f, uint32_t kind)
{
	uint32_t i;

	f->gone = f->never_returns || (f->hangs & kind) != 0;
	for (i = 0; i < 4096; i++) {
		f->config[i] = f->initial[i];
	}
	f->busy_left = f->busy_reads;
	if (f->changes_identity) {
		f->config[PCI_DEVICE_ID] ^= 0xff;
	}
	if (f->bars_stuck) {
		memset(&f->writable[PCI_BAR0], 0, 4 * PCI_BARS);
	}
}

/* VFs are there as VF Enable and NumVFs say; one that comes is as after a reset. */
static void update_vfs(struct model_function *pf)
{
	bool enabled = model_get(pf, pf->sriov + PCI_SRIOV_CONTROL, 2) & PCI_SRIOV_CONTROL_VFE;
	uint32_t number = model_get(pf, pf->sriov + PCI_SRIOV_NUM, 2);
	uint32_t i;

	for (i = 0; i < pf->pci->count && pf->sriov != 0; i++) {
		struct model_function *f = pf->pci->functions[i];
		bool there = enabled && f->vf < number;

		if (f->pf == pf && !there) {
			f->gone = true;
		} else if (f->pf == pf && f->gone && !f->never_returns) {
			reset_function(f, 0);
			f->gone = false;
		}
	}
}

/* A hot reset reaches everything below. */
static void reset_below(struct model_function *bridge)
{
	struct model_pci *m = bridge->pci;
	uint32_t i;

	for (i = 0; i < m->count; i++) {
		struct model_function *f;

		for (f = m->functions[i]->parent; f != NULL && f != bridge; f = f->parent) {
		}
		if (f == bridge) {
			m->functions[i]->bus_reset_count++;
			reset_function(m->functions[i], MODEL_RESET_BUS);
		}
	}
}

static uint32_t model_read(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size)
{
	struct model_pci *m = b->priv;
	struct model_function *f = route(m, where);

	m->reads++;
	require(offset % size == 0 && offset + size <= 4096);
	if (f == NULL || f->gone) {
		return 0xffffffffU;
	}
	f->reads++;
	if (f->busy_left > 0) {
		f->busy_left--;
		return f->busy_crs && offset == PCI_VENDOR_ID ? 0xffff0001U : 0xffffffffU;
	}
	if (f->restless && offset == PCI_STATUS) {
		f->config[PCI_STATUS] ^= PCI_STATUS_INTERRUPT;
	}
	return get(f->config, offset, size);
}

bool model_pin(const struct host_bridge *b, struct sbdf where)
{
	const struct model_function *f = route(b->priv, where);

	return f != NULL && !f->gone && (model_get(f, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT) &&
	       !(model_get(f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF);
}

static void count_sizing(struct model_function *f, uint32_t offset)
{
	uint32_t end = f->bridge ? 0x18 : 0x28;

	if (offset >= PCI_BAR0 && offset < end && (f->config[PCI_COMMAND] & 3) != 0) {
		f->decode_on_sizing++;
	}
}

static void write_byte(struct model_function *f, uint32_t offset, uint8_t value)
{
	uint8_t mask = f->writable[offset];

	f->config[offset] = (uint8_t)((f->config[offset] & ~mask) | (value & mask));
	f->config[offset] &= (uint8_t)~(value & f->clear[offset]);
}

static bool in_d3(const struct model_function *f)
{
	return f->pm != 0 &&
	       (model_get(f, f->pm + PCI_PM_CONTROL, 2) & PCI_PM_STATE) == PCI_PM_D3HOT;
}

static void side_effects(struct model_function *f, uint32_t offset, uint32_t size, uint32_t value,
			 bool was_in_reset, bool was_in_d3)
{
	uint32_t devctl = f->express + PCI_EXP_DEVCTL;
	uint32_t af = (uint32_t)f->af + PCI_AF_CONTROL;

	if (f->express != 0 && offset <= devctl + 1 && offset + size > devctl + 1 && !f->bridge &&
	    (get(f->config, f->express + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR) &&
	    ((value >> (8 * (devctl + 1 - offset))) & 0x80)) {
		f->flr_count++;
		reset_function(f, MODEL_RESET_FLR);
		update_vfs(f);
	}
	if (f->af != 0 && offset <= af && offset + size > af &&
	    ((value >> (8 * (af - offset))) & PCI_AF_CONTROL_FLR)) {
		f->af_reset_count++;
		reset_function(f, MODEL_RESET_AF);
	}
	if (f->pm != 0 && was_in_d3 &&
	    (model_get(f, f->pm + PCI_PM_CONTROL, 2) & (PCI_PM_STATE | PCI_PM_NO_SOFT_RESET)) ==
		    0) {
		f->pm_reset_count++;
		reset_function(f, MODEL_RESET_PM);
	}
	if (f->bridge && !was_in_reset &&
	    (model_get(f, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CONTROL_RESET)) {
		reset_below(f);
	}
}

static void model_write(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size,
			uint32_t value)
{
	struct model_pci *m = b->priv;
	struct model_function *f = route(m, where);
	bool was_in_reset, was_in_d3;
	uint32_t i;

	require(offset % size == 0 && offset + size <= 4096);
	if (f == NULL || f->gone || f->busy_left > 0) {
		return;
	}
	if (m->write_count < MODEL_WRITES_MAX) {
		m->writes[m->write_count] = (struct model_write){ f, (uint16_t)offset,
								  (uint8_t)size, value };
	}
	m->write_count++;
	count_sizing(f, offset);
	was_in_reset = f->bridge &&
		       (model_get(f, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CONTROL_RESET) != 0;
	was_in_d3 = in_d3(f);
	for (i = 0; i < size; i++) {
		write_byte(f, offset + i, (uint8_t)(value >> (8 * i)));
	}
	if (f->ignores_d3) {
		f->config[f->pm + PCI_PM_CONTROL] &= (uint8_t)~PCI_PM_STATE;
	}
	side_effects(f, offset, size, value, was_in_reset, was_in_d3);
	if (f->sriov != 0 && offset >= f->sriov && offset < f->sriov + 64U) {
		update_vfs(f);
	}
}

const struct host_bridge_ops model_pci_ops = {
	.name = "model",
	.cfg_read = model_read,
	.cfg_write = model_write,
};

void model_pci_init(struct model_pci *m, struct host_bridge *b, struct machine_bridge *desc,
		    uint16_t segment, uint8_t bus_start, uint8_t bus_end)
{
	memset(m, 0, sizeof(*m));
	memset(b, 0, sizeof(*b));
	m->bus_start = bus_start;
	desc->segment = segment;
	desc->bus_start = bus_start;
	desc->bus_end = bus_end;
	b->ops = &model_pci_ops;
	b->desc = desc;
	b->priv = m;
}

void model_pci_free(struct model_pci *m)
{
	uint32_t i;

	for (i = 0; i < m->count; i++) {
		free(m->functions[i]);
	}
	m->count = 0;
}

static struct model_function *add(struct model_pci *m, struct model_function *parent, uint8_t dev,
				  uint8_t fn, uint32_t vendor_device, bool bridge)
{
	struct model_function *f = calloc(1, sizeof(*f));
	struct model_function *first;

	require(f != NULL && m->count < MODEL_FUNCTIONS_MAX);
	f->pci = m;
	f->parent = parent;
	f->devfn = (uint8_t)(dev << 3 | fn);
	f->bridge = bridge;
	f->next_cap_at = PCI_CAP_FIRST;
	f->next_ext_cap_at = PCI_EXT_CAP_FIRST;
	m->functions[m->count++] = f;
	model_set32(f, PCI_VENDOR_ID, vendor_device, 0);
	model_set16(f, PCI_COMMAND, 0, 0x0547);
	model_set8(f, PCI_CACHE_LINE, 0, 0xff);
	model_set8(f, PCI_INTERRUPT_LINE, 0, 0xff);
	model_set8(f, PCI_HEADER_TYPE, bridge ? 1 : 0, 0);
	/* More than one function: function 0 must say so. */
	first = find_on(m, parent, (uint8_t)(dev << 3));
	if (fn != 0 && first != NULL) {
		model_set8(first, PCI_HEADER_TYPE, first->config[PCI_HEADER_TYPE] | 0x80, 0);
	}
	return f;
}

struct model_function *model_endpoint(struct model_pci *m, struct model_function *parent,
				      uint8_t dev, uint8_t fn, uint32_t vendor_device,
				      uint32_t class_code)
{
	struct model_function *f = add(m, parent, dev, fn, vendor_device, false);

	model_set32(f, PCI_REVISION, class_code << 8 | 1, 0);
	model_set32(f, PCI_SUBSYSTEM_VENDOR, 0x11001af4, 0);
	return f;
}

struct model_function *model_bridge(struct model_pci *m, struct model_function *parent, uint8_t dev,
				    uint8_t fn, uint32_t vendor_device)
{
	struct model_function *f = add(m, parent, dev, fn, vendor_device, true);

	model_set32(f, PCI_REVISION, 0x060400U << 8, 0);
	model_set32(f, PCI_PRIMARY_BUS, 0, 0xffffffff);
	model_set16(f, PCI_IO_BASE, 0x0101, 0xf0f0);
	model_set32(f, PCI_MEM_BASE, 0, 0xfff0fff0);
	model_set32(f, PCI_PREF_BASE, 0x00010001, 0xfff0fff0);
	model_set32(f, PCI_PREF_BASE_UPPER, 0, 0xffffffff);
	model_set32(f, PCI_PREF_LIMIT_UPPER, 0, 0xffffffff);
	model_set32(f, PCI_IO_BASE_UPPER, 0, 0xffffffff);
	model_set16(f, PCI_BRIDGE_CONTROL, 0, 0x007f);
	return f;
}

struct model_function *model_port(struct model_pci *m, struct model_function *parent, uint8_t dev,
				  uint8_t fn, uint8_t express_type, bool hotplug, bool acs)
{
	struct model_function *f = model_bridge(m, parent, dev, fn, 0x000c1b36);
	uint16_t cap = model_express(f, express_type, false);

	if (hotplug) {
		model_set16(f, cap + PCI_EXP_FLAGS,
			    (uint16_t)(2 | express_type << 4 | PCI_EXP_FLAGS_SLOT), 0);
		model_set32(f, cap + PCI_EXP_SLTCAP, PCI_EXP_SLTCAP_HOTPLUG, 0);
	}
	model_set16(f, cap + PCI_EXP_ROOTCTL, 0, 0x001f);
	model_set16(f, cap + PCI_EXP_ROOTCAP, PCI_EXP_ROOTCAP_CRS, 0);
	model_set32(f, cap + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_ACTIVE, 0);
	model_set16(f, cap + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_ACTIVE, 0);
	if (acs) {
		model_acs(f, 0x1f, 0x1f);
	}
	return f;
}

void model_bar(struct model_function *f, uint32_t index, enum bar_kind kind, bool prefetchable,
	       uint64_t size)
{
	uint32_t at = PCI_BAR0 + 4 * index;
	uint64_t mask = size == 0 ? 0 : ~(size - 1);
	uint32_t flags = prefetchable ? PCI_BAR_PREFETCH : 0;

	switch (kind) {
	case BAR_IO:
		model_set32(f, at, PCI_BAR_IO, (uint32_t)mask & ~PCI_BAR_IO_FLAGS);
		break;
	case BAR_MEM32:
		model_set32(f, at, flags, (uint32_t)mask & ~PCI_BAR_MEM_FLAGS);
		break;
	case BAR_MEM64:
		model_set32(f, at, flags | PCI_BAR_TYPE_64, (uint32_t)mask & ~PCI_BAR_MEM_FLAGS);
		model_set32(f, at + 4, 0, (uint32_t)(mask >> 32));
		break;
	case BAR_NONE:
	case BAR_MEM64_HIGH:
	default:
		model_set32(f, at, 0, 0);
		break;
	}
}

uint16_t model_cap(struct model_function *f, uint8_t id, uint32_t len)
{
	uint16_t at = f->next_cap_at;

	require(at + len <= 256);
	f->next_cap_at = (uint16_t)ALIGN_UP(at + len, 4);
	model_set16(f, at, id, 0);
	if (f->last_cap == 0) {
		model_set8(f, PCI_CAP_POINTER, (uint8_t)at, 0);
		model_set16(f, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	} else {
		model_set8(f, f->last_cap + 1, (uint8_t)at, 0);
	}
	f->last_cap = at;
	return at;
}

uint16_t model_ext_cap(struct model_function *f, uint16_t id, uint32_t len)
{
	uint16_t at = f->next_ext_cap_at;

	require(at + len <= 4096);
	f->next_ext_cap_at = (uint16_t)ALIGN_UP(at + len, 4);
	model_set32(f, at, id | 1U << 16, 0);
	if (f->last_ext_cap != 0) {
		model_set32(f, f->last_ext_cap,
			    (model_get(f, f->last_ext_cap, 4) & 0xfffff) | (uint32_t)at << 20, 0);
	}
	f->last_ext_cap = at;
	return at;
}

uint16_t model_express(struct model_function *f, uint8_t type, bool flr)
{
	uint16_t at = model_cap(f, PCI_CAP_EXPRESS, 60);

	model_set16(f, at + PCI_EXP_FLAGS, (uint16_t)(2 | type << 4), 0);
	model_set32(f, at + PCI_EXP_DEVCAP, flr ? PCI_EXP_DEVCAP_FLR : 0, 0);
	model_set16(f, at + PCI_EXP_DEVCTL, 0x2810, 0x7fff);
	f->clear[at + PCI_EXP_DEVSTA] = 0x0f;
	model_set16(f, at + PCI_EXP_DEVCTL2, 0, 0xffff);
	model_set16(f, at + PCI_EXP_LNKCTL, 0, 0x01ff);
	f->express = at;
	return at;
}

uint16_t model_pm(struct model_function *f)
{
	uint16_t at = model_cap(f, PCI_CAP_PM, 8);

	model_set16(f, at + 2, 3, 0);
	model_set16(f, at + PCI_PM_CONTROL, PCI_PM_NO_SOFT_RESET, PCI_PM_STATE);
	f->pm = at;
	return at;
}

void model_pm_resets(struct model_function *f)
{
	model_set16(f, f->pm + PCI_PM_CONTROL, 0, PCI_PM_STATE);
}

uint16_t model_af(struct model_function *f)
{
	uint16_t at = model_cap(f, PCI_CAP_AF, 6);

	model_set8(f, at + 2, 6, 0);
	model_set8(f, at + PCI_AF_CAP, PCI_AF_CAP_TP | PCI_AF_CAP_FLR, 0);
	f->af = at;
	return at;
}

uint16_t model_msi(struct model_function *f, uint32_t vectors, bool is_64bit, bool maskable)
{
	uint32_t len = 10U + (is_64bit ? 4 : 0) + (maskable ? 10 : 0);
	uint16_t at = model_cap(f, PCI_CAP_MSI, len);
	uint16_t control = 0;

	while ((1U << (control + 1)) <= vectors) {
		control++;
	}
	control = (uint16_t)(control << 1 | (is_64bit ? PCI_MSI_64BIT : 0) |
			     (maskable ? PCI_MSI_MASKABLE : 0));
	model_set16(f, at + PCI_MSI_CONTROL, control, 0x0071);
	model_set32(f, at + 4, 0, 0xfffffffc);
	model_set32(f, at + 8, 0, is_64bit ? 0xffffffff : 0xffff);
	if (is_64bit) {
		model_set16(f, at + 12, 0, 0xffff);
	}
	return at;
}

uint16_t model_msix(struct model_function *f, uint32_t entries, uint8_t table_bar,
		    uint32_t table_offset, uint8_t pba_bar, uint32_t pba_offset)
{
	uint16_t at = model_cap(f, PCI_CAP_MSIX, 12);

	model_set16(f, at + PCI_MSIX_CONTROL, (uint16_t)(entries - 1), 0xc000);
	model_set32(f, at + PCI_MSIX_TABLE, table_offset | table_bar, 0);
	model_set32(f, at + PCI_MSIX_PBA, pba_offset | pba_bar, 0);
	return at;
}

uint16_t model_acs(struct model_function *f, uint16_t capable, uint16_t settable)
{
	uint16_t at = model_ext_cap(f, PCI_EXT_CAP_ACS, 8);

	model_set16(f, at + PCI_ACS_CAP, capable, 0);
	model_set16(f, at + PCI_ACS_CONTROL, 0, settable);
	return at;
}

uint16_t model_sriov(struct model_function *f, uint16_t total, uint16_t first, uint16_t stride,
		     uint64_t bar0_size)
{
	uint16_t at = model_ext_cap(f, PCI_EXT_CAP_SRIOV, 64);

	f->sriov = at;
	model_set16(f, at + PCI_SRIOV_CONTROL, 0, 0x001f);
	model_set16(f, at + PCI_SRIOV_TOTAL, total, 0);
	model_set16(f, at + PCI_SRIOV_NUM, 0, 0xffff);
	model_set16(f, at + PCI_SRIOV_FIRST, first, 0);
	model_set16(f, at + PCI_SRIOV_STRIDE, stride, 0);
	model_set16(f, at + PCI_SRIOV_VF_DEVICE, 0x10ca, 0);
	model_set32(f, at + PCI_SRIOV_PAGES_SUPPORTED, 0x553, 0);
	model_set32(f, at + PCI_SRIOV_PAGE_SIZE, 1, 0xffffffff);
	model_set32(f, at + PCI_SRIOV_BAR0, PCI_BAR_TYPE_64,
		    (uint32_t)~(bar0_size - 1) & ~PCI_BAR_MEM_FLAGS);
	model_set32(f, at + PCI_SRIOV_BAR0 + 4, 0, (uint32_t)(~(bar0_size - 1) >> 32));
	return at;
}

uint16_t model_aer(struct model_function *f)
{
	bool root = f->bridge && f->parent == NULL;
	uint16_t at = model_ext_cap(f, PCI_EXT_CAP_AER, root ? PCI_AER_ROOT_SIZE : 0x2c);

	f->aer = at;
	memset(&f->clear[at + PCI_AER_UNCOR_STATUS], 0xff, 4);
	memset(&f->clear[at + PCI_AER_COR_STATUS], 0xff, 4);
	model_set32(f, at + PCI_AER_UNCOR_MASK, 0, 0xffffffff);
	if (root) {
		model_set32(f, at + PCI_AER_ROOT_COMMAND, 7, 7);
		f->clear[at + PCI_AER_ROOT_STATUS] = 0x7f;
	}
	model_set16(f, PCI_BRIDGE_CONTROL, 0, f->bridge ? 0x0042 : 0);
	return at;
}

static bool lets_through(const struct model_function *f, enum model_error error)
{
	return (model_get(f, PCI_COMMAND, 2) & PCI_COMMAND_SERR) != 0 &&
	       (model_get(f, f->express + PCI_EXP_DEVCTL, 2) & 1U << error) != 0 &&
	       (!f->bridge || (model_get(f, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CONTROL_SERR) != 0);
}

void model_message(struct model_function *root, enum model_error error, uint16_t requester)
{
	uint32_t status = model_get(root, root->aer + PCI_AER_ROOT_STATUS, 4);
	uint32_t shift = error == MODEL_CORRECTED ? 0 : 2; /* received, several */
	uint8_t *source = &root->config[root->aer + PCI_AER_SOURCE + shift];

	if ((status & 1U << shift) == 0) {
		source[0] = (uint8_t)requester;
		source[1] = (uint8_t)(requester >> 8);
	} else {
		status |= 2U << shift;
	}
	status |= 1U << shift;
	status |= error == MODEL_NONFATAL ? 0x20U : error == MODEL_FATAL ? 0x40U : 0U;
	root->config[root->aer + PCI_AER_ROOT_STATUS] = (uint8_t)status;
}

bool model_error(struct model_function *f, enum model_error error)
{
	uint8_t bus = f->parent != NULL ? f->parent->config[PCI_SECONDARY_BUS] : f->pci->bus_start;
	uint16_t requester = (uint16_t)(bus << 8 | f->devfn);
	struct model_function *at = f;

	f->config[f->express + PCI_EXP_DEVSTA] |= (uint8_t)(1U << error);
	if (f->aer != 0) {
		f->config[f->aer + PCI_AER_UNCOR_STATUS] |= error != MODEL_CORRECTED ? 0x10 : 0;
	}
	for (; at != NULL && lets_through(at, error); at = at->parent) {
		if (at->parent == NULL && at->aer != 0) {
			model_message(at, error, requester);
			return true;
		}
	}
	return false;
}

uint16_t model_ari(struct model_function *f)
{
	return model_ext_cap(f, PCI_EXT_CAP_ARI, 8);
}

void model_ari_port(struct model_function *port, bool settable)
{
	model_set32(port, port->express + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_ARI, 0);
	model_set16(port, port->express + PCI_EXP_DEVCTL2, 0,
		    settable ? 0xffff : 0xffff & ~PCI_EXP_DEVCTL2_ARI);
}

struct model_function *model_vf(struct model_function *pf, uint16_t i)
{
	uint32_t devfn = pf->devfn + model_get(pf, pf->sriov + PCI_SRIOV_FIRST, 2) +
			 i * model_get(pf, pf->sriov + PCI_SRIOV_STRIDE, 2);
	struct model_function *f = model_endpoint(pf->pci, pf->parent, (uint8_t)(devfn >> 3),
						  devfn & 7, 0xffffffff, 0x020000);

	require(devfn < 256);
	/* Functions they are, but no multi-function device. */
	model_set8(find_on(pf->pci, pf->parent, (uint8_t)(devfn & ~7U)), PCI_HEADER_TYPE, 0, 0);
	f->pf = pf;
	f->vf = i;
	f->gone = true;
	model_set16(f, PCI_COMMAND, 0, PCI_COMMAND_MASTER);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(f, 3, 0, 0x2000, 0, 0x3000);
	return f;
}
