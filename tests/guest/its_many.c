/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every event of an NVMe controller mapped (events=N), as long as the function is there: what the
 * hypervisor has to take back when it goes. Before that, with rounds=N, commands about all of them:
 * moved to the second CPU and back, to nowhere, each to its neighbour's LPI, unmapped with the
 * device. Numbers are hexadecimal.
 */
#include "its.h"

#define BITS 11U

static uint32_t failed;

static void carry_out(void)
{
	failed += !its_carry_out();
}

static void map_all(uint64_t id, uint32_t events)
{
	for (uint32_t i = 0; i < events; i++) {
		its_put_event(id, i);
		/* Long before the queue is full. */
		if (i % 256 == 255) {
			carry_out();
		}
	}
	carry_out();
}

static void about_all(uint64_t id, uint32_t events)
{
	its_put(ITS_MAPC, 0, GITS_VALID | 1 << 16);
	its_put_words((const uint64_t[]){ ITS_MOVALL, 0, 1 << 16, 0 << 16 });
	its_put(ITS_INVALL, 0, 0);
	carry_out();
	for (uint32_t i = 0; i < events; i++) {
		uint64_t lpi = LPI_FIRST + (i + 1) % events;

		its_put(ITS_MAPTI | id << 32, i | lpi << 32, 0);
		if (i % 256 == 255) {
			carry_out();
		}
	}
	carry_out();
	its_put_device(id, BITS);
	map_all(id, events);
	its_put(ITS_MAPC, 0, 0);
	its_put_device(id, BITS);
	carry_out();
}

void test_main(void)
{
	uint32_t events = (uint32_t)argument("events", 1);
	int device = config_find(NVME_IDS);
	uint64_t id = (uint64_t)device << 3;

	check("NVMe is there", device >= 0);
	if (device < 0) {
		return;
	}
	gic_init();
	its_reset();
	its_lpis_on();
	its_put_device(id, BITS);
	map_all(id, events);
	for (uint64_t round = argument("rounds", 0); round != 0; round--) {
		about_all(id, events);
		map_all(id, events);
	}
	check_equal("the ITS came to the end", failed, 0);
}
