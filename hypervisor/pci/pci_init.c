/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot: from host bridges to a complete registry, and what it says in the log. */
#include "core/log.h"
#include "iommu/iommu.h"
#include "irq/its.h"
#include "irq/msi.h"
#include "pci/host_bridge.h"
#include "pci/pci_acs.h"
#include "pci/pci_bar.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_msix_table.h"
#include "pci/pci_init.h"
#include "pci/pci_place.h"
#include "pci/pci_scan.h"
#include "pci/registry.h"

static void add_size(struct log_text *l, uint64_t size)
{
	if (size >= SZ_1M) {
		log_add(l, "%llu MiB", (unsigned long long)(size / SZ_1M));
	} else if (size >= 1024) {
		log_add(l, "%llu KiB", (unsigned long long)(size / 1024));
	} else {
		log_add(l, "%llu bytes", (unsigned long long)size);
	}
}

static void add_bars(struct log_text *l, const struct pci_function *f)
{
	uint32_t i;

	for (i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *b = &f->bars[i];

		if (b->kind == BAR_NONE || b->kind == BAR_MEM64_HIGH) {
			continue;
		}
		log_add(l, ", BAR%u %s%s ", i,
			b->kind == BAR_IO      ? "I/O"
			: b->kind == BAR_MEM64 ? "64-bit"
					       : "32-bit",
			b->prefetchable ? " prefetchable" : "");
		add_size(l, b->size);
		if (b->address != 0) {
			log_add(l, " @0x%llx", (unsigned long long)b->address);
		} else {
			log_add(l, " not placed");
		}
	}
}

void pci_log_begin(struct log_text *l, const struct pci_function *f)
{
	log_begin(l, "pci");
	log_add(l, "%*s" SBDF_FMT " [%04x:%04x] class %06x", 2 * f->depth, "", SBDF_ARG(f->sbdf),
		f->vendor, f->device, f->class_code);
	add_bars(l, f);
}

void pci_log_end(struct log_text *l, const struct pci_function *f)
{
	if (f->header_type == 1) {
		log_add(l, ", buses %02x-%02x%s", f->bus_secondary, f->bus_subordinate,
			f->isolated ? ", ACS" : "");
	}
	if (f->msix.cap != 0) {
		log_add(l, ", MSI-X %u", f->msix.entries);
	}
	if (f->msi.cap != 0) {
		log_add(l, ", MSI %u", f->msi.vectors);
	}
	if (f->sriov.total != 0) {
		log_add(l, ", %u VFs", f->sriov.total);
	}
	if (f->header_type == 0) {
		log_add(l, ", %s", pci_reset_method_name(f));
	}
	if (f->iommu != NULL) {
		log_add(l, ", stream 0x%x", f->stream.v);
	} else {
		log_add(l, ", no IOMMU");
	}
	log_add(l, ", group %u", f->group);
	log_end(l, LOG_INFO);
}

static void identify_stream(struct pci_function *f)
{
	const struct machine_bridge *d = f->bridge->desc;
	const struct machine_id_map *e = host_bridge_map_entry(
		d->iommu_map, d->iommu_map_count, d->iommu_map_mask, f->requester);

	if (e == NULL) {
		return;
	}
	f->iommu = iommu_by_phandle(e->phandle);
	f->stream = (stream_id_t){ e->out_base };
	if (f->iommu == NULL || !f->iommu->whole_bridge) {
		f->stream.v += (f->requester & d->iommu_map_mask) - e->rid_base;
	}
}

void pci_identify(struct pci_function *f)
{
	const struct machine_bridge *d = f->bridge->desc;
	uint32_t phandle, id;

	f->requester = pci_requester_id(f);
	identify_stream(f);
	if (host_bridge_map_id(d->msi_map, d->msi_map_count, d->msi_map_mask, f->requester,
			       &phandle, &id)) {
		f->its = its_by_phandle(phandle);
		f->device_id = (device_id_t){ id };
		f->msi_controller = f->its == NULL ? msi_by_phandle(phandle) : NULL;
	} else if (d->msi_map_count == 0) {
		f->msi_controller = f->bridge->msi;
	}
}

void pci_bring_up_begin(struct host_bridge *b)
{
	if (b->desc->msi_map_count != 0) {
		b->its = its_by_phandle(b->desc->msi_map[0].phandle);
		b->msi = b->its == NULL ? msi_by_phandle(b->desc->msi_map[0].phandle) : NULL;
	}
}

static void identify(struct pci_function *f)
{
	pci_acs_enable(f);
	pci_identify(f);
	pci_msix_map(f);
}

static void probe_reset(struct pci_function *f)
{
	f->reset_methods = pci_reset_probe(f);
}

static void (*const parts[])(struct pci_function *f) = {
	identify, probe_reset, pci_reset_remember,
};

bool pci_bring_up_part(struct pci_function *f, uint32_t part)
{
	parts[part](f);
	return part + 1 == ARRAY_SIZE(parts);
}

void pci_bring_up(struct host_bridge *b)
{
	struct pci_function *f;

	pci_bring_up_begin(b);
	if (pci_scan(b) != 0 || pci_place(b) != 0) {
		log_error("pci", "%s: out of memory, not every function is usable", b->desc->path);
	}
	for (f = b->functions; f != NULL; f = pci_function_next_below(f)) {
		for (uint32_t part = 0; !pci_bring_up_part(f, part); part++) {
		}
	}
}

/* A line for each function below b. */
static void log_functions(const struct host_bridge *b)
{
	struct pci_function *f;
	struct log_text l;

	for (f = b->functions; f != NULL; f = pci_function_next_below(f)) {
		pci_log_begin(&l, f);
		pci_log_end(&l, f);
	}
}

void pci_init(void)
{
	uint32_t i;

	host_bridge_probe_all();
	for (i = 0; i < host_bridge_count; i++) {
		if (host_bridge_is_up(&host_bridges[i])) {
			pci_bring_up(&host_bridges[i]);
		}
	}
	pci_groups_assign(pci_function_first());
	for (i = 0; i < host_bridge_count; i++) {
		log_functions(&host_bridges[i]);
	}
}
