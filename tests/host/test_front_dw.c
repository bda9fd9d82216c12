/* SPDX-License-Identifier: BSD-2-Clause */
/* A DesignWare controller's registers as its owner's driver uses them: viewport and unrolled. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "vpci/front_dw.h"

#define ENABLE  0x80000000U
#define INBOUND 0x80000000U
#define CONFIG  0x1ff00000ULL
#define ATU     0x300000U

static struct machine_bridge desc;
static struct host_bridge bridge;
static struct front_dw dw;
static bool unrolled;

static int setup(void **state)
{
	(void)state;
	unrolled = false;
	memset(&dw, 0, sizeof(dw));
	desc = (struct machine_bridge){ .bus_end = 255, .owner_driven = true };
	desc.regs = (struct range){ 0x33800000, 0x400000 };
	desc.cfg = (struct range){ CONFIG, 0x80000 };
	desc.windows[0] =
		(struct machine_window){ WINDOW_MEM32, false, 0x18000000, 0x18000000, 0x7f00000 };
	desc.windows[1] =
		(struct machine_window){ WINDOW_IO, false, 0x1000, 0x1ff80000, 0x10000 };
	desc.window_count = 2;
	bridge = (struct host_bridge){ .desc = &desc, .owner_driven = true };
	front_dw_init(&dw, &bridge);
	front_dw_learn(&dw, 0);
	return 0;
}

static int setup_unrolled(void **state)
{
	setup(state);
	unrolled = true;
	front_dw_learn(&dw, ~0U);
	return 0;
}

static struct vpci_front_plan access(uint32_t region, uint64_t offset, uint8_t size, bool write,
				     uint64_t value)
{
	struct mmio_access a = { .offset = offset, .size = size, .write = write, .value = value };

	return front_dw_plan(&dw, region, &a);
}

static uint32_t value_at(uint32_t region, uint64_t offset, uint8_t size)
{
	struct vpci_front_plan p = access(region, offset, size, false, 0);

	assert_int_equal(p.kind, VPCI_FRONT_VALUE);
	return p.value;
}

/* Where a register of a region is, after the viewport was set when there is one. */
static uint64_t at(bool in, uint32_t index, uint32_t offset)
{
	if (unrolled) {
		return ATU + 0x200 * index + (in ? 0x100 : 0) + offset;
	}
	access(FRONT_DW_DBI, 0x900, 4, true, index | (in ? INBOUND : 0));
	return 0x904 + offset;
}

static struct vpci_front_plan set(bool in, uint32_t index, uint32_t offset, uint32_t value)
{
	return access(FRONT_DW_DBI, at(in, index, offset), 4, true, value);
}

static uint32_t get(bool in, uint32_t index, uint32_t offset)
{
	return value_at(FRONT_DW_DBI, at(in, index, offset), 4);
}

/* As a driver programs one; the plan of the write that enables it. */
static struct vpci_front_plan program(bool in, uint32_t index, uint32_t kind, uint64_t base,
				      uint64_t size, uint64_t target)
{
	set(in, index, 0x08, (uint32_t)base);
	set(in, index, 0x0c, (uint32_t)(base >> 32));
	set(in, index, 0x10, (uint32_t)(base + size - 1));
	set(in, index, 0x14, (uint32_t)target);
	set(in, index, 0x18, (uint32_t)(target >> 32));
	set(in, index, 0x00, kind);
	return set(in, index, 0x04, ENABLE);
}

static uint32_t target_of(uint32_t bus, uint32_t dev, uint32_t fn)
{
	return bus << 24 | dev << 19 | fn << 16;
}

static void assert_cycle(uint64_t offset, uint8_t size, uint32_t bus, uint32_t devfn, uint32_t reg)
{
	struct vpci_front_plan p = access(FRONT_DW_CONFIG, offset, size, false, 0);

	assert_int_equal(p.kind, VPCI_FRONT_CONFIG);
	assert_int_equal(p.bus, bus);
	assert_int_equal(p.devfn, devfn);
	assert_int_equal(p.offset, reg);
	assert_int_equal(p.size, size);
	assert_false(p.write);
}

static void cycles_follow_the_translation(void **state)
{
	struct vpci_front_plan p;

	(void)state;
	/* Nothing says what the window shows. */
	assert_int_equal(value_at(FRONT_DW_CONFIG, 0, 4), 0xffffffff);
	p = program(false, 0, 4, CONFIG, 0x80000, target_of(1, 0, 0));
	assert_int_equal(p.kind, VPCI_FRONT_VALUE);
	assert_int_equal(get(false, 0, 0x04), ENABLE);
	assert_cycle(0, 4, 1, 0, 0);
	assert_cycle(0xffe, 2, 1, 0, 0xffe);
	set(false, 0, 0x14, target_of(0x81, 3, 2));
	set(false, 0, 0x00, 5);
	assert_cycle(0x3c, 1, 0x81, 3 << 3 | 2, 0x3c);
	p = access(FRONT_DW_CONFIG, 0x10, 4, true, 0xcafef00d);
	assert_int_equal(p.kind, VPCI_FRONT_CONFIG);
	assert_true(p.write);
	assert_int_equal(p.value, 0xcafef00d);
	/* Asked again, the same: the vCPU may have had to wait. */
	assert_cycle(0x3c, 1, 0x81, 3 << 3 | 2, 0x3c);
	set(false, 0, 0x04, 0);
	assert_int_equal(value_at(FRONT_DW_CONFIG, 0x3c, 1), 0xffffffff);
}

static void what_is_no_cycle_reads_ones(void **state)
{
	(void)state;
	program(false, 0, 4, CONFIG, 0x10000, target_of(1, 0, 0));
	/* Two accesses in one, between registers, beyond the region, beyond config space. */
	assert_int_equal(value_at(FRONT_DW_CONFIG, 0, 8), 0xffffffff);
	assert_int_equal(value_at(FRONT_DW_CONFIG, 1, 2), 0xffffffff);
	assert_int_equal(value_at(FRONT_DW_CONFIG, 0x10000, 4), 0xffffffff);
	assert_int_equal(value_at(FRONT_DW_CONFIG, 0x1000, 4), 0xffffffff);
	/* The root port is reached through DBI. */
	set(false, 0, 0x14, target_of(0, 0, 0));
	assert_int_equal(value_at(FRONT_DW_CONFIG, 0, 4), 0xffffffff);
	/* Memory cycles out of the config window are nobody's. */
	program(false, 0, 0, CONFIG, 0x10000, target_of(1, 0, 0));
	assert_int_equal(value_at(FRONT_DW_CONFIG, 0, 4), 0xffffffff);
}

/* No register begins in the middle of one, or ends beyond the last. */
static void targets_begin_at_the_granule(void **state)
{
	(void)state;
	program(false, 0, 4, CONFIG, 0x10000, target_of(1, 0, 0) | 0x8f);
	assert_cycle(0, 4, 1, 0, 0);
	assert_cycle(0xffc, 4, 1, 0, 0xffc);
}

static void regions_are_counted(void **state)
{
	uint32_t count = 0;

	(void)state;
	if (!unrolled) {
		access(FRONT_DW_DBI, 0x900, 4, true, 0xff);
		assert_int_equal(value_at(FRONT_DW_DBI, 0x900, 4) + 1, FRONT_DW_REGIONS);
	}
	for (; count < 4; count++) {
		set(false, count, 0x14, 0x11110000 | count);
		set(true, count, 0x14, 0x22220000 | count);
	}
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(get(false, i, 0x14), 0x11110000 | i);
		assert_int_equal(get(true, i, 0x14), 0x22220000 | i);
	}
	set(false, 4, 0x14, 0x33330000);
	assert_int_equal(get(false, 0, 0x14), unrolled ? 0x11110000 : 0x33330000);
	if (unrolled) {
		assert_int_equal(get(false, 4, 0x14), 0);
	}
	/* The granule: what a driver finds of a limit it set to 0. */
	set(false, 0, 0x10, 0);
	assert_int_equal(get(false, 0, 0x10), 0xfff);
	set(false, 0, 0x08, 0xffffffff);
	assert_int_equal(get(false, 0, 0x08), 0xfffff000);
}

/* The other variant's registers are not there. */
static void variants_do_not_mix(void **state)
{
	(void)state;
	program(false, 0, 4, CONFIG, 0x10000, target_of(1, 0, 0));
	if (unrolled) {
		assert_int_equal(value_at(FRONT_DW_DBI, 0x900, 4), 0xffffffff);
		assert_int_equal(value_at(FRONT_DW_DBI, 0x908, 4), 0xffffffff);
		access(FRONT_DW_DBI, 0x908, 4, true, 0);
	} else {
		assert_int_equal(value_at(FRONT_DW_DBI, ATU + 4, 4), 0);
		access(FRONT_DW_DBI, ATU + 4, 4, true, 0);
	}
	assert_cycle(0, 4, 1, 0, 0);
	assert_int_equal(value_at(FRONT_DW_DBI, 0x1000, 4), 0);
	assert_int_equal(value_at(FRONT_DW_DBI, 0x3ffffc, 4), 0);
}

static void regions_with_a_range_of_their_own(void **state)
{
	(void)state;
	desc.atu = (struct range){ 0x38300000, 0x2000 };
	access(FRONT_DW_ATU, 0x214, 4, true, 0x1234);
	assert_int_equal(value_at(FRONT_DW_ATU, 0x214, 4), unrolled ? 0x1234 : 0);
	assert_int_equal(value_at(FRONT_DW_DBI, ATU + 0x214, 4), 0);
}

/* Which of both it is, is the controller's to say, when its owner first asks. */
static void variant_is_asked_for_once(void **state)
{
	struct vpci_front_plan p;

	(void)state;
	dw.variant = FRONT_DW_UNKNOWN;
	p = access(FRONT_DW_DBI, 0x900, 4, false, 0);
	assert_int_equal(p.kind, VPCI_FRONT_HARDWARE);
	assert_int_equal(p.offset, 0x900);
	front_dw_learn(&dw, unrolled ? ~0U : 0);
	assert_int_equal(value_at(FRONT_DW_DBI, 0x900, 4), unrolled ? 0xffffffff : 0);
}

static void port_is_the_controllers_until_the_bridge_is_up(void **state)
{
	struct vpci_front_plan p = access(FRONT_DW_DBI, 0x18, 4, true, 0x00ff0100);

	(void)state;
	assert_int_equal(p.kind, VPCI_FRONT_HARDWARE);
	assert_int_equal(p.offset, 0x18);
	assert_int_equal(p.value, 0x00ff0100);
	host_bridge_set_up(&bridge);
	p = access(FRONT_DW_DBI, 0x19, 1, true, 0x55);
	assert_int_equal(p.kind, VPCI_FRONT_CONFIG);
	assert_int_equal(p.bus, 0);
	assert_int_equal(p.devfn, 0);
	assert_int_equal(p.offset, 0x19);
	assert_int_equal(p.size, 1);
	/* Its own registers stay the controller's. */
	p = access(FRONT_DW_DBI, 0x72c, 4, false, 0);
	assert_int_equal(p.kind, VPCI_FRONT_HARDWARE);
	assert_int_equal(p.offset, 0x72c);
}

static void what_translations_may_say(void **state)
{
	const struct {
		bool in;
		uint32_t kind;
		uint64_t base, size, target;
		bool useful;
	} cases[] = {
		{ false, 0, 0x18000000, 0x7f00000, 0x18000000, true },
		{ false, 0, 0x18100000, 0x100000, 0x18100000, true },
		{ false, 0, 0x18000000, 0x7f01000, 0x18000000, false },
		{ false, 0, 0x17fff000, 0x2000, 0x17fff000, false },
		{ false, 0, 0x18000000, 0x7f00000, 0, false },
		{ false, 2, 0x18000000, 0x7f00000, 0x18000000, false },
		{ false, 2, 0x1ff80000, 0x10000, 0x1000, true },
		{ false, 2, 0x1ff80000, 0x10000, 0, false },
		{ false, 4, CONFIG, 0x80000, target_of(1, 0, 0), true },
		{ false, 5, CONFIG, 0x81000, target_of(1, 0, 0), false },
		{ false, 4, 0x40000000, 0x1000, target_of(1, 0, 0), false },
		{ true, 0, 0x40000000, 0x80000000, 0x40000000, true },
		{ true, 0, 0, 0x80000000, 0x40000000, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vpci_front_plan p = program(cases[i].in, 1, cases[i].kind, cases[i].base,
						   cases[i].size, cases[i].target);

		/* One that says something else is looked at, and stays a record. */
		assert_int_equal(p.kind == VPCI_FRONT_VALUE, cases[i].useful);
		assert_int_equal(front_dw_useful(&dw, cases[i].in, 1), cases[i].useful);
		assert_int_equal(get(cases[i].in, 1, 0x04), ENABLE);
		if (!cases[i].useful) {
			assert_int_equal(front_dw_rule_at(p.offset), FRONT_DW_SHADOW);
			assert_int_equal(p.value, cases[i].in ? INBOUND | 1 : 1);
		}
		set(cases[i].in, 1, 0x04, 0);
	}
}

/* Each byte of DBI has one rule; those that decide over other domains are named here. */
static void policy_is_complete(void **state)
{
	const struct {
		uint32_t offset;
		enum front_dw_rule rule;
	} named[] = {
		{ 0x000, FRONT_DW_PORT },   { 0x018, FRONT_DW_PORT },   { 0x080, FRONT_DW_PORT },
		{ 0x6ff, FRONT_DW_PORT },   { 0x710, FRONT_DW_LINK },   { 0x72c, FRONT_DW_LINK },
		{ 0x80c, FRONT_DW_LINK },   { 0x820, FRONT_DW_LINK },   { 0x824, FRONT_DW_LINK },
		{ 0x828, FRONT_DW_DIRECT }, { 0x82c, FRONT_DW_DIRECT }, { 0x830, FRONT_DW_DIRECT },
		{ 0x884, FRONT_DW_DIRECT }, { 0x8bc, FRONT_DW_LINK },   { 0x900, FRONT_DW_SHADOW },
		{ 0x924, FRONT_DW_SHADOW }, { 0x928, FRONT_DW_LINK },   { 0x1000, FRONT_DW_HIDDEN },
		{ 0x300000, FRONT_DW_HIDDEN },
	};
	uint32_t next = 0;

	(void)state;
	for (uint32_t i = 0; i < front_dw_range_count; i++) {
		assert_int_equal(front_dw_ranges[i].from, next);
		assert_true(front_dw_ranges[i].to > front_dw_ranges[i].from);
		next = front_dw_ranges[i].to + 1U;
	}
	assert_int_equal(next, 0x1000);
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		assert_int_equal(front_dw_rule_at(named[i].offset), named[i].rule);
	}
}

#define BOTH(test)                                                                                 \
	cmocka_unit_test_setup(test, setup), cmocka_unit_test_setup(test, setup_unrolled)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(cycles_follow_the_translation),
		BOTH(what_is_no_cycle_reads_ones),
		BOTH(targets_begin_at_the_granule),
		BOTH(regions_are_counted),
		BOTH(variants_do_not_mix),
		BOTH(regions_with_a_range_of_their_own),
		BOTH(variant_is_asked_for_once),
		BOTH(port_is_the_controllers_until_the_bridge_is_up),
		BOTH(what_translations_may_say),
		cmocka_unit_test(policy_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
