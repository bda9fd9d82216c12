/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BAR of many GiB (ivshmem: BAR 2 is memory that keeps what is written) mapped and unmapped again
 * and again: rounds=N, or for ever. refused=1: it has no place in this domain's page tables.
 */
#include "guest.h"

#define IVSHMEM_IDS 0x11101af4U
#define REGISTERS   (GUEST_PCI_MEM32_BASE + 0x100000) /* BAR 0 */
#define BAR2        (BAR0 + 8)
#define PLACES      5U

static uint64_t config;
static uint64_t size;
static uint64_t at;

/* From the first bytes to the last, in different blocks of every size. */
static uint64_t place(uint32_t i)
{
	static const uint64_t parts[] = { 0, 0x1001000, 0x40000000, 0, 0 };

	return i == PLACES - 1 ? size - 8 : i == PLACES - 2 ? size / 2 - 4096 : parts[i];
}

static uint64_t pattern(uint32_t i, uint64_t round)
{
	return (round << 32 | i) * 0x9e3779b97f4a7c15ULL;
}

static void decode(bool on)
{
	write16(config + COMMAND, on ? COMMAND_MEMORY : 0);
}

static void measure(void)
{
	write64(config + BAR2, ~0ULL);
	size = ~(read64(config + BAR2) & ~15ULL) + 1;
	at = GUEST_PCI_MEM64_BASE + size;
	write64(config + BAR2, at);
	write32(config + BAR0, REGISTERS);
	say("BAR 2 has 0x%x bytes, placed at 0x%x", size, at);
}

static uint64_t ticks(void)
{
	barrier();
	return read_sysreg(cntvct_el0);
}

static void rounds(uint64_t count)
{
	uint64_t wrong = 0;
	uint64_t map = 0;
	uint64_t unmap = 0;

	for (uint64_t round = 1; count == 0 || round <= count; round++) {
		uint64_t start = ticks();

		decode(true);
		map += ticks() - start;
		for (uint32_t i = 0; i < PLACES; i++) {
			wrong += round != 1 && read64(at + place(i)) != pattern(i, round - 1);
			write64(at + place(i), pattern(i, round));
		}
		for (uint32_t i = 0; i < PLACES; i++) {
			wrong += read64(at + place(i)) != pattern(i, round);
		}
		start = ticks();
		decode(false);
		unmap += ticks() - start;
		for (uint32_t i = 0; i < PLACES; i++) {
			wrong += read64(at + place(i)) != ~0ULL;
		}
		if (count == 0 && (round & (round - 1)) == 0) {
			say("round 0x%x", round);
		}
	}
	check_equal("what was written is there, and only while it is mapped", wrong, 0);
	say("us to map %u, to unmap %u",
	    (uint32_t)(map / count * 1000000 / read_sysreg(cntfrq_el0)),
	    (uint32_t)(unmap / count * 1000000 / read_sysreg(cntfrq_el0)));
}

static void refused(void)
{
	decode(true);
	check_equal("COMMAND takes it", read16(config + COMMAND) & COMMAND_MEMORY, COMMAND_MEMORY);
	for (uint32_t i = 0; i < PLACES; i++) {
		check_equal("nothing is mapped", read64(at + place(i)), ~0ULL);
	}
	check_equal("the function's other BAR works", read32(REGISTERS), 0);
	decode(false);
	check_equal("and is off", read32(REGISTERS), ~0U);
}

void test_main(void)
{
	int device = config_find(IVSHMEM_IDS);

	check("ivshmem is there", device >= 0);
	if (device < 0) {
		return;
	}
	config = config_address((uint32_t)device, 0);
	decode(false);
	measure();
	if (argument("refused", 0) != 0) {
		refused();
	} else {
		rounds(argument("rounds", 0));
	}
}
