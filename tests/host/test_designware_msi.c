/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI block of a DesignWare bridge, as an MSI controller, against two models of it: silicon,
 * and QEMU's, where masks count only as a message comes and a 1 written over a 0 sets the bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/mmio.h"
#include "fake_irq.h"
#include "fake_log.h"
#include "irq/irq.h"
#include "lib/errno.h"
#include "model_dw.h"
#include "pci/bridges/designware.h"

#define LINE 172

struct machine machine;

static struct designware d;
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

static void raise_msi(uint32_t data)
{
	struct msi_message m;

	msi->ops->message(msi, data, &m);
	assert_int_equal(m.data, data);
	assert_true(model_dw_msi(m.address, data));
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

/* Interrupts until there is none: the line is a level, and EL2 may have made one pending itself. */
static uint32_t interrupts(void)
{
	uint32_t count = 0;

	do {
		if (model_dw_msi_line()) {
			fake_irq_raise(LINE);
		}
		count++;
		assert_true(count < 100);
	} while (fake_irq_take() != 0);
	return count - 1;
}

static int setup_off(void **state)
{
	model_dw_init();
	fake_irq_reset();
	fake_log_clear();
	memset(&d, 0, sizeof(d));
	memset(&desc, 0, sizeof(desc));
	strcpy(desc.path, "/soc@0/pcie@33800000");
	desc.regs = (struct range){ MODEL_DW_DBI, MODEL_DW_SIZE };
	desc.msi_intid = LINE;
	d.dbi = mmio_map_device(MODEL_DW_DBI, DW_DBI_SIZE);
	fired_count = 0;
	again_left = 0;
	register_error = 0;
	return 0;
}

static int setup(void **state)
{
	setup_off(state);
	msi = dw_msi_start(&d, &desc);
	assert_non_null(msi);
	return 0;
}

static int setup_qemu(void **state)
{
	setup_off(state);
	model_dw.msi_like_qemu = true;
	msi = dw_msi_start(&d, &desc);
	assert_non_null(msi);
	return 0;
}

static int teardown(void **state)
{
	model_dw_free();
	return 0;
}

static void test_start(void **state)
{
	struct msi_message m;

	assert_int_equal(msi->vector_count, 32);
	/* No page to map for devices: the bridge takes the writes. */
	assert_int_equal(msi->doorbell.v, 0);
	msi->ops->message(msi, 9, &m);
	assert_int_equal(m.address, MODEL_DW_DBI);
	assert_int_equal(m.data, 9);
	/* What comes before anybody asks interrupts nobody. */
	raise_msi(0);
	assert_int_equal(interrupts(), 0);
	assert_false(model_dw_msi(m.address + 4, 0));
	assert_false(model_dw_msi(m.address | 1ULL << 32, 0));
}

static void test_masked_ones_wait(void **state)
{
	msi->ops->unmask(msi, 3);
	raise_msi(4);
	raise_msi(3);
	assert_int_equal(interrupts(), 1);
	assert_int_equal(fired_count, 1);
	assert_int_equal(fired[0], 3);
	/* One that was taken while masked, and one that was not even looked at. */
	raise_msi(5);
	msi->ops->unmask(msi, 4);
	msi->ops->unmask(msi, 5);
	assert_int_equal(interrupts(), 1);
	assert_int_equal(fired_count, 3);
	assert_int_equal(fired[1], 4);
	assert_int_equal(fired[2], 5);
	/* A mask that comes while the interrupt is on its way. */
	raise_msi(3);
	msi->ops->mask(msi, 3);
	interrupts();
	assert_int_equal(fired_count, 3);
	msi->ops->unmask(msi, 3);
	assert_int_equal(interrupts(), 1);
	assert_int_equal(fired_count, 4);
	assert_int_equal(interrupts(), 0);
}

/* The next owner gets nothing of the one before, whether it was looked at or not. */
static void test_cleared_ones_are_forgotten(void **state)
{
	for (uint32_t looked = 0; looked < 2; looked++) {
		raise_msi(7);
		if (looked) {
			msi->ops->unmask(msi, 8);
			raise_msi(8);
			assert_int_equal(interrupts(), 1);
		}
		msi->ops->clear(msi, 7);
		msi->ops->unmask(msi, 7);
		interrupts();
		assert_int_equal(fired_count, looked);
		msi->ops->mask(msi, 7);
	}
	/* Of others nothing is lost. */
	raise_msi(9);
	msi->ops->clear(msi, 7);
	msi->ops->unmask(msi, 9);
	assert_int_equal(interrupts(), 1);
	assert_int_equal(fired[fired_count - 1], 9);
}

static void test_all_at_once(void **state)
{
	for (uint32_t v = 0; v < 32; v++) {
		msi->ops->unmask(msi, v);
		raise_msi(v);
		raise_msi(v);
	}
	assert_int_equal(interrupts(), 1);
	assert_int_equal(fired_count, 32);
	for (uint32_t v = 0; v < 32; v++) {
		assert_int_equal(fired[v], v);
	}
}

/* One raised while it is delivered is delivered again; one without end does not keep the CPU. */
static void test_again_while_delivered(void **state)
{
	again = 7;
	again_left = 1;
	msi->ops->unmask(msi, 7);
	raise_msi(7);
	assert_int_equal(interrupts(), 1);
	assert_int_equal(fired_count, 2);
	again_left = 40;
	raise_msi(7);
	assert_true(interrupts() > 3);
	assert_int_equal(fired_count, 2 + 41);
}

static enum irq_result taken(uint32_t intid, void *arg)
{
	return IRQ_HANDLED;
}

/* Refused in words, with nothing enabled and the line free. */
static void refused(const char *why)
{
	assert_null(dw_msi_start(&d, &desc));
	assert_true(fake_log_has(why));
	assert_int_equal(mmio_read32(d.dbi + DW_MSI_ENABLE), 0);
	fake_log_clear();
}

static void test_not_without(void **state)
{
	desc.msi_intid = 0;
	refused("no interrupt");
	desc.msi_intid = LINE;
	assert_int_equal(irq_request(LINE, false, taken, NULL), 0);
	refused("no interrupt");
	irq_release(LINE);
	register_error = -ENOSPC;
	refused("too many");
	register_error = 0;
	desc.windows[0] = (struct machine_window){ WINDOW_MEM32, false, MODEL_DW_DBI - 0x1000,
						   0x18000000, 0x2000 };
	desc.window_count = 1;
	refused("no bus address");
	desc.windows[0].pci -= 0x1000;
	assert_non_null(dw_msi_start(&d, &desc));
}

#define BOTH(test)                                                                                 \
	cmocka_unit_test_setup_teardown(test, setup, teardown),                                    \
		cmocka_unit_test_setup_teardown(test, setup_qemu, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_start),
		BOTH(test_masked_ones_wait),
		BOTH(test_cleared_ones_are_forgotten),
		BOTH(test_all_at_once),
		BOTH(test_again_while_delivered),
		cmocka_unit_test_setup_teardown(test_not_without, setup_off, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
