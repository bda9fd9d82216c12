/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual ITS in parts: traps are short, and functions come and go meanwhile. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_its.h"
#include "fake_trap.h"
#include "irq/vgic.h"
#include "irq/vits.h"
#include "irq/vits_state.h"
#include "lib/errno.h"
#include "vits_rig.h"

static void map_32(void)
{
	mapc(0, 0, true);
	mapd(LENT_DEV, 11, true);
	for (uint32_t i = 0; i < 32; i++) {
		mapti(LENT_DEV, i, LPI + i, 0);
	}
	run();
	assert_int_equal(lent.mapped, 32);
}

/* While its events go, some at a time, the guest has no way to map them anew. */
static void test_gone_in_slices_against_the_guest(void **state)
{
	uint32_t calls = 0;

	start(1);
	map_32();
	behind = NULL;
	for (bool done = false; !done; calls++) {
		uint32_t before = lent.mapped;

		done = vits_device_update(&world.domain, LENT_DEV, 3);
		assert_true(before - lent.mapped <= 3);
		before = lent.mapped;
		/* Mapped anew, discarded, the same again; a place of its own each time. */
		mapti(LENT_DEV, calls, LPI + 40, 0);
		event_cmd(0x0f, LENT_DEV, 31 - calls, 0);
		mapti(LENT_DEV, 31 - calls, LPI + 41, 0);
		run();
		assert_true(lent.mapped <= before);
	}
	assert_int_equal(lent.mapped, 0);
	assert_in_range(calls, 6, 12);
	assert_int_equal(bad(), 0);
	/* Nothing touches it any more. */
	lent.lent = false;
	mapti(LENT_DEV, 7, LPI + 7, 0);
	mapd(LENT_DEV, 5, false);
	run();
}

/* Its requester ID is another now: what the guest maps there counts, the old device is virtual. */
static void test_a_device_takes_another_number(void **state)
{
	bool done = false;

	start(1);
	map_32();
	behind_number = LENT_DEV + 8;
	/* Mapped while the events are still in use under the old number. */
	mapd(LENT_DEV + 8, 5, true);
	mapti(LENT_DEV + 8, 3, LPI + 60, 0);
	mapti(LENT_DEV + 8, 4, LPI + 61, 0);
	run();
	while (!done) {
		uint32_t before = lent.mapped;

		done = vits_devices_update(&world.domain, 5);
		assert_true(before <= lent.mapped + 5);
	}
	assert_int_equal(lent.mapped, 2);
	fake_its_fire(&lent, 4);
	assert_int_equal(world_drain(0, NULL, 0), 1);
	/* And it is gone wherever it is called from. */
	behind = NULL;
	while (!vits_devices_update(&world.domain, 1)) {
	}
	assert_int_equal(lent.mapped, 0);
	lent.lent = false;
	mapti(LENT_DEV + 8, 5, LPI + 62, 0);
	run();
}

/* The guest may forget the device at any moment, and map it again: it is virtual then. */
static void test_gone_while_the_guest_unmaps(void **state)
{
	for (uint32_t when = 0; when < 8; when++) {
		start(1);
		map_32();
		behind = NULL;
		for (uint32_t i = 0; i < when; i++) {
			vits_device_update(&world.domain, LENT_DEV, 4);
		}
		mapd(LENT_DEV, 5, true);
		mapti(LENT_DEV, 3, LPI + 3, 0);
		run();
		assert_int_equal(lent.mapped, 0);
		assert_true(vits_device_update(&world.domain, LENT_DEV, 4));
		lent.lent = false;
		assert_int_equal(vits_msi(&world.domain, LENT_DEV, 3), 0);
		assert_int_equal(world_drain(0, NULL, 0), 1);
		vits_rig_teardown(state);
	}
	start(1);
}

/* Another function comes to the place before the first one's events have gone. */
static void test_one_follows_another(void **state)
{
	bool done = false;

	start(1);
	map_32();
	behind = NULL;
	assert_false(vits_device_update(&world.domain, LENT_DEV, 5));
	other.lent = true;
	behind = &other;
	mapti(LENT_DEV, 31, LPI + 50, 0);
	run();
	assert_int_equal(other.mapped, 0);
	while (!done) {
		uint32_t before = lent.mapped + 32 - other.mapped;

		done = vits_device_update(&world.domain, LENT_DEV, 5);
		assert_true(before - (lent.mapped + 32 - other.mapped) <= 5);
		/* Never one event in both. */
		assert_true(lent.mapped == 0 || other.mapped == 0);
	}
	lent.lent = false;
	assert_int_equal(lent.mapped, 0);
	assert_int_equal(other.mapped, 32);
	fake_its_fire(&other, 31);
	assert_int_equal(world_drain(0, NULL, 0), 1);
	behind = NULL;
	update(LENT_DEV);
	assert_int_equal(other.mapped, 0);
}

/* CWRITER, in one trap. */
static enum mmio_result run_once(void)
{
	uint64_t value = write_at;

	return fake_trap(world_on(0), WORLD_ITS + 0x88, 8, true, &value);
}

/* CWRITER until the queue is done; how many traps that took. */
static uint32_t traps_to_run(void)
{
	uint32_t traps = 0;
	enum mmio_result result;

	do {
		result = run_once();
		assert_true(++traps < 10000);
	} while (result == MMIO_RETRY);
	assert_int_equal(world_read(0, WORLD_ITS + 0x90, 8), write_at);
	return traps;
}

/* Commands about everything, when that is much: in parts, and the sum is everything. */
static void test_walks_in_slices(void **state)
{
	enum { DEVICES = 4, EVENTS = 250 };

	start(3);
	mapc(0, 0, true);
	run();
	for (uint32_t d = 0; d < DEVICES; d++) {
		mapd(d, 11, true);
		for (uint32_t i = 0; i < EVENTS; i++) {
			mapti(d, i, LPI + d * EVENTS + i, 0);
		}
		run();
	}
	assert_int_equal(bad(), 0);
	/* The collection: 64 events a trap. */
	mapc(0, 1, true);
	assert_true(traps_to_run() >= DEVICES * EVENTS / 64);
	for (uint32_t d = 0; d < DEVICES; d++) {
		for (uint32_t i = 0; i < EVENTS; i++) {
			assert_int_equal(vits_msi(&world.domain, d, i), 0);
		}
	}
	assert_false(vgic_pending(world_on(0)));
	/* All of a redistributor. */
	queue(0x0e, 0, 1ull << 16, 2ull << 16);
	assert_true(traps_to_run() >= DEVICES * EVENTS / 64);
	assert_false(vgic_pending(world_on(1)));
	/* Configurations: every second one off. */
	for (uint32_t i = 0; i < DEVICES * EVENTS; i += 2) {
		set_config(LPI + i, 0xa0);
	}
	queue(0x0d, 0, 0, 0);
	assert_true(traps_to_run() >= DEVICES * EVENTS / 64);
	/* On and off at the redistributor, which world_write() writes again too. */
	world_write(2, world_gicr(2), 4, 0);
	assert_false(vgic_pending(world_on(2)));
	world_write(2, world_gicr(2), 4, 1);
	assert_int_equal(world_drain(2, NULL, 0), DEVICES * EVENTS / 2);
	/* One device less, 16 events a trap. */
	mapd(1, 11, false);
	assert_true(traps_to_run() >= EVENTS / 16);
	assert_int_equal(vits_msi(&world.domain, 1, 0), -ENOENT);
	assert_int_equal(vits_msi(&world.domain, 2, 0), 0);
}

/* A command that was begun is none of the next queue's business. */
static void test_walk_ends_with_its_queue(void **state)
{
	start(2);
	mapc(0, 0, true);
	mapd(3, 11, true);
	for (uint32_t i = 0; i < 200; i++) {
		mapti(3, i, LPI + i, 0);
	}
	run();
	mapc(0, 1, true);
	queue(0x0e, 0, 1ull << 16, 0); /* and all back */
	assert_int_equal(run_once(), MMIO_RETRY);
	world_write(0, WORLD_ITS, 4, 0);
	world_write(0, WORLD_ITS + 0x80, 8, 1ull << 63 | WORLD_CMDQ | (QUEUE / 4096 - 1));
	world_write(0, WORLD_ITS, 4, 1);
	write_at = 0;
	queue(0x0e, 0, 1ull << 16, 0);
	run();
	vits_msi(&world.domain, 3, 0);
	assert_int_equal(world_drain(0, NULL, 0), 1);
	vits_msi(&world.domain, 3, 199);
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

/* The end of a domain: a bounded number of events a call, blocks that were never used skipped. */
static void test_cleared_in_slices(void **state)
{
	uint32_t before;
	uint32_t calls = 0;
	bool done;

	start(1);
	mapc(0, 0, true);
	mapd(LENT_DEV, 11, true);
	mapd(0x10, 5, true);
	mapti(0x10, 1, LPI + 60, 0);
	for (uint32_t i = 0; i < 50; i++) {
		mapti(LENT_DEV, i, LPI + i, 0);
	}
	mapti(LENT_DEV, 2047, LPI + 61, 0);
	run();
	assert_int_equal(lent.mapped, 32); /* all that the host's ITT holds */
	do {
		before = lent.mapped;
		done = vits_clear_slice(&world.domain);
		assert_true(before - lent.mapped <= 16);
		calls++;
	} while (!done);
	assert_int_equal(lent.mapped, 0);
	assert_in_range(calls, 51 / 16 + 1, 20);
	/* Where they were there is nothing, and nothing that fires arrives. */
	assert_int_equal(vits_msi(&world.domain, LENT_DEV, 3), -ENOENT);
	assert_int_equal(vits_msi(&world.domain, 0x10, 1), -ENOENT);
	assert_true(vits_clear_slice(&world.domain));
}

/* One trap does a bounded part; the store is executed again and the read pointer moves on. */
static void test_bounded_per_trap(void **state)
{
	uint32_t traps = 0;
	uint64_t before = 0;

	start(1);
	for (int i = 0; i < 1000; i++) {
		queue(5, 0, 0, 0);
	}
	for (;;) {
		enum mmio_result result = run_once();

		assert_true(world.domain.vits->creadr > before);
		assert_true(world.domain.vits->creadr - before <= 64 * 32);
		before = world.domain.vits->creadr;
		traps++;
		if (result == MMIO_DONE) {
			break;
		}
	}
	assert_true(traps >= 1000 / 64);
	assert_int_equal(before, write_at);
}

/* Unmapping a device with many host events takes several traps, each with a bounded part. */
static void test_unmap_in_slices(void **state)
{
	uint32_t traps = 0;

	start(1);
	lent.events = 256;
	mapc(0, 0, true);
	mapd(LENT_DEV, 8, true);
	for (uint32_t e = 0; e < 256; e++) {
		mapti(LENT_DEV, e, LPI + e, 0);
	}
	run();
	assert_int_equal(lent.mapped, 256);
	mapd(LENT_DEV, 8, false);
	for (;;) {
		uint32_t before = lent.mapped;
		enum mmio_result result = run_once();

		assert_true(before - lent.mapped <= 16);
		traps++;
		if (result == MMIO_DONE) {
			break;
		}
		assert_true(lent.mapped < before);
	}
	assert_int_equal(traps, 16);
	assert_int_equal(lent.mapped, 0);
	assert_int_equal(bad(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, vits_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_gone_in_slices_against_the_guest),
		T(test_gone_while_the_guest_unmaps),
		T(test_a_device_takes_another_number),
		T(test_one_follows_another),
		T(test_walks_in_slices),
		T(test_walk_ends_with_its_queue),
		T(test_cleared_in_slices),
		T(test_bounded_per_trap),
		T(test_unmap_in_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
