/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's decoders, and the host's BARs behind them. */
#include "core/log.h"
#include "pci/registry.h"
#include "vpci/decode.h"

/*
 * Host BARs never move while a function has a user; should the device have lost them (a reset of
 * its own making), put them back before it decodes again.
 */
static void restore_bars(struct pci_function *f)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];
		uint32_t at = VPCI_REG_BAR0 + 4 * i;

		if (vpci_io_bar_usable(bar) &&
		    (pci_read(f, at, 4) & ~3U) != (uint32_t)bar->address) {
			pci_write(f, at, 4, (uint32_t)bar->address);
		}
		if (!vpci_bar_usable(bar)) {
			continue;
		}
		if ((pci_read(f, at, 4) & ~15U) != (uint32_t)bar->address) {
			pci_write(f, at, 4, (uint32_t)bar->address);
		}
		if (bar->kind == BAR_MEM64 &&
		    pci_read(f, at + 4, 4) != (uint32_t)(bar->address >> 32)) {
			pci_write(f, at + 4, 4, (uint32_t)(bar->address >> 32));
		}
	}
}

void vpci_decode_set(struct pci_function *f, uint32_t bit, bool on)
{
	uint32_t command = pci_read(f, VPCI_REG_COMMAND, 2);

	/* A VF has no BARs and no decode of its own (PCIe 6.0 9.3.4.1); writing it does nothing. */
	if (on && !f->pf && !(command & (VPCI_COMMAND_MEM | VPCI_COMMAND_IO))) {
		restore_bars(f);
	}
	command = on ? command | bit : command & ~bit;
	pci_write(f, VPCI_REG_COMMAND, 2, command & 0xffff);
}

void vpci_decode_set_up_again(struct vpci_function *vf)
{
	uint32_t command = vpci_shadow_command(&vf->shadow);

	log_domain(vf->domain, LOG_INFO, "vpci", SBDF_FMT ": has reset itself, set up again",
		   SBDF_ARG(vf->where));
	restore_bars(vf->function);
	if (command & VPCI_COMMAND_MEM) {
		vpci_decode_set(vf->function, VPCI_COMMAND_MEM, true);
	}
	if (command & VPCI_COMMAND_IO) {
		vpci_decode_set(vf->function, VPCI_COMMAND_IO, true);
	}
	vpci_intx_update(vf);
}
