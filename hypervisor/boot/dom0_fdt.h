/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control domain's device tree: the host's, filtered, with virtual parts in place of real ones.
 */
#ifndef BOOT_DOM0_FDT_H
#define BOOT_DOM0_FDT_H

#include "control/control.h"
#include "core/machine.h"

struct dom0_fdt_front;
struct host_bridge;

/* A host bridge as its owner sees it. */
struct dom0_bridge {
	const struct machine_bridge *host;
	struct range ecam; /* its config window, IPA */
	const struct dom0_fdt_front *front; /* as another controller it is; NULL: as generic ECAM */
	const struct host_bridge *bridge;   /* for front */
};

struct dom0_fdt_spec {
	const struct machine *machine;
	const struct dom0_bridge *bridges; /* those that have a driver */
	uint32_t bridge_count;
	const char *bootargs;
	uint32_t vcpu_count;
	const struct range *ram; /* the control domain's, ascending */
	uint32_t ram_count;
	struct range ramdisk; /* size 0: none */
	const struct control_layout *control;
	uint64_t msi_frame; /* a virtual one, where the host has no ITS; 0: none */
};

/*
 * Write the tree into buf. Returns its size or a negative errno: -ENOSPC (buf too small), -EINVAL
 * (a node of the host's tree cannot be copied). Pure but for libfdt.
 */
int dom0_fdt_write(const struct dom0_fdt_spec *spec, void *buf, uint32_t size);

#endif
