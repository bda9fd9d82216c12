/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie in the control domain's memory. Pure. */
#ifndef BOOT_DOM0_LAYOUT_H
#define BOOT_DOM0_LAYOUT_H

#include "boot/dom0_fdt.h"
#include "common/guest_image.h"
#include "control/control.h"
#include "core/machine.h"

#define DOM0_RAM_RANGES 64
#define DOM0_FDT_SIZE   SZ_64K /* room for its device tree; the boot protocol's limit is 2 MiB */

struct dom0_layout {
	uint64_t entry;  /* kernel's first byte */
	bool in_place;   /* the module runs where it lies; else it is copied to entry */
	uint64_t fdt;
};

/*
 * ram: the control domain's, kernel and ramdisk modules inside. ramdisk size 0: none. -ENOSPC with
 * *why when something finds no place.
 */
int dom0_layout_plan(const struct rangeset *ram, const struct range *kernel,
		     const struct range *ramdisk, const struct guest_image *image,
		     struct dom0_layout *out, const char **why);

/*
 * Holes of the control domain's IPA space for the control function: away from everything the host's
 * device tree puts anywhere; and a segment number no host bridge has. -ENOSPC.
 */
int dom0_control_layout(const struct machine *m, struct control_layout *out);
/*
 * After it: holes for the config windows of those bridges[] whose ecam has size 0, each as large as
 * its buses need. -ENOSPC.
 */
int dom0_ecam_layout(const struct machine *m, const struct control_layout *control,
		     struct dom0_bridge *bridges, uint32_t count);

#endif
