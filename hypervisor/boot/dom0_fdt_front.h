/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes of host bridges that the control domain sees as some other controller (vpci/front.h). */
#ifndef BOOT_DOM0_FDT_FRONT_H
#define BOOT_DOM0_FDT_FRONT_H

#include "boot/fdt_write.h"
#include "pci/host_bridge.h"

struct vpci_front_ops;

struct dom0_fdt_front {
	const struct vpci_front_ops *ops;
	/* Writes all that is needed, at the root. phandle: one that nothing else has. */
	void (*write)(struct fdt_writer *w, const struct host_bridge *b, uint32_t gic_phandle,
		      uint32_t phandle);
};

/* Those of this build; the last has no ops. */
extern const struct dom0_fdt_front dom0_fdt_fronts[];

/* NULL: none, the node is that of a generic ECAM bridge. */
const struct dom0_fdt_front *dom0_fdt_front_of(const struct host_bridge *b);

#endif
