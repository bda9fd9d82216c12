/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What irq.c asks of a physical interrupt controller. One const table per architecture version;
 * callers elsewhere use irq.h.
 */
#ifndef IRQ_GIC_H
#define IRQ_GIC_H

#include "lib/types.h"

#define GIC_FIRST_PPI  16
#define GIC_FIRST_SPI  32
#define GIC_LINES_MAX  1020 /* 1020-1023 are special */
#define GIC_FIRST_LPI  8192
#define GIC_PRIORITY   0xa0

struct gic_ops {
	uint32_t version; /* machine.gic.version */
	int (*init)(void);
	int (*init_cpu)(void);
	uint32_t (*line_count)(void);
	void (*send_sgi)(uint32_t cpu, uint32_t sgi);
	/* INTID of the highest pending interrupt, now active; >= 1020 and < 8192: none. */
	uint32_t (*acknowledge)(void);
	uint32_t (*peek)(void); /* the same interrupt, which stays pending */
	void (*drop_priority)(uint32_t intid);
	void (*deactivate)(uint32_t intid);
	/* One line: a PPI of this CPU or an SPI. Enabling sets the trigger first. */
	void (*enable)(uint32_t intid, bool edge);
	void (*disable)(uint32_t intid);
	void (*route)(uint32_t intid, uint32_t cpu);
	void (*set_pending)(uint32_t intid);
	void (*clear_pending)(uint32_t intid);
	bool (*is_pending)(uint32_t intid);
	void (*set_active)(uint32_t intid, bool active);
};

extern const struct gic_ops gicv2_ops;
extern const struct gic_ops gicv3_ops;

#endif
