/* SPDX-License-Identifier: BSD-2-Clause */
/* How large the tables of an ITS become, from what its registers say. Pure. */
#ifndef IRQ_ITS_PLAN_H
#define IRQ_ITS_PLAN_H

#include "lib/types.h"

/* Of one table register (IHI0069 12.19.1): what it can do. */
struct its_table_caps {
	uint32_t entry_size; /* bytes, 1..32 */
	uint64_t page_size;  /* 4, 16 or 64 KiB */
	bool indirect;       /* a first level of pointers to pages is possible */
};

struct its_device_plan {
	bool indirect;
	uint64_t size;     /* bytes of the flat table or of the first level, whole pages */
	uint32_t per_page; /* DeviceIDs a page of entries holds */
	uint64_t limit;    /* DeviceIDs below this fit */
};

/* device_bits: 1..32. The limit is below 2^device_bits where the table would be too large. */
struct its_device_plan its_plan_devices(const struct its_table_caps *caps, uint32_t device_bits);

/* Events of an ITT asked to hold count: a power of two >= 2, at most 2048 and 2^event_bits. */
uint32_t its_plan_events(uint32_t event_bits, uint32_t count);

#endif
