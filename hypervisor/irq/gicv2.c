/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv2 driver (GIC-400): distributor and memory-mapped CPU interface. Every interrupt is in the
 * one group that EL2 can use: group 0 where there is one security state, else Non-secure group 1,
 * which the same registers mean then.
 */
#include "irq/gicv2.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/percpu.h"
#include "core/spinlock.h"
#include "irq/gic.h"
#include "irq/gicv2_regs.h"
#include "irq/irq.h"
#include "lib/errno.h"

static volatile uint8_t *dist;
static volatile uint8_t *interface;
static uint64_t interface_offset; /* of the two pages in GICC and in GICV */
static uint32_t line_count;
static uint8_t cpu_masks[CPUS_MAX]; /* this CPU's bit in GICD_ITARGETSR; 0: not online */
static uint32_t taken[CPUS_MAX];    /* what GICC_IAR said last: of an SGI also who sent it */
static struct spinlock config_lock; /* read-modify-write of GICD_ICFGR */

static uint32_t line_bit(uint32_t intid)
{
	return 1U << (intid % 32);
}

/* Do the two pages lie 64 KiB apart, each shown 16 times? Then the last copy is the one to use. */
static void interface_find(const struct range *regs)
{
	bool wide = regs->size >= GICC_ALIASED_SIZE;
	volatile uint8_t *first;

	first = mmio_map_device(regs->base, wide ? GICC_ALIASED_SIZE : GICC_SIZE);
	interface_offset = 0;
	if (wide && mmio_read32(first + GICC_ALIASED_OFFSET + GICC_IIDR) ==
			    mmio_read32(first + GICC_IIDR)) {
		interface_offset = GICC_ALIASED_OFFSET;
	}
	interface = first + interface_offset;
}

paddr_t gicv2_virtual_interface(void)
{
	return pa(machine.gic.virt_interface.base + interface_offset);
}

/* The targets of private interrupts are the CPU that asks; with a single CPU they read as zero. */
static uint8_t own_mask(void)
{
	for (uint32_t intid = 0; intid < GIC_FIRST_SPI; intid++) {
		uint8_t mask = mmio_read8(dist + GICD2_ITARGETSR(intid));

		if (mask != 0) {
			return mask;
		}
	}
	return machine.cpu_count == 1 ? 1 : 0;
}

static void dist_quiesce_spis(void)
{
	for (uint32_t word = GIC_FIRST_SPI / 32; word < line_count / 32; word++) {
		mmio_write32(dist + GICD2_ICENABLER(word), ~0U);
		mmio_write32(dist + GICD2_ICPENDR(word), ~0U);
		mmio_write32(dist + GICD2_ICACTIVER(word), ~0U);
		mmio_write32(dist + GICD2_IGROUPR(word), 0);
	}
	for (uint32_t intid = GIC_FIRST_SPI; intid < line_count; intid += 4) {
		mmio_write32(dist + GICD2_IPRIORITYR(intid), GIC_PRIORITY * 0x01010101U);
		mmio_write32(dist + GICD2_ITARGETSR(intid), own_mask() * 0x01010101U);
	}
}

static int gicv2_init(void)
{
	dist = mmio_map_device(machine.gic.dist.base, GICD2_SIZE);
	interface_find(&machine.gic.cpu_interface);
	line_count = 32 * ((uint32_t)GICD2_TYPER_LINES(mmio_read32(dist + GICD2_TYPER)) + 1);
	mmio_write32(dist + GICD2_CTLR, 0);
	dist_quiesce_spis();
	mmio_write32(dist + GICD2_CTLR, (uint32_t)GICD2_CTLR_ENABLE);
	log_info("gic", "GICv2, %u INTIDs, CPU interface 0x%llx", MIN(line_count, GIC_LINES_MAX),
		 (unsigned long long)(machine.gic.cpu_interface.base + interface_offset));
	return 0;
}

static void private_quiesce(void)
{
	mmio_write32(dist + GICD2_ICENABLER(0), ~0U);
	mmio_write32(dist + GICD2_ICPENDR(0), ~0U);
	mmio_write32(dist + GICD2_ICACTIVER(0), ~0U);
	mmio_write32(dist + GICD2_IGROUPR(0), 0);
	for (uint32_t intid = 0; intid < GIC_FIRST_PPI; intid += 4) {
		mmio_write32(dist + GICD2_CPENDSGIR(intid), ~0U);
	}
	for (uint32_t intid = 0; intid < GIC_FIRST_SPI; intid += 4) {
		mmio_write32(dist + GICD2_IPRIORITYR(intid), GIC_PRIORITY * 0x01010101U);
	}
	mmio_write32(dist + GICD2_ISENABLER(0), 1U << SGI_KICK | 1U << SGI_LOOK);
}

static int gicv2_init_cpu(void)
{
	uint32_t ctlr = mmio_read32(interface + GICC_CTLR) & (uint32_t)GICC_CTLR_BYPASS;

	cpu_masks[cpu_index()] = own_mask();
	if (cpu_masks[cpu_index()] == 0) {
		log_error("gic", "CPU %u has no interface to the GIC", cpu_index());
		return -ENODEV;
	}
	private_quiesce();
	mmio_write32(interface + GICC_CTLR, ctlr);
	mmio_write32(interface + GICC_APR(0), 0);
	mmio_write32(interface + GICC_BPR, 0);
	mmio_write32(interface + GICC_PMR, 0xff);
	mmio_write32(interface + GICC_CTLR,
		     ctlr | (uint32_t)(GICC_CTLR_EOIMODE | GICC_CTLR_ENABLE));
	return 0;
}

static uint32_t gicv2_line_count(void)
{
	return MIN(line_count, GIC_LINES_MAX);
}

static void gicv2_send_sgi(uint32_t cpu, uint32_t sgi)
{
	/* What was written before the signal is seen by who gets it. */
	dsb(ishst);
	mmio_write32(dist + GICD2_SGIR, GICD2_SGIR_TARGETS(cpu_masks[cpu]) | sgi);
}

static uint32_t gicv2_acknowledge(void)
{
	uint32_t iar = mmio_read32(interface + GICC_IAR);

	taken[cpu_index()] = iar;
	/* The read has its effect before anything the handler does. */
	dsb(sy);
	return GICC_IAR_INTID(iar);
}

/* An SGI is ended with its sender's number (IHI0048B 4.4.5), before the next one is taken. */
static uint32_t end_value(uint32_t intid)
{
	return intid < GIC_FIRST_PPI ? taken[cpu_index()] : intid;
}

static uint32_t gicv2_peek(void)
{
	return GICC_IAR_INTID(mmio_read32(interface + GICC_HPPIR));
}

static void gicv2_drop_priority(uint32_t intid)
{
	mmio_write32(interface + GICC_EOIR, end_value(intid));
}

static void gicv2_deactivate(uint32_t intid)
{
	mmio_write32(interface + GICC_DIR, end_value(intid));
}

static void set_trigger(uint32_t intid, bool edge)
{
	volatile uint8_t *reg = dist + GICD2_ICFGR(intid / 16);
	uint32_t bit = GICD2_ICFGR_EDGE << 2 * (intid % 16);
	uint32_t config;

	spin_lock(&config_lock);
	config = mmio_read32(reg);
	mmio_write32(reg, edge ? config | bit : config & ~bit);
	spin_unlock(&config_lock);
}

static void gicv2_enable(uint32_t intid, bool edge)
{
	volatile uint8_t *reg = dist + GICD2_ISENABLER(intid / 32);

	/* The trigger of an enabled line must not change (IHI0048B 4.3.13). */
	if ((mmio_read32(reg) & line_bit(intid)) == 0) {
		set_trigger(intid, edge);
		mmio_write32(reg, line_bit(intid));
	}
}

static void gicv2_disable(uint32_t intid)
{
	mmio_write32(dist + GICD2_ICENABLER(intid / 32), line_bit(intid));
	/* Read back: the distributor has taken it. */
	(void)mmio_read32(dist + GICD2_ICENABLER(intid / 32));
}

static void gicv2_route(uint32_t intid, uint32_t cpu)
{
	mmio_write8(dist + GICD2_ITARGETSR(intid), cpu_masks[cpu]);
}

static void gicv2_set_pending(uint32_t intid)
{
	mmio_write32(dist + GICD2_ISPENDR(intid / 32), line_bit(intid));
}

static void gicv2_clear_pending(uint32_t intid)
{
	mmio_write32(dist + GICD2_ICPENDR(intid / 32), line_bit(intid));
}

/* Of a level the wire or what was written, whichever is set (IHI0048B 4.3.7). */
static bool gicv2_is_pending(uint32_t intid)
{
	return (mmio_read32(dist + GICD2_ISPENDR(intid / 32)) & line_bit(intid)) != 0;
}

static void gicv2_set_active(uint32_t intid, bool active)
{
	uint32_t reg = active ? GICD2_ISACTIVER(intid / 32) : GICD2_ICACTIVER(intid / 32);

	mmio_write32(dist + reg, line_bit(intid));
}

const struct gic_ops gicv2_ops = {
	.version = 2,
	.init = gicv2_init,
	.init_cpu = gicv2_init_cpu,
	.line_count = gicv2_line_count,
	.send_sgi = gicv2_send_sgi,
	.acknowledge = gicv2_acknowledge,
	.peek = gicv2_peek,
	.drop_priority = gicv2_drop_priority,
	.deactivate = gicv2_deactivate,
	.enable = gicv2_enable,
	.disable = gicv2_disable,
	.route = gicv2_route,
	.set_pending = gicv2_set_pending,
	.clear_pending = gicv2_clear_pending,
	.is_pending = gicv2_is_pending,
	.set_active = gicv2_set_active,
};
