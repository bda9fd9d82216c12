/* SPDX-License-Identifier: BSD-2-Clause */
/* The trapped MSI-X table (PCIe 6.0 7.7.2.4): virtual entries, rewritten ones in hardware. */
#include "vpci/vpci_msix.h"

#include "core/heap.h"
#include "irq/vmsi.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_msix_table.h"
#include "pci/registry.h"
#include "vpci/vpci_vectors.h"

#define ENTRY_WORDS 4U

enum { WORD_LOW, WORD_HIGH, WORD_DATA, WORD_CONTROL };

#define CONTROL_MASKED BIT(0)

struct vpci_msix {
	uint32_t count;
	bool enabled; /* MSI-X Enable: entries own vectors only then */
	uint32_t entries[][ENTRY_WORDS]; /* as the domain wrote them */
};

static void clear(struct vpci_msix *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		m->entries[i][WORD_LOW] = 0;
		m->entries[i][WORD_HIGH] = 0;
		m->entries[i][WORD_DATA] = 0;
		m->entries[i][WORD_CONTROL] = (uint32_t)CONTROL_MASKED;
	}
}

int vpci_msix_create(struct vpci_function *vf)
{
	uint32_t count = vf->function->msix.entries;
	struct vpci_msix *m = heap_alloc(sizeof(*m) + count * sizeof(m->entries[0]));

	if (m == NULL) {
		return -ENOMEM;
	}
	m->count = count;
	clear(m);
	vf->msix = m;
	return 0;
}

void vpci_msix_destroy(struct vpci_function *vf)
{
	heap_free(vf->msix);
	vf->msix = NULL;
}

void vpci_msix_reset(struct vpci_function *vf)
{
	struct vpci_msix *m = vf->msix;

	if (m != NULL) {
		clear(m);
		m->enabled = false;
		vpci_vectors_give(vf, VPCI_MSIX_VECTOR(0), m->count);
	}
}

static void entry_write(struct vpci_function *vf, uint32_t entry, uint32_t word, uint32_t value)
{
	pci_msix_page_write(vf->function, vf->function->msix.table_offset +
			    entry * PCI_MSIX_ENTRY_SIZE + 4 * word, 4, value);
}

/* Hardware's entry as the domain's says: masked first, unmasked last (7.7.2.4). */
static void apply(struct vpci_function *vf, uint32_t i)
{
	const uint32_t *e = vf->msix->entries[i];
	uint64_t address = (uint64_t)e[WORD_HIGH] << 32 | e[WORD_LOW];
	uint32_t target = vmsi_target(vf->domain, address, e[WORD_DATA]);
	uint32_t v = VPCI_MSIX_VECTOR(i);
	struct msi_message message;

	if ((e[WORD_CONTROL] & CONTROL_MASKED) || target == 0 || !vf->msix->enabled ||
	    (!vpci_vector_owned(vf, v) && !vpci_vectors_take(vf, v, 1))) {
		entry_write(vf, i, WORD_CONTROL, (uint32_t)CONTROL_MASKED);
		return;
	}
	vpci_vector_message(vf, v, &message);
	entry_write(vf, i, WORD_LOW, (uint32_t)message.address);
	entry_write(vf, i, WORD_HIGH, (uint32_t)(message.address >> 32));
	entry_write(vf, i, WORD_DATA, message.data);
	vpci_vector_aim(vf, v, target);
	entry_write(vf, i, WORD_CONTROL, 0);
}

void vpci_msix_follow(struct vpci_function *vf)
{
	const struct pci_function *f = vf->function;
	struct vpci_msix *m = vf->msix;
	bool enabled;

	if (m == NULL || !vf->maps[f->msix.table_bar].mapped) {
		return;
	}
	enabled =
		(pci_read(vf->function, f->msix.cap + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE) != 0;
	if (m->enabled == enabled) {
		return;
	}
	m->enabled = enabled;
	for (uint32_t i = 0; i < m->count; i++) {
		/* All others are masked in hardware already. */
		if (!(m->entries[i][WORD_CONTROL] & CONTROL_MASKED)) {
			apply(vf, i);
		}
	}
	if (!enabled) {
		vpci_vectors_give(vf, VPCI_MSIX_VECTOR(0), m->count);
	}
}

void vpci_msix_hole(const struct vpci_function *vf, uint32_t bar, uint64_t *start, uint64_t *end)
{
	*start = 0;
	*end = 0;
	if (vf->msix != NULL && bar == vf->function->msix.table_bar) {
		pci_msix_pages(vf->function, start, end);
	}
}

/* A word of the table. */
static void access_word(struct vpci_function *vf, uint32_t offset, bool write, uint32_t *value)
{
	uint32_t *e = vf->msix->entries[offset / PCI_MSIX_ENTRY_SIZE];
	uint32_t word = offset % PCI_MSIX_ENTRY_SIZE / 4;

	if (!write) {
		*value = e[word];
		return;
	}
	e[word] = word == WORD_CONTROL ? *value & (uint32_t)CONTROL_MASKED
		  : word == WORD_LOW   ? *value & ~3U
				       : *value;
	apply(vf, offset / PCI_MSIX_ENTRY_SIZE);
}

/* Four bytes at offset of the BAR, or fewer where there is no table. */
static void access_part(struct vpci_function *vf, uint64_t offset, uint32_t size, bool write,
			uint32_t *value)
{
	const struct pci_msix *x = &vf->function->msix;
	uint64_t in_table = offset - x->table_offset;

	if (offset < x->table_offset || in_table >= vf->msix->count * PCI_MSIX_ENTRY_SIZE) {
		if (write) {
			pci_msix_page_write(vf->function, offset, size, *value);
		} else {
			*value = pci_msix_page_read(vf->function, offset, size);
		}
	} else if (size == 4) {
		access_word(vf, (uint32_t)in_table, write, value);
	} else if (!write) {
		/* Software is to use whole words (7.7.2.4); narrower ones read their part. */
		access_word(vf, (uint32_t)ALIGN_DOWN(in_table, 4), false, value);
		*value = *value >> 8 * (in_table & 3) & (0xffffffffU >> (32 - 8 * size));
	}
}

bool vpci_msix_access(struct vpci_function *vf, ipaddr_t at, struct mmio_access *a)
{
	const struct vpci_mapping *map;
	uint64_t start, end, offset;
	uint32_t value = (uint32_t)a->value;

	if (vf->msix == NULL) {
		return false;
	}
	map = &vf->maps[vf->function->msix.table_bar];
	vpci_msix_hole(vf, vf->function->msix.table_bar, &start, &end);
	offset = at.v - map->ipa.v;
	if (!map->mapped || at.v < map->ipa.v || offset < start || offset >= end ||
	    !IS_ALIGNED(offset, a->size)) {
		return false;
	}
	access_part(vf, offset, MIN(a->size, 4U), a->write, &value);
	if (!a->write) {
		a->value = value;
	}
	if (a->size == 8) {
		value = (uint32_t)(a->value >> 32);
		access_part(vf, offset + 4, 4, a->write, &value);
		if (!a->write) {
			a->value |= (uint64_t)value << 32;
		}
	}
	return true;
}
