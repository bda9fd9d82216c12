/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_world.h"

#include <string.h>

#include "core/heap.h"
#include "irq/its.h"
#include "pci/pci_index.h"
#include "pci/registry.h"
#include "pci/registry_list.h"

struct machine machine;
struct iommu world_iommu = { .usable = true };
const struct host_bridge_ops *const host_bridge_table[] = { &model_pci_ops, NULL };

struct iommu *iommu_by_phandle(uint32_t phandle)
{
	return phandle == 1 ? &world_iommu : NULL;
}

struct its *its_by_phandle(uint32_t phandle)
{
	return phandle == 2 ? (struct its *)&world_iommu : NULL;
}

void pci_world_init(struct pci_world *w, uint16_t segment, uint8_t bus_start, uint8_t bus_end)
{
	struct machine_bridge *d = &w->desc;

	memset(d, 0, sizeof(*d));
	model_pci_init(&w->pci, &w->bridge, d, segment, bus_start, bus_end);
	d->windows[0] = (struct machine_window){ WINDOW_IO, false, 0, WORLD_CPU_OFFSET, 0x10000 };
	d->windows[1] = (struct machine_window){ WINDOW_MEM32, false, WORLD_MEM32,
						 WORLD_MEM32 + WORLD_CPU_OFFSET, WORLD_MEM32_SIZE };
	d->windows[2] = (struct machine_window){ WINDOW_MEM64, false, WORLD_MEM64,
						 WORLD_MEM64 + WORLD_CPU_OFFSET, WORLD_MEM64_SIZE };
	d->window_count = 3;
	d->iommu_map = &w->maps[0];
	d->msi_map = &w->maps[1];
	d->iommu_map[0] = (struct machine_id_map){ 0, 1, (uint32_t)segment << 16, 0x10000 };
	d->iommu_map_count = 1;
	d->iommu_map_mask = 0xffff;
	d->msi_map[0] = (struct machine_id_map){ 0, 2, (uint32_t)segment << 16, 0x10000 };
	d->msi_map_count = 1;
	d->msi_map_mask = 0xffff;
}

void pci_world_free(struct pci_world *w)
{
	while (registry_functions != NULL) {
		struct pci_function *next = registry_functions->next;

		heap_free(registry_functions->slot);
		heap_free(registry_functions);
		registry_functions = next;
	}
	registry_newest = NULL;
	memset(&pci_index, 0, sizeof(pci_index));
	model_pci_free(&w->pci);
}

struct pci_function *world_function(uint16_t segment, uint8_t bus, uint8_t dev, uint8_t fn)
{
	struct pci_function *f = pci_function_find(sbdf_make(segment, bus, dev, fn));

	if (f == NULL) {
		__builtin_trap();
	}
	return f;
}
