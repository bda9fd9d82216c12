/* SPDX-License-Identifier: BSD-2-Clause */
/* A hardware slot's life: by the book, and with cards that bounce, are silent or go any time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "pci/pci_slot.h"

static struct pci_slot slot;
static struct pci_slot_look look;
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	now = 5000;
	look = (struct pci_slot_look){ .there = false };
	pci_slot_init(&slot, false, now);
	return 0;
}

/* A look ms later; events are over with it. */
static enum pci_slot_do after(uint32_t ms)
{
	enum pci_slot_do what;

	now += ms;
	what = pci_slot_step(&slot, &look, now);
	look.swapped = look.dropped = look.button = look.fault = false;
	return what;
}

/* As QEMU's ports do it: presence, link and button at once. */
static void plug(void)
{
	look.there = look.link = look.swapped = look.dropped = look.button = true;
	look.answers = false;
	look.done = look.failed = false;
}

static void tear(void)
{
	look.there = look.link = false;
	look.swapped = look.dropped = true;
}

/* Looks every 10 ms until the slot says something, for at most ms. */
static enum pci_slot_do within(uint32_t ms)
{
	enum pci_slot_do what = PCI_SLOT_WAIT;

	for (uint32_t waited = 0; what == PCI_SLOT_WAIT && waited < ms; waited += 10) {
		what = after(10);
	}
	return what;
}

static void come(void)
{
	plug();
	assert_int_equal(within(4000), PCI_SLOT_POWER_ON);
	look.answers = true;
	assert_int_equal(within(300), PCI_SLOT_ADD);
	look.done = true;
	assert_int_equal(after(0), PCI_SLOT_STEADY);
	assert_int_equal(slot.stage, PCI_SLOT_FULL);
	look.done = false;
}

/* Nothing is done in a minute. */
static void assert_rests(void)
{
	for (uint32_t i = 0; i < 600; i++) {
		assert_int_equal(after(100), PCI_SLOT_WAIT);
	}
}

static void comes_by_the_book(void **state)
{
	uint64_t powered, link;

	(void)state;
	assert_rests();
	plug();
	look.link = false;
	assert_int_equal(after(100), PCI_SLOT_WAIT);
	assert_int_equal(within(199), PCI_SLOT_POWER_ON);
	powered = now;
	assert_int_equal(within(500), PCI_SLOT_WAIT);
	look.link = look.dropped = true;
	assert_int_equal(after(10), PCI_SLOT_WAIT);
	link = now;
	look.answers = true; /* not to be asked yet */
	assert_int_equal(within(90), PCI_SLOT_WAIT);
	assert_int_equal(slot.stage, PCI_SLOT_SETTLE);
	look.answers = false;
	assert_int_equal(within(500), PCI_SLOT_WAIT);
	assert_int_equal(slot.stage, PCI_SLOT_ANSWER);
	look.answers = true;
	assert_int_equal(after(10), PCI_SLOT_ADD);
	assert_true(powered < link && now - link >= 100);
	assert_int_equal(after(0), PCI_SLOT_ADD); /* one step is not all */
	look.done = true;
	assert_int_equal(after(0), PCI_SLOT_STEADY);
	assert_rests();
	assert_int_equal(slot.stage, PCI_SLOT_FULL);
}

static void found_at_boot_stays(void **state)
{
	(void)state;
	pci_slot_init(&slot, true, now);
	look.there = look.link = true;
	assert_rests();
	assert_int_equal(slot.stage, PCI_SLOT_FULL);
}

static void torn_out_at_once(void **state)
{
	(void)state;
	come();
	assert_int_equal(within(10000), PCI_SLOT_WAIT);
	tear();
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	assert_string_equal(slot.why, "torn out");
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	look.done = true;
	assert_int_equal(after(10), PCI_SLOT_POWER_OFF);
	assert_rests();
	come();
}

/* Only the event tells that it is not the same one any more. */
static void swapped_between_two_looks(void **state)
{
	(void)state;
	come();
	look.swapped = true;
	assert_int_equal(after(100), PCI_SLOT_TAKE);
	look.done = true;
	assert_int_equal(after(10), PCI_SLOT_POWER_OFF);
	assert_int_equal(within(3000), PCI_SLOT_POWER_ON);
}

static void back_before_it_is_gone(void **state)
{
	(void)state;
	come();
	tear();
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	plug();
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(after(10), PCI_SLOT_TAKE); /* users first */
	}
	look.done = true;
	assert_int_equal(after(10), PCI_SLOT_POWER_OFF);
	come();
}

static void link_lost_in_a_seat(void **state)
{
	(void)state;
	come();
	look.link = false;
	look.dropped = true;
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	assert_string_equal(slot.why, "link lost");
}

/* Our own secondary bus reset. */
static void own_resets_are_no_events(void **state)
{
	(void)state;
	come();
	look.held = true;
	look.link = false;
	look.dropped = look.swapped = true;
	assert_int_equal(within(500), PCI_SLOT_WAIT);
	look.link = look.dropped = true;
	assert_int_equal(after(10), PCI_SLOT_WAIT);
	look.held = false;
	assert_rests();
	look.link = false; /* it did not come back */
	assert_int_equal(after(10), PCI_SLOT_TAKE);
}

static void button_asks_first(void **state)
{
	uint64_t pressed;

	(void)state;
	come();
	look.button = true;
	assert_int_equal(after(10), PCI_SLOT_BLINK);
	pressed = now;
	assert_int_equal(within(6000), PCI_SLOT_ASK);
	assert_in_range(now - pressed, 5000, 5010);
	assert_int_equal(within(14000), PCI_SLOT_WAIT);
	look.done = true;
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	assert_int_equal(after(10), PCI_SLOT_POWER_OFF);
	/* It is in its seat until someone takes it, and that its link falls is no news. */
	look.link = false;
	look.dropped = true;
	assert_rests();
	look.there = false;
	look.swapped = true;
	assert_rests();
	come();
}

static void button_again_before_five_seconds(void **state)
{
	(void)state;
	come();
	look.button = true;
	assert_int_equal(after(10), PCI_SLOT_BLINK);
	assert_int_equal(within(4900), PCI_SLOT_WAIT);
	look.button = true;
	assert_int_equal(after(10), PCI_SLOT_STEADY);
	assert_rests();
}

static void who_does_not_let_go_is_not_asked_twice(void **state)
{
	(void)state;
	come();
	look.button = true;
	assert_int_equal(after(10), PCI_SLOT_BLINK);
	assert_int_equal(within(6000), PCI_SLOT_ASK);
	assert_int_equal(within(15100), PCI_SLOT_TAKE);
}

static void torn_out_while_asked(void **state)
{
	(void)state;
	come();
	look.button = true;
	assert_int_equal(after(10), PCI_SLOT_BLINK);
	tear();
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	assert_string_equal(slot.why, "torn out");
}

static void button_brings_back_what_is_in_its_seat(void **state)
{
	(void)state;
	button_asks_first(NULL);
	look.button = true;
	assert_int_equal(after(10), PCI_SLOT_BLINK);
	assert_int_equal(within(6000), PCI_SLOT_ASK);
	look.done = true;
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	assert_int_equal(after(10), PCI_SLOT_POWER_OFF);
	assert_rests();
	look.button = true;
	assert_int_equal(within(300), PCI_SLOT_POWER_ON);
}

static void silent_card(void **state)
{
	(void)state;
	plug();
	assert_int_equal(within(300), PCI_SLOT_POWER_ON);
	assert_int_equal(within(1300), PCI_SLOT_POWER_OFF);
	assert_string_equal(slot.why, "it does not answer");
	assert_rests(); /* not tried again */
	tear();
	assert_rests();
	come();
}

static void card_without_link(void **state)
{
	(void)state;
	plug();
	look.link = false;
	assert_int_equal(within(300), PCI_SLOT_POWER_ON);
	assert_int_equal(within(1100), PCI_SLOT_POWER_OFF);
	assert_string_equal(slot.why, "no link");
	assert_rests();
}

static void power_fault(void **state)
{
	(void)state;
	plug();
	assert_int_equal(within(300), PCI_SLOT_POWER_ON);
	look.fault = true;
	assert_int_equal(after(10), PCI_SLOT_POWER_OFF);
	assert_rests();
	tear();
	assert_int_equal(after(10), PCI_SLOT_WAIT);
	come();
	look.fault = true;
	assert_int_equal(after(10), PCI_SLOT_TAKE);
	assert_string_equal(slot.why, "power fault");
}

static void unusable_card(void **state)
{
	(void)state;
	plug();
	assert_int_equal(within(300), PCI_SLOT_POWER_ON);
	look.answers = true;
	assert_int_equal(within(300), PCI_SLOT_ADD);
	look.done = look.failed = true;
	assert_int_equal(after(0), PCI_SLOT_TAKE);
	assert_int_equal(after(0), PCI_SLOT_POWER_OFF);
	assert_rests();
}

/* A bad contact, up and down for minutes: how often may users be bothered? */
static void bounces(void **state)
{
	uint32_t added = 0, powered = 0;

	(void)state;
	for (uint32_t i = 0; i < 10 * 60 * 10; i++) {
		enum pci_slot_do what;

		look.there = look.link = look.answers = i % 10 < 8;
		look.swapped = i % 10 == 0 || i % 10 == 8;
		what = after(100);
		powered += what == PCI_SLOT_POWER_ON;
		added += what == PCI_SLOT_ADD;
		look.done = true;
	}
	assert_in_range(powered, 1, 10);
	assert_in_range(added, 0, 10);
}

/* Any history: functions are never known twice, nor when there is no power. */
static void any_history(void **state)
{
	bool power = false, known = false;

	(void)state;
	srand(1);
	for (uint32_t i = 0; i < 300000; i++) {
		uint32_t r = (uint32_t)rand();
		enum pci_slot_do what;

		look.there = r % 97 == 0 ? !look.there : look.there;
		look.link = r % 89 == 0 ? look.there : look.link && look.there;
		look.swapped = r % 101 == 0;
		look.dropped = r % 103 == 0;
		look.button = r % 107 == 0;
		look.fault = r % 1009 == 0;
		look.held = r % 211 == 0 ? !look.held : look.held;
		look.answers = r % 3 == 0;
		look.done = r % 5 == 0;
		look.failed = r % 13 == 0;
		what = after(r % 400);
		switch (what) {
		case PCI_SLOT_POWER_ON:
			assert_false(power);
			power = true;
			break;
		case PCI_SLOT_POWER_OFF:
			assert_true(power);
			assert_false(known && slot.stage != PCI_SLOT_EMPTY);
			power = known = false;
			break;
		case PCI_SLOT_ADD:
			assert_true(power);
			known = true;
			break;
		case PCI_SLOT_TAKE:
			assert_true(power && known);
			break;
		case PCI_SLOT_STEADY:
		case PCI_SLOT_BLINK:
		case PCI_SLOT_ASK:
			assert_true(power && known);
			break;
		case PCI_SLOT_WAIT:
		default:
			break;
		}
	}
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(comes_by_the_book),
		T(found_at_boot_stays),
		T(torn_out_at_once),
		T(swapped_between_two_looks),
		T(back_before_it_is_gone),
		T(link_lost_in_a_seat),
		T(own_resets_are_no_events),
		T(button_asks_first),
		T(button_again_before_five_seconds),
		T(who_does_not_let_go_is_not_asked_twice),
		T(torn_out_while_asked),
		T(button_brings_back_what_is_in_its_seat),
		T(silent_card),
		T(card_without_link),
		T(power_fault),
		T(unusable_card),
		T(bounces),
		T(any_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
