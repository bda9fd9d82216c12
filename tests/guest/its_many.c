/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every event of an NVMe controller mapped (events=N), as long as the function is there: what the
 * hypervisor has to take back when it goes.
 */
#include "its.h"

#define BITS 11U

void test_main(void)
{
	uint32_t events = (uint32_t)argument("events", 1);
	int device = config_find(NVME_IDS);
	uint64_t id = (uint64_t)device << 3;
	uint32_t failed = 0;

	check("NVMe is there", device >= 0);
	if (device < 0) {
		return;
	}
	gic_init();
	its_reset();
	its_lpis_on();
	its_put_device(id, BITS);
	for (uint32_t i = 0; i < events; i++) {
		its_put_event(id, i);
		/* Long before the queue is full. */
		failed += i % 256 == 255 && !its_carry_out();
	}
	check("the ITS came to the end", its_carry_out() && failed == 0);
}
