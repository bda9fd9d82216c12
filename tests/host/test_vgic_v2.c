/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual GIC as a GICv2 (IHI0048B): banked and targeted registers, and SGIs, which know their
 * senders. What both versions share is in test_vgic.c.
 */
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
#include "irq/vgic_gich.h"
#include "lib/errno.h"
#include "vgic_world.h"

#define ISPENDR    (WORLD_GICD + 0x200)
#define ICPENDR    (WORLD_GICD + 0x280)
#define ISACTIVER  (WORLD_GICD + 0x300)
#define ITARGETSR  (WORLD_GICD + 0x800)
#define SGIR       (WORLD_GICD + 0xf00)
#define CPENDSGIR  (WORLD_GICD + 0xf10)
#define SPENDSGIR  (WORLD_GICD + 0xf20)

#define TO(mask)   ((uint32_t)(mask) << 16)
#define TO_OTHERS  (1u << 24)
#define TO_SELF    (2u << 24)

#define UART  33u
#define TIMER 27u

static int teardown(void **state)
{
	world_free();
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static void up(uint32_t vcpus)
{
	world_init_v2(vcpus);
	for (uint32_t i = 0; i < vcpus && i < FAKE_CPUS; i++) {
		world_load(i);
	}
	world_enable();
}

static void make_edge(uint32_t intid)
{
	world_write(0, WORLD_GICD + 0xc00 + intid / 16 * 4, 4, 0xaaaaaaaa);
}

/* What GICV_IAR says of SGI intid from vCPU n. */
static uint32_t sgi(uint32_t intid, uint32_t from)
{
	return intid | from << FAKE_SENDER_SHIFT;
}

static uint32_t ack(uint32_t n)
{
	world_enter(n);
	return fake_guest_ack(n);
}

static void test_identification(void **state)
{
	world_init_v2(3);
	assert_int_equal(world.interface_at, WORLD_GICC);
	assert_int_equal(world_read(0, WORLD_GICD + 0xfe8, 4) & 0xf0, 0x20);
	assert_int_equal(world_read(0, WORLD_GICD + 4, 4), ((32 + WORLD_SPIS) / 32 - 1) | 2 << 5);
	assert_int_equal(world_read(0, WORLD_GICD, 4), 0);
	world_write(0, WORLD_GICD, 4, 0xffffffff);
	assert_int_equal(world_read(1, WORLD_GICD, 4), 1);
	/* One group. */
	world_write(0, WORLD_GICD + 0x84, 4, 0xffffffff);
	assert_int_equal(world_read(0, WORLD_GICD + 0x84, 4), 0);
	/* Nothing behind its page, and no redistributors. */
	assert_null(mmio_find(&world.domain.mmio, (ipaddr_t){ WORLD_GICD + 0x1000 }));
	assert_null(mmio_find(&world.domain.mmio, (ipaddr_t){ WORLD_GICR }));
}

/* GICD_ITARGETSR has eight bits. */
static void test_eight_cpus_at_most(void **state)
{
	struct vgic_config config = {
		.version = 2, .dist = { WORLD_GICD + 0x100000 },
		.cpu_interface = { WORLD_GICC }, .spi_count = 32,
	};

	world_init_v2(8);
	assert_int_equal(world_read(0, WORLD_GICD + 4, 4) >> 5 & 7, 7);
	world.domain.vcpu_count = 9;
	assert_int_equal(vgic_create(&world.domain, &config), -EINVAL);
	world.domain.vcpu_count = 8;
}

static void test_spi(void **state)
{
	up(1);
	make_edge(UART);
	vgic_pulse(&world.domain, NULL, UART);
	assert_int_equal(ack(0), FAKE_SPURIOUS);
	world_irq_enable(0, UART, true);
	assert_int_equal(ack(0), UART);
	fake_guest_eoi(0, UART);
	assert_int_equal(world_drain(0, NULL, 0), 0);

	vgic_set_level(&world.domain, NULL, UART + 1, true);
	world_irq_enable(0, UART + 1, true);
	world_write(0, WORLD_GICD + 0xc08, 4, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ack(0), UART + 1);
		fake_guest_eoi(0, UART + 1);
	}
	/* The distributor holds everything back while it is off. */
	world_write(0, WORLD_GICD, 4, 0);
	assert_int_equal(ack(0), FAKE_SPURIOUS);
}

/* INTIDs below 32 are those of the vCPU that asks. */
static void test_private_is_banked(void **state)
{
	up(2);
	world_irq_enable(1, TIMER, true);
	assert_int_equal(world_read(0, WORLD_GICD + 0x100, 4), 0xffff);
	assert_int_equal(world_read(1, WORLD_GICD + 0x100, 4), 0xffff | 1u << TIMER);
	world_irq_priority(1, TIMER, 0x48);
	assert_int_equal(world_read(0, WORLD_GICD + 0x400 + TIMER, 1), 0);
	assert_int_equal(world_read(1, WORLD_GICD + 0x400 + TIMER, 1), 0x48);
	world_write(1, ISPENDR, 4, 1u << TIMER);
	assert_int_equal(world_read(0, ISPENDR, 4), 0);
	assert_int_equal(world_read(1, ISPENDR, 4), 1u << TIMER);
	assert_int_equal(ack(0), FAKE_SPURIOUS);
	assert_int_equal(ack(1), TIMER);
	assert_int_equal(world_read(1, ISACTIVER, 4), 1u << TIMER);
	assert_int_equal(world_read(0, ISACTIVER, 4), 0);
	fake_guest_eoi(1, TIMER);
}

static void test_forwarded_timer(void **state)
{
	up(2);
	world_irq_enable(1, TIMER, true);
	world_on(1);
	fake_host_activate(1, TIMER);
	vgic_forward(&world.domain, world.domain.vcpus[1], TIMER, TIMER);
	assert_int_equal(ack(1), TIMER);
	assert_true(fake_host_active(1, TIMER));
	fake_guest_eoi(1, TIMER);
	assert_false(fake_host_active(1, TIMER));
}

static void test_targets(void **state)
{
	up(3);
	make_edge(UART);
	world_irq_enable(0, UART, true);
	/* Private ones are whose they are, whatever is written. */
	world_write(2, ITARGETSR + TIMER, 1, 1);
	assert_int_equal(world_read(2, ITARGETSR + 4, 4), 0x04040404);
	assert_int_equal(world_read(0, ITARGETSR + TIMER, 1), 1);
	/* One that nobody set goes to the first. */
	assert_int_equal(world_read(0, ITARGETSR + UART, 1), 1);
	vgic_pulse(&world.domain, NULL, UART);
	assert_int_equal(ack(0), UART);
	fake_guest_eoi(0, UART);
	/* Bytes and words; only vCPUs that exist. */
	world_write(0, ITARGETSR + 32, 4, 0x0104ff02);
	assert_int_equal(world_read(1, ITARGETSR + 32, 4), 0x01040702);
	world_write(0, ITARGETSR + UART, 1, 4);
	assert_int_equal(world_read(1, ITARGETSR + 32, 4), 0x01040402);
	vgic_pulse(&world.domain, NULL, UART);
	assert_int_equal(ack(0), FAKE_SPURIOUS);
	assert_int_equal(ack(2), UART);
	fake_guest_eoi(2, UART);
	/* To nobody: it stays pending, and comes where it is sent at last. */
	world_write(0, ITARGETSR + UART, 1, 0x80);
	assert_int_equal(world_read(1, ITARGETSR + UART, 1), 0);
	vgic_pulse(&world.domain, NULL, UART);
	for (uint32_t n = 0; n < 3; n++) {
		assert_int_equal(ack(n), FAKE_SPURIOUS);
	}
	world_write(0, ITARGETSR + UART, 1, 6);
	assert_int_equal(ack(1), UART);
	fake_guest_eoi(1, UART);
	assert_int_equal(ack(2), FAKE_SPURIOUS);
	/* Past the last INTID, and accesses of other sizes: nothing. */
	assert_int_equal(world_read(0, ITARGETSR + 32 + WORLD_SPIS, 4), 0);
	world_write(0, ITARGETSR + 32 + WORLD_SPIS, 4, 0x01010101);
	world_write(0, ITARGETSR + 32, 2, 0x0101);
	assert_int_equal(world_read(0, ITARGETSR + UART, 1), 6);
	assert_int_equal(world_read(0, ITARGETSR + 32, 2), 0);
}

static void test_sgi_targets(void **state)
{
	up(4);
	world_write(1, SGIR, 4, TO(0x5) | 3);
	assert_int_equal(ack(0), sgi(3, 1));
	assert_int_equal(ack(1), FAKE_SPURIOUS);
	assert_int_equal(ack(2), sgi(3, 1));
	assert_int_equal(ack(3), FAKE_SPURIOUS);
	fake_guest_eoi(0, sgi(3, 1));
	fake_guest_eoi(2, sgi(3, 1));
	world_write(2, SGIR, 4, TO_OTHERS | TO(0xff) | 4);
	for (uint32_t n = 0; n < 4; n++) {
		assert_int_equal(ack(n), n == 2 ? FAKE_SPURIOUS : sgi(4, 2));
		if (n != 2) {
			fake_guest_eoi(n, sgi(4, 2));
		}
	}
	world_write(3, SGIR, 4, TO_SELF | TO(0xff) | 5);
	for (uint32_t n = 0; n < 4; n++) {
		assert_int_equal(ack(n), n == 3 ? sgi(5, 3) : FAKE_SPURIOUS);
	}
	fake_guest_eoi(3, sgi(5, 3));
	/* A reserved filter, vCPUs that do not exist, half a register: nothing. */
	world_write(0, SGIR, 4, 3u << 24 | TO(0xff) | 6);
	world_write(0, SGIR, 4, TO(0xf0) | 6);
	world_write(0, SGIR, 2, 6);
	for (uint32_t n = 0; n < 4; n++) {
		assert_int_equal(ack(n), FAKE_SPURIOUS);
	}
	/* GICv3's way to send them does not exist here. */
	vgic_sgi1r(world_on(0), 1ull << 40);
	assert_int_equal(ack(1), FAKE_SPURIOUS);
}

/* Each sender's signal is one of its own; the same sender's are one. */
static void test_sgi_of_several(void **state)
{
	uint32_t taken[8];

	up(4);
	for (uint32_t from = 0; from < 4; from++) {
		world_write(from, SGIR, 4, TO(1) | 7);
		world_write(from, SGIR, 4, TO(1) | 7);
	}
	assert_int_equal(world_read(0, SPENDSGIR + 7, 1), 0xf);
	assert_int_equal(world_drain(0, taken, 8), 4);
	for (uint32_t from = 0; from < 4; from++) {
		assert_int_equal(taken[from], sgi(7, from));
	}
	assert_int_equal(world_read(0, SPENDSGIR + 7, 1), 0);
}

/* While one sender's is handled another's waits, on any pCPU and without list register too. */
static void test_sgi_while_active(void **state)
{
	up(4);
	world_write(1, SGIR, 4, TO(1) | 2);
	assert_int_equal(ack(0), sgi(2, 1));
	world_write(3, SGIR, 4, TO(1) | 2);
	world_write(1, SGIR, 4, TO(1) | 2);
	assert_int_equal(ack(0), FAKE_SPURIOUS);
	world_save(0);
	world_load(0);
	assert_int_equal(ack(0), FAKE_SPURIOUS);
	assert_int_equal(world_read(0, SPENDSGIR, 4), 0x000a0000);
	fake_guest_eoi(0, sgi(2, 1));
	assert_int_equal(ack(0), sgi(2, 1));
	world_save(0);
	world_load(0);
	world_enter(0);
	fake_guest_eoi(0, sgi(2, 1));
	assert_int_equal(ack(0), sgi(2, 3));
	fake_guest_eoi(0, sgi(2, 3));
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

/* SGIs are set and cleared by sender; the registers of other interrupts leave them alone. */
static void test_sgi_registers(void **state)
{
	up(3);
	world_write(0, ISPENDR, 4, 0xffff);
	assert_int_equal(world_drain(0, NULL, 0), 0);
	world_write(1, SGIR, 4, TO(1) | 8);
	world_write(0, ICPENDR, 4, 0xffff);
	assert_int_equal(world_read(0, ISPENDR, 4), 1u << 8);
	assert_int_equal(world_read(1, ISPENDR, 4), 0);
	world_write(0, SPENDSGIR + 8, 4, 0x0000ff04);
	assert_int_equal(world_read(0, CPENDSGIR + 8, 4), 0x0706);
	world_write(0, CPENDSGIR + 8, 4, 0x0502);
	assert_int_equal(world_read(0, CPENDSGIR + 8, 4), 0x0204);
	assert_int_equal(ack(0), sgi(8, 2));
	fake_guest_eoi(0, sgi(8, 2));
	assert_int_equal(ack(0), sgi(9, 1));
	/* What is handled is not undone, what waits behind it is. */
	world_write(2, SGIR, 4, TO(1) | 9);
	world_write(0, CPENDSGIR + 9, 1, 0xff);
	fake_guest_eoi(0, sgi(9, 1));
	assert_int_equal(world_drain(0, NULL, 0), 0);
}

/* PSCI CPU_ON starts with none of what was sent before. */
static void test_reset_forgets_signals(void **state)
{
	up(2);
	world_write(0, SGIR, 4, TO(2) | 1);
	world_write(1, SGIR, 4, TO(2) | 1);
	world_save(1);
	vgic_vcpu_reset(world.domain.vcpus[1]);
	world_load(1);
	assert_int_equal(world_drain(1, NULL, 0), 0);
	assert_int_equal(world_read(1, SPENDSGIR, 4), 0);
}

static uint32_t seed = 12345;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* Random senders and handlers: every signal is taken, none twice, none that nobody sent. */
static void test_sgi_histories(void **state)
{
	uint8_t sent[4][16] = { { 0 } };
	uint32_t handled[4] = { 0 };
	bool handling[4] = { false };

	up(4);
	fake_lr_count = 2;
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t n = any(4);
		uint32_t to = any(4);
		uint32_t intid = any(6);

		switch (any(5)) {
		case 0:
		case 1:
			/* One whose handling another vCPU may begin would be sent or merged. */
			world_write(n, SGIR, 4, TO(1u << to) | intid);
			sent[to][intid] |= (uint8_t)(1u << n);
			break;
		case 2:
			world_save(n);
			world_load(n);
			break;
		default:
			if (handling[n]) {
				world_enter(n);
				fake_guest_eoi(n, handled[n]);
				handling[n] = false;
				break;
			}
			handled[n] = ack(n);
			handling[n] = handled[n] != FAKE_SPURIOUS;
			if (handling[n]) {
				uint32_t bit = 1u << (handled[n] >> FAKE_SENDER_SHIFT);

				assert_true(sent[n][handled[n] & 15] & bit);
				sent[n][handled[n] & 15] &= (uint8_t)~bit;
			} else {
				for (uint32_t i = 0; i < 16; i++) {
					assert_int_equal(sent[n][i], 0);
				}
			}
			break;
		}
	}
}

/* A hostile guest writes anything anywhere; afterwards an interrupt still comes, once. */
static void test_random_registers(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8 };

	up(4);
	for (uint32_t i = 0; i < 30000; i++) {
		uint32_t n = any(4);
		uint32_t size = sizes[any(4)];
		uint64_t at =
			WORLD_GICD + ALIGN_DOWN(any(4) ? any(0x1000) : 0xf00 + any(0x40), size);

		if (any(3) != 0) {
			world_write(n, at, size, (uint64_t)any(1u << 24) << 8 | any(256));
		} else {
			world_read(n, at, size);
		}
		if (any(8) == 0) {
			vgic_set_level(&world.domain, NULL, UART, any(2) != 0);
		}
		if (any(16) == 0) {
			world_save(n);
			world_load(n);
		}
	}
	world_enable();
	for (uint32_t n = 0; n < 4; n++) {
		for (uint32_t at = 0; at < 12; at += 4) {
			world_write(n, WORLD_GICD + 0x180 + at, 4, ~0u);
			world_write(n, WORLD_GICD + 0x380 + at, 4, ~0u);
		}
		world_write(n, CPENDSGIR, 4, ~0u);
		world_drain(n, NULL, 0);
	}
	world_irq_enable(2, 3, true);
	world_irq_priority(2, 3, 0);
	world_write(1, SGIR, 4, TO(4) | 3);
	assert_int_equal(ack(2), sgi(3, 1));
	fake_guest_eoi(2, sgi(3, 1));
	assert_int_equal(ack(2), FAKE_SPURIOUS);
}

/* GICH_LR as IHI0048B 5.3.14 has it. */
static void test_list_register_layout(void **state)
{
	assert_int_equal(gich_lr_encode(LR_GROUP1 | LR_PENDING | LR_PRIORITY(0xa0) | 45),
			 1u << 28 | 0x14u << 23 | 45);
	assert_int_equal(gich_lr_encode(LR_GROUP1 | LR_ACTIVE | LR_HW | LR_HOST_INTID(1019) | 27),
			 1u << 31 | 1u << 29 | 1019u << 10 | 27);
	assert_int_equal(gich_lr_encode(LR_GROUP1 | LR_STATE | LR_EOI | LR_SOURCE(5) | 15),
			 3u << 28 | 1u << 19 | 5u << 10 | 15);
	assert_int_equal(gich_lr_decode(1u << 31 | 1u << 28 | 0x1fu << 23 | 300u << 10 | 34),
			 LR_GROUP1 | LR_HW | LR_PENDING | LR_PRIORITY(0xf8) | LR_HOST_INTID(300) |
				 34);
	/* A guest enables group 0; the virtual GIC calls it 1. The rest stays where it is. */
	assert_int_equal(gich_vmcr_swap(0xf0000201), 0xf0000202);
	assert_int_equal(gich_vmcr_swap(0xf0000202), 0xf0000201);
	assert_int_equal(gich_vmcr_swap(3), 3);
	assert_int_equal(gich_vmcr_swap(0x80000000), 0x80000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_identification, teardown),
		cmocka_unit_test_teardown(test_eight_cpus_at_most, teardown),
		cmocka_unit_test_teardown(test_spi, teardown),
		cmocka_unit_test_teardown(test_private_is_banked, teardown),
		cmocka_unit_test_teardown(test_forwarded_timer, teardown),
		cmocka_unit_test_teardown(test_targets, teardown),
		cmocka_unit_test_teardown(test_sgi_targets, teardown),
		cmocka_unit_test_teardown(test_sgi_of_several, teardown),
		cmocka_unit_test_teardown(test_sgi_while_active, teardown),
		cmocka_unit_test_teardown(test_sgi_registers, teardown),
		cmocka_unit_test_teardown(test_reset_forgets_signals, teardown),
		cmocka_unit_test_teardown(test_sgi_histories, teardown),
		cmocka_unit_test_teardown(test_random_registers, teardown),
		cmocka_unit_test_teardown(test_list_register_layout, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
