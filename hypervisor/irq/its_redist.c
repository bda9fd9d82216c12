/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPI tables in memory (IHI0069 5.1): one configuration table for all redistributors, one pending
 * table for each.
 */
#include "irq/its_internal.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "core/log.h"
#include "irq/gic.h"
#include "irq/gicv3.h"
#include "irq/gicv3_regs.h"
#include "irq/its_regs.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PENDING_ORDER 4 /* 64 KiB alignment is architected; the table itself is smaller */

static uint8_t *config_table;
static uint32_t id_bits;
static uint64_t attributes[CPUS_MAX];
static bool config_flush; /* some redistributor does not snoop the table */

static uint8_t config_byte(bool enabled)
{
	return (uint8_t)(GIC_PRIORITY | LPI_CONFIG_RES1 | (enabled ? LPI_CONFIG_ENABLED : 0));
}

static unsigned int order_of(uint64_t size)
{
	unsigned int order = 0;

	while ((SZ_4K << order) < size) {
		order++;
	}
	return order;
}

int its_redist_init(uint32_t bits)
{
	uint64_t size = BIT(bits) - GIC_FIRST_LPI;

	config_table = heap_pages(order_of(size));
	if (config_table == NULL) {
		return -ENOMEM;
	}
	memset(config_table, config_byte(false), size);
	cache_clean(config_table, size);
	id_bits = bits;
	return 0;
}

/* Write a base register shareable; fall back to what hardware holds. True: it does not snoop. */
static bool write_base(volatile uint8_t *reg, uint64_t value)
{
	uint64_t held;

	mmio_write64(reg, value | GICR_BASER_SHARED);
	held = mmio_read64(reg);
	if ((held & GICR_BASER_SHARE_MASK) != 0) {
		return false;
	}
	mmio_write64(reg, value | GICR_BASER_NON_CACHEABLE);
	return true;
}

int its_redist_init_cpu(void)
{
	const struct gicv3_redist *redist = gicv3_redist(cpu_index());
	volatile uint8_t *rd = redist->regs;
	uint32_t ctlr = mmio_read32(rd + GICR_CTLR);
	uint8_t *pending;

	if (!redist->lpis) {
		log_error("its", "redistributor of CPU %u has no LPIs", cpu_index());
		return -ENODEV;
	}
	/* Left on by firmware: may be impossible to turn off, and its tables are in our RAM. */
	mmio_write32(rd + GICR_CTLR, ctlr & ~(uint32_t)GICR_CTLR_ENABLE_LPIS);
	if (!gicv3_poll32(rd + GICR_CTLR, GICR_CTLR_RWP | GICR_CTLR_ENABLE_LPIS, 0)) {
		log_error("its", "LPIs of CPU %u are on and cannot be turned off", cpu_index());
		return -EBUSY;
	}
	pending = heap_pages(PENDING_ORDER);
	if (pending == NULL) {
		return -ENOMEM;
	}
	cache_clean(pending, SZ_4K << PENDING_ORDER);
	attributes[cpu_index()] = GICR_BASER_SHARED;
	if (write_base(rd + GICR_PROPBASER, heap_pa(config_table).v | (id_bits - 1))) {
		attributes[cpu_index()] = GICR_BASER_NON_CACHEABLE;
		__atomic_store_n(&config_flush, true, __ATOMIC_RELAXED);
	}
	write_base(rd + GICR_PENDBASER, heap_pa(pending).v | GICR_PENDBASER_ZERO);
	mmio_write32(rd + GICR_CTLR, mmio_read32(rd + GICR_CTLR) | GICR_CTLR_ENABLE_LPIS);
	dsb(sy);
	return 0;
}

void its_redist_configure(uint32_t lpi, bool enabled)
{
	its_redist_set_byte(&config_table[lpi - GIC_FIRST_LPI], config_byte(enabled));
}

uint64_t its_redist_attributes(uint32_t cpu)
{
	return attributes[cpu];
}

void its_redist_set_byte(uint8_t *byte, uint8_t value)
{
	__atomic_store_n(byte, value, __ATOMIC_RELAXED);
	if (__atomic_load_n(&config_flush, __ATOMIC_RELAXED)) {
		cache_clean(byte, 1);
	}
	dsb(ishst);
}
