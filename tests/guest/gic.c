/* SPDX-License-Identifier: BSD-2-Clause */
/* The least of a GIC driver (IHI0069 12; GICv2 IHI0048 4.3, 4.4): group 1, polled. */
#include "guest.h"

#define GICD_CTLR       0x0000U
#define GICR_WAKER      0x0014U
#define SGI_FRAME       0x10000U
#define GICD_IGROUPR    0x0080U
#define GICD_ISENABLER  0x0100U
#define GICD_ITARGETSR  0x0800U
#define IGROUPR0        0x0080U
#define ISENABLER0      0x0100U

#define GICC_CTLR       0x0000U
#define GICC_PMR        0x0004U
#define GICC_IAR        0x000cU
#define GICC_EOIR       0x0010U

static bool version2; /* argument gic=2 says so */

static uint64_t redistributor(void)
{
	return GUEST_GICR_BASE + cpu_number() * GUEST_GICR_STRIDE;
}

void gic_init(void)
{
	uint64_t redist = redistributor();

	version2 = argument("gic", 3) == 2;
	if (version2) {
		write32(GUEST_GICD_BASE + GICD_CTLR, 1);
		write32(GUEST_GICD_BASE + GICD_ISENABLER, 0xffff);
		write32(GUEST_GICC_BASE + GICC_PMR, 0xff);
		write32(GUEST_GICC_BASE + GICC_CTLR, 1);
		return;
	}
	write32(GUEST_GICD_BASE + GICD_CTLR, 0x12); /* affinity routing, group 1 */
	write32(redist + GICR_WAKER, 0);
	write32(redist + SGI_FRAME + IGROUPR0, 0xffffffff);
	write32(redist + SGI_FRAME + ISENABLER0, 0xffff);
	write_sysreg(S3_0_C12_C12_5, 7);    /* ICC_SRE_EL1 */
	write_sysreg(S3_0_C4_C6_0, 0xff);   /* ICC_PMR_EL1 */
	write_sysreg(S3_0_C12_C12_7, 1);    /* ICC_IGRPEN1_EL1 */
	barrier();
}

uint32_t gic_acknowledge(void)
{
	uint32_t intid;

	if (version2) {
		return read32(GUEST_GICC_BASE + GICC_IAR) & GIC_NONE;
	}
	intid = (uint32_t)read_sysreg(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */
	barrier();
	return intid;
}

void gic_end(uint32_t intid)
{
	barrier(); /* what was written to the device is there */
	if (version2) {
		write32(GUEST_GICC_BASE + GICC_EOIR, intid);
		return;
	}
	write_sysreg(S3_0_C12_C12_1, intid); /* ICC_EOIR1_EL1 */
	barrier();
}

uint32_t gic_take(void)
{
	uint32_t intid = gic_acknowledge();

	if (intid != GIC_NONE) {
		gic_end(intid);
	}
	return intid;
}

bool gic_wait(uint32_t intid)
{
	for (int i = 0; i < 600000; i++) {
		if (gic_take() == intid) {
			return true;
		}
		delay_us(100);
	}
	return false;
}

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	/* ICC_SGI1R_EL1: target list of affinity 0.0.0. */
	write_sysreg(S3_0_C12_C11_5, (uint64_t)sgi << 24 | 1ULL << cpu);
	barrier();
}

void gic_enable_spi(uint32_t intid)
{
	uint64_t at = GUEST_GICD_BASE + intid / 32 * 4;
	uint32_t bit = 1U << intid % 32;

	if (version2) {
		/* Groups are not a guest's to choose; where an interrupt goes is. */
		write32(GUEST_GICD_BASE + GICD_ITARGETSR + intid / 4 * 4, 0x01010101);
	} else {
		write32(at + GICD_IGROUPR, read32(at + GICD_IGROUPR) | bit);
	}
	write32(at + GICD_ISENABLER, bit);
}
