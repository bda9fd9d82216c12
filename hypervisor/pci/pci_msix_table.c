/* SPDX-License-Identifier: BSD-2-Clause */
/* EL2's own access to MSI-X tables. */
#include "pci/pci_msix_table.h"

#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"
#include "pci/pci_config.h"

void pci_msix_pages(const struct pci_function *f, uint64_t *start, uint64_t *end)
{
	uint64_t size = (uint64_t)f->msix.entries * PCI_MSIX_ENTRY_SIZE;

	*start = ALIGN_DOWN(f->msix.table_offset, SZ_4K);
	*end = ALIGN_UP(f->msix.table_offset + size, SZ_4K);
}

void pci_msix_map(struct pci_function *f)
{
	const struct pci_bar *bar = &f->bars[f->msix.table_bar];
	uint64_t start, end;

	if (f->msi_controller == NULL || f->msix.cap == 0 || f->header_type != 0 || !f->placed) {
		return;
	}
	pci_msix_pages(f, &start, &end);
	f->msix_pages = mmio_map_device(bar->cpu.v + start, end - start);
}

static volatile uint8_t *page_at(const struct pci_function *f, uint64_t offset)
{
	uint64_t start, end;

	pci_msix_pages(f, &start, &end);
	return f->msix_pages + (offset - start);
}

uint32_t pci_msix_page_read(struct pci_function *f, uint64_t offset, uint32_t size)
{
	uint32_t value = 0xffffffffU;

	(void)guarded_read(page_at(f, offset), size, &value);
	return value & 0xffffffffU >> (32 - 8 * size);
}

void pci_msix_page_write(struct pci_function *f, uint64_t offset, uint32_t size, uint32_t value)
{
	(void)guarded_write(page_at(f, offset), size, value);
}
