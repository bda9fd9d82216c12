/* SPDX-License-Identifier: BSD-2-Clause */
/* MSI controllers without an ITS: who owns a vector, what of it reaches whom, and GICv2m frames. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arm64/mmio.h"
#include "core/machine.h"
#include "fake_log.h"
#include "irq/gicv2m.h"
#include "irq/irq.h"
#include "irq/msi.h"
#include "lib/errno.h"

#define FRAME    0x8020000ull
#define FIRST    80u
#define SPIS     64u
#define VECTORS  32u

struct machine machine;

/* A controller of 32 vectors behind one interrupt. */
static struct {
	bool masked[VECTORS];
	bool pending[VECTORS];
} hw;

static void hw_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	m->address = c->doorbell.v;
	m->data = vector;
}

static void hw_mask(struct msi_controller *c, uint32_t vector)
{
	hw.masked[vector] = true;
}

static void hw_unmask(struct msi_controller *c, uint32_t vector)
{
	hw.masked[vector] = false;
}

static void hw_clear(struct msi_controller *c, uint32_t vector)
{
	/* Its owner must not hear what was there before, nor miss what comes from now on. */
	assert_true(hw.masked[vector]);
	assert_null(c->vectors[vector].handler);
	hw.pending[vector] = false;
}

static const struct msi_ops hw_ops = {
	.message = hw_message, .mask = hw_mask, .unmask = hw_unmask, .clear = hw_clear,
};

static struct msi_controller block = {
	.ops = &hw_ops, .name = "block", .phandle = 7, .vector_count = VECTORS,
	.doorbell = { 0xfe000000 },
};

/* GIC lines below the frame's driver. */
static struct {
	irq_handler handler;
	void *arg;
	bool enabled, pending;
	uint32_t cpu;
} lines[256];

int irq_request(uint32_t intid, bool edge, irq_handler handler, void *arg)
{
	assert_true(edge);
	if (lines[intid].handler != NULL) {
		return -EBUSY;
	}
	lines[intid].handler = handler;
	lines[intid].arg = arg;
	return 0;
}

void irq_enable(uint32_t intid)
{
	lines[intid].enabled = true;
}

void irq_disable(uint32_t intid)
{
	lines[intid].enabled = false;
}

void irq_clear_pending(uint32_t intid)
{
	lines[intid].pending = false;
}

void irq_set_affinity(uint32_t intid, uint32_t cpu)
{
	lines[intid].cpu = cpu;
}

static uint32_t typer;

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));

	assert_true(base >= FRAME && size == sizeof(page));
	return page;
}

uint32_t mmio_read32(const volatile void *p)
{
	assert_int_equal((uintptr_t)p & 0xfff, 0x008);
	return typer;
}

static uint32_t heard[VECTORS];

static void hear(void *arg, uint32_t index)
{
	heard[(uintptr_t)arg + index]++;
}

static void fire(uint32_t vector)
{
	hw.pending[vector] = true;
	if (!hw.masked[vector]) {
		hw.pending[vector] = false;
		msi_fired(&block, vector);
	}
}

static int setup(void **state)
{
	static bool registered;

	memset(&hw, 0, sizeof(hw));
	memset(hw.masked, 1, sizeof(hw.masked));
	memset(heard, 0, sizeof(heard));
	fake_log_clear();
	if (!registered) {
		assert_int_equal(msi_register(&block), 0);
		registered = true;
	}
	return 0;
}

static void test_runs_are_aligned(void **state)
{
	uint32_t one, four, two, eight, n;

	assert_int_equal(msi_alloc(&block, 1, hear, NULL, &one), 0);
	assert_int_equal(msi_alloc(&block, 4, hear, NULL, &four), 0);
	assert_int_equal(msi_alloc(&block, 2, hear, NULL, &two), 0);
	assert_int_equal(msi_alloc(&block, 8, hear, NULL, &eight), 0);
	assert_int_equal(four % 4, 0);
	assert_int_equal(two % 2, 0);
	assert_int_equal(eight % 8, 0);
	assert_int_equal(block.used, 15);
	assert_int_equal(msi_alloc(&block, 32, hear, NULL, &n), -ENOSPC);
	assert_int_equal(msi_alloc(&block, 16, hear, NULL, &n), 0);
	assert_int_equal(n, 16);
	assert_int_equal(msi_alloc(&block, 1, hear, NULL, &n), 0);
	assert_int_equal(msi_alloc(&block, 1, hear, NULL, &n), -ENOSPC);
	msi_free(&block, four, 4);
	assert_int_equal(msi_alloc(&block, 2, hear, NULL, &n), 0);
	assert_in_range(n, four, four + 2);
	assert_int_equal(msi_alloc(&block, 3, hear, NULL, &n), -EINVAL);
	assert_int_equal(msi_alloc(&block, 0, hear, NULL, &n), -EINVAL);
	assert_int_equal(msi_alloc(&block, 64, hear, NULL, &n), -EINVAL);
	for (uint32_t i = 0; i < VECTORS; i++) {
		if (block.vectors[i].handler != NULL) {
			msi_free(&block, i, 1);
		}
	}
	assert_int_equal(block.used, 0);
	assert_int_equal(msi_alloc(&block, 32, hear, NULL, &n), 0);
	msi_free(&block, n, 32);
}

static void test_each_vector_reaches_its_owner(void **state)
{
	struct msi_message m;
	uint32_t a, b;

	assert_int_equal(msi_alloc(&block, 4, hear, (void *)0, &a), 0);
	assert_int_equal(msi_alloc(&block, 2, hear, (void *)8, &b), 0);
	msi_message(&block, b + 1, &m);
	assert_int_equal(m.address, 0xfe000000);
	assert_int_equal(m.data, b + 1);
	for (uint32_t i = 0; i < 4; i++) {
		msi_unmask(&block, a + i);
	}
	msi_unmask(&block, b + 1);
	fire(a + 2);
	fire(a + 2);
	fire(b + 1);
	assert_int_equal(heard[2], 2);
	assert_int_equal(heard[9], 1);
	/* Masked: it waits. */
	fire(b);
	assert_int_equal(heard[8], 0);
	assert_true(hw.pending[b]);
	msi_mask(&block, a + 2);
	fire(a + 2);
	assert_int_equal(heard[2], 2);
	msi_route(&block, a, 3); /* it has one interrupt for all */
	msi_free(&block, a, 4);
	msi_free(&block, b, 2);
}

/* What a device raised while a vector was another's, or nobody's, is not the next owner's. */
static void test_nothing_is_inherited(void **state)
{
	uint32_t a;

	assert_int_equal(msi_alloc(&block, 1, hear, (void *)0, &a), 0);
	msi_unmask(&block, a);
	msi_free(&block, a, 1);
	assert_true(hw.masked[a]);
	fire(a);
	assert_int_equal(heard[0], 0);
	assert_int_equal(msi_alloc(&block, 1, hear, (void *)1, &a), 0);
	assert_false(hw.pending[a]);
	assert_true(hw.masked[a]);
	msi_free(&block, a, 1);
}

static void test_strays_are_masked_and_counted(void **state)
{
	uint64_t before = block.strays;

	for (uint32_t i = 0; i < 5; i++) {
		hw.masked[20] = false; /* hardware that does not mask */
		fire(20);
		assert_true(hw.masked[20]);
	}
	assert_int_equal(block.strays - before, 5);
	assert_true(fake_log_has("block: vector 20 fired and is nobody's; masked"));
	assert_int_equal(fake_log_lines, 3); /* the first, second and fourth */
	/* A driver that reads nonsense. */
	msi_fired(&block, VECTORS);
	assert_int_equal(block.strays - before, 5);
}

static void test_found_by_phandle(void **state)
{
	struct msi_controller none = { .ops = &hw_ops, .name = "none" };

	assert_ptr_equal(msi_by_phandle(7), &block);
	assert_null(msi_by_phandle(8));
	assert_int_equal(msi_register(&none), -EINVAL);
	none.vector_count = MSI_VECTORS_MAX + 1;
	assert_int_equal(msi_register(&none), -EINVAL);
}

static void test_gicv2m(void **state)
{
	struct msi_controller *c;
	struct msi_message m;
	uint32_t first;

	typer = FIRST << 16 | SPIS;
	machine.gic.frames[0] = (struct machine_frame){ .regs = { FRAME, 0x1000 }, .phandle = 20 };
	/* The tree corrects the second one; of its eight SPIs the last two are another's. */
	machine.gic.frames[1] = (struct machine_frame){
		.regs = { FRAME + 0x1000, 0x1000 }, .phandle = 21, .first = 200, .count = 8,
	};
	/* This one names none. */
	machine.gic.frames[2] = (struct machine_frame){
		.regs = { FRAME + 0x2000, 0x1000 }, .phandle = 22, .first = FIRST, .count = 2,
	};
	machine.gic.frame_count = 3;
	assert_int_equal(irq_request(206, true, (irq_handler)1, NULL), 0);
	gicv2m_init();
	assert_null(msi_by_phandle(22));
	assert_true(fake_log_has("no SPIs (first 80, 2 of them), not used"));
	assert_int_equal(msi_by_phandle(21)->vector_count, 6);
	c = msi_by_phandle(20);
	assert_non_null(c);
	assert_int_equal(c->vector_count, SPIS);

	lines[FIRST + 4].pending = true;
	assert_int_equal(msi_alloc(c, 8, hear, (void *)0, &first), 0);
	assert_false(lines[FIRST + 4].pending);
	msi_message(c, first + 4, &m);
	assert_int_equal(m.address, FRAME + 0x40);
	assert_int_equal(m.data, FIRST + first + 4);
	assert_false(lines[m.data].enabled);
	msi_route(c, first + 4, 3);
	msi_unmask(c, first + 4);
	assert_true(lines[m.data].enabled);
	assert_int_equal(lines[m.data].cpu, 3);
	assert_int_equal(lines[m.data].handler(m.data, lines[m.data].arg), IRQ_HANDLED);
	assert_int_equal(heard[4], 1);
	msi_free(c, first, 8);
	assert_false(lines[m.data].enabled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_runs_are_aligned, setup),
		cmocka_unit_test_setup(test_each_vector_reaches_its_owner, setup),
		cmocka_unit_test_setup(test_nothing_is_inherited, setup),
		cmocka_unit_test_setup(test_strays_are_masked_and_counted, setup),
		cmocka_unit_test_setup(test_found_by_phandle, setup),
		cmocka_unit_test_setup(test_gicv2m, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
