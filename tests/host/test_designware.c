/* SPDX-License-Identifier: BSD-2-Clause */
/* The DesignWare host bridge driver against a model of the controller, in both its variants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "boot/dom0_msi.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "fake_irq.h"
#include "lib/errno.h"
#include "model_dw.h"
#include "pci/bridges/bridges.h"
#include "pci/bridges/designware.h"
#include "pci/pci_contain.h"
#include "pci/registry.h"
#include "vpci/front.h"

#define NVME  0x00101b36U
#define E1000 0x10d38086U

struct machine machine;
const struct host_bridge_ops *const host_bridge_table[] = { &designware_ops, NULL };

static struct machine_bridge *const desc = &machine.bridges[0];

void pci_access_failed(struct sbdf where)
{
	(void)where;
	fail();
}

static uint32_t blocks;

int msi_register(struct msi_controller *c)
{
	blocks++;
	return 0;
}

void msi_fired(struct msi_controller *c, uint32_t vector)
{
	fail();
}

/* What boot/dom0_msi.c asks besides: no frame of a GIC, no front end. */
struct msi_controller *msi_by_phandle(uint32_t phandle)
{
	fail();
	return NULL;
}

void msi_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	fail();
}

const struct vpci_front_ops *vpci_front_of(const struct host_bridge *b)
{
	return NULL;
}

/* QEMU's imx8mp-evk. */
static int setup(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	machine.bridge_count = 1;
	desc->compatible = "fsl,imx8mp-pcie";
	strcpy(desc->path, "/soc@0/pcie@33800000");
	desc->bus_end = 255;
	desc->cfg = (struct range){ MODEL_DW_CONFIG, 0x80000 };
	desc->regs = (struct range){ MODEL_DW_DBI, MODEL_DW_SIZE };
	desc->windows[0] =
		(struct machine_window){ WINDOW_MEM32, false, 0x18000000, 0x18000000, 0x7f00000 };
	desc->window_count = 1;
	machine.ram[0] = (struct range){ 0x40000000, 0x80000000 };
	machine.ram_count = 1;
	model_dw_init();
	fake_irq_reset();
	host_bridge_count = 0;
	return 0;
}

/* Silicon: regions side by side, 64 KiB granule, an I/O window at PCI address 0. */
static int setup_unrolled(void **state)
{
	setup(state);
	model_dw.unrolled = true;
	model_dw.granule = 0xffff;
	desc->windows[1] =
		(struct machine_window){ WINDOW_IO, false, 0, 0x1ff80000, 0x10000 };
	desc->window_count = 2;
	machine.ram[0].size = 0xc0000000;
	machine.ram[1] = (struct range){ 0x100000000, 0xc0000000 };
	machine.ram_count = 2;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (host_bridge_count == 1) {
		heap_free(host_bridges[0].priv);
	}
	model_dw_free();
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static void start(void)
{
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 1);
}

static void refuses_to_start(void)
{
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
}

static uint32_t read_at(uint8_t bus, uint8_t dev, uint8_t fn, uint32_t offset, uint32_t size)
{
	return host_bridge_read(&host_bridges[0], sbdf_make(0, bus, dev, fn), offset, size);
}

static void write_at(uint8_t bus, uint8_t dev, uint8_t fn, uint32_t offset, uint32_t size,
		     uint32_t value)
{
	host_bridge_write(&host_bridges[0], sbdf_make(0, bus, dev, fn), offset, size, value, 0);
}

/* Bus 1: an upstream port; bus 2: two downstream ports; bus 3: NVMe; bus 4: a network card. */
static void build_switch(void)
{
	struct model_pci *m = &model_dw.pci;
	struct model_function *up = model_port(m, model_dw.port, 0, 0, 5, false, false);
	struct model_function *down0 = model_port(m, up, 0, 0, 6, false, false);
	struct model_function *down1 = model_port(m, up, 1, 0, 6, false, false);

	model_endpoint(m, down0, 0, 0, NVME, 0x010802);
	model_endpoint(m, down1, 0, 0, E1000, 0x020000);
	start();
	write_at(0, 0, 0, 0x18, 4, 0x040100);
	write_at(1, 0, 0, 0x18, 4, 0x040201);
	write_at(2, 0, 0, 0x18, 4, 0x030302);
	write_at(2, 1, 0, 0x18, 4, 0x040402);
}

static void test_windows(void **state)
{
	uint64_t at;
	uint32_t kind;

	(void)state;
	start();
	for (uint32_t i = 0; i < desc->window_count; i++) {
		const struct machine_window *w = &desc->windows[i];

		assert_true(model_dw_outbound(w->cpu, &at, &kind));
		assert_int_equal(at, w->pci);
		assert_int_equal(kind, w->kind == WINDOW_IO ? 2 : 0);
		assert_true(model_dw_outbound(w->cpu + w->size - 4, &at, &kind));
		assert_int_equal(at, w->pci + w->size - 4);
		assert_false(model_dw_outbound(w->cpu + w->size, &at, &kind) &&
			     kind == (w->kind == WINDOW_IO ? 2U : 0U));
	}
	for (uint32_t i = 0; i < machine.ram_count; i++) {
		const struct range *ram = &machine.ram[i];

		assert_true(model_dw_inbound(ram->base, &at));
		assert_int_equal(at, ram->base);
		assert_true(model_dw_inbound(ram->base + ram->size - 1, &at));
		assert_int_equal(at, ram->base + ram->size - 1);
	}
	assert_false(model_dw_inbound(0x300000000, &at));
}

static void test_functions_below_a_switch(void **state)
{
	(void)state;
	build_switch();
	assert_int_equal(read_at(3, 0, 0, 0, 4), NVME);
	assert_int_equal(read_at(4, 0, 0, 0, 4), E1000);
	assert_int_equal(read_at(4, 0, 0, 2, 2), E1000 >> 16);
	assert_int_equal(read_at(3, 0, 0, 0x0b, 1), 0x01);
	assert_int_equal(read_at(2, 2, 0, 0, 4), 0xffffffff);
	assert_int_equal(read_at(5, 0, 0, 0, 2), 0xffff);
	/* Narrow writes stay narrow beyond the port. */
	write_at(4, 0, 0, 0x3c, 1, 0x55);
	assert_int_equal(model_dw.pci.writes[model_dw.pci.write_count - 1].size, 1);
}

/* The link's partner answers for each device number, and nobody else is on the root bus. */
static void test_one_device_on_a_link(void **state)
{
	uint32_t cycles;

	(void)state;
	build_switch();
	cycles = model_dw.cycles;
	for (uint8_t dev = 1; dev < 32; dev++) {
		assert_int_equal(read_at(1, dev, 0, 0, 4), 0xffffffff);
		assert_int_equal(read_at(0, dev, 0, 0, 4), 0xffffffff);
	}
	assert_int_equal(read_at(0, 0, 1, 0, 4), 0xffffffff);
	assert_int_equal(model_dw.cycles, cycles);
}

static void test_region_is_set_once_for_a_function(void **state)
{
	uint32_t sets;

	(void)state;
	build_switch();
	read_at(3, 0, 0, 0, 4);
	sets = model_dw.sets;
	for (uint32_t i = 0; i < 8; i++) {
		read_at(3, 0, 0, 4 * i, 4);
		read_at(0, 0, 0, 4 * i, 4);
	}
	assert_int_equal(model_dw.sets, sets);
	read_at(4, 0, 0, 0, 4);
	assert_int_equal(read_at(3, 0, 0, 0, 4), NVME);
	assert_int_equal(model_dw.sets, sets + 2);
	/* The same function by another kind of cycle, when bus numbers change: the model checks. */
	write_at(0, 0, 0, 0x18, 4, 0x050300);
	read_at(3, 0, 0, 0, 4);
	assert_int_equal(model_dw.sets, sets + 3);
}

static void test_without_link_nothing_is_touched(void **state)
{
	(void)state;
	build_switch();
	model_dw.link = false;
	assert_int_equal(read_at(3, 0, 0, 0, 4), 0xffffffff);
	write_at(3, 0, 0, 4, 2, 7);
	assert_int_equal(read_at(0, 0, 0, 0x0e, 1) & 0x7f, 1);
	model_dw.link = true;
	assert_int_equal(read_at(3, 0, 0, 0, 4), NVME);
}

/* Whole dwords at the port, in which a neighbour keeps its value and status is not cleared. */
static void test_narrow_writes_to_the_port(void **state)
{
	(void)state;
	start();
	write_at(0, 0, 0, 0x18, 4, 0x00ff0100);
	write_at(0, 0, 0, 0x19, 1, 2);
	assert_int_equal(read_at(0, 0, 0, 0x18, 4) & 0xffffff, 0xff0200);
	write_at(0, 0, 0, 0x1a, 1, 7);
	assert_int_equal(read_at(0, 0, 0, 0x18, 4) & 0xffffff, 0x070200);
	model_dw.port->clear[7] = 0xf9;
	model_dw.port->config[7] = 0x20;
	host_bridge_write(&host_bridges[0], sbdf_make(0, 0, 0, 0), 4, 2, 6, 0xf9000000);
	assert_int_equal(read_at(0, 0, 0, 4, 4), 0x20000006 | (read_at(0, 0, 0, 4, 4) & 0x100000));
}

static void test_port_logic_is_hidden(void **state)
{
	(void)state;
	start();
	for (uint32_t offset = 0x700; offset < 0x1000; offset += 4) {
		assert_int_equal(read_at(0, 0, 0, offset, 4), 0);
		write_at(0, 0, 0, offset, 4, 0xffffffff);
	}
	assert_true(model_dw.link);
}

static void test_class_code(void **state)
{
	(void)state;
	model_dw.class_locked = true;
	memset(model_dw.port->config + 9, 0, 3);
	start();
	assert_int_equal(read_at(0, 0, 0, 8, 4) >> 8, 0x060400);
}

static void test_region_that_does_not_take_effect(void **state)
{
	(void)state;
	model_dw.stuck = true;
	refuses_to_start();
	model_dw.stuck = false;
	build_switch();
	model_dw.stuck = true;
	assert_int_equal(read_at(4, 0, 0, 0, 4), 0xffffffff);
	model_dw.stuck = false;
	assert_int_equal(read_at(4, 0, 0, 0, 4), E1000);
}

static void test_registers_that_are_not_there(void **state)
{
	const struct range all = desc->regs;

	(void)state;
	desc->regs.size = 0;
	refuses_to_start();
	desc->regs.size = 0x1000;
	if (model_dw.unrolled) {
		refuses_to_start();
		desc->atu = (struct range){ MODEL_DW_DBI + 0x300000, 0x2000 };
	}
	start();
	desc->regs = all;
}

static void test_windows_that_do_not_fit(void **state)
{
	(void)state;
	model_dw.regions = 2;
	desc->windows[1] = (struct machine_window){ WINDOW_MEM32, false, 0x20000000, 0x20000000,
						    0x100000 };
	desc->window_count = 2;
	refuses_to_start();
	model_dw.regions = 4;
	model_dw.granule = 0xffff;
	desc->windows[1].size = 0x1000;
	refuses_to_start();
}

/* Its owner's driver brings it up: nothing is touched before, and MSIs are that driver's. */
static void test_started_by_its_owner(void **state)
{
	struct host_bridge *b = &host_bridges[0];
	uint64_t at;
	uint32_t kind;

	(void)state;
	blocks = 0;
	desc->owner_driven = true;
	desc->msi_intid = 172;
	model_endpoint(&model_dw.pci, model_dw.port, 0, 0, NVME, 0x010802);
	start();
	assert_false(host_bridge_is_up(b));
	assert_int_equal(model_dw.touched, 0);
	assert_int_equal(model_dw.sets, 0);
	model_dw.link = false;
	assert_false(dw_link_up(b));
	model_dw.link = true;
	assert_true(dw_link_up(b));
	/* What its driver writes; narrow ones would spoil their neighbours. */
	dw_register_write(b, 0x828, 4, 0x5a);
	dw_register_write(b, 0x829, 1, 0xff);
	assert_int_equal(dw_register_read(b, 0x828, 4), 0x5a);
	assert_int_equal(dw_register_read(b, 0x828, 1), 0x5a);
	assert_int_equal(dw_register_read(b, 0x82a, 2), 0);
	assert_int_equal(b->ops->start(b), 0);
	assert_int_equal(model_dw.msi_enable, 0x5a);
	assert_null(b->msi);
	assert_int_equal(blocks, 0);
	assert_int_equal(dom0_msi_frame(&machine.gic, 192).count, 0);
	assert_true(model_dw_outbound(desc->windows[0].cpu, &at, &kind));
	write_at(0, 0, 0, 0x18, 4, 0x010100);
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
}

static void test_controller_that_does_not_start(void **state)
{
	struct host_bridge *b = &host_bridges[0];

	(void)state;
	desc->owner_driven = true;
	start();
	model_dw.stuck = true;
	assert_int_equal(b->ops->start(b), -EIO);
	assert_true(dw_link_up(b)); /* its owner goes on using it */
}

/* Pure: no region crosses 4 GiB; RAM nothing is left for is counted. */
static void test_plans(void **state)
{
	static const struct range ram[] = { { 0x80000000, 0x100000000 },
					    { 0x880000000, 0x1000000 } };
	struct machine_bridge b = { .window_count = 1 };
	struct dw_region out[4];
	uint64_t missed;

	(void)state;
	b.windows[0] = (struct machine_window){ WINDOW_MEM64, true, 0x1000000000, 0xf0000000,
						0x120000000 };
	assert_int_equal(dw_plan_outbound(&b, 0x10000, out, 4), 3);
	assert_int_equal(out[0].index, 1);
	assert_int_equal(out[0].limit, 0xffffffff);
	assert_int_equal(out[1].base, 0x100000000);
	assert_int_equal(out[1].target, 0x1010000000);
	assert_int_equal(out[1].limit, 0x1ffffffff);
	assert_int_equal(out[2].limit, 0x20fffffff);
	assert_int_equal(dw_plan_outbound(&b, 0x10000, out, 2), -ENOSPC);
	assert_int_equal(dw_plan_inbound(ram, 2, out, 4, &missed), 3);
	assert_int_equal(missed, 0);
	assert_int_equal(out[1].base, 0x100000000);
	assert_int_equal(out[2].base, 0x800000000);
	assert_int_equal(dw_plan_inbound(ram, 2, out, 2, &missed), 2);
	assert_int_equal(missed, 0x1000000);
}

/* It comes up with its bridge, and a bridge without one is none the worse. */
static void test_msi_block(void **state)
{
	struct dom0_msi_frame frame;

	(void)state;
	blocks = 0;
	start();
	assert_null(host_bridges[0].msi);
	assert_int_equal(blocks, 0);
	heap_free(host_bridges[0].priv);
	host_bridge_count = 0;
	desc->msi_intid = 172;
	start();
	assert_non_null(host_bridges[0].msi);
	assert_int_equal(blocks, 1);
	assert_true(model_dw_msi(MODEL_DW_DBI, 1));
	/* The control domain's frame lies there; this board's GIC has neither one nor an ITS. */
	frame = dom0_msi_frame(&machine.gic, 192);
	assert_int_equal(frame.base, MODEL_DW_DBI);
	assert_int_equal(frame.first, 192);
	assert_int_equal(frame.count, 32);
}

#define BOTH(test)                                                                                 \
	cmocka_unit_test_setup_teardown(test, setup, teardown),                                    \
		cmocka_unit_test_setup_teardown(test, setup_unrolled, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_windows),
		BOTH(test_msi_block),
		BOTH(test_functions_below_a_switch),
		BOTH(test_one_device_on_a_link),
		BOTH(test_region_is_set_once_for_a_function),
		BOTH(test_without_link_nothing_is_touched),
		BOTH(test_narrow_writes_to_the_port),
		BOTH(test_port_logic_is_hidden),
		BOTH(test_class_code),
		BOTH(test_region_that_does_not_take_effect),
		BOTH(test_registers_that_are_not_there),
		BOTH(test_started_by_its_owner),
		BOTH(test_controller_that_does_not_start),
		cmocka_unit_test_setup_teardown(test_windows_that_do_not_fit, setup, teardown),
		cmocka_unit_test(test_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
