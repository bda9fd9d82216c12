/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of a GIC-400's registers (IHI0048B ch. 4, 5): the distributor with its banked part, CPU
 * interfaces and virtual interface control of a few CPUs. Which CPU asks: fake_cpu. An access that
 * the architecture does not allow ends the program.
 */
#ifndef MODEL_GICV2_H
#define MODEL_GICV2_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_GICD 0x8000000ull
#define MODEL_GICC 0x8010000ull
#define MODEL_GICH 0x8040000ull
#define MODEL_GICV 0x8060000ull
#define MODEL_INTIDS 96u
#define MODEL_CPUS 4u

struct model_gicv2 {
	uint32_t cpu_count;
	bool aliased; /* pages shown 16 times, 64 KiB apart */
	uint32_t dist_ctlr;
	bool enabled[MODEL_CPUS][MODEL_INTIDS];
	bool pending[MODEL_CPUS][MODEL_INTIDS];
	bool active[MODEL_CPUS][MODEL_INTIDS];
	bool edge[MODEL_INTIDS];
	uint8_t priority[MODEL_CPUS][MODEL_INTIDS];
	uint8_t targets[MODEL_INTIDS];
	uint8_t sgi_from[MODEL_CPUS][16];
	struct {
		uint32_t ctlr, pmr;
		uint32_t running; /* GICC_IAR of what was acknowledged and not ended; 1023: none */
		uint32_t hcr, vmcr, apr;
		uint32_t lr[4];
	} cpus[MODEL_CPUS];
};

extern struct model_gicv2 model_gicv2;

void model_gicv2_reset(uint32_t cpu_count);
/* A wire, to its target: false when the CPU interface does not signal it. */
bool model_gicv2_signals(uint32_t cpu);

#endif
