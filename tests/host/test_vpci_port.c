/* SPDX-License-Identifier: BSD-2-Clause */
/* A root port and its slot: registers by the specification's numbers, events, hostile writes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "fake_heap.h"
#include "vpci/port.h"

/* Slot Control and Status (PCIe 6.0 7.5.3.10, 11). */
#define BUTTON   0x0001U
#define PRESENCE 0x0008U
#define LINK     0x0100U
#define IN_SLOT  0x0040U
/* What Linux enables: button, hot-plug interrupt, link. */
#define ENABLES  0x1021U
#define PIC_ON    0x0100U
#define PIC_BLINK 0x0200U
#define PIC_OFF   0x0300U

static struct vpci_port port;
static uint32_t express, msi; /* where the capability list says they are */

static uint32_t rd(uint32_t at, uint32_t size)
{
	return vpci_port_read(&port, at, size);
}

static struct vpci_port_plan wr(uint32_t at, uint32_t size, uint32_t value)
{
	return vpci_port_write(&port, at, size, value);
}

static uint32_t find_cap(uint32_t id)
{
	uint32_t at = rd(0x34, 1);

	for (uint32_t steps = 0; at != 0 && rd(at, 1) != id; steps++) {
		assert_true(steps < 8);
		at = rd(at + 1, 1);
	}
	return at;
}

static int setup(void **state)
{
	memset(&port, 0, sizeof(port));
	assert_int_equal(vpci_port_build(&port, 28), 0);
	express = find_cap(0x10);
	msi = find_cap(0x05);
	assert_int_not_equal(express, 0);
	assert_int_not_equal(msi, 0);
	return 0;
}

static int teardown(void **state)
{
	vpci_shadow_free(&port.shadow);
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static uint32_t status(void)
{
	return rd(express + 0x1a, 2);
}

/* As a driver does: power indicator as given, all events it wants. */
static struct vpci_port_plan control(uint32_t indicator)
{
	return wr(express + 0x18, 2, ENABLES | indicator);
}

static void clear(uint32_t events)
{
	wr(express + 0x1a, 2, events);
}

/* Occupied and in use. */
static void in_use(void)
{
	clear(PRESENCE | LINK);
	control(PIC_OFF);
	assert_true(vpci_port_fill(&port, 0x083).interrupt);
	clear(PRESENCE | LINK);
	control(PIC_BLINK);
	control(PIC_ON);
	assert_int_equal(status(), IN_SLOT);
}

static void is_a_root_port_with_a_slot(void **state)
{
	uint32_t slot = rd(express + 0x14, 4);

	assert_int_equal(rd(0x0a, 2), 0x0604);
	assert_int_equal(rd(0x0e, 1), 1);
	assert_int_equal(rd(express + 2, 2), 0x0142); /* version 2, type 4, slot */
	assert_int_equal(slot & 0x3ffff, 0x71);  /* button, power indicator, surprise, hot-plug */
	assert_int_equal(slot >> 19, 28);
	assert_int_equal(slot >> 18 & 1, 1);     /* nobody waits for commands */
	assert_int_equal(rd(express + 0x0c, 4) >> 20 & 1, 1); /* link is told */
	assert_int_equal(rd(0x3d, 1), 0);        /* no pin */
	assert_int_equal(rd(0x100, 4), 0);
	assert_int_not_equal(find_cap(0x01), 0);
}

static void a_device_comes_and_is_told_once(void **state)
{
	struct vpci_port_plan plan;

	control(PIC_OFF);
	assert_int_equal(status(), 0);
	plan = vpci_port_fill(&port, 0x083);
	assert_true(plan.interrupt);
	assert_false(plan.buses || plan.let_go);
	assert_int_equal(status(), IN_SLOT | PRESENCE | LINK);
	assert_int_equal(rd(express + 0x12, 2), 0x2083); /* active, as wide and fast as it is */
	assert_false(vpci_port_fill(&port, 0x083).interrupt);
	/* The event is still there, so no other message; a new one needs it cleared. */
	assert_false(control(PIC_OFF).interrupt);
	clear(LINK);
	assert_int_equal(status(), IN_SLOT | PRESENCE);
	plan = vpci_port_empty(&port);
	assert_true(plan.interrupt);
	assert_int_equal(status(), PRESENCE | LINK);
	assert_int_equal(rd(express + 0x12, 2), 0);
}

static void nothing_is_told_that_is_not_enabled(void **state)
{
	assert_false(vpci_port_fill(&port, 0x011).interrupt);
	assert_false(wr(express + 0x18, 2, 0x1001).interrupt); /* no hot-plug interrupt */
	assert_false(wr(express + 0x18, 2, 0x0021).interrupt); /* the button alone */
	/* Enabled late: what has happened is told then. */
	assert_true(wr(express + 0x18, 2, 0x0028).interrupt);
}

static void asks_by_the_button(void **state)
{
	struct vpci_port_plan plan;

	in_use();
	plan = vpci_port_ask(&port);
	assert_true(plan.interrupt);
	assert_false(plan.let_go);
	assert_int_equal(status(), IN_SLOT | BUTTON);
	clear(BUTTON);
	/* Asked twice, pressed once: a second press would take it back. */
	plan = vpci_port_ask(&port);
	assert_int_equal(status(), IN_SLOT);
	assert_false(plan.interrupt || plan.let_go);
	assert_false(control(PIC_BLINK).let_go);
	assert_false(vpci_port_ask(&port).let_go);
	assert_true(control(PIC_OFF).let_go);
	vpci_port_empty(&port);
	/* The next device is another matter. */
	vpci_port_fill(&port, 0x011);
	assert_false(control(PIC_OFF).let_go);
}

static void presses_when_it_is_on_at_last(void **state)
{
	control(PIC_OFF);
	vpci_port_fill(&port, 0x011);
	clear(PRESENCE | LINK);
	control(PIC_BLINK);
	assert_false(vpci_port_ask(&port).interrupt);
	assert_int_equal(status(), IN_SLOT);
	assert_true(control(PIC_ON).interrupt);
	assert_int_equal(status(), IN_SLOT | BUTTON);
}

static void lets_go_at_once_of_what_nobody_uses(void **state)
{
	vpci_port_fill(&port, 0x011);
	assert_true(vpci_port_ask(&port).let_go); /* no driver is there */
	vpci_port_empty(&port);
	in_use();
	assert_false(control(PIC_OFF).let_go); /* turned off, but nobody had asked */
	assert_true(vpci_port_ask(&port).let_go);
	vpci_port_empty(&port);
	assert_false(vpci_port_ask(&port).let_go); /* nothing is there */
}

static void status_is_not_written(void **state)
{
	wr(express + 0x18, 4, 0xffffffff);
	assert_int_equal(status(), 0);
	in_use();
	wr(express + 0x1a, 2, 0xffff);
	assert_int_equal(status(), IN_SLOT);
	wr(express + 0x1b, 1, 0xff);
	assert_int_equal(rd(express + 0x12, 2), 0x2083);
	wr(express + 0x10, 4, 0xffffffff);
	assert_int_equal(rd(express + 0x12, 2), 0x2083);
	assert_int_equal(rd(express + 0x10, 2) & 0x20, 0); /* retraining is over */
}

static void windows_read_back(void **state)
{
	wr(0x1c, 2, 0xffff);
	assert_int_equal(rd(0x1c, 4), 0xf0f0);
	wr(0x20, 4, 0x10301020);
	assert_int_equal(rd(0x20, 4), 0x10301020);
	wr(0x24, 4, 0xffffffff);
	assert_int_equal(rd(0x24, 4), 0xfff1fff1);
	wr(0x28, 4, 0x80);
	assert_int_equal(rd(0x28, 4), 0x80);
	wr(0x3c, 4, 0xffffffff);
	assert_int_equal(rd(0x3d, 1), 0);
	wr(0x00, 4, 0);
	assert_int_equal(rd(0x00, 4), 0x52505644);
}

static void messages_need_enable_and_bus_mastering(void **state)
{
	uint64_t address;
	uint32_t data;

	wr(msi + 4, 4, 0x08090043);
	wr(msi + 8, 4, 1);
	wr(msi + 12, 4, 0xffff0007);
	assert_false(vpci_port_message(&port, &address, &data));
	wr(msi + 2, 2, 1);
	assert_false(vpci_port_message(&port, &address, &data));
	wr(0x04, 2, 4);
	assert_true(vpci_port_message(&port, &address, &data));
	assert_int_equal(address, 0x108090040ULL);
	assert_int_equal(data, 7);
}

/* Three ports with these bus numbers (subordinate, secondary): where do they lead? */
static void leads(uint32_t a, uint32_t b, uint32_t c, const uint32_t expected[3])
{
	const uint32_t numbers[3] = { a, b, c };
	struct vpci_port ports[3] = { { .filled = false } };
	const struct vpci_port *all[3] = { &ports[0], &ports[1], &ports[2] };
	uint32_t bus[3];

	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(vpci_port_build(&ports[i], 28 + i), 0);
		assert_true(numbers[i] == 0 ||
			    vpci_port_write(&ports[i], 0x18, 4, numbers[i] << 8).buses);
		assert_false(vpci_port_write(&ports[i], 0x18, 4, numbers[i] << 8).buses);
	}
	vpci_ports_decode(all, 3, bus);
	assert_memory_equal(bus, expected, sizeof(bus));
	all[0] = NULL; /* and without the first */
	vpci_ports_decode(all, 3, bus);
	assert_int_equal(bus[0], 0);
	for (uint32_t i = 0; i < 3; i++) {
		vpci_shadow_free(&ports[i].shadow);
	}
}

#define LEADS(a, b, c, ...) leads(a, b, c, (const uint32_t[3]){ __VA_ARGS__ })

static void bus_numbers_are_anybodys(void **state)
{
	LEADS(0, 0, 0, 0, 0, 0);
	LEADS(0x0101, 0x0202, 0x0303, 1, 2, 3);
	LEADS(0x0501, 0x0808, 0xff0a, 1, 8, 10);
	LEADS(0x0101, 0x0101, 0x0202, 1, 0, 2); /* twice the same: the first has it */
	LEADS(0x0501, 0x0303, 0x0505, 1, 0, 0); /* inside another's range */
	LEADS(0x0102, 0x0202, 0x0000, 0, 2, 0); /* ends before it begins */
	LEADS(0xff00, 0x0101, 0x0202, 0, 1, 2); /* the bus they are on themselves */
	LEADS(0xffff, 0xfe01, 0xffff, 255, 1, 0);
}

static void sleeps_and_has_no_other_states(void **state)
{
	uint32_t pm = find_cap(0x01);

	wr(pm + 4, 2, 3);
	assert_int_equal(rd(pm + 4, 2), 0x000b);
	wr(pm + 4, 2, 1);
	assert_int_equal(rd(pm + 4, 2), 0x000b);
	wr(pm + 4, 2, 0);
	assert_int_equal(rd(pm + 4, 2), 0x0008);
}

static void no_memory(void **state)
{
	struct vpci_port p = { .filled = false };

	fake_heap_fail_in = 1;
	assert_int_equal(vpci_port_build(&p, 28), -12);
	fake_heap_fail_in = 0;
	vpci_shadow_free(&p.shadow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_a_root_port_with_a_slot),
		TEST(a_device_comes_and_is_told_once),
		TEST(nothing_is_told_that_is_not_enabled),
		TEST(asks_by_the_button),
		TEST(presses_when_it_is_on_at_last),
		TEST(lets_go_at_once_of_what_nobody_uses),
		TEST(status_is_not_written),
		TEST(windows_read_back),
		TEST(messages_need_enable_and_bus_mastering),
		TEST(bus_numbers_are_anybodys),
		TEST(sleeps_and_has_no_other_states),
		TEST(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
