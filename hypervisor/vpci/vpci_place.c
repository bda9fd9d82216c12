/* SPDX-License-Identifier: BSD-2-Clause */
/* BARs in a domain's apertures. */
#include "lib/errno.h"
#include "vpci/build.h"
#include "vpci/place.h"

int vpci_place_resolve(const struct vpci_aperture *apertures, uint32_t count, uint64_t bus,
		       uint64_t size, ipaddr_t *out)
{
	if (bus == 0 || size == 0 || !IS_ALIGNED(bus, size)) {
		return -ERANGE;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct vpci_aperture *a = &apertures[i];

		if (a->kind != WINDOW_IO && bus >= a->pci &&
		    range_ok(bus - a->pci, size, a->size)) {
			*out = ipa_add(a->ipa, bus - a->pci);
			return 0;
		}
	}
	return -ERANGE;
}

static int place_in(const struct vpci_aperture *apertures, uint32_t count,
		    enum machine_window_kind kind, struct rangeset *used, uint64_t size,
		    uint64_t *out)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct vpci_aperture *a = &apertures[i];

		/* Address 0 reads as "not placed", so an aperture's first page may not be it. */
		if (a->kind == kind &&
		    rangeset_find_gap(used, size, size, MAX(a->pci, SZ_4K), a->pci + a->size,
				      out) == 0) {
			return rangeset_add(used, *out, size);
		}
	}
	return -ENOSPC;
}

static int place_bar(const struct vpci_aperture *apertures, uint32_t count, struct rangeset *used,
		     const struct pci_bar *bar, uint64_t *out)
{
	uint64_t size = bar->kind == BAR_IO ? bar->size : vpci_bar_size(bar);
	bool high_first = bar->kind == BAR_MEM64 && bar->prefetchable;
	int r = -ENOSPC;

	if (bar->kind == BAR_IO) {
		return place_in(apertures, count, WINDOW_IO, used, size, out);
	}
	if (high_first) {
		r = place_in(apertures, count, WINDOW_MEM64, used, size, out);
	}
	if (r) {
		r = place_in(apertures, count, WINDOW_MEM32, used, size, out);
	}
	if (r && bar->kind == BAR_MEM64 && !high_first) {
		r = place_in(apertures, count, WINDOW_MEM64, used, size, out);
	}
	return r;
}

int vpci_place_function(const struct vpci_aperture *apertures, uint32_t count,
			struct rangeset *used, const struct pci_function *f,
			uint64_t out[PCI_BARS])
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		out[i] = 0;
		if (vpci_bar_usable(&f->bars[i]) || vpci_io_bar_usable(&f->bars[i])) {
			int r = place_bar(apertures, count, used, &f->bars[i], &out[i]);

			if (r) {
				return r;
			}
		}
	}
	return 0;
}
