/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expansion ROMs for guests: what the toolstack loads, in memory of the hypervisor's that a guest
 * reads by its ROM BAR. The device's own ROM is never decoded: it shares decoders with BARs on many
 * devices (PCIe 6.0 7.5.1.2.4), and what it holds nobody has vouched for.
 */
#include "arch/arm64/cpu.h"
#include "core/heap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/registry.h"
#include "vpci/lend.h"
#include "vpci/vpci.h"

#define ERASED 0xff

static unsigned int order_of(uint64_t size)
{
	unsigned int order = 0;

	while (SZ_4K << order < size) {
		order++;
	}
	return order;
}

void lend_rom_drop(struct pci_function *f)
{
	if (f->lent_rom.size != 0) {
		heap_pages_free(heap_va(f->lent_rom.cpu), order_of(f->lent_rom.size));
		f->lent_rom = (struct pci_bar){ .kind = BAR_NONE };
	}
}

/* Registry lock held. */
static int begin(struct pci_function *f, uint32_t size)
{
	uint8_t *rom;

	lend_rom_drop(f);
	rom = heap_pages(order_of(size));
	if (!rom) {
		return -ENOMEM;
	}
	memset(rom, ERASED, size);
	cache_clean(rom, size);
	f->lent_rom = (struct pci_bar){ .kind = BAR_MEM32, .size = size, .cpu = heap_pa(rom) };
	f->lent_rom.address = f->lent_rom.cpu.v;
	return 0;
}

int lend_rom_load(struct pci_function *f, uint32_t size, uint32_t offset, const void *data,
		  uint32_t count)
{
	uint8_t *rom;
	int r = 0;

	if (size < LEND_ROM_MIN || size > LEND_ROM_MAX || (size & (size - 1)) != 0 ||
	    !range_ok(offset, count, size)) {
		return -EINVAL;
	}
	spin_lock(&pci_registry_lock);
	if (f->state != FUNCTION_QUARANTINED || (offset != 0 && f->lent_rom.size != size)) {
		r = -EINVAL;
	} else if (offset == 0) {
		r = begin(f, size);
	}
	if (r == 0) {
		rom = heap_va(f->lent_rom.cpu);
		memcpy(rom + offset, data, count);
		/* The guest reads past the caches. */
		cache_clean(rom + offset, count);
	}
	spin_unlock(&pci_registry_lock);
	return r;
}
