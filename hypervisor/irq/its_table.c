/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory an ITS keeps its state in (IHI0069 5.2, GITS_BASERn): device table, collection table,
 * command queue. Attributes are offered and read back; what hardware refuses to snoop is cleaned.
 */
#include "irq/its_internal.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "irq/its_plan.h"
#include "irq/its_regs.h"
#include "lib/errno.h"

struct table_memory {
	uint8_t *base;
	unsigned int order;
};

/* 64 KiB alignment is what the largest page size and the command queue want. */
static int memory_get(struct table_memory *m, uint64_t size, uint64_t align)
{
	m->order = 0;
	while ((SZ_4K << m->order) < MAX(size, align)) {
		m->order++;
	}
	m->base = heap_pages(m->order);
	if (m->base == NULL) {
		return -ENOMEM;
	}
	cache_clean(m->base, SZ_4K << m->order);
	return 0;
}

/* Returns whether hardware snoops; *held is what the register says now. */
static bool write_base(volatile uint8_t *reg, uint64_t value, uint64_t *held)
{
	mmio_write64(reg, value | GITS_BASER_SHARED);
	*held = mmio_read64(reg);
	if ((*held & GITS_BASER_SHARE_MASK) != 0) {
		return true;
	}
	mmio_write64(reg, value | GITS_BASER_NON_CACHEABLE);
	*held = mmio_read64(reg);
	return false;
}

/* Smallest page size the register takes: fixed ones read back as what they are. */
static uint64_t probe_page_size(volatile uint8_t *reg, uint64_t *encoding)
{
	mmio_write64(reg, 0);
	*encoding = GITS_BASER_PAGE_SIZE(mmio_read64(reg));
	return *encoding == 0 ? SZ_4K : *encoding == 1 ? 4 * SZ_4K : SZ_64K;
}

static bool probe_indirect(volatile uint8_t *reg, uint64_t encoding)
{
	bool held;

	mmio_write64(reg, GITS_BASER_INDIRECT | encoding << 8);
	held = (mmio_read64(reg) & GITS_BASER_INDIRECT) != 0;
	mmio_write64(reg, 0);
	return held;
}

/* size: whole pages. */
static int install(volatile uint8_t *reg, uint64_t size, uint64_t page_size, uint64_t flags,
		   struct table_memory *m, bool *snoops)
{
	uint64_t held;
	int ret = memory_get(m, size, page_size);

	if (ret != 0) {
		return ret;
	}
	*snoops = write_base(reg, GITS_BASER_VALID | flags | heap_pa(m->base).v |
					  (size / page_size - 1), &held);
	return (held & GITS_BASER_VALID) != 0 ? 0 : -EIO;
}

static int install_devices(struct its *its, volatile uint8_t *reg)
{
	struct its_device_table *t = &its->devices;
	uint64_t encoding;
	struct its_table_caps caps = {
		.entry_size = (uint32_t)GITS_BASER_ENTRY_SIZE(mmio_read64(reg)),
		.page_size = probe_page_size(reg, &encoding),
		.indirect = probe_indirect(reg, encoding),
	};
	struct its_device_plan plan = its_plan_devices(&caps, its->device_bits);
	uint64_t flags = (plan.indirect ? GITS_BASER_INDIRECT : 0) | encoding << 8;
	struct table_memory m;
	bool snoops;
	int ret = install(reg, plan.size, caps.page_size, flags, &m, &snoops);

	if (ret != 0) {
		return ret;
	}
	t->base = m.base;
	t->page_size = caps.page_size;
	t->per_page = plan.per_page;
	t->limit = plan.limit;
	t->indirect = plan.indirect;
	t->flush = !snoops;
	return 0;
}

/* One page: 128 entries at the very least. */
static int install_collections(volatile uint8_t *reg)
{
	uint64_t encoding;
	uint64_t page_size = probe_page_size(reg, &encoding);
	struct table_memory m;
	bool snoops;

	return install(reg, page_size, page_size, encoding << 8, &m, &snoops);
}

static int install_queue(struct its *its)
{
	struct table_memory m;
	uint64_t held;
	int ret = memory_get(&m, ITS_QUEUE_SIZE, SZ_64K);

	if (ret != 0) {
		return ret;
	}
	its->queue = m.base;
	its->queue_flush = !write_base(its->regs + GITS_CBASER,
				       GITS_BASER_VALID | heap_pa(m.base).v |
					       (ITS_QUEUE_SIZE / SZ_4K - 1), &held);
	mmio_write64(its->regs + GITS_CWRITER, 0);
	return 0;
}

/* A flat table: 8 KiB where an entry has 8 bytes. */
static int install_vpes(struct its *its, volatile uint8_t *reg)
{
	uint64_t entry = GITS_BASER_ENTRY_SIZE(mmio_read64(reg));
	uint64_t encoding;
	uint64_t page_size = probe_page_size(reg, &encoding);
	uint64_t size = ALIGN_UP(ITS_VPES_MAX * entry, page_size);
	struct table_memory m;
	bool snoops;
	int ret = install(reg, size, page_size, encoding << 8, &m, &snoops);

	if (ret == 0) {
		its->vpe_max = ITS_VPES_MAX;
	}
	return ret;
}

int its_tables_init(struct its *its, bool vpes)
{
	int ret = 0;

	for (uint32_t i = 0; i < GITS_BASERS && ret == 0; i++) {
		volatile uint8_t *reg = its->regs + GITS_BASER(i);

		switch (GITS_BASER_TYPE(mmio_read64(reg))) {
		case GITS_TABLE_DEVICES:
			ret = install_devices(its, reg);
			break;
		case GITS_TABLE_COLLECTIONS:
			ret = install_collections(reg);
			break;
		case GITS_TABLE_VPES:
			ret = vpes ? install_vpes(its, reg) : 0;
			break;
		default: /* not there */
			break;
		}
	}
	return ret == 0 ? install_queue(its) : ret;
}

int its_device_table_cover(struct its *its, device_id_t id)
{
	struct its_device_table *t = &its->devices;
	struct table_memory m;
	uint64_t *l1;
	int ret;

	if (id.v >= t->limit) {
		return -ERANGE;
	}
	if (!t->indirect) {
		return 0;
	}
	l1 = (uint64_t *)(void *)t->base + id.v / t->per_page;
	if (*l1 != 0) {
		return 0;
	}
	ret = memory_get(&m, t->page_size, t->page_size);
	if (ret != 0) {
		return ret;
	}
	*l1 = heap_pa(m.base).v | GITS_L1_VALID;
	if (t->flush) {
		cache_clean(l1, sizeof(*l1));
	}
	dsb(sy);
	return 0;
}
