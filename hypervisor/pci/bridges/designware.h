/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Synopsys DesignWare PCI Express root complex: registers in its DBI space, and what the files of
 * this driver share.
 */
#ifndef PCI_BRIDGES_DESIGNWARE_H
#define PCI_BRIDGES_DESIGNWARE_H

#include "core/spinlock.h"
#include "irq/msi.h"
#include "pci/host_bridge.h"

/* DBI: the root port's config space, with registers of the controller from DW_PORT_LOGIC on. */
#define DW_DBI_SIZE   SZ_4K
#define DW_PORT_LOGIC 0x700U
#define DW_DEBUG1     0x72c
#define DW_MSI_ADDRESS 0x820 /* two words */
#define DW_MSI_ENABLE 0x828
#define DW_MSI_MASK   0x82c
#define DW_MSI_STATUS 0x830
#define DW_MISC1      0x8bc
#define DW_VIEWPORT   0x900
#define DW_REGION     0x904 /* the region the viewport selects */

#define DW_DEBUG1_LINK_UP       BIT(4)
#define DW_DEBUG1_LINK_TRAINING BIT(29)
#define DW_MISC1_WRITE_READONLY BIT(0)
#define DW_VIEWPORT_INBOUND     BIT(31)

/* Address translation (iATU). Unrolled regions lie side by side, here from DBI without "atu". */
#define DW_ATU_OFFSET  0x300000U
#define DW_ATU_STRIDE  0x200U
#define DW_ATU_INBOUND 0x100U
#define DW_ATU_REGIONS 16U
#define DW_ATU_SIZE    (DW_ATU_REGIONS * DW_ATU_STRIDE)

/* In a region. */
#define DW_CTRL1        0x00
#define DW_CTRL2        0x04
#define DW_BASE         0x08
#define DW_BASE_UPPER   0x0c
#define DW_LIMIT        0x10
#define DW_TARGET       0x14
#define DW_TARGET_UPPER 0x18

#define DW_CTRL2_ENABLE BIT(31)

enum dw_kind { DW_MEMORY = 0, DW_IO = 2, DW_CONFIG0 = 4, DW_CONFIG1 = 5 };

#define DW_CONFIG_REGION 0U /* the outbound region that makes config cycles */

/* One address translation: [base, limit], which has no 4 GiB boundary inside, to target. */
struct dw_region {
	bool inbound;
	uint32_t index;
	enum dw_kind kind;
	uint64_t base;  /* CPU address outbound, bus address inbound */
	uint64_t limit; /* the last byte */
	uint64_t target;
};

struct designware {
	volatile uint8_t *dbi;
	volatile uint8_t *config; /* 4 KiB of the function that region 0 shows */
	volatile uint8_t *unrolled; /* where regions are if they are unrolled; NULL: no place */
	/* the same if they are; NULL: one at a time through the viewport */
	volatile uint8_t *atu;
	uint32_t outbound;        /* how many regions there are */
	uint32_t inbound;
	uint64_t granule; /* of base and limit, at least 1 */
	uint32_t shown;   /* DW_SHOWN() of the function, or DW_NOTHING */
	struct msi_controller msi;
	struct spinlock msi_lock; /* innermost; the block's registers and what follows */
	uint64_t capture;         /* bus address that messages are written to */
	uint32_t msi_intid;
	uint32_t msi_masked;  /* by vector */
	uint32_t msi_pending; /* taken from the status register, not delivered yet */
};

#define DW_NOTHING           (~0U)
#define DW_SHOWN(rid, kind)  ((uint32_t)(kind) << 16 | (rid))

/* For whoever emulates the controller. Any context. */
bool dw_link_up(const struct host_bridge *b);
/* Registers from DW_PORT_LOGIC on; size 1, 2, 4, aligned. A narrow write is dropped. */
uint32_t dw_register_read(struct host_bridge *b, uint32_t offset, uint32_t size);
void dw_register_write(struct host_bridge *b, uint32_t offset, uint32_t size, uint32_t value);
/* Bring the block up, all vectors masked, and register it. NULL: said why, and no MSI. */
struct msi_controller *dw_msi_start(struct designware *d, const struct machine_bridge *desc);

/* Count the regions of each direction and find their granule. Leaves all of them disabled. */
void dw_atu_probe(struct designware *d);
/* Disable, set, enable. -EIO: it does not become enabled. */
int dw_atu_set(const struct designware *d, const struct dw_region *r);

/*
 * The outbound regions after DW_CONFIG_REGION for a bridge's windows, or the inbound ones that let
 * RAM be reached at its own addresses. Returns how many of at most max; -EINVAL: a window does not
 * begin and end at the granule; -ENOSPC: more than max. Pure.
 */
int dw_plan_outbound(const struct machine_bridge *desc, uint64_t granule, struct dw_region *out,
		     uint32_t max);
/* *missed: bytes of RAM that no region is left for. */
uint32_t dw_plan_inbound(const struct range *ram, uint32_t count, struct dw_region *out,
			 uint32_t max, uint64_t *missed);

#endif
