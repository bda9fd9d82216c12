/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the GICv2 driver share. */
#ifndef IRQ_GICV2_H
#define IRQ_GICV2_H

#include "lib/types.h"

/* GICV, a guest's CPU interface: two pages of 4 KiB that follow each other. After gic_init(). */
paddr_t gicv2_virtual_interface(void);

#endif
