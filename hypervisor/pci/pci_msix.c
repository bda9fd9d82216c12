/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a function keeps its MSI-X table and pending bits, and whether that can be true. */
#include "core/log.h"
#include "pci/pci_caps.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

static bool inside(const struct pci_bar bars[PCI_BARS], uint32_t bar, uint64_t offset,
		   uint64_t size)
{
	return bar < PCI_BARS && (bars[bar].kind == BAR_MEM32 || bars[bar].kind == BAR_MEM64) &&
	       range_ok(offset, size, bars[bar].size);
}

bool pci_msix_valid(const struct pci_msix *m, const struct pci_bar bars[PCI_BARS])
{
	uint64_t table_size = (uint64_t)m->entries * PCI_MSIX_ENTRY_SIZE;
	uint64_t pba_size = 8 * (((uint64_t)m->entries + 63) / 64);

	if (m->entries == 0 || m->entries > 2048 ||
	    !inside(bars, m->table_bar, m->table_offset, table_size) ||
	    !inside(bars, m->pba_bar, m->pba_offset, pba_size)) {
		return false;
	}
	return m->table_bar != m->pba_bar || m->pba_offset >= m->table_offset + table_size ||
	       m->table_offset >= m->pba_offset + pba_size;
}

void pci_msix_read(struct pci_function *f)
{
	struct pci_msix *m = &f->msix;
	uint32_t table, pba;

	if (m->cap == 0) {
		return;
	}
	table = pci_read(f, m->cap + PCI_MSIX_TABLE, 4);
	pba = pci_read(f, m->cap + PCI_MSIX_PBA, 4);
	m->entries = (uint16_t)((pci_read(f, m->cap + PCI_MSIX_CONTROL, 2) & PCI_MSIX_SIZE) + 1);
	m->table_bar = table & PCI_MSIX_BIR;
	m->table_offset = table & ~PCI_MSIX_BIR;
	m->pba_bar = pba & PCI_MSIX_BIR;
	m->pba_offset = pba & ~PCI_MSIX_BIR;
	if (!pci_msix_valid(m, f->bars)) {
		log_warn("pci",
			 SBDF_FMT ": MSI-X table (%u entries, BAR%u+0x%x, pending BAR%u+0x%x) does "
				  "not fit its BARs, not used",
			 SBDF_ARG(f->sbdf), m->entries, m->table_bar, m->table_offset, m->pba_bar,
			 m->pba_offset);
		*m = (struct pci_msix){ 0 };
	}
}
