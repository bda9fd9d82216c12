/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where BARs lie in a domain's address space: its apertures, first placement, and whether a place
 * the domain chose can be mapped. Pure.
 */
#ifndef VPCI_PLACE_H
#define VPCI_PLACE_H

#include "core/machine.h"
#include "lib/rangeset.h"
#include "pci/function.h"

#define VPCI_APERTURES_MAX MACHINE_MAX_RANGES
/* Ranges that placed BARs of one virtual bus may make; those that touch are one. */
#define VPCI_PLACED_MAX 256

/* One window of a virtual host bridge: PCI bus addresses [pci, +size) are IPAs [ipa, +size). */
struct vpci_aperture {
	enum machine_window_kind kind;
	uint64_t pci;
	ipaddr_t ipa;
	uint64_t size;
};

/*
 * The IPA of a BAR of that size at PCI bus address `bus`. -ERANGE: not wholly inside a memory
 * aperture, address 0, or not naturally aligned.
 */
int vpci_place_resolve(const struct vpci_aperture *apertures, uint32_t count, uint64_t bus,
		       uint64_t size, ipaddr_t *out);

/*
 * Give every usable BAR of f a PCI bus address that no range of used has; the ranges are added to
 * used. 64-bit prefetchable ones go to the 64-bit aperture, the rest below 4 GiB while there is
 * room. Ports and memory share used: the apertures of a guest do not overlap as numbers. -ENOSPC:
 * used is as it was on entry or fuller, the caller drops it.
 */
int vpci_place_function(const struct vpci_aperture *apertures, uint32_t count,
			struct rangeset *used, const struct pci_function *f,
			uint64_t out[PCI_BARS]);

#endif
