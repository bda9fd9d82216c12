/* SPDX-License-Identifier: BSD-2-Clause */
/* What a physical function's VFs will need: requester IDs and BAR space (PCIe 6.0 9.3.3). */
#include "core/log.h"
#include "pci/pci_bar.h"
#include "pci/pci_caps.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

void pci_sriov_read(struct pci_function *f)
{
	struct pci_sriov *s = &f->sriov;
	uint32_t cap = f->cap_sriov;
	uint32_t i;

	if (cap == 0) {
		return;
	}
	pci_write(f, cap + PCI_SRIOV_CONTROL, 2, 0);
	s->total = (uint16_t)pci_read(f, cap + PCI_SRIOV_TOTAL, 2);
	s->first = (uint16_t)pci_read(f, cap + PCI_SRIOV_FIRST, 2);
	s->stride = (uint16_t)pci_read(f, cap + PCI_SRIOV_STRIDE, 2);
	s->device = (uint16_t)pci_read(f, cap + PCI_SRIOV_VF_DEVICE, 2);
	if (s->total == 0 || s->first == 0 || (s->total > 1 && s->stride == 0)) {
		log_warn("pci", SBDF_FMT ": SR-IOV with %u VFs, offset %u, stride %u, not used",
			 SBDF_ARG(f->sbdf), s->total, s->first, s->stride);
		*s = (struct pci_sriov){ 0 };
		return;
	}
	/* Smallest system page: a BAR's true size. Bit n of the register means 2^(n+12) bytes. */
	pci_write(f, cap + PCI_SRIOV_PAGE_SIZE, 4, 1);
	pci_bars_size_at(f, cap + PCI_SRIOV_BAR0, PCI_BARS, s->bars);
	for (i = 0; i < PCI_BARS; i++) {
		if (s->bars[i].kind == BAR_IO) {
			s->bars[i] = (struct pci_bar){ .kind = BAR_NONE };
		}
	}
}
