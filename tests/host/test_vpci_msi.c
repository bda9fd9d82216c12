/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSI capability without an ITS: as written for its reader, rewritten for hardware. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_cpus.h"
#include "fake_log.h"
#include "fake_msix.h"
#include "frame_rig.h"
#include "irq/irq_meter.h"
#include "pci/pci_storm.h"
#include "pci/registry.h"

#define CONTROL(log2) (1U | (log2) << 4)

/* Offsets within the capability. */
enum { FLAGS = 2, LOW = 4, HIGH = 8, DATA = 12, DATA_32 = 8 };

static struct model_msi { uint32_t vectors; bool is_64bit; } wanted;

static void add_card(void)
{
	struct model_function *m = model_endpoint(
		&world.pci, model_port(&world.pci, NULL, 2, 0, 4, false, true), 0, 0, 0x11e81234,
		0x00ff00);

	model_bar(m, 0, BAR_MEM32, false, 0x100000);
	model_express(m, 0, true);
	model_msi(m, wanted.vectors, wanted.is_64bit, false);
}

static int start_with(uint32_t vectors, bool is_64bit)
{
	wanted = (struct model_msi){ vectors, is_64bit };
	frame_rig_start(add_card);
	nic = world_function(0, 1, 0, 0);
	owner_write(nic, 0x04, 2, 0x0006);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return start_with(4, true);
}

static int setup_32bit(void **state)
{
	(void)state;
	return start_with(32, false);
}

static int setup_unsafe(void **state)
{
	(void)state;
	lend_world_unsafe = true;
	start_with(8, true);
	quarantine(nic);
	lend_to(GUEST1, nic, 1);
	guest_write(1, 0x04, 2, 0x0006);
	return 0;
}

static uint32_t hw(uint32_t at, uint8_t size)
{
	return pci_read(nic, nic->msi.cap + at, size);
}

static void put(uint32_t at, uint8_t size, uint32_t value)
{
	owner_write(nic, nic->msi.cap + at, size, value);
}

static uint32_t get(uint32_t at, uint8_t size)
{
	return owner_read(nic, nic->msi.cap + at, size);
}

static void nobodys(void *arg, uint32_t index)
{
	fail();
}

/* As drivers do it. */
static void set_message(uint64_t address, uint32_t data)
{
	put(LOW, 4, (uint32_t)address);
	put(HIGH, 4, (uint32_t)(address >> 32));
	put(DATA, 2, data);
}

static void message_is_rewritten(void **state)
{
	(void)state;
	set_message(FAKE_SETSPI, FIRST + 3);
	assert_int_equal(fake_frame.used, 0);
	assert_int_equal(hw(LOW, 4), 0);
	put(FLAGS, 2, CONTROL(0));
	assert_int_equal(fake_frame.used, 1);
	assert_int_equal(hw(LOW, 4), FAKE_SETSPI);
	assert_int_equal(hw(HIGH, 4), 0);
	assert_int_equal(hw(DATA, 2), FAKE_DATA);
	assert_int_equal(hw(FLAGS, 2) & 0x71, CONTROL(0));
	assert_false(fake_frame_masked[0]);
	assert_int_equal(fake_frame_routed[0], (FIRST + 3) % 4);
	assert_int_equal(get(DATA, 2), FIRST + 3);
	assert_int_equal(get(FLAGS, 2) & 0x71, CONTROL(0));
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 3);
	assert_int_equal(nic->meter.total, 1);
	/* It may move while it is on, byte by byte; hardware hears nothing of it. */
	put(DATA, 1, FIRST + 5);
	assert_int_equal(hw(DATA, 2), FAKE_DATA);
	assert_int_equal(fake_frame.used, 1);
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 5);
	/* Off: the vector is given back, the message stays. */
	put(FLAGS, 1, 0);
	assert_int_equal(fake_frame.used, 0);
	assert_int_equal(hw(FLAGS, 2) & 0x71, 0);
	assert_true(fake_frame_masked[0]);
	assert_int_equal(get(LOW, 4), FAKE_SETSPI);
	put(FLAGS, 2, CONTROL(0));
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 5);
	assert_int_equal(fake_msix_pulses, 3);
}

/* The function replaces the low bits of the data, the host's as well as the domain's. */
static void several_messages(void **state)
{
	uint32_t one, base;

	(void)state;
	assert_int_equal(msi_alloc(&fake_frame, 1, nobodys, NULL, &one), 0);
	set_message(FAKE_SETSPI, FIRST + 7); /* low bits are not its own */
	put(FLAGS, 2, CONTROL(2));
	assert_int_equal(fake_frame.used, 5);
	assert_int_equal(hw(FLAGS, 2) & 0x71, CONTROL(2));
	base = hw(DATA, 2);
	assert_int_equal(base & 3, 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_false(fake_frame_masked[base - FAKE_DATA + i]);
		msi_fired(&fake_frame, base - FAKE_DATA + i);
		assert_int_equal(fake_msix_pulsed, FIRST + 4 + i);
	}
	/* Another number of them is another run; more than there are is as many as there are. */
	put(FLAGS, 2, CONTROL(1));
	assert_int_equal(fake_frame.used, 3);
	assert_int_equal(hw(FLAGS, 2) & 0x71, CONTROL(1));
	put(FLAGS, 2, CONTROL(7));
	assert_int_equal(fake_frame.used, 5);
	assert_int_equal(hw(FLAGS, 2) & 0x71, CONTROL(2));
	assert_int_equal(get(FLAGS, 2) & 0x71, CONTROL(2));
	msi_free(&fake_frame, one, 1);
}

/* An address that is no doorbell of the domain's, or not its virtual interrupts, reaches nobody. */
static void other_messages_stay_masked(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t data;
	} bad[] = {
		{ FAKE_SETSPI + 4, FIRST }, { FAKE_SETSPI | 1ULL << 32, FIRST },
		{ FAKE_SETSPI, FIRST - 1 }, { FAKE_SETSPI, FIRST + FRAME },
		{ FAKE_SETSPI, FAKE_DATA }, { 0, 0 },
	};

	(void)state;
	put(FLAGS, 2, CONTROL(0));
	assert_true(fake_frame_masked[0]);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		set_message(FAKE_SETSPI, FIRST);
		assert_false(fake_frame_masked[0]);
		set_message(bad[i].address, bad[i].data);
		assert_true(fake_frame_masked[0]);
		msi_fired(&fake_frame, 0);
		assert_int_equal(fake_msix_pulses, 0);
		/* Whatever the domain says, hardware has the host's. */
		assert_int_equal(hw(LOW, 4), FAKE_SETSPI);
		assert_int_equal(hw(DATA, 2), FAKE_DATA);
	}
}

static void no_run_is_left(void **state)
{
	uint32_t taken[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(msi_alloc(&fake_frame, 4, nobodys, NULL, &taken[i]), 0);
	}
	/* Four are free, four in a row with data that fit are not. */
	set_message(FAKE_SETSPI, FIRST);
	put(FLAGS, 2, CONTROL(2));
	assert_int_equal(hw(FLAGS, 2) & 1, 0);
	assert_int_equal(get(FLAGS, 2) & 0x71, CONTROL(2));
	assert_int_equal(fake_frame.used, 12);
	assert_true(fake_log_has("no MSI vector is left"));
	put(DATA, 2, FIRST);
	assert_int_equal(fake_log_lines, 1);
	/* Fewer are to be had. */
	put(FLAGS, 2, CONTROL(1));
	assert_int_equal(hw(FLAGS, 2) & 0x71, CONTROL(1));
	assert_int_equal(fake_frame.used, 14);
	for (uint32_t i = 0; i < 3; i++) {
		msi_free(&fake_frame, taken[i], 4);
	}
}

/* Data where the upper address is elsewhere; a doorbell it cannot reach is none. */
static void short_addresses(void **state)
{
	(void)state;
	put(LOW, 4, (uint32_t)FAKE_SETSPI);
	put(DATA_32, 2, FIRST + 1);
	put(FLAGS, 2, CONTROL(0));
	assert_int_equal(hw(LOW, 4), FAKE_SETSPI);
	assert_int_equal(hw(DATA_32, 2), FAKE_DATA);
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 1);
	put(FLAGS, 2, 0);
	/* 32 messages of a controller that has 16. */
	put(FLAGS, 2, CONTROL(5));
	assert_int_equal(hw(FLAGS, 2) & 1, 0);
	assert_int_equal(fake_frame.used, 0);
	put(FLAGS, 2, 0);
	OWNER->vpci->msi_doorbell = ipa(0x100000000ULL);
	put(FLAGS, 2, CONTROL(0));
	assert_int_equal(hw(FLAGS, 2) & 1, 0);
	assert_int_equal(fake_frame.used, 0);
	OWNER->vpci->msi_doorbell = ipa(FAKE_DOORBELL);
}

static void vectors_go_with_the_user(void **state)
{
	(void)state;
	set_message(FAKE_SETSPI, FIRST);
	put(FLAGS, 2, CONTROL(2));
	assert_int_equal(fake_frame.used, 4);
	quarantine(nic);
	assert_int_equal(fake_frame.used, 0);
	/* A guest that does not ask for it sees no MSI. */
	lend_to(GUEST1, nic, 1);
	for (uint32_t at = guest_read(1, 0x34, 1); at != 0; at = guest_read(1, at + 1, 1)) {
		assert_int_not_equal(guest_read(1, at, 1), 0x05);
	}
	assert_int_equal(lend_detach(nic), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nic), 0);
	assert_int_equal(get(LOW, 4), 0);
	assert_int_equal(get(FLAGS, 2) & 0x71, 0);
}

static void reset_turns_it_off(void **state)
{
	(void)state;
	set_message(FAKE_SETSPI, FIRST);
	put(FLAGS, 2, CONTROL(2));
	owner_write(nic, nic->cap_express + 8U, 2, 0x8000);
	world_run_resets();
	assert_int_equal(fake_frame.used, 0);
	for (uint32_t i = 0; i < FAKE_VECTORS; i++) {
		assert_true(fake_frame_masked[i]);
	}
	assert_int_equal(get(LOW, 4), 0);
	assert_int_equal(get(FLAGS, 2) & 0x71, 0);
	set_message(FAKE_SETSPI, FIRST + 9);
	put(FLAGS, 2, CONTROL(0));
	msi_fired(&fake_frame, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 9);
}

static void a_storm_is_masked_and_ends(void **state)
{
	uint32_t limit = 10000, burst = limit / IRQ_METER_WINDOWS;

	(void)state;
	irq_meter_limit(limit);
	set_message(FAKE_SETSPI, FIRST);
	put(FLAGS, 2, CONTROL(1));
	for (uint32_t i = 0; i <= burst; i++) {
		msi_fired(&fake_frame, 1);
	}
	assert_true(!fake_frame_masked[0] && fake_frame_masked[1]);
	/* What the domain writes does not end it... */
	put(DATA, 2, FIRST + 2);
	assert_true(fake_frame_masked[1]);
	fake_now += PCI_STORM_BACKOFF_MS * ticks_per_second() / 1000;
	world_run_jobs();
	assert_false(fake_frame_masked[1]);
	/* ...and its end opens nothing that means nothing. */
	for (uint32_t i = 0; i <= burst; i++) {
		msi_fired(&fake_frame, 1);
	}
	assert_true(fake_frame_masked[1]);
	put(LOW, 4, 0);
	fake_now += PCI_STORM_BACKOFF_MS * ticks_per_second() / 1000;
	world_run_jobs();
	assert_true(fake_frame_masked[0] && fake_frame_masked[1]);
	put(LOW, 4, (uint32_t)FAKE_SETSPI);
	assert_false(fake_frame_masked[1]);
}

static void guest_has_messages_of_its_own(void **state)
{
	uint32_t cap = nic->msi.cap;

	(void)state;
	assert_int_equal(guest_read(1, cap, 1), 0x05);
	guest_write(1, cap + LOW, 4, (uint32_t)GUEST_SPI);
	guest_write(1, cap + DATA, 2, GUEST_V2M_INTID);
	guest_write(1, cap + FLAGS, 2, CONTROL(2));
	assert_int_equal(hw(LOW, 4), GUEST_SPI);
	assert_int_equal(fake_frame.used, SHARE);
	msi_fired(&fake_frame, hw(DATA, 2) - FAKE_DATA + 3);
	assert_int_equal(fake_msix_pulsed, GUEST_V2M_INTID + 3);
	assert_int_equal(GUEST1->interrupts_injected, 1);
	/* Eight are more than it may own; then none are. */
	guest_write(1, cap + FLAGS, 2, CONTROL(3));
	assert_int_equal(hw(FLAGS, 2) & 1, 0);
	assert_int_equal(fake_frame.used, 0);
	assert_true(fake_log_has("as many MSI vectors as it may have"));
	guest_write(1, cap + FLAGS, 2, CONTROL(2));
	assert_int_equal(fake_frame.used, SHARE);
	assert_int_equal(lend_detach(nic), 0);
	assert_int_equal(fake_frame.used, 0);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, frame_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(message_is_rewritten, setup),
		TEST(several_messages, setup),
		TEST(other_messages_stay_masked, setup),
		TEST(no_run_is_left, setup),
		TEST(short_addresses, setup_32bit),
		TEST(vectors_go_with_the_user, setup),
		TEST(reset_turns_it_off, setup),
		TEST(a_storm_is_masked_and_ends, setup),
		TEST(guest_has_messages_of_its_own, setup_unsafe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
