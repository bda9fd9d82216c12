/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2m: frames that turn a write into an edge on an SPI (Arm SBSA, appendix E). */
#ifndef IRQ_GICV2M_H
#define IRQ_GICV2M_H

#include "lib/types.h"

#define GICV2M_TYPER  0x008
#define GICV2M_SETSPI 0x040
#define GICV2M_IIDR   0xfcc

#define GICV2M_TYPER_FIRST(v) ((uint32_t)BITS(v, 25, 16))
#define GICV2M_TYPER_COUNT(v) ((uint32_t)BITS(v, 9, 0))

/* Boot CPU, after gic_init(): the frames of machine.gic become MSI controllers. */
void gicv2m_init(void);

#endif
