/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounded walks of the two capability lists (PCIe 6.0 7.5.1.1.11, 7.6.3). */
#include "pci/pci_caps.h"

#include "core/log.h"
#include "lib/bitmap.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

/* 48 capabilities of 4 bytes fill the 192 bytes behind the header; extended ones take 8 or more. */
#define WALK_MAX     48
#define EXT_WALK_MAX 480

struct known_cap {
	uint16_t id;
	uint16_t length; /* least bytes that make sense */
	size_t field;    /* of the offset in struct pci_function */
};

#define CAP(id, length, member) { id, length, offsetof(struct pci_function, member) }

static const struct known_cap known_caps[] = {
	CAP(PCI_CAP_PM, 8, cap_pm),
	CAP(PCI_CAP_VPD, 8, cap_vpd),
	CAP(PCI_CAP_MSI, 10, msi.cap),
	CAP(PCI_CAP_EXPRESS, 20, cap_express),
	CAP(PCI_CAP_MSIX, 12, msix.cap),
	CAP(PCI_CAP_AF, 6, cap_af),
};

static const struct known_cap known_ext_caps[] = {
	CAP(PCI_EXT_CAP_AER, 44, cap_aer),
	CAP(PCI_EXT_CAP_DSN, 12, cap_dsn),
	CAP(PCI_EXT_CAP_ACS, 8, cap_acs),
	CAP(PCI_EXT_CAP_ARI, 8, cap_ari),
	CAP(PCI_EXT_CAP_SRIOV, 64, cap_sriov),
	CAP(PCI_EXT_CAP_DPC, 12, cap_dpc),
};

/* The first capability of an id counts. */
static void note(struct pci_function *f, const struct known_cap *known, size_t count, uint32_t id,
		 uint32_t offset, uint32_t space)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint16_t *field = (uint16_t *)(void *)((char *)f + known[i].field);

		if (known[i].id == id && *field == 0 && offset + known[i].length <= space) {
			*field = (uint16_t)offset;
		}
	}
}

static void walk(struct pci_function *f)
{
	uint64_t seen[BITMAP_WORDS(PCI_CONFIG_SIZE / 4)] = { 0 };
	uint32_t offset, header, step;

	if (!(pci_read(f, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST)) {
		return;
	}
	offset = pci_read(f, PCI_CAP_POINTER, 1) & ~3U;
	for (step = 0; step < WALK_MAX && offset >= PCI_CAP_FIRST; step++) {
		if (bitmap_test(seen, offset / 4)) {
			log_warn("pci", SBDF_FMT ": capability list loops at 0x%x",
				 SBDF_ARG(f->sbdf), offset);
			return;
		}
		bitmap_set(seen, offset / 4);
		header = pci_read(f, offset, 2);
		if ((header & 0xff) == 0xff) {
			return;
		}
		note(f, known_caps, ARRAY_SIZE(known_caps), header & 0xff, offset, PCI_CONFIG_SIZE);
		offset = (header >> 8) & ~3U;
	}
}

static void walk_extended(struct pci_function *f)
{
	uint64_t seen[BITMAP_WORDS(PCI_EXT_CONFIG_SIZE / 4)] = { 0 };
	uint32_t offset = PCI_EXT_CAP_FIRST;
	uint32_t header, step;

	for (step = 0; step < EXT_WALK_MAX && offset >= PCI_EXT_CAP_FIRST; step++) {
		if (bitmap_test(seen, offset / 4)) {
			log_warn("pci", SBDF_FMT ": extended capability list loops at 0x%x",
				 SBDF_ARG(f->sbdf), offset);
			return;
		}
		bitmap_set(seen, offset / 4);
		header = pci_read(f, offset, 4);
		if (header == 0 || header == 0xffffffffU) {
			return;
		}
		note(f, known_ext_caps, ARRAY_SIZE(known_ext_caps), header & 0xffff, offset,
		     PCI_EXT_CONFIG_SIZE);
		offset = (header >> 20) & ~3U;
	}
}

static void read_express(struct pci_function *f)
{
	uint32_t flags = pci_read(f, f->cap_express + PCI_EXP_FLAGS, 2);

	f->express_type = (uint8_t)BITS(flags, 7, 4);
	f->flr = f->header_type == 0 &&
		 (pci_read(f, f->cap_express + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	f->hotplug = (flags & PCI_EXP_FLAGS_SLOT) && f->header_type == 1 &&
		     (pci_read(f, f->cap_express + PCI_EXP_SLTCAP, 4) & PCI_EXP_SLTCAP_HOTPLUG);
}

static void read_msi(struct pci_function *f)
{
	uint32_t control = pci_read(f, f->msi.cap + PCI_MSI_CONTROL, 2);
	uint32_t capable = (uint32_t)BITS(control, 3, 1);
	uint32_t length = 10U + (control & PCI_MSI_64BIT ? 4 : 0) +
			  (control & PCI_MSI_MASKABLE ? 10 : 0);

	/* More than 32 vectors is reserved (7.7.1.2). */
	if (capable > 5 || f->msi.cap + length > PCI_CONFIG_SIZE) {
		f->msi = (struct pci_msi){ 0 };
		return;
	}
	f->msi.vectors = (uint8_t)(1U << capable);
	f->msi.is_64bit = (control & PCI_MSI_64BIT) != 0;
	f->msi.maskable = (control & PCI_MSI_MASKABLE) != 0;
}

/* Both bits or none (Advanced Features ECN): without the pending bit one could not drain. */
static void read_af(struct pci_function *f)
{
	uint32_t need = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;

	f->af_flr = (pci_read(f, f->cap_af + PCI_AF_CAP, 1) & need) == need;
}

void pci_caps_read(struct pci_function *f)
{
	walk(f);
	if (f->cap_express != 0) {
		read_express(f);
		/* Conventional functions have 256 bytes, and some bridges repeat them above. */
		walk_extended(f);
	}
	if (f->msi.cap != 0) {
		read_msi(f);
	}
	if (f->cap_af != 0) {
		read_af(f);
	}
	f->pm_reset = f->cap_pm != 0 &&
		      !(pci_read(f, f->cap_pm + PCI_PM_CONTROL, 2) & PCI_PM_NO_SOFT_RESET);
}
