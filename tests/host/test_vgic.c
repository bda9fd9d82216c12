/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual GIC against a model of the CPU interface: nothing lost, nothing twice, in order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/domain.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "lib/errno.h"
#include "vgic_rig.h"

static void test_identification(void **state)
{
	world_init(3, true);
	assert_int_equal(world_read(0, WORLD_GICD + 0xffe8, 4) & 0xf0, 0x30);
	assert_int_equal(world_read(0, WORLD_GICD + 4, 4) & 0x1f, (32 + WORLD_SPIS) / 32 - 1);
	assert_true(world_read(0, WORLD_GICD + 4, 4) & (1u << 17));
	assert_int_equal(world_read(0, WORLD_GICD, 4), 0x50);
	for (uint64_t i = 0; i < 3; i++) {
		uint64_t typer = world_read(0, world_gicr((uint32_t)i) + 8, 8);

		assert_int_equal(typer >> 32, i);
		assert_int_equal(typer >> 4 & 1, i == 2);
		assert_int_equal(world_read(1, world_gicr((uint32_t)i) + 12, 4), i);
		assert_int_equal(world_read(0, world_gicr((uint32_t)i) + 0xffe8, 4) & 0xf0, 0x30);
	}
	/* Without an ITS there are no LPIs, nor a way to enable them. */
	world_init(1, false);
	assert_false(world_read(0, WORLD_GICD + 4, 4) & (1u << 17));
	assert_false(world_read(0, world_gicr(0) + 8, 8) & 1);
	world_write(0, world_gicr(0), 4, 1);
	assert_int_equal(world_read(0, world_gicr(0), 4), 0);
}

static void test_edge_once(void **state)
{
	up(1);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	fake_guest_eoi(0, UART);
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

/* What is looked at for via trace: it waits from the entry to the guest's acknowledge. */
static void test_waiting(void **state)
{
	struct vgic_waiting waiting;

	up(1);
	pulse_spi(UART);
	vgic_look_waiting(vcpu(0), &waiting);
	assert_int_equal(waiting.mask, 0);
	world_enter(0);
	vgic_look_waiting(vcpu(0), &waiting);
	assert_int_equal(__builtin_popcount(waiting.mask), 1);
	assert_int_equal(waiting.intid[__builtin_ctz(waiting.mask)], UART);
	assert_int_equal(fake_guest_ack(0), UART);
	vgic_look_waiting(vcpu(0), &waiting);
	assert_int_equal(waiting.mask, 0);
	fake_guest_eoi(0, UART);
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

/* An edge while the last one is being handled is neither lost nor merged into it. */
static void test_edge_while_active(void **state)
{
	up(1);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	vgic_pulse(&world.domain, NULL, UART);
	vgic_pulse(&world.domain, NULL, UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	fake_guest_eoi(0, UART);
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

/* A line that stays high comes again after each EOI; one that fell while active does not. */
static void test_level_resample(void **state)
{
	up(1);
	vgic_set_level(&world.domain, NULL, UART, true);
	for (int i = 0; i < 5; i++) {
		world_enter(0);
		assert_int_equal(fake_guest_ack(0), UART);
		world_enter(0);
		fake_guest_eoi(0, UART);
		assert_true(fake_maintenance(0));
	}
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	vgic_set_level(&world.domain, NULL, UART, false);
	world_enter(0);
	fake_guest_eoi(0, UART);
	assert_false(fake_maintenance(0)); /* no exit for a line that is quiet */
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

/* A wire of several devices: it falls at the end of the handling, and they are looked at. */
static void test_level_falls_with_eoi(void **state)
{
	up(1);
	fake_pended = 0;
	vgic_set_resample(&world.domain, UART, 77);
	vgic_set_level(&world.domain, NULL, UART, true);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	world_enter(0);
	assert_true(vgic_level(&world.domain, UART));
	fake_guest_eoi(0, UART);
	assert_true(fake_maintenance(0));
	world_enter(0);
	assert_int_equal(fake_pended, 77);
	assert_false(vgic_level(&world.domain, UART));
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	/* Not at anything short of that. */
	fake_pended = 0;
	vgic_set_level(&world.domain, NULL, UART, true);
	world_enter(0);
	world_save(0);
	world_load(0);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	world_save(0);
	assert_true(vgic_level(&world.domain, UART));
	assert_int_equal(fake_pended, 0);
	world_load(0);
	world_enter(0);
	fake_guest_eoi(0, UART);
	world_save(0);
	assert_int_equal(fake_pended, 77);
	assert_false(vgic_level(&world.domain, UART));
	/* And an ordinary wire again. */
	vgic_set_level(&world.domain, NULL, UART, true);
	vgic_set_resample(&world.domain, UART, 0);
	assert_false(vgic_level(&world.domain, UART));
	world_load(0);
	world_enter(0);
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

static void test_level_falls_before_ack(void **state)
{
	up(1);
	vgic_set_level(&world.domain, NULL, UART, true);
	world_enter(0);
	vgic_set_level(&world.domain, NULL, UART, false);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	assert_false(vgic_pending(world_on(0)));
}

static void test_level_rises_while_active(void **state)
{
	up(1);
	vgic_set_level(&world.domain, NULL, UART, true);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	vgic_set_level(&world.domain, NULL, UART, false);
	world_enter(0);
	vgic_set_level(&world.domain, NULL, UART, true);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	fake_guest_eoi(0, UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
}

/* ISPENDR on a level interrupt whose wire is low: taken once, the latch ends with it. */
static void test_level_pended_by_software(void **state)
{
	up(1);
	world_write(0, WORLD_GICD + 0x204, 4, 1u << (UART - 32));
	assert_true(vgic_pending(world_on(0)));
	assert_int_equal(world_drain(0, NULL, 0), 1);
	/* And the wire does not clear it. */
	world_write(0, WORLD_GICD + 0x204, 4, 1u << (UART - 32));
	vgic_set_level(&world.domain, NULL, UART, true);
	vgic_set_level(&world.domain, NULL, UART, false);
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

static void test_disabled_stays_pending(void **state)
{
	up(1);
	world_irq_enable(0, UART, false);
	pulse_spi(UART);
	assert_int_equal(world_drain(0, NULL, 0), 0);
	assert_false(vgic_pending(world_on(0)));
	assert_int_equal(world_read(0, WORLD_GICD + 0x204, 4), 1u << (UART - 32));
	world_irq_enable(0, UART, true);
	assert_true(vgic_pending(world_on(0)));
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

static void test_group_disabled(void **state)
{
	up(1);
	world_write(0, WORLD_GICD, 4, 0);
	pulse_spi(UART);
	assert_false(vgic_pending(world_on(0)));
	assert_int_equal(world_drain(0, NULL, 0), 0);
	world_enable();
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

static void test_priority_mask(void **state)
{
	up(1);
	world_irq_priority(0, UART, 0x80);
	pulse_spi(UART);
	fake_interfaces[0].vmcr = 0x80000002;
	assert_false(vgic_pending(world_on(0)));
	fake_interfaces[0].vmcr = 0x88000002;
	assert_true(vgic_pending(world_on(0)));
	world_enter(0);
	assert_true(vgic_pending(world_on(0))); /* in a list register now */
	fake_interfaces[0].vmcr = 0x88000000;
	assert_false(vgic_pending(world_on(0)));
}

static void test_sgi_targets(void **state)
{
	up(4);
	/* Target list, INTID 3, from vCPU 1 to 0 and 2. */
	vgic_sgi1r(world_on(1), 0x5ull | 3ull << 24);
	/* All but self, INTID 4, from vCPU 2. */
	vgic_sgi1r(world_on(2), 4ull << 24 | 1ull << 40);
	/* Nobody: another cluster, another range, vCPUs that are not there. */
	vgic_sgi1r(world_on(0), 0xfull | 5ull << 24 | 1ull << 16);
	vgic_sgi1r(world_on(0), 0xfull | 5ull << 24 | 1ull << 32);
	vgic_sgi1r(world_on(0), 0xfull | 5ull << 24 | 1ull << 48);
	vgic_sgi1r(world_on(0), 0xfull | 5ull << 24 | 1ull << 44);
	vgic_sgi1r(world_on(0), 0xfff0ull | 5ull << 24);
	for (uint32_t n = 0; n < 4; n++) {
		uint32_t taken[4] = { 0 };
		uint32_t count = world_drain(n, taken, 4);
		uint32_t mask = 0;

		for (uint32_t i = 0; i < count; i++) {
			mask |= 1u << taken[i];
		}
		assert_int_equal(mask, (n == 0 || n == 2 ? 1u << 3 : 0) | (n != 2 ? 1u << 4 : 0));
	}
}

static void test_routing(void **state)
{
	up(3);
	world_write(0, WORLD_GICD + 0x6000 + 8 * UART, 8, 2);
	assert_int_equal(world_read(1, WORLD_GICD + 0x6000 + 8 * UART, 8), 2);
	pulse_spi(UART);
	assert_int_equal(world_drain(0, NULL, 0), 0);
	/* It moves while it waits in a list register of the running vCPU 2. */
	world_enter(2);
	assert_int_equal(fake_lr_holding(2, UART), 1);
	world_write(0, WORLD_GICD + 0x6000 + 8 * UART, 8, 1);
	world_enter(2);
	assert_int_equal(fake_guest_ack(2), FAKE_SPURIOUS);
	assert_true(world.kicked & 2);
	assert_int_equal(world_drain(1, NULL, 0), 1);
	/* To nobody: it waits. Halves of the register work too. */
	world_write(0, WORLD_GICD + 0x6004 + 8 * UART, 4, 1);
	vgic_pulse(&world.domain, NULL, UART);
	for (uint32_t n = 0; n < 3; n++) {
		assert_int_equal(world_drain(n, NULL, 0), 0);
	}
	world_write(0, WORLD_GICD + 0x6000 + 8 * UART, 8, 0);
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

/* An interrupt moved while active is deactivated where it was taken. */
static void test_move_while_active(void **state)
{
	up(2);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	world_write(1, WORLD_GICD + 0x6000 + 8 * UART, 8, 1);
	world_enter(0);
	vgic_pulse(&world.domain, NULL, UART);
	assert_int_equal(world_drain(1, NULL, 0), 0);
	world_enter(0);
	fake_guest_eoi(0, UART);
	world_enter(0);
	assert_int_equal(world_drain(0, NULL, 0) + world_drain(1, NULL, 0), 1);
}

/* The same where only EL2 can signal: the EOI is an exit, and the next edge follows it. */
static void test_edge_while_active_unwired(void **state)
{
	up(1);
	fake_unwired = true;
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	vgic_pulse(&world.domain, NULL, UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	assert_false(fake_maintenance(0));
	fake_guest_eoi(0, UART);
	assert_true(fake_maintenance(0));
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

static void test_reset_forgets(void **state)
{
	up(2);
	world_write(1, world_gicr(1) + 0x10100, 4, 1u << 20);
	vgic_sgi1r(world_on(0), 2ull | 7ull << 24);
	vgic_set_level(&world.domain, vcpu(1), 20, true);
	world_enter(1);
	assert_int_equal(fake_guest_ack(1), 7);
	world_on(0);
	vgic_vcpu_reset(vcpu(1));
	vgic_set_level(&world.domain, vcpu(1), 20, false);
	world_enter(1);
	assert_int_equal(fake_interfaces[1].running_count, 0);
	assert_int_equal(world_drain(1, NULL, 0), 0);
	vgic_sgi1r(world_on(0), 2ull | 7ull << 24);
	assert_int_equal(world_drain(1, NULL, 0), 1);
}

/* Two vCPUs take turns on one pCPU. */
static void test_shared_pcpu(void **state)
{
	uint32_t taken[4];

	world_init(5, true);
	world_load(0);
	world_enable();
	vgic_sgi1r(world_on(0), 0x10ull | 2ull << 24);
	assert_true(world.kicked & 0x10);
	assert_true(vgic_pending(vcpu(4)) == false); /* its VMCR is still zero */
	world_save(0);
	world_load(4);
	assert_int_equal(world_drain(4, taken, 4), 1);
	assert_int_equal(taken[0], 2);
	vgic_sgi1r(world_on(4), 1ull | 3ull << 24);
	world_save(4);
	assert_true(vgic_pending(vcpu(0)));
	world_load(0);
	assert_int_equal(world_drain(0, taken, 4), 1);
	assert_int_equal(taken[0], 3);
}

static void test_config_bits(void **state)
{
	up(1);
	/* SGIs are edges, PPIs wired; SPIs as written, odd bits only. */
	assert_int_equal(world_read(0, world_gicr(0) + 0x10c00, 4), 0xaaaaaaaa);
	world_write(0, world_gicr(0) + 0x10c00, 4, 0);
	assert_int_equal(world_read(0, world_gicr(0) + 0x10c00, 4), 0xaaaaaaaa);
	world_write(0, WORLD_GICD + 0xc08, 4, 0xffffffff);
	assert_int_equal(world_read(0, WORLD_GICD + 0xc08, 4), 0xaaaaaaaa);
	/* Group 1 for all there is; nothing beyond the last SPI or below the first. */
	assert_int_equal(world_read(0, WORLD_GICD + 0x84, 4), 0xffffffff);
	assert_int_equal(world_read(0, WORLD_GICD + 0x80, 4), 0);
	assert_int_equal(world_read(0, WORLD_GICD + 0x80 + (32 + WORLD_SPIS) / 8, 4), 0);
	/* Priorities: five bits, bytes and words. */
	world_write(0, WORLD_GICD + 0x420, 4, 0xff8765a0);
	assert_int_equal(world_read(0, WORLD_GICD + 0x420, 4), 0xf88060a0);
	assert_int_equal(world_read(0, WORLD_GICD + 0x423, 1), 0xf8);
	/* Sizes the architecture does not give: nothing happens. */
	world_write(0, WORLD_GICD + 0x104, 1, 0xff);
	world_write(0, WORLD_GICD + 0x104, 8, ~0ull);
	assert_int_equal(world_read(0, WORLD_GICD + 0x104, 4), 1u << (UART - 32));
}

/* Any access at any offset with any value: no crash (ASan), and the vGIC still works afterwards. */
static void test_random_registers(void **state)
{
	srand(7);
	up(2);
	for (int i = 0; i < 200000; i++) {
		uint32_t size = 1u << (rand() % 4);
		uint64_t span = rand() % 2 ? 0x10000 : 0x40000;
		uint64_t base = span == 0x10000 ? WORLD_GICD : WORLD_GICR;
		uint64_t at = ((uint64_t)rand() % span) & ~(uint64_t)(size - 1);
		uint64_t value = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();
		uint32_t n = (uint32_t)rand() % 2;

		if (rand() % 2) {
			at &= 0x1fff ^ (rand() % 4 ? 0 : 0x30000);
			at = at % span & ~(uint64_t)(size - 1);
		}
		if (rand() % 2) {
			world_write(n, base + at, size, value);
		} else {
			uint64_t got = world_read(n, base + at, size);

			assert_true(size == 8 || got >> (8 * size) == 0);
		}
		if (rand() % 8 == 0) {
			uint32_t intid = fake_guest_ack(n);

			if (intid != FAKE_SPURIOUS) {
				/* One the guest made active by hand may have no list register. */
				world_enter(n);
				if (fake_lr_holding(n, intid) != 0) {
					fake_guest_eoi(n, intid);
				} else {
					fake_interfaces[n].running_count--;
				}
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_identification, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_edge_once, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_waiting, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_edge_while_active, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_edge_while_active_unwired, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_level_resample, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_level_falls_with_eoi, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_level_falls_before_ack, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_level_rises_while_active, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_level_pended_by_software, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_disabled_stays_pending, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_group_disabled, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_priority_mask, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_sgi_targets, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_routing, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_move_while_active, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_reset_forgets, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_shared_pcpu, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_config_bits, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_random_registers, vgic_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
