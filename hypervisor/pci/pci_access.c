/* SPDX-License-Identifier: BSD-2-Clause */
/* Config accesses of a function in the registry, and the one that makes it quiet. */
#include "pci/pci_config.h"
#include "pci/host_bridge.h"
#include "pci/pci_w1c.h"
#include "pci/registry.h"

uint32_t pci_read(struct pci_function *f, uint32_t offset, uint32_t size)
{
	return host_bridge_read(f->bridge, f->sbdf, offset, size);
}

void pci_write(struct pci_function *f, uint32_t offset, uint32_t size, uint32_t value)
{
	uint32_t w1c = host_bridge_words(f->bridge, f->sbdf) ? pci_w1c(f, offset & ~3U) : 0;

	host_bridge_write(f->bridge, f->sbdf, offset, size, value, w1c);
}

void pci_quiesce(struct pci_function *f)
{
	uint32_t control;

	/* Bus mastering first: from here on the function sends neither DMA nor MSI. */
	pci_write(f, PCI_COMMAND, 2,
		  PCI_COMMAND_INTX_OFF | (f->reports_errors ? PCI_COMMAND_SERR : 0U));
	if (f->msi.cap != 0) {
		control = pci_read(f, f->msi.cap + PCI_MSI_CONTROL, 2);
		pci_write(f, f->msi.cap + PCI_MSI_CONTROL, 2, control & ~(uint32_t)PCI_MSI_ENABLE);
	}
	if (f->msix.cap != 0) {
		control = pci_read(f, f->msix.cap + PCI_MSIX_CONTROL, 2);
		control &= ~(uint32_t)(PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
		pci_write(f, f->msix.cap + PCI_MSIX_CONTROL, 2, control);
	}
}
