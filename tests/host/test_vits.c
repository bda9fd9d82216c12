/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual ITS: its registers, what commands do, and hostile streams of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/domain.h"
#include "fake_heap.h"
#include "fake_its.h"
#include "fake_log.h"
#include "fake_trap.h"
#include "irq/vgic.h"
#include "irq/vits.h"
#include "irq/vits_state.h"
#include "lib/errno.h"
#include "vgic_world.h"

#define LPI      8192u
#define QUEUE    0x10000u /* 64 KiB: 2048 commands */
#define LENT_DEV 0x8u

static struct its_device lent; /* behind virtual DeviceID 8 */
static struct its_device other; /* somebody else's */
static struct its_device *behind;
static uint32_t behind_number;
static uint64_t write_at;

/* As its users do; at most 16 host events a call. */
static void update(uint32_t vdevice)
{
	uint32_t before;
	bool done;

	do {
		before = lent.mapped + other.mapped;
		done = vits_device_update(&world.domain, vdevice, 16);
		assert_in_range(lent.mapped + other.mapped + 16 - before, 0, 32);
	} while (!done);
}

static struct its_device *host_device(struct domain *d, uint32_t vdevice)
{
	assert_ptr_equal(d, &world.domain);
	assert_true(spin_is_locked(&d->vits->lock));
	return vdevice == behind_number ? behind : NULL;
}

static const struct vits_ops ops = { .host_device = host_device };

static void start(uint32_t vcpus)
{
	world_init(vcpus, true);
	memset(&lent, 0, sizeof(lent));
	memset(&other, 0, sizeof(other));
	lent.events = 32;
	lent.lent = true;
	other.events = 32;
	behind = &lent;
	behind_number = LENT_DEV;
	fake_its_map_error = 0;
	write_at = 0;
	fake_log_clear();
	assert_int_equal(vits_create(&world.domain, ipa(WORLD_ITS), &ops), 0);
	world_start_its(vcpus, QUEUE);
}

static int teardown(void **state)
{
	vits_destroy(&world.domain);
	assert_int_equal(lent.mapped, 0);
	world_free();
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static void queue(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t words[4] = { a, b, c, d };

	memcpy(world.ram + (WORLD_CMDQ - WORLD_RAM) + write_at, words, sizeof(words));
	write_at = (write_at + sizeof(words)) % QUEUE;
}

static void run(void)
{
	world_write(0, WORLD_ITS + 0x88, 8, write_at);
	assert_int_equal(world_read(0, WORLD_ITS + 0x90, 8), write_at);
}

static void mapd(uint32_t device, uint32_t bits, bool valid)
{
	queue((uint64_t)device << 32 | 8, bits - 1, valid ? 1ull << 63 : 0, 0);
}

static void mapc(uint32_t collection, uint32_t target, bool valid)
{
	queue(9, 0, (uint64_t)target << 16 | collection | (valid ? 1ull << 63 : 0), 0);
}

static void mapti(uint32_t device, uint32_t event, uint32_t lpi, uint32_t collection)
{
	queue((uint64_t)device << 32 | 0xa, (uint64_t)lpi << 32 | event, collection, 0);
}

static void event_cmd(uint8_t opcode, uint32_t device, uint32_t event, uint32_t collection)
{
	queue((uint64_t)device << 32 | opcode, event, collection, 0);
}

static uint64_t bad(void)
{
	return world.domain.vits->bad_commands;
}

static void set_config(uint32_t lpi, uint8_t config)
{
	world.ram[WORLD_PROP - WORLD_RAM + lpi - LPI] = config;
}

/* What Linux checks when it probes an ITS. */
static void test_registers(void **state)
{
	uint64_t typer;

	start(1);
	assert_int_equal(world_read(0, WORLD_ITS + 0xffe8, 4) & 0xf0, 0x30);
	typer = world_read(0, WORLD_ITS + 8, 8);
	assert_int_equal(typer & 3, 1);
	assert_int_equal((typer >> 4 & 15) + 1, 8);
	assert_int_equal((typer >> 8 & 31) + 1, 11);
	assert_int_equal((typer >> 13 & 31) + 1, 24);
	assert_int_equal(typer >> 19 & 1, 0);
	assert_int_equal(world_read(0, WORLD_ITS + 12, 4), typer >> 32);
	world_write(0, WORLD_ITS, 4, 0);
	assert_int_equal(world_read(0, WORLD_ITS, 4), 1u << 31);
	/* Type and entry size stay, the rest is held. */
	world_write(0, WORLD_ITS + 0x100, 8, ~0ull);
	assert_int_equal(world_read(0, WORLD_ITS + 0x100, 8) >> 56 & 7, 1);
	assert_int_equal(world_read(0, WORLD_ITS + 0x100, 8) >> 48 & 31, 7);
	world_write(0, WORLD_ITS + 0x108, 8, 1ull << 63 | 0x40020000);
	assert_int_equal(world_read(0, WORLD_ITS + 0x108, 8) >> 56 & 7, 4);
	assert_int_equal(world_read(0, WORLD_ITS + 0x108, 4), 0x40020000);
	assert_int_equal(world_read(0, WORLD_ITS + 0x110, 8), 0);
	/* The translater is not for CPUs; nothing faults there. */
	world_write(0, WORLD_ITS + 0x10040, 4, 0);
	assert_int_equal(world_read(0, WORLD_ITS + 0x10040, 4), 0);
	/* While enabled the ring stays where it is. */
	world_write(0, WORLD_ITS, 4, 1);
	world_write(0, WORLD_ITS + 0x80, 8, 0);
	assert_int_not_equal(world_read(0, WORLD_ITS + 0x80, 8), 0);
	/* A write pointer outside the ring is ignored. */
	world_write(0, WORLD_ITS + 0x88, 8, QUEUE);
	assert_int_equal(world_read(0, WORLD_ITS + 0x88, 8), 0);
}

static void test_virtual_device(void **state)
{
	uint32_t taken[4] = { 0 };

	start(2);
	mapc(0, 0, true);
	mapc(1, 1, true);
	mapd(3, 2, true);
	mapti(3, 1, LPI + 5, 1);
	event_cmd(0x03, 3, 1, 0);
	run();
	assert_int_equal(bad(), 0);
	assert_int_equal(world_drain(0, taken, 4), 0);
	assert_int_equal(world_drain(1, taken, 4), 1);
	assert_int_equal(taken[0], LPI + 5);
	assert_int_equal(vits_msi(&world.domain, 3, 1), 0);
	assert_int_equal(world_drain(1, taken, 4), 1);
	assert_int_equal(vits_msi(&world.domain, 3, 2), -ENOENT);
	assert_int_equal(vits_msi(&world.domain, 4, 1), -ENOENT);
	/* CLEAR takes it away, MOVI sends it elsewhere. */
	event_cmd(0x03, 3, 1, 0);
	event_cmd(0x04, 3, 1, 0);
	event_cmd(0x01, 3, 1, 0);
	run();
	assert_int_equal(world_drain(1, taken, 4), 0);
	vits_msi(&world.domain, 3, 1);
	assert_int_equal(world_drain(0, taken, 4), 1);
	/* Nothing of this was anybody's hardware. */
	assert_int_equal(lent.mapped, 0);
	assert_int_equal(world.domain.interrupts_injected, 0);
}

static void test_lent_device(void **state)
{
	uint32_t taken[4] = { 0 };

	start(2);
	mapc(1, 1, true);
	mapd(LENT_DEV, 5, true);
	mapti(LENT_DEV, 7, LPI + 9, 1);
	run();
	assert_int_equal(lent.mapped, 1);
	assert_non_null(lent.handler[7]);
	assert_int_equal(lent.cpu[7], 1);
	assert_true(fake_its_fire(&lent, 7));
	assert_int_equal(world_drain(1, taken, 4), 1);
	assert_int_equal(taken[0], LPI + 9);
	assert_int_equal(world.domain.interrupts_injected, 1);
	/* The same event to another LPI: the host side stays. */
	mapti(LENT_DEV, 7, LPI + 10, 1);
	run();
	assert_int_equal(lent.mapped, 1);
	fake_its_fire(&lent, 7);
	assert_int_equal(world_drain(1, taken, 4), 1);
	assert_int_equal(taken[0], LPI + 10);
	/* Nobody names the first LPI any more. */
	vgic_lpi_pulse(&world.domain, LPI + 9);
	assert_int_equal(world_drain(1, taken, 4), 0);
	/* DISCARD. */
	event_cmd(0x0f, LENT_DEV, 7, 0);
	run();
	assert_int_equal(lent.mapped, 0);
	assert_int_equal(bad(), 0);
	/* MAPD without V takes all. */
	mapti(LENT_DEV, 0, LPI, 1);
	mapti(LENT_DEV, 31, LPI + 1, 1);
	run();
	assert_int_equal(lent.mapped, 2);
	mapd(LENT_DEV, 5, false);
	run();
	assert_int_equal(lent.mapped, 0);
	assert_int_equal(vits_msi(&world.domain, LENT_DEV, 0), -ENOENT);
}

/* More events than the host's ITT: those exist in software only. */
static void test_beyond_host_itt(void **state)
{
	start(1);
	mapc(0, 0, true);
	mapd(LENT_DEV, 11, true);
	mapti(LENT_DEV, 31, LPI, 0);
	mapti(LENT_DEV, 32, LPI + 1, 0);
	mapti(LENT_DEV, 2047, LPI + 2, 0);
	run();
	assert_int_equal(bad(), 0);
	assert_int_equal(fake_log_lines, 0);
	assert_int_equal(lent.mapped, 1);
	assert_int_equal(vits_msi(&world.domain, LENT_DEV, 2047), 0);
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

static void test_gone_and_here(void **state)
{
	start(1);
	mapc(0, 0, true);
	mapd(LENT_DEV, 3, true);
	mapti(LENT_DEV, 0, LPI, 0);
	mapti(LENT_DEV, 5, LPI + 1, 0);
	run();
	assert_int_equal(lent.mapped, 2);
	behind = NULL;
	update(LENT_DEV);
	assert_int_equal(lent.mapped, 0);
	lent.lent = false; /* any touch from here on is a bug */
	mapti(LENT_DEV, 6, LPI + 2, 0);
	event_cmd(0x0f, LENT_DEV, 5, 0);
	run();
	assert_int_equal(bad(), 0);
	/* Back again: what is mapped now gets hardware. */
	lent.lent = true;
	behind = &lent;
	update(LENT_DEV);
	assert_int_equal(lent.mapped, 2);
	assert_non_null(lent.handler[0]);
	assert_non_null(lent.handler[6]);
	fake_its_fire(&lent, 6);
	assert_int_equal(world_drain(0, NULL, 0), 1);
	/* DeviceIDs nobody mapped are no news. */
	update(77);
	update(77);
}

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
		teardown(state);
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

static void test_host_refuses(void **state)
{
	start(1);
	fake_its_map_error = -ENOSPC;
	mapc(0, 0, true);
	mapd(LENT_DEV, 3, true);
	mapti(LENT_DEV, 0, LPI, 0);
	run();
	assert_int_equal(lent.mapped, 0);
	assert_true(fake_log_has("no host LPI"));
	event_cmd(0x0f, LENT_DEV, 0, 0);
	run();
	assert_int_equal(bad(), 0);
}

static void test_configuration(void **state)
{
	uint32_t taken[4];

	start(1);
	set_config(LPI, 0xa0);     /* disabled */
	set_config(LPI + 1, 0x21); /* better than the others */
	mapc(0, 0, true);
	mapd(3, 4, true);
	mapti(3, 0, LPI, 0);
	mapti(3, 1, LPI + 1, 0);
	mapti(3, 2, LPI + 2, 0);
	event_cmd(0x03, 3, 2, 0);
	event_cmd(0x03, 3, 1, 0);
	event_cmd(0x03, 3, 0, 0);
	run();
	assert_int_equal(world_drain(0, taken, 4), 2);
	assert_int_equal(taken[0], LPI + 1);
	assert_int_equal(taken[1], LPI + 2);
	/* Enabled in memory: takes effect when the guest says so, and it was kept pending. */
	set_config(LPI, 0xa1);
	assert_int_equal(world_drain(0, taken, 4), 0);
	event_cmd(0x0c, 3, 0, 0);
	run();
	assert_int_equal(world_drain(0, taken, 4), 1);
	set_config(LPI + 1, 0x20);
	queue(0x0d, 0, 0, 0);
	event_cmd(0x03, 3, 1, 0);
	run();
	assert_int_equal(world_drain(0, taken, 4), 0);
	/* A configuration table that is not in RAM: disabled, nothing worse. */
	world_write(0, world_gicr(0), 4, 0);
	world_write(0, world_gicr(0) + 0x70, 8, 0x7ffffffff000ull | 13);
	world_write(0, world_gicr(0), 4, 1);
	queue(0x0d, 0, 0, 0);
	event_cmd(0x03, 3, 2, 0);
	run();
	assert_int_equal(world_drain(0, taken, 4), 0);
}

static void test_lpis_disabled_at_redistributor(void **state)
{
	start(1);
	mapc(0, 0, true);
	mapd(3, 4, true);
	mapti(3, 0, LPI, 0);
	run();
	world_write(0, world_gicr(0), 4, 0);
	assert_int_equal(vits_msi(&world.domain, 3, 0), 0);
	assert_int_equal(world_drain(0, NULL, 0), 0);
	assert_false(vgic_pending(world_on(0)));
	world_write(0, world_gicr(0), 4, 1);
	assert_true(vgic_pending(world_on(0)));
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

static void test_collections_move(void **state)
{
	start(3);
	mapc(0, 0, true);
	mapd(3, 4, true);
	mapti(3, 0, LPI, 0);
	mapti(3, 1, LPI + 1, 0);
	run();
	/* Pending before the collection moves: goes along, even out of a list register. */
	vits_msi(&world.domain, 3, 0);
	world_enter(0);
	assert_int_equal(fake_lr_holding(0, LPI), 1);
	mapc(0, 2, true);
	run();
	assert_int_equal(world_drain(0, NULL, 0), 0);
	assert_int_equal(world_drain(2, NULL, 0), 1);
	/* MOVALL from redistributor 2 to 1. */
	queue(0x0e, 0, 2ull << 16, 1ull << 16);
	run();
	vits_msi(&world.domain, 3, 1);
	assert_int_equal(world_drain(1, NULL, 0), 1);
	/* Unmapped collection: kept until it is mapped again. */
	mapc(0, 0, false);
	run();
	vits_msi(&world.domain, 3, 1);
	for (uint32_t n = 0; n < 3; n++) {
		assert_int_equal(world_drain(n, NULL, 0), 0);
	}
	mapc(0, 0, true);
	run();
	assert_int_equal(world_drain(0, NULL, 0), 1);
	/* To vCPUs that are not there. */
	mapc(0, 3, true);
	queue(0x0e, 0, 0, 9ull << 16);
	run();
	assert_int_equal(bad(), 2);
}

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

/* Two events for one LPI: it lives until the last one goes. */
static void test_shared_lpi(void **state)
{
	start(1);
	mapc(0, 0, true);
	mapd(3, 4, true);
	mapti(3, 0, LPI, 0);
	mapti(3, 1, LPI, 0);
	event_cmd(0x0f, 3, 0, 0);
	run();
	assert_int_equal(vits_msi(&world.domain, 3, 1), 0);
	assert_int_equal(world_drain(0, NULL, 0), 1);
	/* Discarded while pending in a list register: does not arrive. */
	vits_msi(&world.domain, 3, 1);
	world_enter(0);
	event_cmd(0x0f, 3, 1, 0);
	run();
	assert_int_equal(world_drain(0, NULL, 0), 0);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_registers, teardown),
		cmocka_unit_test_teardown(test_virtual_device, teardown),
		cmocka_unit_test_teardown(test_lent_device, teardown),
		cmocka_unit_test_teardown(test_beyond_host_itt, teardown),
		cmocka_unit_test_teardown(test_gone_and_here, teardown),
		cmocka_unit_test_teardown(test_gone_in_slices_against_the_guest, teardown),
		cmocka_unit_test_teardown(test_gone_while_the_guest_unmaps, teardown),
		cmocka_unit_test_teardown(test_a_device_takes_another_number, teardown),
		cmocka_unit_test_teardown(test_one_follows_another, teardown),
		cmocka_unit_test_teardown(test_walks_in_slices, teardown),
		cmocka_unit_test_teardown(test_walk_ends_with_its_queue, teardown),
		cmocka_unit_test_teardown(test_cleared_in_slices, teardown),
		cmocka_unit_test_teardown(test_host_refuses, teardown),
		cmocka_unit_test_teardown(test_configuration, teardown),
		cmocka_unit_test_teardown(test_lpis_disabled_at_redistributor, teardown),
		cmocka_unit_test_teardown(test_collections_move, teardown),
		cmocka_unit_test_teardown(d7_malformed_never_stalls, teardown),
		cmocka_unit_test_teardown(test_queue_not_in_ram, teardown),
		cmocka_unit_test_teardown(test_bounded_per_trap, teardown),
		cmocka_unit_test_teardown(test_unmap_in_slices, teardown),
		cmocka_unit_test_teardown(test_limits, teardown),
		cmocka_unit_test_teardown(test_out_of_memory, teardown),
		cmocka_unit_test_teardown(test_shared_lpi, teardown),
		cmocka_unit_test_teardown(test_random_streams, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
