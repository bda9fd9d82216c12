/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3 driver: distributor, CPU interface by system registers, and the lines themselves. Every
 * interrupt is Non-secure Group 1. A GICv4 works the same way.
 */
#include "irq/gicv3.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/percpu.h"
#include "core/spinlock.h"
#include "irq/gic.h"
#include "irq/gicv3_regs.h"
#include "lib/errno.h"

static volatile uint8_t *dist;
static uint32_t line_count;
static uint32_t lpi_id_bits;
static struct spinlock config_lock; /* read-modify-write of GICD_ICFGR */

static bool dist_settled(void)
{
	return gicv3_poll32(dist + GICD_CTLR, GICD_CTLR_RWP, 0);
}

/* Registers of this line: the distributor's, or for a private one this CPU's SGI frame. */
static volatile uint8_t *line_regs(uint32_t intid)
{
	return intid < GIC_FIRST_SPI ? gicv3_redist(cpu_index())->regs + GICR_FRAME : dist;
}

static uint32_t line_bit(uint32_t intid)
{
	return 1U << (intid % 32);
}

static void dist_quiesce_spis(void)
{
	uint64_t boot_cpu = machine.cpus[cpu_index()].mpidr;

	for (uint32_t word = GIC_FIRST_SPI / 32; word < line_count / 32; word++) {
		mmio_write32(dist + GICD_ICENABLER(word), ~0U);
		mmio_write32(dist + GICD_ICPENDR(word), ~0U);
		mmio_write32(dist + GICD_ICACTIVER(word), ~0U);
		mmio_write32(dist + GICD_IGROUPR(word), ~0U);
		mmio_write32(dist + GICD_IGRPMODR(word), 0);
	}
	for (uint32_t intid = GIC_FIRST_SPI; intid < line_count; intid += 4) {
		mmio_write32(dist + GICD_IPRIORITYR(intid), GIC_PRIORITY * 0x01010101U);
	}
	for (uint32_t intid = GIC_FIRST_SPI; intid < line_count && intid < GIC_LINES_MAX; intid++) {
		mmio_write64(dist + GICD_IROUTER(intid), boot_cpu);
	}
}

static int gicv3_init(void)
{
	uint32_t typer;
	uint32_t rev;
	int ret;

	dist = mmio_map_device(machine.gic.dist.base, GICD_FRAME);
	rev = (uint32_t)GIC_PIDR2_ARCHREV(mmio_read32(dist + GICD_PIDR2));
	if (rev != 3 && rev != 4) {
		log_error("gic", "%s says GICv3, its PIDR2 says architecture revision %u",
			  machine.gic.compatible, rev);
		return -ENODEV;
	}
	typer = mmio_read32(dist + GICD_TYPER);
	line_count = 32 * ((uint32_t)GICD_TYPER_LINES(typer) + 1);
	lpi_id_bits = (typer & GICD_TYPER_LPIS) != 0 ? (uint32_t)GICD_TYPER_IDBITS(typer) : 0;

	/* Affinity routing may change only while all groups are off (IHI0069 12.9.4). */
	mmio_write32(dist + GICD_CTLR, 0);
	if (!dist_settled()) {
		goto stuck;
	}
	mmio_write32(dist + GICD_CTLR, GICD_CTLR_ARE_NS);
	if (!dist_settled()) {
		goto stuck;
	}
	dist_quiesce_spis();
	mmio_write32(dist + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_GRP1);
	if (!dist_settled()) {
		goto stuck;
	}
	ret = gicv3_redist_find_all();
	if (ret == 0) {
		log_info("gic", "GICv%u, %u INTIDs, redistributors for %u CPUs", rev,
			 MIN(line_count, GIC_LINES_MAX), machine.cpu_count);
	}
	return ret;

stuck:
	log_error("gic", "distributor does not take writes (GICD_CTLR.RWP stays set)");
	return -EIO;
}

static int gicv3_init_cpu(void)
{
	int ret = gicv3_redist_init_cpu();

	if (ret != 0) {
		return ret;
	}
	write_sysreg(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB | ICC_SRE_ENABLE);
	isb();
	if ((read_sysreg(icc_sre_el2) & ICC_SRE_SRE) == 0) {
		log_error("gic", "CPU %u has no system-register interface to the GIC", cpu_index());
		return -ENODEV;
	}
	/* EL1's own switch is on and traps: where it can be off at all, no guest leaves it off. */
	write_sysreg(icc_sre_el1, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	isb();
	write_sysreg(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	isb();
	write_sysreg(icc_igrpen1_el1, 0);
	write_sysreg(icc_ctlr_el1, ICC_CTLR_EOIMODE);
	write_sysreg(icc_ap1r0_el1, 0);
	write_sysreg(icc_bpr1_el1, 0);
	write_sysreg(icc_pmr_el1, 0xff);
	isb();
	write_sysreg(icc_igrpen1_el1, 1);
	isb();
	return 0;
}

static uint32_t gicv3_line_count(void)
{
	return MIN(line_count, GIC_LINES_MAX);
}

uint32_t gicv3_lpi_id_bits(void)
{
	return lpi_id_bits;
}

static void gicv3_send_sgi(uint32_t cpu, uint32_t sgi)
{
	uint64_t mpidr = machine.cpus[cpu].mpidr;
	uint64_t aff0 = BITS(mpidr, 7, 0);

	/* What was written before the signal is seen by who gets it. */
	dsb(ishst);
	write_sysreg(icc_sgi1r_el1, BITS(mpidr, 39, 32) << 48 | (aff0 >> 4) << 44 |
					    BITS(mpidr, 23, 16) << 32 | (uint64_t)sgi << 24 |
					    BITS(mpidr, 15, 8) << 16 | BIT(aff0 & 15));
	isb();
}

static uint32_t gicv3_acknowledge(void)
{
	uint32_t intid = ICC_IAR_INTID(read_sysreg(icc_iar1_el1));

	/* The read has its effect before anything the handler does. */
	dsb(sy);
	return intid;
}

static uint32_t gicv3_peek(void)
{
	return ICC_IAR_INTID(read_sysreg(icc_hppir1_el1));
}

static void gicv3_drop_priority(uint32_t intid)
{
	write_sysreg(icc_eoir1_el1, intid);
	isb();
}

static void gicv3_deactivate(uint32_t intid)
{
	write_sysreg(icc_dir_el1, intid);
	isb();
}

static void set_trigger(volatile uint8_t *regs, uint32_t intid, bool edge)
{
	volatile uint8_t *reg = regs + GICD_ICFGR(intid / 16);
	uint32_t bit = GIC_ICFGR_EDGE << 2 * (intid % 16);
	uint32_t config;

	spin_lock(&config_lock);
	config = mmio_read32(reg);
	mmio_write32(reg, edge ? config | bit : config & ~bit);
	spin_unlock(&config_lock);
}

static void gicv3_enable(uint32_t intid, bool edge)
{
	volatile uint8_t *regs = line_regs(intid);

	/* The trigger of an enabled line must not change (IHI0069 12.9.9). */
	if ((mmio_read32(regs + GICD_ISENABLER(intid / 32)) & line_bit(intid)) == 0) {
		set_trigger(regs, intid, edge);
		mmio_write32(regs + GICD_ISENABLER(intid / 32), line_bit(intid));
	}
}

static void gicv3_disable(uint32_t intid)
{
	mmio_write32(line_regs(intid) + GICD_ICENABLER(intid / 32), line_bit(intid));
	if (intid < GIC_FIRST_SPI) {
		gicv3_poll32(gicv3_redist(cpu_index())->regs + GICR_CTLR, GICR_CTLR_RWP, 0);
	} else {
		dist_settled();
	}
}

static void gicv3_route(uint32_t intid, uint32_t cpu)
{
	mmio_write64(dist + GICD_IROUTER(intid), machine.cpus[cpu].mpidr);
}

static void gicv3_set_pending(uint32_t intid)
{
	mmio_write32(line_regs(intid) + GICD_ISPENDR(intid / 32), line_bit(intid));
}

static void gicv3_clear_pending(uint32_t intid)
{
	mmio_write32(line_regs(intid) + GICD_ICPENDR(intid / 32), line_bit(intid));
}

/* Of a level the wire or what was written, whichever is set (IHI0069, GICD_ISPENDR<n>). */
static bool gicv3_is_pending(uint32_t intid)
{
	return (mmio_read32(line_regs(intid) + GICD_ISPENDR(intid / 32)) & line_bit(intid)) != 0;
}

static void gicv3_set_active(uint32_t intid, bool active)
{
	uint32_t reg = active ? GICD_ISACTIVER(intid / 32) : GICD_ICACTIVER(intid / 32);

	mmio_write32(line_regs(intid) + reg, line_bit(intid));
}

const struct gic_ops gicv3_ops = {
	.version = 3,
	.init = gicv3_init,
	.init_cpu = gicv3_init_cpu,
	.line_count = gicv3_line_count,
	.send_sgi = gicv3_send_sgi,
	.acknowledge = gicv3_acknowledge,
	.peek = gicv3_peek,
	.drop_priority = gicv3_drop_priority,
	.deactivate = gicv3_deactivate,
	.enable = gicv3_enable,
	.disable = gicv3_disable,
	.route = gicv3_route,
	.set_pending = gicv3_set_pending,
	.clear_pending = gicv3_clear_pending,
	.is_pending = gicv3_is_pending,
	.set_active = gicv3_set_active,
};
