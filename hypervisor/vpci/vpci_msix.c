/* SPDX-License-Identifier: BSD-2-Clause */
/* The trapped MSI-X table (PCIe 6.0 7.7.2.4): virtual entries, rewritten ones in hardware. */
#include "vpci/vpci_msix.h"

#include "core/heap.h"
#include "core/log.h"
#include "irq/irq_meter.h"
#include "irq/msi.h"
#include "irq/vgic.h"
#include "irq/vmsi.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_msix_table.h"

#define ENTRY_WORDS 4U
#define NO_VECTOR   (~0U)

enum { WORD_LOW, WORD_HIGH, WORD_DATA, WORD_CONTROL };

#define CONTROL_MASKED BIT(0)

struct entry {
	uint32_t words[ENTRY_WORDS]; /* as the domain wrote them */
	uint32_t vector;             /* the host's, from the first use to the end; or NO_VECTOR */
	uint32_t vintid;             /* read by the handler without lock */
	struct vpci_msix *msix;
};

struct vpci_msix {
	struct msi_controller *controller;
	struct domain *domain;
	struct pci_function *function;
	uint64_t doorbell; /* where the device writes to */
	uint32_t count;
	bool said_full;
	struct entry entries[];
};

/* One more interrupt of entry arg. */
static void fired(void *arg, uint32_t index)
{
	struct entry *e = arg;

	(void)index;
	/* Counted, not limited: it is the control domain's own. */
	(void)irq_meter_hit(&e->msix->function->meter);
	vgic_pulse(e->msix->domain, NULL, __atomic_load_n(&e->vintid, __ATOMIC_RELAXED));
}

static void clear(struct entry *e)
{
	e->words[WORD_LOW] = 0;
	e->words[WORD_HIGH] = 0;
	e->words[WORD_DATA] = 0;
	e->words[WORD_CONTROL] = (uint32_t)CONTROL_MASKED;
}

int vpci_msix_create(struct vpci_function *vf)
{
	struct pci_function *f = vf->function;
	struct vpci_msix *m = heap_alloc(sizeof(*m) + f->msix.entries * sizeof(m->entries[0]));

	if (m == NULL) {
		return -ENOMEM;
	}
	m->controller = f->msi_controller;
	m->domain = vf->domain;
	m->function = f;
	m->doorbell = vf->domain->vpci->msi_doorbell.v;
	m->count = f->msix.entries;
	for (uint32_t i = 0; i < m->count; i++) {
		m->entries[i].vector = NO_VECTOR;
		m->entries[i].msix = m;
		clear(&m->entries[i]);
	}
	vf->msix = m;
	return 0;
}

void vpci_msix_destroy(struct vpci_function *vf)
{
	struct vpci_msix *m = vf->msix;

	if (m == NULL) {
		return;
	}
	vf->msix = NULL;
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->entries[i].vector != NO_VECTOR) {
			msi_free(m->controller, m->entries[i].vector, 1);
		}
	}
	heap_free(m);
}

void vpci_msix_reset(struct vpci_function *vf)
{
	struct vpci_msix *m = vf->msix;

	for (uint32_t i = 0; m != NULL && i < m->count; i++) {
		clear(&m->entries[i]);
		if (m->entries[i].vector != NO_VECTOR) {
			msi_mask(m->controller, m->entries[i].vector);
		}
	}
}

/* A vector for e, if it has none yet. False: all are in use. */
static bool own_vector(struct vpci_msix *m, struct entry *e)
{
	if (e->vector == NO_VECTOR &&
	    msi_alloc(m->controller, 1, fired, e, &e->vector) != 0) {
		e->vector = NO_VECTOR;
		if (!m->said_full) {
			m->said_full = true;
			log_domain(m->domain, LOG_WARN, "vpci",
				   SBDF_FMT ": no MSI vector is left at the host, one stays masked",
				   SBDF_ARG(m->function->sbdf));
		}
	}
	return e->vector != NO_VECTOR;
}

/* Hardware's entry as the domain's says: masked first, unmasked last (7.7.2.4). */
static void apply(struct vpci_msix *m, uint32_t index)
{
	struct entry *e = &m->entries[index];
	uint32_t at = m->function->msix.table_offset + index * PCI_MSIX_ENTRY_SIZE;
	uint64_t address = (uint64_t)e->words[WORD_HIGH] << 32 | e->words[WORD_LOW];
	uint32_t target = vmsi_target(m->domain, address, e->words[WORD_DATA]);
	bool live = (e->words[WORD_CONTROL] & CONTROL_MASKED) == 0 && target != 0;
	struct msi_message message;

	if (!live || !own_vector(m, e)) {
		pci_msix_page_write(m->function, at + 4 * WORD_CONTROL, 4, (uint32_t)CONTROL_MASKED);
		return;
	}
	__atomic_store_n(&e->vintid, target, __ATOMIC_RELAXED);
	msi_message(m->controller, e->vector, &message);
	/* The device's own way to the doorbell page may differ from the CPU's. */
	address = m->controller->doorbell.v == 0 ? message.address :
						   m->doorbell + message.address % SZ_4K;
	pci_msix_page_write(m->function, at + 4 * WORD_LOW, 4, (uint32_t)address);
	pci_msix_page_write(m->function, at + 4 * WORD_HIGH, 4, (uint32_t)(address >> 32));
	pci_msix_page_write(m->function, at + 4 * WORD_DATA, 4, message.data);
	msi_route(m->controller, e->vector, vgic_spi_cpu(m->domain, target));
	msi_unmask(m->controller, e->vector);
	pci_msix_page_write(m->function, at + 4 * WORD_CONTROL, 4, 0);
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
static void access_word(struct vpci_msix *m, uint32_t offset, bool write, uint32_t *value)
{
	struct entry *e = &m->entries[offset / PCI_MSIX_ENTRY_SIZE];
	uint32_t word = offset % PCI_MSIX_ENTRY_SIZE / 4;

	if (!write) {
		*value = e->words[word];
		return;
	}
	e->words[word] = word == WORD_CONTROL ? *value & (uint32_t)CONTROL_MASKED
			 : word == WORD_LOW   ? *value & ~3U
					      : *value;
	apply(m, offset / PCI_MSIX_ENTRY_SIZE);
}

/* Four bytes at offset of the BAR, or fewer where there is no table. */
static void access_part(struct vpci_msix *m, uint64_t offset, uint32_t size, bool write,
			uint32_t *value)
{
	const struct pci_msix *x = &m->function->msix;
	uint64_t in_table = offset - x->table_offset;

	if (offset < x->table_offset || in_table >= m->count * PCI_MSIX_ENTRY_SIZE) {
		if (write) {
			pci_msix_page_write(m->function, offset, size, *value);
		} else {
			*value = pci_msix_page_read(m->function, offset, size);
		}
	} else if (size == 4) {
		access_word(m, (uint32_t)in_table, write, value);
	} else if (!write) {
		/* Software is to use whole words (7.7.2.4); narrower ones read their part. */
		access_word(m, (uint32_t)ALIGN_DOWN(in_table, 4), false, value);
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
	access_part(vf->msix, offset, MIN(a->size, 4U), a->write, &value);
	if (!a->write) {
		a->value = value;
	}
	if (a->size == 8) {
		value = (uint32_t)(a->value >> 32);
		access_part(vf->msix, offset + 4, 4, a->write, &value);
		if (!a->write) {
			a->value |= (uint64_t)value << 32;
		}
	}
	return true;
}
