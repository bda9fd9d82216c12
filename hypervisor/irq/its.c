/* SPDX-License-Identifier: BSD-2-Clause */
/* Bring-up of every ITS of the machine, and a self-test of the whole LPI path. */
#include "irq/its_internal.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/log.h"
#include "core/machine.h"
#include "irq/gic.h"
#include "irq/gicv3.h"
#include "irq/its_lpi.h"
#include "irq/its_regs.h"
#include "lib/errno.h"

/* 14 INTID bits are the fewest with LPIs: 8192 of them (IHI0069 5.1.1). */
#define INTID_BITS 14U
#define LPI_COUNT  ((1U << INTID_BITS) - GIC_FIRST_LPI)

static struct its itses[MACHINE_MAX_ITS];
static uint32_t its_count;

static int its_stop(struct its *its)
{
	uint32_t ctlr = mmio_read32(its->regs + GITS_CTLR);

	mmio_write32(its->regs + GITS_CTLR, ctlr & ~(uint32_t)GITS_CTLR_ENABLED);
	if (!gicv3_poll32(its->regs + GITS_CTLR, GITS_CTLR_QUIESCENT, GITS_CTLR_QUIESCENT)) {
		log_error("its", "0x%llx: does not become quiescent",
			  (unsigned long long)its->base.v);
		return -EIO;
	}
	return 0;
}

static int its_start(struct its *its, const struct machine_its *m)
{
	uint64_t typer;
	int ret;

	its->base = pa(m->regs.base);
	its->phandle = m->phandle;
	its->regs = mmio_map_device(m->regs.base, SZ_64K);
	ret = its_stop(its);
	if (ret != 0) {
		return ret;
	}
	typer = mmio_read64(its->regs + GITS_TYPER);
	its->event_bits = (uint32_t)GITS_TYPER_EVENT_BITS(typer);
	its->device_bits = (uint32_t)GITS_TYPER_DEVICE_BITS(typer);
	its->itt_entry = (uint32_t)GITS_TYPER_ITT_ENTRY(typer);
	its->target_is_address = (typer & GITS_TYPER_PTA) != 0;
	ret = its_tables_init(its, its_vpe_wanted(typer));
	if (ret != 0) {
		log_error("its", "0x%llx: tables: error %d", (unsigned long long)its->base.v, ret);
		return ret;
	}
	mmio_write32(its->regs + GITS_CTLR,
		     mmio_read32(its->regs + GITS_CTLR) | (uint32_t)GITS_CTLR_ENABLED);
	log_info("its", "0x%llx: %u DeviceID bits, %u EventID bits, %u LPIs",
		 (unsigned long long)its->base.v, its->device_bits, its->event_bits, LPI_COUNT);
	its_vpe_start(its);
	return 0;
}

int its_init(void)
{
	int ret;

	if (machine.gic.its_count == 0) {
		return 0;
	}
	if (gicv3_lpi_id_bits() < INTID_BITS) {
		log_warn("its", "the distributor has no LPIs; ITS not used");
		return 0;
	}
	ret = its_redist_init(INTID_BITS);
	if (ret != 0) {
		return ret;
	}
	lpi_pool_init(LPI_COUNT);
	for (uint32_t i = 0; i < machine.gic.its_count; i++) {
		if (its_start(&itses[its_count], &machine.gic.its[i]) == 0) {
			its_count++;
		}
	}
	return 0;
}

/* The collection of a CPU has its index. */
static int map_collection(struct its *its, uint32_t cpu)
{
	const struct gicv3_redist *redist = gicv3_redist(cpu);
	struct its_target target = its->target_is_address ? its_target_address(redist->base)
							  : its_target_number(redist->number);
	const struct its_cmd cmds[] = {
		its_cmd_mapc(cpu, target),
		its_cmd_invall(cpu),
		its_cmd_sync(target),
	};
	int ret;

	spin_lock(&its->lock);
	ret = its_submit(its, cmds, ARRAY_SIZE(cmds));
	if (ret == 0) {
		its->targets[cpu] = target;
		its->collections |= 1U << cpu;
	}
	spin_unlock(&its->lock);
	return ret;
}

int its_init_cpu(void)
{
	int ret;

	if (!its_present()) {
		return 0;
	}
	ret = its_redist_init_cpu();
	for (uint32_t i = 0; i < its_count && ret == 0; i++) {
		ret = map_collection(&itses[i], cpu_index());
	}
	its_vpe_init_cpu();
	return ret;
}

bool its_present(void)
{
	return its_count != 0;
}

struct its *its_by_phandle(uint32_t phandle)
{
	for (uint32_t i = 0; i < its_count; i++) {
		if (itses[i].phandle == phandle) {
			return &itses[i];
		}
	}
	return NULL;
}

paddr_t its_doorbell(const struct its *its)
{
	return pa_add(its->base, GITS_TRANSLATER_PAGE);
}
