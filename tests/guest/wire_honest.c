/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu as a driver uses its pin, count= times, gap= microseconds apart: raise, take the interrupt,
 * see that it is edu's, acknowledge it there, end the handling.
 */
#include "guest.h"

#define EDU_PENDING 0x24U
#define EDU_RAISE   0x60U
#define EDU_ACK     0x64U

static const uint64_t edu = GUEST_PCI_MEM32_BASE;
static uint64_t stray;

/* False: it did not come within a minute. */
static bool take(uint32_t intid)
{
	uint64_t end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) * 60;

	while (read_sysreg(cntvct_el0) < end) {
		uint32_t got = gic_acknowledge();
		uint32_t pending;

		if (got == GIC_NONE) {
			continue;
		}
		pending = got == intid ? read32(edu + EDU_PENDING) : 0;
		write32(edu + EDU_ACK, pending);
		gic_end(got);
		if (pending != 0) {
			return true;
		}
		stray++;
	}
	return false;
}

void test_main(void)
{
	uint64_t count = argument("count", 100), gap = argument("gap", 0), done = 0;
	int device = config_find(EDU_IDS);
	uint32_t intid;

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	intid = GUEST_INTX_INTID + (uint32_t)device % 4;
	gic_init();
	write32(config_address((uint32_t)device, BAR0), (uint32_t)edu);
	write16(config_address((uint32_t)device, COMMAND), COMMAND_MEMORY | COMMAND_MASTER);
	barrier();
	gic_enable_spi(intid);
	while (done < count) {
		write32(edu + EDU_RAISE, 1);
		if (!take(intid)) {
			break;
		}
		done++;
		delay_us(gap);
	}
	check_equal("interrupts", done, count);
	check_equal("that were nobody's", stray, 0);
}
