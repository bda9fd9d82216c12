/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual ITS under hostile streams of commands, and at its limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "fake_its.h"
#include "irq/vits.h"
#include "irq/vits_state.h"
#include "vits_rig.h"

/* D7 of the peers' defects: whatever is in the ring, the read pointer arrives, EL2 lives. */
static void d7_malformed_never_stalls(void **state)
{
	start(1);
	for (int i = 0; i < 500; i++) {
		queue((uint64_t)i << 32 | 0xee, 0, 0, 0);
	}
	mapti(99, 0, LPI, 0);        /* no such device */
	mapd(3, 1, true);
	mapti(3, 2, LPI, 0);         /* beyond its events */
	mapti(3, 0, 8191, 0);        /* not an LPI */
	mapti(3, 0, 16384, 0);
	mapti(3, 0, 0xffffffff, 0);
	event_cmd(0x03, 3, 0, 0);    /* not mapped */
	event_cmd(0x0f, 3, 1, 0);
	queue(0x30000000bull, 1, 0, 0); /* MAPI: an EventID is never an LPI here */
	run();
	assert_int_equal(bad(), 508);
	mapd(4, 1, true);
	run();
	assert_int_equal(bad(), 508);
}

static void test_queue_not_in_ram(void **state)
{
	start(1);
	world_write(0, WORLD_ITS, 4, 0);
	world_write(0, WORLD_ITS + 0x80, 8, 1ull << 63 | 0x7fffff000ull | 15);
	world_write(0, WORLD_ITS, 4, 1);
	world_write(0, WORLD_ITS + 0x88, 8, 0x8000);
	assert_int_equal(world_read(0, WORLD_ITS + 0x90, 8), 0x8000);
	assert_int_equal(bad(), 1);
}

static void test_limits(void **state)
{
	start(1);
	mapc(0, 0, true);
	for (uint32_t i = 0; i < 100; i++) {
		mapd(i, 11, true);
	}
	run();
	assert_true(world.domain.vits->device_count <= VITS_DEVICES_MAX);
	assert_int_equal(bad(), 100 - VITS_DEVICES_MAX);
	/* Spread as badly as can be: memory stays bounded. */
	for (uint32_t dev = 0; dev < 16; dev++) {
		for (uint32_t e = 0; e < 64; e++) {
			mapti(dev, e * 32, LPI + (dev * 64 + e) % 8192, 0);
		}
		run();
	}
	assert_true(world.domain.vits->block_count <= VITS_BLOCKS_MAX);
	assert_true(bad() > 100 - VITS_DEVICES_MAX);
	/* And comes back. */
	for (uint32_t i = 0; i < 100; i++) {
		mapd(i, 11, false);
	}
	run();
	assert_int_equal(world.domain.vits->block_count, 0);
	assert_int_equal(world.domain.vits->device_count, 0);
}

static void test_out_of_memory(void **state)
{
	start(1);
	mapc(0, 0, true);
	for (uint32_t i = 0; i < 12; i++) {
		mapd(LENT_DEV, 5, true);
		mapti(LENT_DEV, i, LPI + 100 * i, 0);
		event_cmd(0x03, LENT_DEV, i, 0);
		fake_heap_fail_in = i + 1;
		run();
	}
	fake_heap_fail_in = 0;
	mapd(LENT_DEV, 5, true);
	mapti(LENT_DEV, 1, LPI, 0);
	run();
	assert_int_equal(lent.mapped, 1);
}

static uint64_t random64(void)
{
	return ((uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand());
}

/* Plausible commands most of the time, so that they get deep; wild ones in between. */
static void random_command(void)
{
	static const uint8_t opcodes[] = { 1, 3, 4, 5, 8, 8, 9, 0xa, 0xa, 0xa, 0xb, 0xc, 0xd, 0xe,
					   0xf, 0x21 };
	uint8_t op = opcodes[(size_t)rand() % sizeof(opcodes)];
	uint64_t device = (uint64_t)rand() % 12;
	uint64_t event = (uint64_t)rand() % 40;
	uint64_t lpi = LPI - 1 + (uint64_t)rand() % 100;
	uint64_t icid = (uint64_t)rand() % 5;
	uint64_t target = (uint64_t)rand() % 4;
	uint64_t w[4] = { device << 32 | op, lpi << 32 | event, target << 16 | icid,
			  ((uint64_t)rand() % 4) << 16 };

	if (op == 8) {
		w[1] = (uint64_t)rand() % 12;
	}
	if (rand() % 4 != 0) {
		w[2] |= 1ull << 63;
	}
	if (rand() % 10 == 0) {
		w[rand() % 4] ^= random64() >> rand() % 60;
	}
	queue(w[0], w[1], w[2], w[3]);
}

static void test_random_streams(void **state)
{
	for (unsigned int seed = 1; seed <= 20; seed++) {
		srand(seed);
		start(3);
		for (int i = 0; i < 400; i++) {
			uint32_t n = (uint32_t)rand() % 3;

			for (int k = rand() % 30; k >= 0; k--) {
				random_command();
			}
			run();
			switch (rand() % 8) {
			case 0:
				behind = NULL;
				update(LENT_DEV);
				assert_int_equal(lent.mapped, 0);
				lent.lent = false;
				break;
			case 1:
				lent.lent = true;
				behind = &lent;
				update(LENT_DEV);
				break;
			case 2:
				world_write(n, world_gicr(n), 4, (uint64_t)rand() % 2);
				break;
			case 3:
				for (uint32_t e = 0; e < 32; e++) {
					fake_its_fire(&lent, e);
				}
				break;
			case 4:
				set_config(LPI + (uint32_t)rand() % 100, (uint8_t)rand());
				break;
			default:
				world_drain(n, NULL, 0);
				break;
			}
			assert_int_equal(other.mapped, 0);
		}
		lent.lent = true;
		vits_destroy(&world.domain);
		assert_int_equal(lent.mapped, 0);
		world_free();
		assert_int_equal(fake_heap_live, 0);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, vits_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(d7_malformed_never_stalls),
		T(test_queue_not_in_ram),
		T(test_limits),
		T(test_out_of_memory),
		T(test_random_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
