/* SPDX-License-Identifier: BSD-2-Clause */
/* BARs and ROM in a domain's stage 2, chunk by chunk. */
#include "core/log.h"
#include "lib/errno.h"
#include "vpci/map.h"
#include "vpci/vpci_msix.h"

/* A place the domain chose and cannot have: the BAR stays undecoded, as behind a real bridge. */
static void refuse(struct vpci_function *vf, uint32_t bar, uint64_t bus, const char *why)
{
	log_domain(vf->domain, LOG_WARN, "vpci", SBDF_FMT ": BAR %u at 0x%llx not mapped: %s",
		   SBDF_ARG(vf->where), bar, (unsigned long long)bus, why);
}

static const struct pci_bar *bar_of(const struct vpci_function *vf, uint32_t i)
{
	return i == VPCI_ROM ? &vf->function->lent_rom : &vf->function->bars[i];
}

/* Does the domain want it mapped while memory decode is on? *bus: where. */
static bool wanted(const struct vpci_function *vf, uint32_t i, uint64_t *bus)
{
	if (!vpci_bar_usable(bar_of(vf, i))) {
		return false;
	}
	if (i == VPCI_ROM) {
		return vpci_shadow_rom(&vf->shadow, bus);
	}
	*bus = vf->view == VPCI_VIEW_VF
		       ? vf->pf_bars[i]
		       : vpci_shadow_bar(&vf->shadow, i, vf->function->bars[i].kind);
	return true;
}

static int map_begin(struct vpci_function *vf, uint32_t i, uint64_t bus)
{
	const struct pci_bar *bar = bar_of(vf, i);
	struct vpci_mapping *m = &vf->maps[i];
	uint64_t size = vpci_bar_size(bar);

	if (vpci_place_resolve(vf->segment->apertures, vf->segment->aperture_count, bus, size,
			       &m->ipa)) {
		refuse(vf, i, bus, "outside the domain's PCI windows");
		return -ERANGE;
	}
	m->size = size;
	m->done = 0;
	m->mapped = true;
	return 0;
}

static enum p2m_type map_type(const struct pci_bar *bar, uint32_t i)
{
	if (i == VPCI_ROM) {
		return P2M_ROM;
	}
	/* Prefetchable 64-bit BARs are memory-like: writes may gather (PCIe 6.0 7.5.1.2.1). */
	return bar->kind == BAR_MEM64 && bar->prefetchable ? P2M_MMIO_NC : P2M_MMIO;
}

/* Up to the pages that are trapped, and from their end on. */
static int map_pieces(struct vpci_function *vf, uint32_t i)
{
	const struct pci_bar *bar = bar_of(vf, i);
	struct vpci_mapping *m = &vf->maps[i];
	uint64_t hole, end, first, done;
	int r;

	vpci_msix_hole(vf, i, &hole, &end);
	if (m->done >= hole && m->done < end) {
		m->done = MIN(end, m->size);
	}
	first = m->done < hole ? 0 : end;
	if (m->done >= m->size) {
		return 0;
	}
	done = m->done - first;
	r = p2m_map_slice(&vf->domain->p2m, ipa(m->ipa.v + first), pa_add(bar->cpu, first),
			  (m->done < hole ? hole : m->size) - first, map_type(bar, i),
			  VPCI_MAP_CHUNK, &done);
	m->done = first + done;
	/* The first piece's end is not the BAR's. */
	return r == 0 && m->done < m->size ? -EAGAIN : r;
}

/* BARs are aligned to their size on both sides. Tables that are wholly inside go as one entry. */
uint32_t vpci_map_entries(const struct vpci_mapping *m)
{
	uint64_t entry = m->size < SZ_2M ? SZ_4K : m->size < SZ_1G ? SZ_2M : SZ_1G;

	return m->mapped ? (uint32_t)(m->size / entry) : 0;
}

void vpci_map_remove(struct vpci_function *vf, uint32_t i)
{
	struct vpci_mapping *m = &vf->maps[i];

	if (m->mapped) {
		p2m_unmap(&vf->domain->p2m, m->ipa, m->size);
		m->mapped = false;
	}
}

int vpci_map_chunk(struct vpci_function *vf, uint32_t i)
{
	struct vpci_mapping *m = &vf->maps[i];
	uint64_t bus;
	int r;

	if (vf->shadow.asleep || !wanted(vf, i, &bus) || (!m->mapped && map_begin(vf, i, bus))) {
		return 0;
	}
	r = map_pieces(vf, i);
	if (r == 0 || r == -EAGAIN) {
		return r;
	}
	refuse(vf, i, m->ipa.v,
	       r == -EEXIST ? "something is mapped there" : "no memory for tables");
	m->mapped = m->done != 0;
	m->size = m->done;
	vpci_map_remove(vf, i);
	return 0;
}
