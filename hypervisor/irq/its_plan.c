/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes of ITS tables. Memory is the aim: second-level pages come only where devices are. */
#include "irq/its_plan.h"

/* A flat table is no larger than the RIDs of one segment need. */
#define FLAT_DEVICES_MAX 65536U
#define PAGES_MAX        256U /* GITS_BASERn.Size */
#define EVENT_BITS_MAX   11U

static uint64_t pages_for(uint64_t items, uint64_t per_page)
{
	return (items + per_page - 1) / per_page;
}

struct its_device_plan its_plan_devices(const struct its_table_caps *caps, uint32_t device_bits)
{
	uint64_t pointers_per_page = caps->page_size / sizeof(uint64_t);
	uint64_t per_page = caps->page_size / caps->entry_size;
	uint64_t leaf_pages = pages_for(BIT(device_bits), per_page);
	struct its_device_plan plan = {
		.indirect = caps->indirect && leaf_pages > 1,
		.per_page = (uint32_t)per_page,
	};

	if (plan.indirect) {
		leaf_pages = MIN(leaf_pages, PAGES_MAX * pointers_per_page);
		plan.size = pages_for(leaf_pages, pointers_per_page) * caps->page_size;
	} else {
		leaf_pages = MIN(leaf_pages, pages_for(FLAT_DEVICES_MAX, per_page));
		leaf_pages = MIN(leaf_pages, PAGES_MAX);
		plan.size = leaf_pages * caps->page_size;
	}
	plan.limit = MIN(BIT(device_bits), leaf_pages * per_page);
	return plan;
}

uint32_t its_plan_events(uint32_t event_bits, uint32_t count)
{
	uint32_t limit = 1U << MIN(event_bits, EVENT_BITS_MAX);
	uint32_t events = 2; /* MAPD cannot say one */

	while (events < count && events < limit) {
		events *= 2;
	}
	return events;
}
