/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host bridges in the control domain's device tree: generic ECAM whatever the host's are, but for
 * those it drives itself.
 */
#ifndef BOOT_DOM0_FDT_PCI_H
#define BOOT_DOM0_FDT_PCI_H

#include "boot/dom0_fdt.h"
#include "boot/fdt_write.h"
#include "control/control.h"
#include "core/machine.h"

/* msi_phandle 0: no MSI. */
void dom0_fdt_bridge(struct fdt_writer *w, const struct dom0_bridge *bridge, uint32_t gic_phandle,
		     uint32_t msi_phandle);
/* What its owner needs besides the host's own properties, in whose node w is. */
void dom0_fdt_own_bridge(struct fdt_writer *w, const struct machine_bridge *b,
			 uint32_t gic_phandle);
void dom0_fdt_control(struct fdt_writer *w, const struct control_layout *layout);

#endif
