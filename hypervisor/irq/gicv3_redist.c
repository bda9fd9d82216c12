/* SPDX-License-Identifier: BSD-2-Clause */
/* Redistributors of a GICv3: which one belongs to which CPU, wake-up, private interrupts. */
#include "irq/gicv3.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/percpu.h"
#include "irq/gic.h"
#include "irq/gicv3_regs.h"
#include "irq/irq.h"
#include "lib/errno.h"

static struct gicv3_redist redists[CPUS_MAX];

bool gicv3_poll32(const volatile void *reg, uint32_t mask, uint32_t value)
{
	uint64_t end = ticks_now() + ticks_per_second() / 10;

	while ((mmio_read32(reg) & mask) != value) {
		if (ticks_now() > end) {
			return false;
		}
	}
	return true;
}

const struct gicv3_redist *gicv3_redist(uint32_t cpu)
{
	return &redists[cpu];
}

static void adopt(volatile uint8_t *regs, uint64_t base, uint64_t typer)
{
	for (uint32_t cpu = 0; cpu < machine.cpu_count; cpu++) {
		if (MPIDR_PACKED(machine.cpus[cpu].mpidr) == GICR_TYPER_AFFINITY(typer)) {
			redists[cpu] = (struct gicv3_redist){
				.regs = regs,
				.base = pa(base),
				.number = (uint32_t)GICR_TYPER_CPU_NUMBER(typer),
				.lpis = (typer & GICR_TYPER_PLPIS) != 0,
				.vlpis = (typer & (GICR_TYPER_VLPIS | GICR_TYPER_RVPEID)) ==
					 GICR_TYPER_VLPIS,
			};
		}
	}
}

/*
 * A region is mapped one redistributor at a time: boards reserve room for hundreds of CPUs, and the
 * last one present says so.
 */
static void scan_region(const struct range *region)
{
	uint64_t step = machine.gic.redist_stride;
	uint64_t typer = 0;

	for (uint64_t at = 0; at + 2 * GICR_FRAME <= region->size; at += step) {
		volatile uint8_t *regs = mmio_map_device(region->base + at, 2 * GICR_FRAME);

		typer = mmio_read64(regs + GICR_TYPER);
		if ((typer & GICR_TYPER_VLPIS) != 0) {
			regs = mmio_map_device(region->base + at, 4 * GICR_FRAME);
		}
		adopt(regs, region->base + at, typer);
		if ((typer & GICR_TYPER_LAST) != 0) {
			break;
		}
		if (machine.gic.redist_stride == 0) {
			step = (typer & GICR_TYPER_VLPIS) != 0 ? 4 * GICR_FRAME : 2 * GICR_FRAME;
		}
	}
}

int gicv3_redist_find_all(void)
{
	for (uint32_t i = 0; i < machine.gic.redist_count; i++) {
		scan_region(&machine.gic.redists[i]);
	}
	for (uint32_t cpu = 0; cpu < machine.cpu_count; cpu++) {
		if (redists[cpu].regs == NULL) {
			log_error("gic", "no redistributor for CPU %u (MPIDR %llx)", cpu,
				  (unsigned long long)machine.cpus[cpu].mpidr);
			return -ENODEV;
		}
	}
	return 0;
}

int gicv3_redist_init_cpu(void)
{
	volatile uint8_t *rd = redists[cpu_index()].regs;
	volatile uint8_t *sgi = rd + GICR_FRAME;
	uint32_t waker = mmio_read32(rd + GICR_WAKER);

	mmio_write32(rd + GICR_WAKER, waker & ~(uint32_t)GICR_WAKER_PROCESSOR_SLEEP);
	if (!gicv3_poll32(rd + GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP, 0)) {
		log_error("gic", "redistributor of CPU %u does not wake up", cpu_index());
		return -EIO;
	}
	mmio_write32(sgi + GICD_ICENABLER(0), ~0U);
	if (!gicv3_poll32(rd + GICR_CTLR, GICR_CTLR_RWP, 0)) {
		log_error("gic", "redistributor of CPU %u does not take writes", cpu_index());
		return -EIO;
	}
	mmio_write32(sgi + GICD_ICPENDR(0), ~0U);
	mmio_write32(sgi + GICD_ICACTIVER(0), ~0U);
	mmio_write32(sgi + GICD_IGROUPR(0), ~0U);
	mmio_write32(sgi + GICD_IGRPMODR(0), 0);
	for (uint32_t intid = 0; intid < GIC_FIRST_SPI; intid += 4) {
		mmio_write32(sgi + GICD_IPRIORITYR(intid), GIC_PRIORITY * 0x01010101U);
	}
	mmio_write32(sgi + GICD_ISENABLER(0), 1U << SGI_KICK | 1U << SGI_LOOK);
	return 0;
}
