/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two CPUs write COMMAND and BAR of one function (edu) against each other. When both pause, what
 * the registers say is what is mapped: decode on, and there only.
 */
#include "guest.h"

#define EDU_WORD  0x010000edU
#define PLACES    4U
#define ROUNDS    200U /* between two looks */

static uint64_t config;
static volatile uint32_t go;
static volatile uint32_t paused;
static volatile bool over;

static uint64_t place(uint32_t i)
{
	return GUEST_PCI_MEM32_BASE + 0x1000000 + i * 0x300000ULL;
}

static uint32_t random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

/* One hostile step: halves and bytes too, reads that may wait for the other's mapping. */
static void step(uint64_t *seed)
{
	uint32_t r = random(seed);

	switch (r % 8) {
	case 0:
	case 1:
		write16(config + COMMAND, (uint16_t)(r & 0x406));
		break;
	case 2:
		write8(config + COMMAND, COMMAND_MEMORY);
		break;
	case 3:
		write32(config + BAR0, (uint32_t)place(r >> 8 & 3));
		break;
	case 4:
		write16(config + BAR0 + 2, (uint16_t)(place(r >> 8 & 3) >> 16));
		break;
	case 5:
		/* COMMAND and STATUS, or both halves of two BARs, at once. */
		write64(config + (r & 0x100 ? COMMAND & ~7ULL : BAR0), place(r >> 9 & 3));
		break;
	case 6:
		write32(config + BAR0, 0xffffffff);
		(void)read32(config + BAR0);
		write32(config + BAR0, (uint32_t)place(r >> 8 & 3));
		break;
	default:
		(void)read32(place(r >> 8 & 3));
		write32(place(r >> 8 & 3) + 4, r);
		break;
	}
}

static void second(uint32_t n)
{
	uint64_t seed = 77 + n;
	uint32_t seen = 0;

	while (!over) {
		if (go == seen) {
			continue;
		}
		seen = go;
		for (uint32_t i = 0; i < ROUNDS; i++) {
			step(&seed);
		}
		__atomic_store_n(&paused, seen, __ATOMIC_SEQ_CST);
	}
}

/* Mapped if and only if decode is on, and where the BAR says. */
static uint64_t look(void)
{
	bool on = (read16(config + COMMAND) & COMMAND_MEMORY) != 0;
	uint64_t bar = read32(config + BAR0) & ~15U;
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < PLACES; i++) {
		bool here = on && bar == place(i);

		wrong += read32(place(i)) != (here ? EDU_WORD : 0xffffffff);
	}
	return wrong;
}

void test_main(void)
{
	int device = config_find(EDU_IDS);
	uint32_t looks = (uint32_t)argument("looks", 100);
	uint64_t wrong = 0;
	uint64_t seed = 5;

	check("edu is there", device >= 0);
	if (device < 0) {
		return;
	}
	config = config_address((uint32_t)device, 0);
	check_equal("second CPU", (uint64_t)cpu_start(1, second), 0);
	for (uint32_t i = 1; i <= looks; i++) {
		__atomic_store_n(&go, i, __ATOMIC_SEQ_CST);
		for (uint32_t k = 0; k < ROUNDS; k++) {
			step(&seed);
		}
		while (paused != i) {
		}
		wrong += look();
	}
	over = true;
	check_equal("mapped as the registers say", wrong, 0);
	write16(config + COMMAND, 0);
	write32(config + BAR0, (uint32_t)place(0));
	write16(config + COMMAND, COMMAND_MEMORY);
	check_equal("it works afterwards", read32(place(0)), EDU_WORD);
	check_equal("and only there", look(), 0);
	check_equal("nothing faulted", exceptions.count, 0);
	say("0x%x steps", 2ULL * looks * ROUNDS);
}
