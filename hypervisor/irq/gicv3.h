/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the GICv3 driver, and the ITS driver, share. */
#ifndef IRQ_GICV3_H
#define IRQ_GICV3_H

#include "lib/types.h"

struct gicv3_redist {
	volatile uint8_t *regs; /* RD frame, the SGI frame behind it; NULL: not found */
	paddr_t base;
	uint32_t number; /* GICR_TYPER.Processor_Number */
	bool lpis;
	bool vlpis; /* as GICv4.0 has them; the frame of virtual LPIs is behind the SGI frame */
};

/* Finds the redistributor of every CPU of the machine. -ENODEV, logged. */
int gicv3_redist_find_all(void);
const struct gicv3_redist *gicv3_redist(uint32_t cpu);
/* Wake this CPU's redistributor and put its SGIs and PPIs into a known state. -EIO. */
int gicv3_redist_init_cpu(void);

/* INTID bits the distributor has for LPIs; 0: no LPIs. */
uint32_t gicv3_lpi_id_bits(void);

/* Poll until (register & mask) == value; false after a tenth of a second. */
bool gicv3_poll32(const volatile void *reg, uint32_t mask, uint32_t value);

#endif
