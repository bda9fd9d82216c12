/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual GIC under random histories: nothing lost, nothing twice. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "irq/irq.h"
#include "irq/vgic.h"
#include "vgic_rig.h"

/*
 * A random history against a model: edges are handled at least once after the last one came, levels
 * as long as they are high, physical interrupts end up inactive, and at the end all is quiet.
 */
#define HISTORY_VCPUS 3u
#define EDGES  32u /* 8 each */
#define LEVELS 40u
#define HOSTED 48u
#define HOST_SPI 200u

struct history {
	bool line[8];
	bool edge_due[8];
	uint32_t nested[HISTORY_VCPUS][64];
	uint32_t depth[HISTORY_VCPUS];
};

static void history_event(struct history *h, uint32_t n, uint32_t k)
{
	switch (rand() % 3) {
	case 0:
		vgic_pulse(&world.domain, NULL, EDGES + k);
		h->edge_due[k] = true;
		break;
	case 1:
		h->line[k] = !h->line[k];
		vgic_set_level(&world.domain, NULL, LEVELS + k, h->line[k]);
		break;
	default:
		if (!fake_host_active(0, HOST_SPI + k)) {
			world_on(n);
			fake_host_fire(HOST_SPI + k);
		}
		break;
	}
}

static void history_register(uint32_t n)
{
	uint32_t intid = 32 + (uint32_t)rand() % 24;

	switch (rand() % 6) {
	case 0:
		world_write(n, WORLD_GICD + 0x6000 + 8 * intid, 8,
			    (uint64_t)rand() % HISTORY_VCPUS);
		break;
	case 1:
		world_irq_enable(n, intid, false);
		break;
	case 2:
		world_write(n, WORLD_GICD + 0x104, 4, 0xffffff);
		break;
	case 3:
		world_irq_priority(n, intid, (uint8_t)(rand() & 0x70));
		break;
	case 4:
		world_read(n, WORLD_GICD + (rand() % 2 ? 0x204 : 0x304), 4);
		break;
	default:
		if (rand() % 4 == 0) {
			world_save(n);
			world_load(n);
		}
		break;
	}
}

/* The guest takes one more, or finishes the innermost. */
static void history_guest(struct history *h, uint32_t n)
{
	uint32_t intid;

	world_enter(n);
	intid = h->depth[n] < 60 ? fake_guest_ack(n) : FAKE_SPURIOUS;
	if (intid != FAKE_SPURIOUS) {
		h->nested[n][h->depth[n]++] = intid;
		if (intid < LEVELS) {
			h->edge_due[intid - EDGES] = false;
		}
	} else if (h->depth[n] > 0) {
		world_enter(n);
		fake_guest_eoi(n, h->nested[n][--h->depth[n]]);
	}
}

/* Lines low, all enabled, every vCPU finishes what it has. */
static void history_calm(struct history *h)
{
	uint32_t taken[128];

	for (uint32_t k = 0; k < 8; k++) {
		vgic_set_level(&world.domain, NULL, LEVELS + k, false);
	}
	world_write(0, WORLD_GICD + 0x104, 4, 0xffffffff);
	for (uint32_t turn = 0; turn < 4 * HISTORY_VCPUS; turn++) {
		uint32_t n = turn % HISTORY_VCPUS;
		uint32_t count;

		while (h->depth[n] > 0) {
			world_enter(n);
			fake_guest_eoi(n, h->nested[n][--h->depth[n]]);
		}
		count = world_drain(n, taken, 128);
		for (uint32_t i = 0; i < count; i++) {
			assert_false(taken[i] >= LEVELS && taken[i] < HOSTED);
			if (taken[i] < LEVELS) {
				h->edge_due[taken[i] - EDGES] = false;
			}
		}
	}
}

static void history(unsigned int seed)
{
	struct history h = { 0 };

	srand(seed);
	up(HISTORY_VCPUS);
	fake_lr_count = 2u + seed % 4u;
	world_write(0, WORLD_GICD + 0xc08, 4, 0x0000aaaa);
	world_write(0, WORLD_GICD + 0x104, 4, 0xffffffff);
	for (uint32_t k = 0; k < 8; k++) {
		assert_int_equal(
			vgic_route_spi(&world.domain, HOST_SPI + k, HOSTED + k, false), 0);
	}
	for (int step = 0; step < 4000; step++) {
		uint32_t n = (uint32_t)rand() % HISTORY_VCPUS;

		switch (rand() % 4) {
		case 0:
			history_event(&h, n, (uint32_t)rand() % 8);
			break;
		case 1:
			history_register(n);
			break;
		default:
			history_guest(&h, n);
			break;
		}
		for (uint32_t i = 0; i < HISTORY_VCPUS; i++) {
			if ((world.kicked & (1u << i)) != 0) {
				world_enter(i);
			}
		}
	}
	history_calm(&h);
	for (uint32_t k = 0; k < 8; k++) {
		assert_false(h.edge_due[k]);
		assert_false(fake_host_active(0, HOST_SPI + k));
	}
	for (uint32_t n = 0; n < HISTORY_VCPUS; n++) {
		assert_false(vgic_pending(world_on(n)));
	}
	assert_int_equal(world_read(0, WORLD_GICD + 0x204, 4), 0);
	assert_int_equal(world_read(0, WORLD_GICD + 0x304, 4), 0);
}

static void test_histories(void **state)
{
	for (unsigned int seed = 1; seed <= 60; seed++) {
		history(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_histories, vgic_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
