/* SPDX-License-Identifier: BSD-2-Clause */
/* List registers: which interrupts are in them, in which order, and what they cost. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_trap.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "vgic_rig.h"

/* Disabling takes it out of the list register again. */
static void test_disable_in_list_register(void **state)
{
	up(2);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_lr_holding(0, UART), 1);
	world_irq_enable(1, UART, false); /* from the other vCPU */
	assert_int_equal(fake_lr_holding(0, UART), 0);
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	world_irq_enable(1, UART, true);
	assert_int_equal(world_drain(0, NULL, 0), 1);
}

/* ICPENDR reaches into another vCPU's list register. */
static void test_clear_in_list_register(void **state)
{
	up(2);
	pulse_spi(UART);
	world_enter(0);
	world_write(1, WORLD_GICD + 0x284, 4, 1u << (UART - 32));
	assert_int_equal(fake_guest_ack(0), FAKE_SPURIOUS);
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

/* More than list registers: all arrive, best priority first, FIFO within one. */
static void test_overflow_order(void **state)
{
	uint32_t taken[32];

	up(1);
	world_write(0, WORLD_GICD + 0xc08, 4, 0xaaaaaaaa);
	world_write(0, WORLD_GICD + 0xc0c, 4, 0xaaaaaaaa);
	world_write(0, WORLD_GICD + 0x104, 4, 0xffffffff);
	for (uint32_t i = 0; i < 20; i++) {
		world_irq_priority(0, 32 + i, (uint8_t)((19 - i) / 4 * 8));
		vgic_pulse(&world.domain, NULL, 32 + i);
	}
	assert_int_equal(world_drain(0, taken, 32), 20);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(taken[i], 32 + 16 - i / 4 * 4 + i % 4);
	}
}

/* Two list registers, three sources that never stop: all are served. */
static void test_overflow_is_fair(void **state)
{
	uint32_t served[3] = { 0 };

	up(1);
	fake_lr_count = 2;
	world_write(0, WORLD_GICD + 0xc08, 4, 0xaaaaaaaa);
	world_write(0, WORLD_GICD + 0x104, 4, 0xffffffff);
	for (int i = 0; i < 90; i++) {
		uint32_t intid;

		for (uint32_t k = 0; k < 3; k++) {
			vgic_pulse(&world.domain, NULL, 40 + k);
		}
		world_enter(0);
		intid = fake_guest_ack(0);
		assert_true(intid >= 40 && intid < 43);
		served[intid - 40]++;
		vgic_pulse(&world.domain, NULL, intid);
		fake_guest_eoi(0, intid);
	}
	for (uint32_t k = 0; k < 3; k++) {
		assert_true(served[k] >= 20);
	}
}

/* A better one that comes late pushes a worse one out of its list register. */
static void test_preempt_full(void **state)
{
	uint32_t taken[8];

	up(1);
	world_write(0, WORLD_GICD + 0xc08, 4, 0xaaaaaaaa);
	world_write(0, WORLD_GICD + 0x104, 4, 0xffffffff);
	for (uint32_t i = 0; i < 4; i++) {
		world_irq_priority(0, 32 + i, 0xa0);
		vgic_pulse(&world.domain, NULL, 32 + i);
	}
	world_enter(0);
	world_irq_priority(0, 40, 0x20);
	vgic_pulse(&world.domain, NULL, 40);
	assert_int_equal(world_drain(0, taken, 8), 5);
	assert_int_equal(taken[0], 40);
}

/* The guest's work costs no list register access once they are filled. */
static void test_lazy(void **state)
{
	uint32_t before;

	up(1);
	pulse_spi(UART);
	world_enter(0);
	before = fake_interfaces[0].lr_accesses;
	assert_int_equal(fake_guest_ack(0), UART);
	world_enter(0);
	fake_guest_eoi(0, UART);
	world_enter(0);
	assert_int_equal(fake_interfaces[0].lr_accesses, before);
}

/* One that comes again after its handling is there at once, without work on the way in. */
static void test_again(void **state)
{
	uint32_t before;

	up(1);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	fake_guest_eoi(0, UART);
	before = fake_interfaces[0].lr_accesses;
	pulse_spi(UART);
	assert_int_equal(fake_interfaces[0].lr_accesses, before + 1);
	assert_int_equal(fake_guest_ack(0), UART);
	fake_guest_eoi(0, UART);
}

/* Nor does a wait for it in between cost any. */
static void test_again_after_a_wait(void **state)
{
	uint32_t before;

	up(1);
	pulse_spi(UART);
	world_enter(0);
	assert_true(vgic_pending(world_on(0)));
	assert_int_equal(fake_guest_ack(0), UART);
	assert_false(vgic_pending(world_on(0))); /* active */
	fake_guest_eoi(0, UART);
	before = fake_interfaces[0].lr_accesses;
	assert_false(vgic_pending(world_on(0)));
	pulse_spi(UART);
	assert_int_equal(fake_interfaces[0].lr_accesses, before + 1);
	assert_true(vgic_pending(world_on(0)));
	assert_int_equal(fake_guest_ack(0), UART);
	fake_guest_eoi(0, UART);
	assert_false(vgic_pending(world_on(0)));
}

/* Not so while a more urgent one waits for its vCPU's entry, or for a vCPU that has moved on. */
static void test_again_in_order(void **state)
{
	up(2);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	fake_guest_eoi(0, UART);
	world_irq_priority(0, UART, 0x80);
	world_irq_enable(0, UART + 1, true);
	world_irq_priority(0, UART + 1, 0x10);
	pulse_spi(UART + 1);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART + 1);
	fake_guest_eoi(0, UART + 1);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	fake_guest_eoi(0, UART);
	world_save(0);
	pulse_spi(UART);
	world_load(0);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	fake_guest_eoi(0, UART);
}

/* What another vCPU reads of an interrupt in a list register is the truth, not a memory. */
static void test_active_read_by_other(void **state)
{
	up(2);
	pulse_spi(UART);
	world_enter(0);
	assert_int_equal(world_read(1, WORLD_GICD + 0x204, 4), 1u << (UART - 32));
	assert_int_equal(world_read(1, WORLD_GICD + 0x304, 4), 0);
	assert_int_equal(fake_guest_ack(0), UART);
	assert_int_equal(world_read(1, WORLD_GICD + 0x304, 4), 1u << (UART - 32));
	fake_guest_eoi(0, UART);
	assert_int_equal(world_read(1, WORLD_GICD + 0x304, 4), 0);
	assert_int_equal(world_read(1, WORLD_GICD + 0x204, 4), 0);
}

/* A vCPU that never comes back to EL2 cannot hold up another one's register access for ever. */
static void test_wait_is_bounded(void **state)
{
	uint64_t value = 0;
	uint32_t rounds = 0;

	up(2);
	pulse_spi(UART);
	world_enter(0);
	while (fake_trap(world_on(1), WORLD_GICD + 0x304, 4, false, &value) == MMIO_RETRY) {
		assert_true(++rounds < 1000);
	}
	assert_true(rounds > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_disable_in_list_register, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_clear_in_list_register, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_overflow_order, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_overflow_is_fair, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_preempt_full, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_lazy, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_again, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_again_after_a_wait, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_again_in_order, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_active_read_by_other, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_wait_is_bounded, vgic_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
