/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual ITS: its registers, and what commands do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_its.h"
#include "fake_log.h"
#include "irq/vgic.h"
#include "irq/vgic_lpi.h"
#include "irq/vits.h"
#include "lib/errno.h"
#include "vits_rig.h"

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
	vgic_lpi_pend(&world.domain, vgic_lpi_find(world.domain.vgic, LPI + 9));
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

/* Messages in a row: the list register is as the first one left it, without an entry. */
static void test_one_message_after_another(void **state)
{
	uint64_t first = 0;

	start(2);
	mapc(1, 1, true);
	mapd(LENT_DEV, 5, true);
	mapti(LENT_DEV, 7, LPI + 9, 1);
	run();
	for (uint32_t i = 0; i < 3; i++) {
		world_on(1);
		assert_true(fake_its_fire(&lent, 7));
		if (i == 0) {
			world_enter(1);
			first = fake_interfaces[1].lr[0];
		}
		assert_int_equal(fake_interfaces[1].lr[0], first);
		assert_int_equal(fake_guest_ack(1), LPI + 9);
		fake_guest_eoi(1, LPI + 9);
		assert_int_not_equal(fake_interfaces[1].lr[0], first);
	}
	/* Another vCPU clears it, vCPU 1 does not know; its next message must not go with that. */
	world_on(0);
	vgic_lpi_clear(&world.domain, vgic_lpi_find(world.domain.vgic, LPI + 9));
	world_on(1);
	assert_true(fake_its_fire(&lent, 7));
	world_save(1);
	world_load(1);
	assert_int_equal(world_drain(1, NULL, 0), 1);
	assert_int_equal(world_drain(1, NULL, 0), 0);
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

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, vits_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_registers),
		T(test_virtual_device),
		T(test_lent_device),
		T(test_one_message_after_another),
		T(test_beyond_host_itt),
		T(test_gone_and_here),
		T(test_host_refuses),
		T(test_configuration),
		T(test_lpis_disabled_at_redistributor),
		T(test_collections_move),
		T(test_shared_lpi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
