/* SPDX-License-Identifier: BSD-2-Clause */
/* Turning ACS on, and believing only what reads back (PCIe 6.0 6.12.1, 7.7.11). */
#include "pci/pci_acs.h"

#include "core/log.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

#define ACS_WANTED (PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

bool pci_acs_sufficient(bool port, uint16_t capable, uint16_t enabled)
{
	uint16_t wanted = PCI_ACS_RR | PCI_ACS_CR | (capable & PCI_ACS_UF);

	if (port) {
		wanted |= PCI_ACS_SV;
	}
	return (enabled & wanted) == wanted;
}

static bool is_port(const struct pci_function *f)
{
	return f->cap_express != 0 && (f->express_type == PCI_EXP_TYPE_ROOT_PORT ||
				       f->express_type == PCI_EXP_TYPE_DOWNSTREAM);
}

void pci_acs_enable(struct pci_function *f)
{
	uint16_t capable, control;

	f->acs_enabled = 0;
	f->isolated = false;
	if (f->cap_acs == 0) {
		return;
	}
	capable = (uint16_t)pci_read(f, f->cap_acs + PCI_ACS_CAP, 2);
	control = capable & ACS_WANTED;
	pci_write(f, f->cap_acs + PCI_ACS_CONTROL, 2, control);
	f->acs_enabled = (uint16_t)pci_read(f, f->cap_acs + PCI_ACS_CONTROL, 2) & ACS_WANTED;
	if (f->acs_enabled != control) {
		log_warn("pci", SBDF_FMT ": ACS 0x%x did not take, reads 0x%x", SBDF_ARG(f->sbdf),
			 control, f->acs_enabled);
	}
	f->isolated = pci_acs_sufficient(is_port(f), capable, f->acs_enabled);
}
