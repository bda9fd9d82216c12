/* SPDX-License-Identifier: BSD-2-Clause */
/* vPEs: their tables, which redistributor they are mapped to, and being resident there. */
#include "irq/its_vpe.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/machine.h"
#include "irq/gic.h"
#include "irq/gicv3.h"
#include "irq/gicv3_regs.h"
#include "irq/its_internal.h"
#include "irq/its_regs.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Pending tables are aligned to 64 KiB; hardware keeps things of its own in the first of them. */
#define TABLE_ORDER 4
/* Clearing Valid writes what is pending to memory; hardware that needs longer is stuck. */
#define TIMEOUT_PER_SECOND 1000

static struct its *direct_its; /* fixed at boot */
static uint64_t taken[BITMAP_WORDS(ITS_VPES_MAX)]; /* its lock */

bool its_vpe_wanted(uint64_t typer)
{
	const uint64_t needed = GITS_TYPER_VIRTUAL | GITS_TYPER_VMOVP;

	for (uint32_t cpu = 0; cpu < machine.cpu_count; cpu++) {
		if (!gicv3_redist(cpu)->vlpis) {
			return false;
		}
	}
	return machine.gic.its_count == 1 && (typer & needed) == needed;
}

void its_vpe_start(struct its *its)
{
	if (its->vpe_max != 0) {
		direct_its = its;
		log_info("its", "0x%llx: virtual LPIs, %u vPEs", (unsigned long long)its->base.v,
			 its->vpe_max);
	}
}

void its_vpe_init_cpu(void)
{
	if (direct_its != NULL) {
		/* What firmware may have left: no vPE is here. */
		mmio_write64(gicv3_redist(cpu_index())->regs + GICR_VPENDBASER, 0);
	}
}

bool its_vpe_possible(void)
{
	return direct_its != NULL;
}

static int vpe_map(struct its *its, const struct its_vpe *vpe, uint32_t id_bits)
{
	const struct its_cmd cmds[] = {
		its_cmd_vmapp(vpe->id, its->targets[vpe->cpu], heap_pa(vpe->table), id_bits),
		its_cmd_vinvall(vpe->id),
		its_cmd_vsync(vpe->id),
	};

	return its_submit(its, cmds, ARRAY_SIZE(cmds));
}

/* its->lock held. */
static int vpe_install(struct its *its, struct its_vpe *vpe, uint32_t id_bits, uint32_t cpu)
{
	uint32_t id = bitmap_find_clear(taken, its->vpe_max, 0);
	int ret;

	if ((its->collections & 1U << cpu) == 0) {
		return -EINVAL;
	}
	if (id == BITMAP_NONE) {
		return -ENOSPC;
	}
	vpe->id = (uint16_t)id;
	vpe->cpu = cpu;
	ret = vpe_map(its, vpe, id_bits);
	if (ret == 0) {
		bitmap_set(taken, id);
	}
	return ret;
}

int its_vpe_create(const uint8_t *properties, uint32_t id_bits, uint32_t cpu,
		   struct its_vpe **out)
{
	struct its *its = direct_its;
	struct its_vpe *vpe;
	int ret = -ENOMEM;

	if (its == NULL || its->dead || cpu >= machine.cpu_count) {
		return its == NULL || its->dead ? -EIO : -EINVAL;
	}
	vpe = heap_alloc(sizeof(*vpe));
	if (vpe == NULL) {
		return -ENOMEM;
	}
	vpe->table = heap_pages_dirty(TABLE_ORDER);
	if (vpe->table == NULL) {
		goto fail;
	}
	/* From here on only hardware touches it: no zero of ours may be written over a bit. */
	memset(vpe->table, 0, BIT(id_bits) / 8);
	cache_clean_invalidate(vpe->table, BIT(id_bits) / 8);
	vpe->its = its;
	vpe->impdef_void = true;
	cache_clean(properties, BIT(id_bits) - GIC_FIRST_LPI);
	vpe->propbaser = heap_pa(properties).v | (id_bits - 1);
	vpe->pendbaser = heap_pa(vpe->table).v;
	spin_lock(&its->lock);
	ret = vpe_install(its, vpe, id_bits, cpu);
	spin_unlock(&its->lock);
	if (ret == 0) {
		*out = vpe;
		return 0;
	}
	if (ret == -EIO) { /* the ITS may still read the table: keep it */
		return ret;
	}
	heap_pages_free(vpe->table, TABLE_ORDER);
fail:
	heap_free(vpe);
	return ret;
}

bool its_vpe_destroy(struct its_vpe *vpe)
{
	struct its *its = vpe->its;
	const struct its_cmd cmds[] = {
		its_cmd_vsync(vpe->id),
		its_cmd_unvmapp(vpe->id),
		its_cmd_sync(its->targets[vpe->cpu]),
	};
	int ret;

	spin_lock(&its->lock);
	ret = its_submit(its, cmds, ARRAY_SIZE(cmds));
	if (ret == 0) {
		bitmap_clear(taken, vpe->id);
	}
	spin_unlock(&its->lock);
	if (ret == 0) {
		heap_pages_free(vpe->table, TABLE_ORDER);
		heap_free(vpe);
	}
	return ret == 0;
}

/*
 * To this pCPU. Doorbells go with it, so their configuration is read anew here: this redistributor
 * may remember another one of the same LPI.
 */
static void vpe_move(struct its_vpe *vpe, uint32_t cpu)
{
	struct its *its = vpe->its;
	const struct its_cmd cmds[] = {
		its_cmd_vmovp(vpe->id, its->targets[cpu]),
		its_cmd_vsync(vpe->id),
		its_cmd_invall(cpu),
		its_cmd_sync(its->targets[cpu]),
	};

	spin_lock(&its->lock);
	/* Should that fail the ITS is out of service, and nothing comes any more. */
	(void)its_submit(its, cmds, ARRAY_SIZE(cmds));
	vpe->cpu = cpu;
	spin_unlock(&its->lock);
}

void its_vpe_enter(struct its_vpe *vpe)
{
	uint32_t cpu = cpu_index();
	volatile uint8_t *rd = gicv3_redist(cpu)->regs;
	uint64_t attributes = its_redist_attributes(cpu);

	if (vpe->cpu != cpu) {
		vpe_move(vpe, cpu);
	}
	mmio_write64(rd + GICR_VPROPBASER, vpe->propbaser | attributes);
	/* Something may be pending: PendingLast is to be 1 then (12.11, GICR_VPENDBASER). */
	mmio_write64(rd + GICR_VPENDBASER,
		     vpe->pendbaser | attributes | GICR_VPENDBASER_VALID |
			     GICR_VPENDBASER_PENDING_LAST |
			     (vpe->impdef_void ? GICR_VPENDBASER_IDAI : 0));
}

bool its_vpe_leave(struct its_vpe *vpe)
{
	uint32_t cpu = cpu_index();
	volatile uint8_t *rd = gicv3_redist(cpu)->regs;
	uint64_t held;

	mmio_write64(rd + GICR_VPENDBASER, vpe->pendbaser | its_redist_attributes(cpu));
	held = mmio_read64(rd + GICR_VPENDBASER);
	if (__builtin_expect((held & GICR_VPENDBASER_DIRTY) != 0, 0)) {
		uint64_t end = ticks_now() + ticks_per_second() / TIMEOUT_PER_SECOND;

		do {
			held = mmio_read64(rd + GICR_VPENDBASER);
		} while ((held & GICR_VPENDBASER_DIRTY) != 0 && ticks_now() < end);
	}
	if ((held & GICR_VPENDBASER_DIRTY) != 0) {
		log_error("its", "CPU %u: virtual LPIs do not settle", cpu);
		return true;
	}
	vpe->impdef_void = (held & GICR_VPENDBASER_IDAI) != 0;
	return (held & GICR_VPENDBASER_PENDING_LAST) != 0;
}

void its_vpe_property(uint8_t *property, uint8_t value)
{
	its_redist_set_byte(property, value | LPI_CONFIG_RES1);
}

void its_vpe_invalidate(struct its_vpe *vpe)
{
	const struct its_cmd cmds[] = {
		its_cmd_vinvall(vpe->id),
		its_cmd_vsync(vpe->id),
	};

	spin_lock(&vpe->its->lock);
	(void)its_submit(vpe->its, cmds, ARRAY_SIZE(cmds));
	spin_unlock(&vpe->its->lock);
}
