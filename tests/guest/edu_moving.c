/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edu told to write to at=ADDRESS, a transfer after the other, until it is taken away, or its guest
 * ends: there is always one under way. Neither the device's next user nor the memory's may get any
 * of it: memory_watch.c.
 */
#include "edu.h"

#define WORD 0xe1e1e1e1e1e1e1e1ULL

void test_main(void)
{
	int device = config_find(EDU_IDS);
	uint64_t edu = GUEST_PCI_MEM32_BASE;
	uint64_t at = argument("at", GUEST_RAM_BASE + 0x1000000);
	uint64_t config;

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	config = config_address((uint32_t)device, 0);
	write32(config + BAR0, (uint32_t)edu);
	write16(config + COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	barrier();
	for (uint32_t i = 0; i < EDU_BUFFER_SIZE; i += 8) {
		write64(at + i, WORD);
	}
	edu_start(edu, at, EDU_BUFFER_SIZE, 0);
	check("it takes a page", edu_wait(edu));
	write64(at, 0);
	edu_start(edu, at, EDU_BUFFER_SIZE, EDU_DMA_TO_MEMORY);
	check("and gives it back", edu_wait(edu) && read64(at) == WORD);
	say("moving");
	do {
		edu_start(edu, at, EDU_BUFFER_SIZE, EDU_DMA_TO_MEMORY);
	} while (edu_wait(edu));
	check_equal("it was taken away", read32(config), 0xffffffff);
}
