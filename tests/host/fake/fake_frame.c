/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_frame.h. */
#include "fake_frame.h"

#include <stdlib.h>
#include <string.h>

bool fake_frame_masked[FAKE_VECTORS];
uint32_t fake_frame_routed[FAKE_VECTORS];

static void message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	m->address = c->doorbell.v + 0x40;
	m->data = FAKE_DATA + vector;
}

static void mask(struct msi_controller *c, uint32_t vector)
{
	fake_frame_masked[vector] = true;
}

static void unmask(struct msi_controller *c, uint32_t vector)
{
	fake_frame_masked[vector] = false;
}

static void clear(struct msi_controller *c, uint32_t vector)
{
}

static void route(struct msi_controller *c, uint32_t vector, uint32_t cpu)
{
	fake_frame_routed[vector] = cpu;
}

static const struct msi_ops ops = {
	.message = message, .mask = mask, .unmask = unmask, .clear = clear, .route = route,
};

struct msi_controller fake_frame = {
	.ops = &ops, .name = "frame", .phandle = FAKE_FRAME, .vector_count = FAKE_VECTORS,
	.doorbell = { FAKE_DOORBELL },
};

void fake_frame_init(void)
{
	static bool registered;

	if (!registered && msi_register(&fake_frame) != 0) {
		abort();
	}
	registered = true;
	memset(fake_frame_masked, 1, sizeof(fake_frame_masked));
}
