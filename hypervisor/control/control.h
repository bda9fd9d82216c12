/* SPDX-License-Identifier: BSD-2-Clause */
/* EL2's side of the control interface (include/viaduct/control.h). */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "core/domain.h"

/* Room the control function's segment takes in the control domain's IPA space. */
#define CONTROL_ECAM_SIZE       SZ_1M
#define CONTROL_MMIO32_SIZE     SZ_2M /* window of 32-bit BARs: below 4 GiB, 2 MiB aligned */
#define CONTROL_PREFETCH_SIZE   (256 * SZ_1M) /* window of 64-bit prefetchable BARs */
#define CONTROL_PREFETCH_ALIGN  SZ_1G

/*
 * Where boot put it: holes of the control domain's IPA space. The device tree describes a
 * pci-host-ecam-generic with bus-range <0 0>, identity ranges for both windows, and this segment.
 */
struct control_layout {
	uint16_t segment;
	ipaddr_t ecam;
	ipaddr_t mmio32_base;
	uint64_t mmio32_size;
	ipaddr_t aperture_base;
	uint64_t aperture_size;
};

/*
 * Give d the control function. While d is built; d->control is set. -ENOMEM, -ENOSPC, -EEXIST
 * (layout overlaps other emulated regions), -EINVAL (layout too small or misaligned).
 */
int control_create(struct domain *d, const struct control_layout *layout);

#endif
