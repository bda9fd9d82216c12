/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host bridge driver for DesignWare controllers. The root port's config space is memory (DBI); all
 * below it is seen through one window that address translation region 0 turns into config cycles of
 * one function at a time. b->cfg_lock serialises that. Clocks, PHY and link are started by
 * firmware, or by the driver of the bridge's owner.
 */
#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "pci/bridges/bridges.h"
#include "pci/bridges/designware.h"
#include "pci/pci_config.h"
#include "pci/pci_contain.h"

#define CLASS_BRIDGE 0x060400U

static bool link_up(const struct designware *d)
{
	return (mmio_read32(d->dbi + DW_DEBUG1) & (DW_DEBUG1_LINK_UP | DW_DEBUG1_LINK_TRAINING)) ==
	       DW_DEBUG1_LINK_UP;
}

/* None is touched: what clocks them may not run yet. */
static int map_registers(struct designware *d, const struct machine_bridge *desc)
{
	struct range atu = desc->atu;

	if (desc->regs.size < DW_DBI_SIZE || desc->cfg.size < DW_DBI_SIZE ||
	    !IS_ALIGNED(desc->cfg.base, SZ_64K)) {
		log_error("pci", "%s: reg has no usable \"dbi\" and \"config\"", desc->path);
		return -EINVAL;
	}
	d->dbi = mmio_map_device(desc->regs.base, DW_DBI_SIZE);
	d->config = mmio_map_device(desc->cfg.base, SZ_4K);
	if (atu.size == 0 && desc->regs.size >= DW_ATU_OFFSET + DW_ATU_SIZE) {
		atu = (struct range){ desc->regs.base + DW_ATU_OFFSET, DW_ATU_SIZE };
	}
	if (atu.size >= DW_ATU_SIZE) {
		d->unrolled = mmio_map_device(atu.base, DW_ATU_SIZE);
	}
	return 0;
}

/* Where there is a viewport, nothing may lie beyond the first page of DBI. */
static int find_regions(struct designware *d, const struct machine_bridge *desc)
{
	if (mmio_read32(d->dbi + DW_VIEWPORT) != ~0U) {
		return 0;
	}
	if (d->unrolled == NULL) {
		log_error("pci", "%s: reg has no room for the address translation unit",
			  desc->path);
		return -EINVAL;
	}
	d->atu = d->unrolled;
	return 0;
}

static int open_windows(struct designware *d, const struct machine_bridge *desc)
{
	struct dw_region regions[DW_ATU_REGIONS];
	uint64_t missed;
	uint32_t inbound;
	int outbound;
	int err = 0;

	dw_atu_probe(d);
	outbound = dw_plan_outbound(desc, d->granule, regions, MAX(d->outbound, 1U) - 1);
	if (outbound < 0) {
		log_error("pci",
			  "%s: %u address translation regions of 0x%llx do not make its windows",
			  desc->path, d->outbound, (unsigned long long)d->granule);
		return outbound;
	}
	for (int i = 0; err == 0 && i < outbound; i++) {
		err = dw_atu_set(d, &regions[i]);
	}
	inbound = dw_plan_inbound(machine.ram, machine.ram_count, regions, d->inbound, &missed);
	if (missed != 0) {
		log_warn("pci", "%s: %llu MiB of RAM are out of reach for DMA", desc->path,
			 (unsigned long long)(missed / SZ_1M));
	}
	for (uint32_t i = 0; err == 0 && i < inbound; i++) {
		err = dw_atu_set(d, &regions[i]);
	}
	if (err != 0) {
		log_error("pci", "%s: an address translation region does not take effect",
			  desc->path);
	}
	return err;
}

/* Some integrations leave the class code to whoever drives the controller. */
static void fix_class(const struct designware *d)
{
	uint32_t revision = mmio_read32(d->dbi + PCI_REVISION);
	uint32_t misc = mmio_read32(d->dbi + DW_MISC1);

	if (revision >> 8 != CLASS_BRIDGE) {
		mmio_write32(d->dbi + DW_MISC1, misc | (uint32_t)DW_MISC1_WRITE_READONLY);
		mmio_write32(d->dbi + PCI_REVISION, CLASS_BRIDGE << 8 | (revision & 0xff));
		mmio_write32(d->dbi + DW_MISC1, misc & ~(uint32_t)DW_MISC1_WRITE_READONLY);
	}
}

/* Clocks, PHY and link are up. */
static int designware_start(struct host_bridge *b)
{
	struct designware *d = b->priv;
	int err = find_regions(d, b->desc);

	if (err == 0) {
		err = open_windows(d, b->desc);
	}
	if (err != 0) {
		return err;
	}
	fix_class(d);
	if (!link_up(d)) {
		log_warn("pci", "%s: no link", b->desc->path);
	}
	/* Elsewhere the block is the driver's that has brought the controller up. */
	if (!b->owner_driven) {
		b->msi = dw_msi_start(d, b->desc);
	}
	return 0;
}

static int designware_init(struct host_bridge *b, const struct machine_bridge *desc)
{
	struct designware *d = heap_alloc(sizeof(*d));
	int err;

	if (d == NULL) {
		return -ENOMEM;
	}
	b->priv = d;
	err = map_registers(d, desc);
	if (err == 0 && !b->owner_driven) {
		err = designware_start(b);
	}
	if (err != 0) {
		b->priv = NULL;
		heap_free(d);
	}
	return err;
}

bool dw_link_up(const struct host_bridge *b)
{
	return link_up(b->priv);
}

uint32_t dw_register_read(struct host_bridge *b, uint32_t offset, uint32_t size)
{
	const struct designware *d = b->priv;
	uint32_t value = ~0U;

	spin_lock(&b->cfg_lock);
	(void)guarded_read(d->dbi + (offset & ~3U), 4, &value);
	spin_unlock(&b->cfg_lock);
	return value >> 8 * (offset & 3) & ~0U >> (32 - 8 * size);
}

void dw_register_write(struct host_bridge *b, uint32_t offset, uint32_t size, uint32_t value)
{
	const struct designware *d = b->priv;

	if (size != 4) {
		return;
	}
	spin_lock(&b->cfg_lock);
	(void)guarded_write(d->dbi + offset, 4, value);
	spin_unlock(&b->cfg_lock);
}

static bool is_port(const struct host_bridge *b, struct sbdf where)
{
	return SBDF_BUS(where) == b->desc->bus_start && SBDF_DEVFN(where) == 0;
}

/* NULL: the register is the controller's, not the port's. */
static volatile uint8_t *port_register(const struct designware *d, uint32_t offset)
{
	return offset < DW_PORT_LOGIC ? d->dbi + offset : NULL;
}

static int turn_window(const struct host_bridge *b, struct sbdf where, enum dw_kind kind)
{
	const struct designware *d = b->priv;
	struct dw_region region = {
		.index = DW_CONFIG_REGION,
		.kind = kind,
		.base = b->desc->cfg.base,
		.limit = b->desc->cfg.base + MIN(b->desc->cfg.size, MAX(d->granule, SZ_4K)) - 1,
		.target = (uint64_t)SBDF_RID(where) << 16,
	};

	return dw_atu_set(d, &region);
}

/* Have the window show where's config space. False: there is nothing. */
static bool show(const struct host_bridge *b, struct sbdf where)
{
	struct designware *d = b->priv;
	uint32_t secondary = mmio_read32(d->dbi + PCI_PRIMARY_BUS) >> 8 & 0xff;
	bool below = SBDF_BUS(where) == secondary;
	enum dw_kind kind = below ? DW_CONFIG0 : DW_CONFIG1;
	uint32_t shown = DW_SHOWN(SBDF_RID(where), kind);

	/* A cycle without link may be an SError; the link's partner answers for every device. */
	if (SBDF_BUS(where) == b->desc->bus_start || !link_up(d) ||
	    (below && SBDF_DEVFN(where) > 7)) {
		return false;
	}
	if (d->shown != shown) {
		d->shown = DW_NOTHING;
		if (turn_window(b, where, kind) != 0) {
			return false;
		}
		d->shown = shown;
	}
	return true;
}

static uint32_t designware_read(struct host_bridge *b, struct sbdf where, uint32_t offset,
				uint32_t size)
{
	const struct designware *d = b->priv;
	const volatile uint8_t *p = NULL;
	uint32_t value = 0xffffffffU;

	if (is_port(b, where)) {
		p = port_register(d, offset);
		value = p == NULL ? 0 : value;
	} else if (show(b, where)) {
		p = d->config + offset;
	}
	if (p != NULL && !guarded_read(p, size, &value)) {
		pci_access_failed(where);
	}
	return value;
}

static void designware_write(struct host_bridge *b, struct sbdf where, uint32_t offset,
			     uint32_t size, uint32_t value)
{
	const struct designware *d = b->priv;
	volatile uint8_t *p = NULL;

	if (is_port(b, where)) {
		p = port_register(d, offset);
	} else if (show(b, where)) {
		p = d->config + offset;
	}
	if (p != NULL && !guarded_write(p, size, value)) {
		pci_access_failed(where);
	}
}

static const char *const designware_compatibles[] = { "fsl,imx8mp-pcie", "snps,dw-pcie", NULL };

const struct host_bridge_ops designware_ops = {
	.name = "DesignWare",
	.compatibles = designware_compatibles,
	.indirect = true,
	.words = HOST_BRIDGE_WORDS_AT_PORT,
	.init = designware_init,
	.start = designware_start,
	.cfg_read = designware_read,
	.cfg_write = designware_write,
};
