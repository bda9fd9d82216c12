/* SPDX-License-Identifier: BSD-2-Clause */
/* What an administrator asks about one PCI function: can it be lent, and if not, why not. */
#include "control/control_request.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/registry.h"

#include <viaduct/guest_map.h>

#define SAME(hv, abi) _Static_assert((int)(hv) == (int)(abi), "ABI")

SAME(PCI_OBSTACLE_BRIDGE, CONTROL_OBSTACLE_BRIDGE);
SAME(PCI_OBSTACLE_BROKEN, CONTROL_OBSTACLE_BROKEN);
SAME(PCI_OBSTACLE_LENT, CONTROL_OBSTACLE_LENT);
SAME(PCI_OBSTACLE_RESETTING, CONTROL_OBSTACLE_RESETTING);
SAME(PCI_OBSTACLE_ADDRESS, CONTROL_OBSTACLE_ADDRESS);
SAME(PCI_OBSTACLE_RESET, CONTROL_OBSTACLE_RESET);
SAME(PCI_OBSTACLE_IOMMU, CONTROL_OBSTACLE_IOMMU);
SAME(PCI_OBSTACLE_GROUP, CONTROL_OBSTACLE_GROUP);
SAME(PCI_OBSTACLE_VFS, CONTROL_OBSTACLE_VFS);
SAME(PCI_OBSTACLE_PF, CONTROL_OBSTACLE_PF);
SAME(PCI_OBSTACLE_REACH, CONTROL_OBSTACLE_REACH);
SAME(BAR_NONE, CONTROL_BAR_NONE);
SAME(BAR_IO, CONTROL_BAR_IO);
SAME(BAR_MEM32, CONTROL_BAR_MEM32);
SAME(BAR_MEM64, CONTROL_BAR_MEM64);
SAME(DOMAIN_ID_NONE, CONTROL_NO_DOMAIN);

/* Placement gives a BAR whole pages; one that does not start a page has not been placed by it. */
static void describe_bar(const struct pci_bar *bar, struct control_bar *out)
{
	bool memory = bar->kind == BAR_MEM32 || bar->kind == BAR_MEM64;

	if (bar->kind == BAR_NONE || bar->kind == BAR_MEM64_HIGH) {
		return;
	}
	out->kind = (uint32_t)bar->kind;
	out->address = bar->address;
	out->size = bar->size;
	out->flags = bar->prefetchable ? CONTROL_BAR_PREFETCHABLE : 0;
	if (memory && bar->address != 0 && IS_ALIGNED(bar->cpu.v, SZ_4K)) {
		out->flags |= CONTROL_BAR_OWN_PAGES;
	}
}

/* Registry lock held. */
static void examine(const struct pci_function *f, struct control_pci_report *out)
{
	uint16_t only;

	out->sbdf = f->sbdf.v;
	out->obstacles = pci_state_obstacles(f, &only);
	out->only = only;
	out->flags = (f->iommu != NULL ? CONTROL_REPORT_IOMMU : 0) |
		     (f->its != NULL ? CONTROL_REPORT_ITS : 0) |
		     (f->msi_controller != NULL ? CONTROL_REPORT_UNSAFE_MSI : 0) |
		     (f->lent_once ? CONTROL_REPORT_LENT_BEFORE : 0);
	if (pci_state_translated(f)) {
		out->flags |= CONTROL_REPORT_IOMMU_USABLE;
	} else if (f->iommu != NULL && f->iommu->why != NULL) {
		str_copy(out->iommu_why, f->iommu->why, sizeof(out->iommu_why));
	}
	out->reach = (uint32_t)MIN(pci_state_reach(f->bridge, GUEST_RAM_BASE) / SZ_1M,
				   CONTROL_REACH_ALL);
	out->requester = f->requester;
	out->stream = f->stream.v;
	out->device_id = f->device_id.v;
	out->msi_vectors = f->msi.cap != 0 ? f->msi.vectors : 0;
	out->msix_entries = f->msix.cap != 0 ? f->msix.entries : 0;
	for (uint32_t i = 0; f->header_type == 0 && i < PCI_BARS; i++) {
		describe_bar(&f->bars[i], &out->bars[i]);
	}
}

int control_pci_examine(struct control_call *call)
{
	const struct control_pci_examine *in = call->in;
	struct pci_function *f = pci_function_find((struct sbdf){ in->sbdf });
	struct control_pci_report reply = { .sbdf = 0 };

	bool there;

	if (f == NULL) {
		return -ENODEV;
	}
	spin_lock(&pci_registry_lock);
	there = f->state != FUNCTION_ABSENT;
	if (there) {
		examine(f, &reply);
	}
	spin_unlock(&pci_registry_lock);
	if (!there) {
		return -ENODEV;
	}
	control_reply(call, &reply, sizeof(reply));
	return 0;
}
