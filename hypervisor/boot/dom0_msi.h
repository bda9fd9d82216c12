/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's virtual GICv2m frame, where the machine has no ITS: place and numbers. */
#ifndef BOOT_DOM0_MSI_H
#define BOOT_DOM0_MSI_H

#include "core/machine.h"

struct dom0_msi_frame {
	uint64_t base;  /* IPA of its page */
	uint32_t first; /* INTID of its first virtual SPI */
	uint32_t count; /* 0: there is no frame */
	uint32_t spi_count; /* what the domain's GIC has altogether, a multiple of 32 */
};

/*
 * line_count: INTIDs of the host's GIC, SGIs and PPIs too. After the bridges have come up. With a
 * frame of the host the virtual one lies there and has its numbers, which are nobody else's.
 * Without, the MSI blocks of bridges are behind it: it lies at the registers of one of them, where
 * no domain sees anything, with numbers after the host's. A bridge that its owner sees as another
 * controller has no such place.
 */
struct dom0_msi_frame dom0_msi_frame(const struct machine_gic *gic, uint32_t line_count);

#endif
