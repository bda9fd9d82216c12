/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci-testdev (QEMU docs/specs/pci-testdev): counts accesses to an address it names, one in memory
 * and one in I/O space. Its third BAR, of any size, only has to be found and moved: nothing is
 * behind it. With touch=N its first and last pages are read N times; whether that went to the
 * device, the number of exits tells. Then it is waited for that the function is taken away.
 */
#include "guest.h"

#define COMMAND_IO  0x1U
#define TEST        0x00U /* write: which of the BAR's */
#define WIDTH       0x01U
#define OFFSET      0x04U
#define DATA        0x08U
#define COUNT       0x0cU
#define PORT_BASE   0x2000U
#define BIG_AT      0x9000000000ULL

static uint64_t config;

/* Test 0 of a BAR: whatever is written to its address counts when it is what is asked for. */
static void counts(const char *what, uint64_t at)
{
	uint32_t offset, data;

	say("%s", what);
	write8(at + TEST, 0);
	check_equal("width", read8(at + WIDTH), 1);
	offset = read32(at + OFFSET);
	data = read32(at + DATA);
	check_equal("none yet", read32(at + COUNT), 0);
	for (uint32_t i = 1; i <= 10; i++) {
		write8(at + offset, (uint8_t)data);
		check_equal("count", read32(at + COUNT), i);
	}
	write8(at + TEST, 0);
	check_equal("from the start", read32(at + COUNT), 0);
}

static uint64_t size_of(uint32_t bar)
{
	uint64_t size;

	write64(config + bar, ~0ULL);
	size = ~(read64(config + bar) & ~15ULL) + 1;
	return size;
}

static void touch(uint64_t at, uint64_t size, uint64_t count)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < count; i++) {
		wrong += read32(at) != ~0U;
		wrong += read32(at + size - 4) != ~0U;
	}
	check_equal("reads of nothing that were something", wrong, 0);
	say("touched");
	/* Config reads are exits. */
	while (read32(config) != ~0U) {
		wrong += read32(at) != ~0U;
		delay_us(10000);
	}
	check_equal("or when it was taken away", wrong, 0);
}

void test_main(void)
{
	int device = config_find(TESTDEV_IDS);
	uint64_t size;

	check("pci-testdev is there", device >= 0);
	if (device < 0) {
		return;
	}
	config = config_address((uint32_t)device, 0);
	size = size_of(BAR0 + 8);
	check_equal("size of the third BAR", size, argument("size", 0));
	write32(config + BAR0, GUEST_PCI_MEM32_BASE + 0x10000);
	write32(config + BAR0 + 4, PORT_BASE);
	write64(config + BAR0 + 8, BIG_AT);
	write16(config + COMMAND, COMMAND_MEMORY | COMMAND_IO);
	barrier();
	counts("memory", GUEST_PCI_MEM32_BASE + 0x10000);
	counts("ports", GUEST_PCI_IO_BASE + PORT_BASE);
	write16(config + COMMAND, 0);
	barrier();
	write64(config + BAR0 + 8, BIG_AT + size);
	write16(config + COMMAND, COMMAND_MEMORY | COMMAND_IO);
	barrier();
	counts("memory, after a move", GUEST_PCI_MEM32_BASE + 0x10000);
	if (argument("touch", 0) != 0) {
		touch(BIG_AT + size, size, argument("touch", 0));
	}
	check_equal("exceptions", exceptions.count, 0);
}
