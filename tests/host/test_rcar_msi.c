/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSI block of the R-Car Gen3 bridge, as an MSI controller, against the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_irq.h"
#include "fake_log.h"
#include "irq/irq.h"
#include "lib/errno.h"
#include "model_rcar.h"
#include "pci/bridges/bridges.h"
#include "pci/bridges/rcar_gen3.h"

#define LINE0 148
#define LINE1 149

struct machine machine;

static struct rcar_gen3 r;
static struct machine_bridge desc;
static struct msi_controller *msi;
static uint32_t fired[64];
static uint32_t fired_count;
static uint32_t again; /* a vector its device raises again from inside the handler, so often */
static uint32_t again_left;
static int register_error;

int msi_register(struct msi_controller *c)
{
	return register_error;
}

void pci_access_failed(struct sbdf where)
{
}

static void raise_msi(uint32_t data)
{
	struct msi_message m;

	msi->ops->message(msi, 0, &m);
	assert_true(model_rcar_msi(m.address, data));
}

void msi_fired(struct msi_controller *c, uint32_t vector)
{
	assert_ptr_equal(c, msi);
	assert_true(fired_count < ARRAY_SIZE(fired));
	fired[fired_count++] = vector;
	if (vector == again && again_left > 0) {
		again_left--;
		raise_msi(vector);
	}
}

/* The line is a level: as long as it is up, the handler is called. */
static uint32_t interrupts(uint32_t intid)
{
	uint32_t count = 0;

	for (; model_rcar_msi_line(); count++) {
		assert_true(count < 100);
		fake_irq_raise(intid);
		assert_int_equal(fake_irq_take(), 1);
	}
	return count;
}

static int setup(void **state)
{
	model_rcar_init();
	fake_irq_reset();
	fake_log_clear();
	memset(&r, 0, sizeof(r));
	memset(&desc, 0, sizeof(desc));
	strcpy(desc.path, "/soc/pcie@fe000000");
	desc.cfg = (struct range){ MODEL_RCAR_BASE, MODEL_RCAR_SIZE };
	desc.intids[0] = LINE0;
	desc.intids[1] = LINE1;
	r.regs = mmio_map_device(desc.cfg.base, desc.cfg.size);
	fired_count = 0;
	again_left = 0;
	register_error = 0;
	return 0;
}

static int setup_up(void **state)
{
	setup(state);
	msi = rcar_gen3_msi_start(&r, &desc);
	assert_non_null(msi);
	return 0;
}

static int teardown(void **state)
{
	model_rcar_free();
	return 0;
}

static void test_start(void **state)
{
	struct msi_message m;
	uint64_t local;

	assert_int_equal(msi->vector_count, 32);
	/* No page to map for devices: the bridge takes the writes. */
	assert_int_equal(msi->doorbell.v, 0);
	msi->ops->message(msi, 9, &m);
	assert_int_equal(m.address, MODEL_RCAR_BASE);
	assert_int_equal(m.data, 9);
	/* What firmware left, and what comes before anybody asks, interrupts nobody. */
	assert_false(model_rcar_msi_line());
	raise_msi(0);
	assert_false(model_rcar_msi_line());
	/* Four bytes further it is an ordinary write. */
	assert_false(model_rcar_msi(m.address + 4, 0));
	assert_false(model_rcar_msi(m.address | 1ULL << 32, 0));
	assert_false(model_rcar_inbound(m.address + 4, &local));
}

static void test_masked_ones_wait(void **state)
{
	msi->ops->unmask(msi, 3);
	raise_msi(3);
	raise_msi(4);
	assert_int_equal(interrupts(LINE0), 1);
	assert_int_equal(fired_count, 1);
	assert_int_equal(fired[0], 3);
	msi->ops->unmask(msi, 4);
	assert_int_equal(interrupts(LINE1), 1);
	assert_int_equal(fired[1], 4);
	msi->ops->mask(msi, 3);
	raise_msi(3);
	raise_msi(4);
	assert_int_equal(interrupts(LINE0), 1);
	assert_int_equal(fired_count, 3);
	/* Unless its next owner asks that it be forgotten. */
	msi->ops->clear(msi, 3);
	msi->ops->unmask(msi, 3);
	assert_int_equal(interrupts(LINE0), 0);
}

static void test_all_at_once(void **state)
{
	for (uint32_t v = 0; v < 32; v++) {
		msi->ops->unmask(msi, v);
		raise_msi(v);
		raise_msi(v);
	}
	assert_int_equal(interrupts(LINE0), 1);
	assert_int_equal(fired_count, 32);
	for (uint32_t v = 0; v < 32; v++) {
		assert_int_equal(fired[v], v);
	}
	/* Data nobody was given. */
	raise_msi(32);
	raise_msi(0xffffffff);
	assert_int_equal(interrupts(LINE0), 0);
}

/* One raised while it is delivered is delivered again; one without end does not keep the CPU. */
static void test_again_while_delivered(void **state)
{
	again = 7;
	again_left = 1;
	msi->ops->unmask(msi, 7);
	raise_msi(7);
	assert_int_equal(interrupts(LINE0), 1);
	assert_int_equal(fired_count, 2);
	again_left = 40;
	raise_msi(7);
	assert_true(interrupts(LINE0) > 3);
	assert_int_equal(fired_count, 2 + 41);
}

static uint32_t pins;

static enum irq_result pin_irq(uint32_t intid, void *arg)
{
	pins++;
	return IRQ_HANDLED;
}

/* INTx comes by the first line, and is what is up when no flag is. */
static void test_pins_share_the_line(void **state)
{
	pins = 0;
	msi->ops->unmask(msi, 5);
	assert_int_equal(irq_request(LINE0, false, pin_irq, NULL), 0);
	irq_enable(LINE0);
	raise_msi(5);
	assert_int_equal(interrupts(LINE0), 1);
	assert_int_equal(fired_count, 1);
	assert_int_equal(pins, 0);
	fake_irq_raise(LINE0);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(pins, 1);
	/* A masked vector's flag is nobody's business. */
	raise_msi(6);
	fake_irq_raise(LINE0);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(pins, 2);
	assert_int_equal(fired_count, 1);
}

/* Two controllers: each takes its own address and tells of its own flags. */
static void test_two_blocks(void **state)
{
	static struct rcar_gen3 other;
	struct machine_bridge other_desc = desc;
	struct msi_controller *second;
	struct msi_message mine, its;

	memset(&other, 0, sizeof(other));
	other_desc.cfg.base = MODEL_RCAR_SECOND;
	other_desc.intids[0] = 180;
	other_desc.intids[1] = 181;
	other.regs = mmio_map_device(MODEL_RCAR_SECOND, MODEL_RCAR_SIZE);
	second = rcar_gen3_msi_start(&other, &other_desc);
	assert_non_null(second);
	msi->ops->message(msi, 3, &mine);
	second->ops->message(second, 3, &its);
	assert_true(mine.address != its.address);
	assert_false(model_rcar_msi_at(0, its.address, 3));
	assert_false(model_rcar_msi_at(1, mine.address, 3));

	second->ops->unmask(second, 3);
	assert_true(model_rcar_msi_at(0, mine.address, 3));
	assert_false(model_rcar_msi_line_of(0));
	assert_true(model_rcar_msi_at(1, its.address, 3));
	assert_true(model_rcar_msi_line_of(1));
	msi = second;
	fake_irq_raise(180);
	assert_int_equal(fake_irq_take(), 1);
	assert_int_equal(fired_count, 1);
	assert_false(model_rcar_msi_line_of(1));
	/* The first one's flag waits where it is. */
	second->ops->mask(second, 3);
	msi = &r.msi;
	msi->ops->unmask(msi, 3);
	assert_int_equal(interrupts(LINE1), 1);
	assert_int_equal(fired_count, 2);
}

static void test_no_lines_no_msi(void **state)
{
	fake_irq_reset();
	desc.intids[1] = 0;
	assert_null(rcar_gen3_msi_start(&r, &desc));
	assert_true(fake_log_has("no MSI"));
	/* The first one is given back. */
	desc.intids[1] = LINE1;
	assert_non_null(rcar_gen3_msi_start(&r, &desc));
	assert_null(rcar_gen3_msi_start(&r, &desc));
	fake_irq_reset();
	register_error = -ENOSPC;
	assert_null(rcar_gen3_msi_start(&r, &desc));
	assert_null(rcar_gen3_msi_start(&r, &desc));
	assert_true(fake_log_has("too many"));
	/* Not taking anything, either. */
	assert_false(model_rcar_msi(MODEL_RCAR_BASE, 0));
}

int main(void)
{
#define T(name, up) cmocka_unit_test_setup_teardown(name, up, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_start, setup_up),
		T(test_masked_ones_wait, setup_up),
		T(test_all_at_once, setup_up),
		T(test_again_while_delivered, setup_up),
		T(test_pins_share_the_line, setup_up),
		T(test_two_blocks, setup_up),
		T(test_no_lines_no_msi, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
