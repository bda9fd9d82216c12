/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One host bridge over a model hierarchy with the windows of a small machine, and what pci/ calls
 * outside itself: one IOMMU (phandle 1), one ITS (phandle 2).
 */
#ifndef FAKE_PCI_WORLD_H
#define FAKE_PCI_WORLD_H

#include "iommu/iommu.h"
#include "model_pci.h"

#define WORLD_MEM32      0x10000000ULL
#define WORLD_MEM32_SIZE 0x20000000ULL
#define WORLD_MEM64      0x8000000000ULL
#define WORLD_MEM64_SIZE 0x8000000000ULL
/* CPU addresses differ from bus addresses, so that a mix-up shows. */
#define WORLD_CPU_OFFSET 0x1000000000ULL

struct pci_world {
	struct model_pci pci;
	struct machine_bridge desc;
	struct machine_id_map maps[2];
	struct host_bridge bridge;
};

extern struct iommu world_iommu;

/* Segment, buses [bus_start, bus_end], windows and identity maps as above. */
void pci_world_init(struct pci_world *w, uint16_t segment, uint8_t bus_start, uint8_t bus_end);
/* The registry is emptied too. */
void pci_world_free(struct pci_world *w);

/* The registry's entry, which must exist. */
struct pci_function *world_function(uint16_t segment, uint8_t bus, uint8_t dev, uint8_t fn);

#endif
