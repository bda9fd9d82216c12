/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reset takes from a function and the hypervisor gives back, and to whom. */
#include "lib/errno.h"
#include "lib/string.h"
#include "pci/pci_acs.h"
#include "pci/pci_bar.h"
#include "pci/pci_config.h"
#include "pci/pci_reset.h"
#include "pci/registry.h"

/*
 * What software has set since power-on and drivers expect to find. BARs come from the registry, not
 * from the device; COMMAND, MSI and MSI-X stay off; ACS is turned on anew.
 */
struct saved_register {
	size_t cap;      /* offset in struct pci_function of its offset; 0: the header */
	uint16_t offset; /* in the capability */
	uint8_t size;
	uint32_t keep; /* bits written back */
};

#define HEADER(offset, size, keep) { 0, offset, size, keep }
#define IN(cap, offset, size, keep) { offsetof(struct pci_function, cap), offset, size, keep }

static const struct saved_register saved_registers[] = {
	HEADER(PCI_CACHE_LINE, 1, 0xff),
	HEADER(PCI_LATENCY, 1, 0xff),
	HEADER(PCI_INTERRUPT_LINE, 1, 0xff),
	IN(cap_express, PCI_EXP_DEVCTL, 2, 0xffff & ~PCI_EXP_DEVCTL_FLR),
	IN(cap_express, PCI_EXP_LNKCTL, 2, 0xffff),
	IN(cap_express, PCI_EXP_DEVCTL2, 2, 0xffff),
	IN(cap_aer, PCI_AER_UNCOR_MASK, 4, 0xffffffff),
	IN(cap_aer, PCI_AER_UNCOR_SEVERITY, 4, 0xffffffff),
	IN(cap_aer, PCI_AER_COR_MASK, 4, 0xffffffff),
	IN(cap_aer, PCI_AER_CONTROL, 4, 0xffffffff),
	IN(cap_sriov, PCI_SRIOV_CONTROL, 2, PCI_SRIOV_CONTROL_ARI),
};
_Static_assert(ARRAY_SIZE(saved_registers) <= PCI_RESET_SAVED_MAX, "struct pci_reset too small");

/* 0: the function does not have it. */
static uint32_t saved_offset(const struct pci_function *f, const struct saved_register *r)
{
	uint32_t cap;

	if (r->cap == 0) {
		return r->offset;
	}
	cap = *(const uint16_t *)(const void *)((const char *)f + r->cap);
	return cap == 0 ? 0 : cap + r->offset;
}

static void read_all(struct pci_function *f, uint32_t out[PCI_RESET_SAVED_MAX])
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(saved_registers); i++) {
		const struct saved_register *r = &saved_registers[i];
		uint32_t offset = saved_offset(f, r);

		if (offset != 0) {
			out[i] = pci_read(f, offset, r->size) & r->keep;
		}
	}
}

void pci_reset_remember(struct pci_function *f)
{
	read_all(f, f->reset.at_first);
	f->reset.remembered = true;
}

void pci_reset_save(struct pci_function *f, bool keeps)
{
	if (!f->reset.remembered) {
		pci_reset_remember(f);
	}
	if (keeps) {
		read_all(f, f->reset.saved);
	} else {
		memcpy(f->reset.saved, f->reset.at_first, sizeof(f->reset.saved));
	}
}

static void restore(struct pci_function *f)
{
	size_t i;

	pci_quiesce(f);
	for (i = 0; i < ARRAY_SIZE(saved_registers); i++) {
		const struct saved_register *r = &saved_registers[i];
		uint32_t offset = saved_offset(f, r);

		if (offset != 0) {
			pci_write(f, offset, r->size, f->reset.saved[i]);
		}
	}
	pci_bars_write(f);
	pci_acs_enable(f);
}

static bool same_identity(struct pci_function *f)
{
	/* A VF's IDs read as all ones for good (9.3.4.1.1). */
	uint32_t id = f->pf != NULL ? 0xffffffffU : (uint32_t)f->device << 16 | f->vendor;

	return pci_read(f, PCI_VENDOR_ID, 4) == id &&
	       pci_read(f, PCI_REVISION, 4) == (f->class_code << 8 | f->revision) &&
	       (pci_read(f, PCI_HEADER_TYPE, 1) & PCI_HEADER_LAYOUT) == f->header_type;
}

int pci_reset_restore(struct pci_function *f, const char **why)
{
	if (!same_identity(f)) {
		*why = "something else answers after the reset";
		return -ENODEV;
	}
	restore(f);
	if (!pci_bars_verify(f)) {
		*why = "BARs do not hold their addresses after the reset";
		return -EIO;
	}
	if (pci_read(f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) {
		*why = "bus mastering cannot be turned off";
		return -EIO;
	}
	return 0;
}
