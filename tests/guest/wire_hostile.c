/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu's pin misused for ever, in one way, mode=: 0 asserts and is never served; 1 the same, and
 * Command.INTxDisable changes all the time; 2 the same, and no handling is ever ended; 3 goes up
 * and down.
 */
#include "guest.h"

#define EDU_RAISE 0x60U
#define EDU_ACK   0x64U
#define COMMAND_INTX_OFF 0x400U

enum mode { MODE_ASSERT, MODE_TOGGLE, MODE_HOLD, MODE_PULSE };

static const uint64_t edu = GUEST_PCI_MEM32_BASE;

static void turn(uint64_t command, uint64_t mode)
{
	if (mode == MODE_TOGGLE || mode == MODE_HOLD) {
		write16(command, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_OFF);
		write16(command, COMMAND_MEMORY | COMMAND_MASTER);
	} else if (mode == MODE_PULSE) {
		write32(edu + EDU_RAISE, 1);
		write32(edu + EDU_ACK, 1);
	}
	if (mode == MODE_HOLD) {
		gic_acknowledge();
	} else {
		gic_take();
	}
}

void test_main(void)
{
	uint64_t mode = argument("mode", MODE_ASSERT);
	int device = config_find(EDU_IDS);

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	gic_init();
	write32(config_address((uint32_t)device, BAR0), (uint32_t)edu);
	write16(config_address((uint32_t)device, COMMAND), COMMAND_MEMORY | COMMAND_MASTER);
	barrier();
	gic_enable_spi(GUEST_INTX_INTID + (uint32_t)device % 4);
	write32(edu + EDU_RAISE, 1);
	say("begins");
	for (;;) {
		turn(config_address((uint32_t)device, COMMAND), mode);
	}
}
