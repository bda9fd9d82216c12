/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of the R-Car Gen3 PCI Express controller (PCIEC), all 32 bits wide and reached by
 * 32-bit accesses only. Private to rcar_gen3*.c.
 */
#ifndef PCI_BRIDGES_RCAR_GEN3_H
#define PCI_BRIDGES_RCAR_GEN3_H

#include "arch/arm64/mmio.h"
#include "irq/msi.h"
#include "pci/host_bridge.h"

#define RCAR_REGS_SIZE 0x80000U

/* The config engine. */
#define RCAR_CAR   0x010U /* bus, device, function, register of the next cycle */
#define RCAR_CCTLR 0x018U
#define RCAR_CCTLR_ENABLE BIT(31)
#define RCAR_CCTLR_TYPE1  BIT(8)
#define RCAR_CDR   0x020U /* an access here is the cycle */
#define RCAR_MSR   0x028U
#define RCAR_MSR_ROOT 1U
#define RCAR_INTXR 0x400U
#define RCAR_INTXR_RECEIVE 0xf00U
#define RCAR_PHYSR 0x7f0U
#define RCAR_PHYSR_READY BIT(0)
#define RCAR_MSITXR 0x840U
#define RCAR_MSITXR_ENABLE 0x801f0000U

#define RCAR_TCTLR 0x2000U
#define RCAR_TCTLR_START BIT(0)
#define RCAR_TSTR  0x2004U
#define RCAR_TSTR_ACTIVE BIT(0)
#define RCAR_ERRFR 0x2020U
#define RCAR_ERRFR_UNSUPPORTED BIT(4)

/* MSI: a flag for each of 32 vectors, the bus address at which writes set them. */
#define RCAR_MSIFR  0x2044U /* write 1 to clear */
#define RCAR_MSIALR 0x2048U
#define RCAR_MSIALR_ENABLE BIT(0)
#define RCAR_MSIAUR 0x204cU
#define RCAR_MSIIER 0x2050U
#define RCAR_MSI_LINES 2U /* the first interrupts of the controller may all tell of one */

/* Inbound windows: bus address to CPU address, in pairs for 64 bits. */
#define RCAR_INBOUND       6U
#define RCAR_INBOUND_PAIRS (RCAR_INBOUND / 2)
#define RCAR_PRAR(n) (0x2080U + 4U * (n))
#define RCAR_LAR(n)  (0x2200U + 0x20U * (n))
#define RCAR_LAMR(n) (0x2208U + 0x20U * (n))
#define RCAR_LAMR_64BIT  BIT(2)
#define RCAR_LAMR_ENABLE BIT(1)

/* Outbound windows: the CPU's side is fixed in silicon. */
#define RCAR_OUTBOUND 4U
#define RCAR_PALR(n)   (0x3400U + 0x20U * (n))
#define RCAR_PAUR(n)   (0x3404U + 0x20U * (n))
#define RCAR_PAMR(n)   (0x3408U + 0x20U * (n))
#define RCAR_PTCTLR(n) (0x340cU + 0x20U * (n))
#define RCAR_PTCTLR_ENABLE BIT(31)
#define RCAR_PTCTLR_IO     BIT(8)

/* The root port's own config space. */
#define RCAR_PORT 0x10000U

#define RCAR_IDSETR1 0x11004U
#define RCAR_IDSETR1_BRIDGE 0x06040000U
#define RCAR_TLCTLR  0x11048U
#define RCAR_TLCTLR_TIMEOUT GENMASK(13, 8) /* ms */
#define RCAR_MACCTLR 0x11058U
#define RCAR_MACCTLR_START 0x80ff0000U
#define RCAR_PMSR    0x1105cU
#define RCAR_PMSR_L1_ENTERED  BIT(31) /* write 1 to clear, as the next */
#define RCAR_PMSR_L1_RECEIVED BIT(23)
#define RCAR_PMSR_STATE       GENMASK(18, 16)
#define RCAR_PMSR_STATE_L1    (3U << 16)
#define RCAR_PMCTLR  0x11060U
#define RCAR_PMCTLR_ENTER_L1  BIT(31)

struct rcar_gen3 {
	volatile uint8_t *regs;
	struct msi_controller msi;
	struct spinlock msi_lock; /* the two below, MSIIER and taking flags; innermost */
	uint32_t msi_enabled;     /* what MSIIER says */
	uint64_t capture;         /* bus address of MSIs */
};

static inline uint32_t rcar_read(const struct rcar_gen3 *r, uint32_t offset)
{
	return mmio_read32(r->regs + offset);
}

static inline void rcar_write(const struct rcar_gen3 *r, uint32_t offset, uint64_t value)
{
	mmio_write32(r->regs + offset, (uint32_t)value);
}

static inline void rcar_modify(const struct rcar_gen3 *r, uint32_t offset, uint64_t clear,
			       uint64_t set)
{
	rcar_write(r, offset, (rcar_read(r, offset) & ~clear) | set);
}

/* Is bit set in the register within us microseconds, looked at every step? Boot and L1 only. */
bool rcar_wait(const struct rcar_gen3 *r, uint32_t offset, uint64_t bit, uint32_t us,
	       uint32_t step);

/* Registers of an outbound window. */
struct rcar_outbound {
	uint32_t palr, paur, pamr, ptctlr;
};
/* Registers of one inbound pair, or of a single one, whose high words are 0. */
struct rcar_inbound {
	uint32_t prar[2], lar[2], lamr;
};

/* Pure, rcar_gen3_windows.c. -EINVAL: nothing this controller can express. */
int rcar_plan_outbound(const struct machine_window *w, struct rcar_outbound *out);
/*
 * Windows that let bus masters reach what dma-ranges says; where it says nothing, all below 4 GiB
 * and the RAM above it as far as there are windows. One to one: the IOMMU, or its absence, has it
 * so. -EINVAL: dma-ranges moves addresses, or needs more windows.
 */
int rcar_plan_inbound(const struct machine_bridge *desc, const struct range *ram, uint32_t count,
		      struct rcar_inbound out[RCAR_INBOUND_PAIRS], uint32_t *pairs);
/* Bus addresses that get through, size 0: none. -EINVAL: they come out elsewhere. */
int rcar_inbound_range(const struct rcar_inbound *regs, struct range *out);
/* Bytes of RAM outside all of reached[]. */
uint64_t rcar_inbound_missed(const struct range *reached, uint32_t reached_count,
			     const struct range *ram, uint32_t ram_count);

/* Bring the controller up, or take over one that is. -EINVAL, -ETIMEDOUT: said in the log. */
int rcar_gen3_start(struct rcar_gen3 *r, const struct machine_bridge *desc);

/*
 * The MSI block, every vector masked: it is registered, and asked first at the controller's first
 * two interrupts; INTx comes by the first one too. NULL: no MSI, said in the log.
 */
struct msi_controller *rcar_gen3_msi_start(struct rcar_gen3 *r, const struct machine_bridge *desc);

#endif
