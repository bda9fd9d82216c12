/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu (QEMU docs/specs/edu) made to interrupt as fast as its registers can be written, for ms=
 * milliseconds: by MSI, through the ITS or, with gic=2, the MSI frame, or with wire=1 by INTx that
 * nobody ever quiets. The last MSI must arrive.
 */
#include "edu.h"
#include "its.h"

#define GICD_IGROUPR   0x0080U
#define GICD_ISENABLER 0x0100U

#define MSI_SETSPI     0x0040U

static uint64_t edu;
static uint32_t message_intid; /* an LPI, or an SPI of the frame */

static void msi_on(uint32_t device, bool frame)
{
	uint32_t at = config_capability(device, CAP_MSI);

	check("edu has MSI", at != 0);
	if (frame) {
		message_intid = GUEST_V2M_INTID + 3;
		gic_enable_spi(message_intid);
	} else {
		message_intid = LPI_FIRST;
		check("the ITS came to the end", its_map(device, 0));
	}
	config_msi_on(device, at, frame ? GUEST_V2M_BASE + MSI_SETSPI : GITS_TRANSLATER,
		      frame ? (uint16_t)message_intid : 0);
}

/* SPIs 3..6 are the wires. */
static void wires_on(void)
{
	write32(GUEST_GICD_BASE + GICD_IGROUPR + 4, 0xffffffff);
	write32(GUEST_GICD_BASE + GICD_ISENABLER + 4, 0xfU << (GUEST_INTX_INTID - 32));
}

static bool is_ours(uint32_t intid)
{
	return (message_intid != 0 && intid == message_intid) ||
	       (intid >= GUEST_INTX_INTID && intid < GUEST_INTX_INTID + 4);
}

void test_main(void)
{
	uint64_t begin = read_sysreg(cntvct_el0);
	uint64_t end, ms = argument("ms", 1000);
	uint64_t sent = 0, taken = 0;
	int device = config_find(EDU_IDS);

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	write32(config_address((uint32_t)device, BAR0), GUEST_PCI_MEM32_BASE);
	write32(config_address((uint32_t)device, COMMAND), COMMAND_MEMORY | COMMAND_MASTER);
	edu = GUEST_PCI_MEM32_BASE;
	gic_init();
	if (argument("wire", 0) != 0) {
		wires_on();
	} else {
		msi_on((uint32_t)device, argument("gic", 3) == 2);
	}

	end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) / 1000 * ms;
	while (read_sysreg(cntvct_el0) < end) {
		write32(edu + EDU_RAISE, 1);
		sent++;
		taken += is_ours(gic_take());
	}
	say("sent 0x%x", sent);
	say("taken 0x%x", taken);
	check("some arrived", taken != 0);
	/* What was held back comes, and then what is sent now. */
	delay_us(100000);
	while (message_intid != 0 && gic_take() == message_intid) {
	}
	write32(edu + EDU_RAISE, 1);
	for (int i = 0; i < 60000 && !is_ours(gic_take()); i++) {
		delay_us(1000);
		taken = i == 59999 ? 0 : taken;
	}
	check("the last one arrived", taken != 0);
	say("ms 0x%x", (read_sysreg(cntvct_el0) - begin) / (read_sysreg(cntfrq_el0) / 1000));
	write32(edu + EDU_ACK, ~0U);
}
