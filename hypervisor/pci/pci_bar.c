/* SPDX-License-Identifier: BSD-2-Clause */
/* BAR sizing by writing ones (PCIe 6.0 7.5.1.2.1), with decode off, once per boot. */
#include "pci/pci_bar.h"

#include "pci/pci_config.h"
#include "pci/registry.h"

/* Which bits of the register can be set? It is left as it was found. */
static uint32_t probe_mask(struct pci_function *f, uint32_t offset, uint32_t ones)
{
	uint32_t before = pci_read(f, offset, 4);
	uint32_t mask;

	pci_write(f, offset, 4, ones);
	mask = pci_read(f, offset, 4);
	pci_write(f, offset, 4, before);
	return mask;
}

/* The lowest bit that can be set is the size; none: no BAR. */
static uint64_t lowest_bit(uint64_t mask)
{
	return mask & (~mask + 1);
}

static void size_memory(struct pci_function *f, uint32_t offset, uint32_t mask, bool wide,
			struct pci_bar *bar)
{
	uint64_t full = mask & ~(uint64_t)PCI_BAR_MEM_FLAGS;

	if (wide) {
		full |= (uint64_t)probe_mask(f, offset + 4, 0xffffffffU) << 32;
	}
	bar->size = lowest_bit(full);
	if (bar->size != 0) {
		bar->kind = wide ? BAR_MEM64 : BAR_MEM32;
		bar->prefetchable = (mask & PCI_BAR_PREFETCH) != 0;
	}
}

void pci_bars_size_at(struct pci_function *f, uint32_t offset, uint32_t count, struct pci_bar *bars)
{
	uint32_t i, mask, type;

	for (i = 0; i < count; i++) {
		bars[i] = (struct pci_bar){ .kind = BAR_NONE };
	}
	for (i = 0; i < count; i++) {
		mask = probe_mask(f, offset + 4 * i, 0xffffffffU);
		if (mask == 0 || mask == 0xffffffffU) {
			continue;
		}
		if (mask & PCI_BAR_IO) {
			/* The upper half may be hard-wired to 0: 16-bit decode. */
			bars[i].size = lowest_bit(mask & ~PCI_BAR_IO_FLAGS);
			bars[i].kind = bars[i].size != 0 ? BAR_IO : BAR_NONE;
			continue;
		}
		type = mask & PCI_BAR_TYPE;
		if (type == PCI_BAR_TYPE_64 && i + 1 < count) {
			size_memory(f, offset + 4 * i, mask, true, &bars[i]);
			i++;
			if (bars[i - 1].kind == BAR_MEM64) {
				bars[i].kind = BAR_MEM64_HIGH;
			}
		} else if (type == PCI_BAR_TYPE_32) {
			size_memory(f, offset + 4 * i, mask, false, &bars[i]);
		}
	}
}

void pci_bars_size(struct pci_function *f)
{
	uint32_t rom = f->header_type == 1 ? PCI_BRIDGE_ROM : PCI_ROM;
	uint32_t mask;

	pci_bars_size_at(f, PCI_BAR0, pci_bar_count(f), f->bars);
	pci_bars_write(f);
	/* Without the enable bit: a ROM may share its decoder with a BAR (7.5.1.2.4). */
	mask = probe_mask(f, rom, PCI_ROM_ADDRESS) & PCI_ROM_ADDRESS;
	f->rom_size = (uint32_t)lowest_bit(mask);
	pci_write(f, rom, 4, 0);
}

/* A VF has none: they are in its physical function's capability (PCIe 6.0 9.3.4.1.11). */
static uint32_t registers(const struct pci_function *f)
{
	return f->pf != NULL ? 0 : pci_bar_count(f);
}

void pci_bars_write(struct pci_function *f)
{
	uint32_t i;

	for (i = 0; i < registers(f); i++) {
		const struct pci_bar *b = &f->bars[i];

		if (b->kind == BAR_NONE || b->kind == BAR_MEM64_HIGH) {
			continue;
		}
		pci_write(f, PCI_BAR0 + 4 * i, 4, (uint32_t)b->address);
		if (b->kind == BAR_MEM64) {
			pci_write(f, PCI_BAR0 + 4 * (i + 1), 4, (uint32_t)(b->address >> 32));
		}
	}
}

bool pci_bars_verify(struct pci_function *f)
{
	uint32_t i, low;

	for (i = 0; i < registers(f); i++) {
		const struct pci_bar *b = &f->bars[i];

		if (b->kind == BAR_NONE || b->kind == BAR_MEM64_HIGH) {
			continue;
		}
		low = pci_read(f, PCI_BAR0 + 4 * i, 4);
		low &= ~(b->kind == BAR_IO ? PCI_BAR_IO_FLAGS : PCI_BAR_MEM_FLAGS);
		if (low != (uint32_t)b->address) {
			return false;
		}
		if (b->kind == BAR_MEM64 &&
		    pci_read(f, PCI_BAR0 + 4 * (i + 1), 4) != (uint32_t)(b->address >> 32)) {
			return false;
		}
	}
	return true;
}
