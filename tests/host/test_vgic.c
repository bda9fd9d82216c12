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
#include "fake_heap.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "lib/errno.h"
#include "vgic_world.h"

#define UART 33u
#define TIMER 27u

static int teardown(void **state)
{
	world_free();
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static struct vcpu *vcpu(uint32_t n)
{
	return world.domain.vcpus[n];
}

static void up(uint32_t vcpus)
{
	world_init(vcpus, true);
	for (uint32_t i = 0; i < vcpus && i < FAKE_CPUS; i++) {
		world_load(i);
	}
	world_enable();
	world_irq_enable(0, UART, true);
}

static void pulse_spi(uint32_t intid)
{
	/* ICFGR: make it an edge first. */
	world_write(0, WORLD_GICD + 0xc00 + intid / 16 * 4, 4, 0xaaaaaaaa);
	vgic_pulse(&world.domain, NULL, intid);
}

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
	struct mmio_access a = { .offset = 0x304, .size = 4 };
	const struct mmio_region *r;
	uint32_t rounds = 0;

	up(2);
	pulse_spi(UART);
	world_enter(0);
	r = mmio_find(&world.domain.mmio, ipa(WORLD_GICD));
	while (r->ops->access(world_on(1), r->opaque, &a) == MMIO_RETRY) {
		assert_true(++rounds < 1000);
	}
	assert_true(rounds > 0);
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
	world_load(0);
	world_enter(0);
	assert_true(fake_host_active(0, TIMER));
	fake_guest_eoi(0, TIMER);
	assert_false(fake_host_active(0, TIMER));
	assert_int_equal(world_drain(0, NULL, 0), 0);
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

/* Made pending by software while active: HW = 1 cannot express it; the physical one still ends. */
static void test_forward_pended_while_active(void **state)
{
	up(1);
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
	assert_int_equal(world_drain(0, NULL, 0), 1);
	assert_false(fake_host_active(0, 100));
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

static void test_forward_pended_while_active_unwired(void **state)
{
	up(1);
	fake_unwired = true;
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
	assert_true(fake_maintenance(0));
	assert_int_equal(world_drain(0, NULL, 0), 1);
	assert_false(fake_host_active(0, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_identification, teardown),
		cmocka_unit_test_teardown(test_edge_once, teardown),
		cmocka_unit_test_teardown(test_edge_while_active, teardown),
		cmocka_unit_test_teardown(test_edge_while_active_unwired, teardown),
		cmocka_unit_test_teardown(test_forward_pended_while_active_unwired, teardown),
		cmocka_unit_test_teardown(test_level_resample, teardown),
		cmocka_unit_test_teardown(test_level_falls_with_eoi, teardown),
		cmocka_unit_test_teardown(test_route_taken_back, teardown),
		cmocka_unit_test_teardown(test_level_falls_before_ack, teardown),
		cmocka_unit_test_teardown(test_level_rises_while_active, teardown),
		cmocka_unit_test_teardown(test_level_pended_by_software, teardown),
		cmocka_unit_test_teardown(test_disabled_stays_pending, teardown),
		cmocka_unit_test_teardown(test_disable_in_list_register, teardown),
		cmocka_unit_test_teardown(test_clear_in_list_register, teardown),
		cmocka_unit_test_teardown(test_group_disabled, teardown),
		cmocka_unit_test_teardown(test_priority_mask, teardown),
		cmocka_unit_test_teardown(test_overflow_order, teardown),
		cmocka_unit_test_teardown(test_overflow_is_fair, teardown),
		cmocka_unit_test_teardown(test_preempt_full, teardown),
		cmocka_unit_test_teardown(test_lazy, teardown),
		cmocka_unit_test_teardown(test_again, teardown),
		cmocka_unit_test_teardown(test_again_in_order, teardown),
		cmocka_unit_test_teardown(test_sgi_targets, teardown),
		cmocka_unit_test_teardown(test_routing, teardown),
		cmocka_unit_test_teardown(test_move_while_active, teardown),
		cmocka_unit_test_teardown(test_active_read_by_other, teardown),
		cmocka_unit_test_teardown(test_wait_is_bounded, teardown),
		cmocka_unit_test_teardown(test_forward, teardown),
		cmocka_unit_test_teardown(test_forward_not_taken, teardown),
		cmocka_unit_test_teardown(test_forward_saved_active, teardown),
		cmocka_unit_test_teardown(test_forward_cleared, teardown),
		cmocka_unit_test_teardown(test_forward_pended_while_active, teardown),
		cmocka_unit_test_teardown(test_route_spi, teardown),
		cmocka_unit_test_teardown(test_reset_forgets, teardown),
		cmocka_unit_test_teardown(test_shared_pcpu, teardown),
		cmocka_unit_test_teardown(test_config_bits, teardown),
		cmocka_unit_test_teardown(test_histories, teardown),
		cmocka_unit_test_teardown(test_random_registers, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
