/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory from 16 MiB on, to size= bytes of it in all, filled with a pattern and looked at for ms=
 * milliseconds: nobody else writes there. With edu=1 from when edu is there, with bus mastering set
 * at once, so that what its last user began would get through if anything were left of it.
 */
#include "guest.h"

#define FIRST 0x1000000ULL

static uint64_t end;

static uint64_t pattern(uint64_t at)
{
	return at * 0x9e3779b97f4a7c15ULL;
}

static void fill(void)
{
	for (uint64_t at = GUEST_RAM_BASE + FIRST; at < end; at += 8) {
		write64(at, pattern(at));
	}
}

static uint64_t changed(void)
{
	uint64_t count = 0;

	for (uint64_t at = GUEST_RAM_BASE + FIRST; at < end; at += 8) {
		if (read64(at) != pattern(at)) {
			if (count++ == 0) {
				say("at 0x%x there is 0x%x", at, read64(at));
			}
		}
	}
	return count;
}

static bool edu_comes(void)
{
	for (int i = 0; i < 60000; i++) {
		int device = config_find(EDU_IDS);

		if (device >= 0) {
			write16(config_address((uint32_t)device, COMMAND),
				COMMAND_MEMORY | COMMAND_MASTER);
			return true;
		}
		delay_us(1000);
	}
	return false;
}

void test_main(void)
{
	uint64_t ticks = read_sysreg(cntfrq_el0) / 1000 * argument("ms", 500);
	bool waits = argument("edu", 0) != 0;
	uint64_t count = 0, start, rounds = 0;

	end = GUEST_RAM_BASE + argument("size", 0x2000000);
	fill();
	say("watching");
	if (waits) {
		check("edu comes", edu_comes());
	}
	start = read_sysreg(cntvct_el0);
	do {
		count += changed();
		rounds++;
	} while (read_sysreg(cntvct_el0) - start < ticks);
	say("rounds 0x%x", rounds);
	check_equal("words that are not as they were written", count, 0);
}
