/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: requests of a hostile control domain, several pages at once. Each input is a row of
 * records: page, operation, length, body. The world's assertions are the verdict: a slot of the
 * aperture never outlives the BUILDING state of the domain it shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"

#define REGISTERS (WORLD_MMIO + CONTROL_PAGES_SIZE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t one(const uint8_t *data, size_t size)
{
	struct control_header header = { .op = data[1] };
	size_t length = data[2] * 2U;
	uint32_t page = data[0] & 3;

	header.size = (uint32_t)length;
	length = length < size - 3 ? length : size - 3;
	memcpy(world_page(page), &header, sizeof(header));
	memcpy(world_page(page) + sizeof(header), data + 3, length);
	world_store(REGISTERS + CONTROL_REG_DOORBELL, 4, page);
	memcpy(&header, world_page(page), sizeof(header));
	if (header.result > 0 || header.size > CONTROL_BODY_SIZE) {
		abort();
	}
	if (data[0] & 0x80) {
		world_reap();
	}
	return 3 + length;
}

static void end_domains(void)
{
	for (uint32_t id = 1; id < DOMAINS_MAX; id++) {
		struct control_domain_id in = { .id = id };

		world_request(0, CONTROL_DOMAIN_DESTROY, &in, sizeof(in), NULL, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	control_world_init();
	world.free_bytes = 16 * SZ_2M; /* RAM here is real: keep rounds short */
	while (size > 3) {
		size_t used = one(data, size);

		data += used;
		size -= used;
	}
	end_domains();
	control_world_end();
	return 0;
}
