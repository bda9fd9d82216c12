/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_msix.h"

#include <assert.h>
#include <string.h>

#include "irq/vgic.h"
#include "pci/pci_config.h"
#include "pci/pci_msix_table.h"
#include "pci/registry.h"

uint8_t fake_msix_bar[0x4000];
uint32_t fake_msix_pulsed, fake_msix_pulses;
const struct domain *fake_msix_pulsed_in;

void pci_msix_pages(const struct pci_function *f, uint64_t *start, uint64_t *end)
{
	*start = f->msix.table_offset & ~0xfffULL;
	*end = ALIGN_UP(f->msix.table_offset + f->msix.entries * PCI_MSIX_ENTRY_SIZE, SZ_4K);
}

void pci_msix_map(struct pci_function *f)
{
	if (f->msi_controller != NULL && f->msix.cap != 0 && f->header_type == 0) {
		f->msix_pages = fake_msix_bar;
	}
}

static uint8_t *at(const struct pci_function *f, uint64_t offset, uint32_t size)
{
	uint64_t start, end;

	pci_msix_pages(f, &start, &end);
	/* Only what EL2 has mapped, and while the device decodes it. */
	assert(offset >= start && offset + size <= end && offset % size == 0);
	assert((pci_read((struct pci_function *)(uintptr_t)f, PCI_COMMAND, 2) & 2) != 0);
	return &fake_msix_bar[offset];
}

uint32_t pci_msix_page_read(struct pci_function *f, uint64_t offset, uint32_t size)
{
	uint32_t value = 0;

	memcpy(&value, at(f, offset, size), size);
	return value;
}

void pci_msix_page_write(struct pci_function *f, uint64_t offset, uint32_t size, uint32_t value)
{
	memcpy(at(f, offset, size), &value, size);
}

uint32_t fake_msix_word(uint32_t offset)
{
	uint32_t value;

	memcpy(&value, &fake_msix_bar[offset], sizeof(value));
	return value;
}

void vgic_pulse(struct domain *d, struct vcpu *v, uint32_t intid)
{
	fake_msix_pulsed_in = d;
	fake_msix_pulsed = intid;
	fake_msix_pulses++;
}

uint32_t vgic_spi_cpu(struct domain *d, uint32_t vintid)
{
	return vintid % 4;
}
