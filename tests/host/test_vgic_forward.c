/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts of the host that a domain handles: who ends the physical one, and when. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "irq/irq.h"
#include "irq/vgic.h"
#include "lib/errno.h"
#include "vgic_rig.h"

static void test_route_taken_back(void **state)
{
	up(1);
	world_irq_enable(0, UART, true);
	assert_int_equal(vgic_route_spi(&world.domain, 100, UART, false), 0);
	assert_int_equal(vgic_route_spi(&world.domain, 100, UART, false), -EBUSY);
	world_on(0);
	assert_int_equal(fake_host_fire(100), IRQ_FORWARDED);
	vgic_unroute_spi(&world.domain, 100);
	assert_false(fake_host_active(0, 100));
	/* What came before is still the domain's; the line is free for another. */
	assert_int_equal(world_drain(0, NULL, 0), 1);
	vgic_unroute_spi(&world.domain, 100);
	assert_int_equal(vgic_route_spi(&world.domain, 100, UART, false), 0);
}

/* Forwarded: the guest's EOI ends the physical interrupt, and nothing else does. */
static void test_forward(void **state)
{
	up(1);
	world_irq_enable(0, TIMER, true);
	for (int i = 0; i < 3; i++) {
		world_on(0);
		fake_host_activate(0, TIMER);
		vgic_forward(&world.domain, vcpu(0), TIMER, TIMER);
		world_enter(0);
		assert_int_equal(fake_guest_ack(0), TIMER);
		assert_true(fake_host_active(0, TIMER));
		fake_guest_eoi(0, TIMER);
		assert_false(fake_host_active(0, TIMER));
	}
}

/* Never taken, disabled, saved and loaded: still there, still active, taken once. */
static void test_forward_not_taken(void **state)
{
	up(1);
	world_on(0);
	fake_host_activate(0, TIMER);
	vgic_forward(&world.domain, vcpu(0), TIMER, TIMER);
	world_enter(0);
	assert_int_equal(world_drain(0, NULL, 0), 0);
	assert_true(fake_host_active(0, TIMER));
	world_save(0);
	assert_true(vgic_holds(vcpu(0), TIMER));
	world_load(0);
	assert_true(fake_host_active(0, TIMER));
	world_irq_enable(0, TIMER, true);
	assert_int_equal(world_drain(0, NULL, 0), 1);
	assert_false(fake_host_active(0, TIMER));
}

/* Saved while the guest handles it: the physical one ends with the EOI after the next load. */
static void test_forward_saved_active(void **state)
{
	up(1);
	world_irq_enable(0, TIMER, true);
	world_on(0);
	fake_host_activate(0, TIMER);
	vgic_forward(&world.domain, vcpu(0), TIMER, TIMER);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), TIMER);
	world_save(0);
	assert_true(vgic_holds(vcpu(0), TIMER));
	world_load(0);
	world_enter(0);
	assert_true(fake_host_active(0, TIMER));
	fake_guest_eoi(0, TIMER);
	assert_false(fake_host_active(0, TIMER));
	assert_int_equal(world_drain(0, NULL, 0), 0);
	world_save(0);
	assert_false(vgic_holds(vcpu(0), TIMER));
}

/* ICPENDR of a forwarded interrupt gives the physical one back, or the device is dead. */
static void test_forward_cleared(void **state)
{
	up(1);
	world_on(0);
	fake_host_activate(0, TIMER);
	vgic_forward(&world.domain, vcpu(0), TIMER, TIMER);
	world_write(0, world_gicr(0) + 0x10280, 4, 1u << TIMER);
	assert_false(fake_host_active(0, TIMER));
	/* And from a list register. */
	world_irq_enable(0, TIMER, true);
	world_on(0);
	fake_host_activate(0, TIMER);
	vgic_forward(&world.domain, vcpu(0), TIMER, TIMER);
	world_enter(0);
	world_write(0, world_gicr(0) + 0x10280, 4, 1u << TIMER);
	assert_false(fake_host_active(0, TIMER));
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

static void test_route_spi(void **state)
{
	up(1);
	assert_int_equal(vgic_route_spi(&world.domain, 100, UART, false), 0);
	assert_int_equal(vgic_route_spi(&world.domain, 100, 40, false), -EBUSY);
	assert_int_equal(vgic_route_spi(&world.domain, 101, 32 + WORLD_SPIS, false), -EINVAL);
	for (int i = 0; i < 3; i++) {
		world_on(0);
		assert_int_equal(fake_host_fire(100), IRQ_FORWARDED);
		assert_true(fake_host_active(0, 100));
		assert_int_equal(world_drain(0, NULL, 0), 1);
		assert_false(fake_host_active(0, 100));
	}
	assert_int_equal(world.domain.interrupts_injected, 3);
	/* The domain ends with one in flight: the line is inactive and free again. */
	world_on(0);
	fake_host_fire(100);
	world_free();
	assert_false(fake_host_active(0, 100));
	up(1);
	assert_int_equal(vgic_route_spi(&world.domain, 100, UART, false), 0);
}

static void pended_while_active(bool unwired)
{
	up(1);
	fake_unwired = unwired;
	world_irq_enable(0, UART, true);
	world_write(0, WORLD_GICD + 0xc08, 4, 0xaaaaaaaa);
	assert_int_equal(vgic_route_spi(&world.domain, 100, UART, true), 0);
	world_on(0);
	assert_int_equal(fake_host_fire(100), IRQ_FORWARDED);
	world_enter(0);
	assert_int_equal(fake_guest_ack(0), UART);
	world_write(0, WORLD_GICD + 0x204, 4, 1u << (UART - 32));
	world_enter(0);
	fake_guest_eoi(0, UART);
	if (unwired) {
		assert_true(fake_maintenance(0));
	}
	assert_int_equal(world_drain(0, NULL, 0), 1);
	assert_false(fake_host_active(0, 100));
}

/* Made pending by software while active: HW = 1 cannot express it; the physical one still ends. */
static void test_forward_pended_while_active(void **state)
{
	pended_while_active(false);
}

/* Where only EL2 can signal, the EOI is an exit. */
static void test_forward_pended_while_active_unwired(void **state)
{
	pended_while_active(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_route_taken_back, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_forward, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_forward_not_taken, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_forward_saved_active, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_forward_cleared, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_route_spi, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_forward_pended_while_active, vgic_rig_teardown),
		cmocka_unit_test_teardown(test_forward_pended_while_active_unwired,
					  vgic_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
