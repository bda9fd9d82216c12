/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the control domain's virtual MSI frame lies, and which interrupts are its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "boot/dom0_msi.h"
#include "irq/msi.h"
#include "pci/host_bridge.h"
#include "vpci/front.h"

struct host_bridge host_bridges[HOST_BRIDGES_MAX];
uint32_t host_bridge_count;

#define FRAME_PHANDLE 7U

static struct machine_bridge descs[2];
static struct msi_controller blocks[2];
static struct msi_controller v2m = { .vector_count = 20 };
static struct machine_gic gic;
static bool v2m_usable;
static const struct host_bridge *with_front;

static const struct host_bridge_ops ops = { .name = "registers", .indirect = true };
static const struct host_bridge_ops ecam_ops = { .name = "ECAM" };
static const struct vpci_front_ops front_ops = { .name = "front" };

struct msi_controller *msi_by_phandle(uint32_t phandle)
{
	return v2m_usable && phandle == FRAME_PHANDLE ? &v2m : NULL;
}

void msi_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	assert_ptr_equal(c, &v2m);
	*m = (struct msi_message){ 0x8020040, 80 + vector };
}

const struct vpci_front_ops *vpci_front_of(const struct host_bridge *b)
{
	return b == with_front ? &front_ops : NULL;
}

/* R-Car H3: two controllers, whose registers are what their trees call config space. */
static int setup(void **state)
{
	(void)state;
	memset(host_bridges, 0, sizeof(host_bridges));
	memset(descs, 0, sizeof(descs));
	memset(&gic, 0, sizeof(gic));
	with_front = NULL;
	v2m_usable = true;
	host_bridge_count = 2;
	for (uint32_t i = 0; i < 2; i++) {
		descs[i].cfg = (struct range){ i == 0 ? 0xfe000000 : 0xee800000, 0x80000 };
		blocks[i].vector_count = 32;
		host_bridges[i].desc = &descs[i];
		host_bridges[i].ops = &ops;
		host_bridges[i].msi = &blocks[i];
	}
	return 0;
}

static void is_at(uint64_t base, uint32_t first, uint32_t count, uint32_t spi_count)
{
	struct dom0_msi_frame f = dom0_msi_frame(&gic, 512);

	assert_int_equal(f.base, base);
	assert_int_equal(f.first, first);
	assert_int_equal(f.count, count);
	assert_int_equal(f.spi_count, spi_count);
}

static void is_none(void)
{
	struct dom0_msi_frame f = dom0_msi_frame(&gic, 512);

	assert_int_equal(f.count, 0);
	assert_int_equal(f.spi_count, 480);
}

static void test_room_for_every_bridge(void **state)
{
	(void)state;
	is_at(0xfe000000, 512, 64, 544);
	/* One that nobody could start, one whose messages an ITS takes. */
	host_bridges[0].msi = NULL;
	is_at(0xee800000, 512, 32, 512);
	host_bridges[1].its = (struct its *)&blocks[1];
	is_none();
}

/* i.MX 8M Plus: config window and registers are two things. */
static void test_at_the_registers(void **state)
{
	(void)state;
	host_bridge_count = 1;
	descs[0].regs = (struct range){ 0x33800000, 0x400000 };
	is_at(0x33800000, 512, 32, 512);
}

/* A tree that lies, a window that the owner sees, registers that it sees: no place there. */
static void test_no_place(void **state)
{
	(void)state;
	with_front = &host_bridges[0];
	is_at(0xee800000, 512, 32, 512);
	host_bridges[1].ops = &ecam_ops;
	is_none();
	with_front = NULL;
	descs[0].cfg.base += 0x800;
	is_none();
	descs[0].cfg = (struct range){ 0xfe000000, 0x800 };
	is_none();
}

/* 32 SPIs are told at a time, and there are 988. */
static void test_no_numbers(void **state)
{
	struct dom0_msi_frame f;

	(void)state;
	f = dom0_msi_frame(&gic, 1020);
	assert_int_equal(f.count, 0);
	assert_int_equal(f.spi_count, 960);
	f = dom0_msi_frame(&gic, 1024);
	assert_int_equal(f.count, 0);
	assert_int_equal(f.spi_count, 960);
	f = dom0_msi_frame(&gic, 960);
	assert_int_equal(f.first, 960);
	assert_int_equal(f.count, 32);
	assert_int_equal(f.spi_count, 960);
	blocks[0].vector_count = 20;
	host_bridge_count = 1;
	f = dom0_msi_frame(&gic, 160);
	assert_int_equal(f.first, 160);
	assert_int_equal(f.count, 32);
	assert_int_equal(f.spi_count, 160);
}

static void test_the_hosts_own(void **state)
{
	(void)state;
	gic.frame_count = 1;
	gic.frames[0].regs = (struct range){ 0x8020000, 0x1000 };
	gic.frames[0].phandle = FRAME_PHANDLE;
	is_at(0x8020000, 80, 20, 480);
	v2m_usable = false;
	is_at(0xfe000000, 512, 64, 544);
	gic.its_count = 1;
	is_none();
	v2m_usable = true;
	is_none();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_room_for_every_bridge, setup),
		cmocka_unit_test_setup(test_at_the_registers, setup),
		cmocka_unit_test_setup(test_no_place, setup),
		cmocka_unit_test_setup(test_no_numbers, setup),
		cmocka_unit_test_setup(test_the_hosts_own, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
