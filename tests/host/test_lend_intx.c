/* SPDX-License-Identifier: BSD-2-Clause */
/* INTx of lent functions: which wire of which domain rises, and who is silenced. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_intx.h"
#include "fake_log.h"
#include "irq/vgic.h"
#include "lend_rig.h"
#include "pci/pci_config.h"

static void fire_until_disabled(void)
{
	for (uint32_t n = 0; fake_intx_enabled(WIRE); n++) {
		assert_true(n < 100);
		fake_intx_fire(WIRE);
	}
}

static void a_wire_follows_its_users(void **state)
{
	struct domain *owner = &lend_world.domains[WORLD_CONTROL];
	struct model_function *disk, *card;
	uint32_t vintid;

	(void)state;
	start_on_one_wire(&disk, &card);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	assert_int_equal(vintid, WIRE);
	assert_false(silent(disk) || silent(card));
	quarantine(nvme);
	assert_true(silent(disk));
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	assert_ptr_equal(fake_intx_meter(WIRE), &nic->meter);
	/* The disk's slot decides where its guest is interrupted. */
	lend_to(GUEST1, nvme, 3);
	assert_int_equal(guest_read(3, 0x3d, 1), 1);
	assert_null(fake_intx_forwarded(WIRE, &vintid));
	assert_true(fake_intx_has_handler(WIRE) && fake_intx_enabled(WIRE));
	fake_intx_run_pending();
	assert_false(silent(disk) || silent(card));

	ask(disk, true);
	fake_intx_fire(WIRE);
	assert_int_equal(nvme->meter.total, 1);
	assert_int_equal(nic->meter.total, 0);
	assert_true(silent(disk));
	assert_false(silent(card));
	assert_true(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_false(vgic_level(owner, WIRE));
	assert_int_equal(fake_intx_cpu(WIRE), vgic_spi_cpu(GUEST1, GUEST_INTX_INTID + 3));
	assert_int_not_equal(fake_intx_cpu(WIRE), vgic_spi_cpu(owner, WIRE));
	assert_int_equal(guest_read(3, 0x06, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
	assert_int_equal(guest_read(3, 0x04, 2) & PCI_COMMAND_INTX_OFF, 0);
	/* The other one is not held up, and the first not asked again meanwhile. */
	ask(card, true);
	fake_intx_fire(WIRE);
	assert_true(vgic_level(owner, WIRE));
	assert_int_equal(fake_intx_cpu(WIRE), vgic_spi_cpu(owner, WIRE));
	ask(card, false);
	fake_intx_eoi(owner, WIRE);
	assert_int_equal(fake_intx_run_pending(), 1);
	assert_false(silent(card) || vgic_level(owner, WIRE));
	assert_true(silent(disk));
	/* Not served: it is raised again at once. Served: it may speak. */
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_true(silent(disk) && vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	ask(disk, false);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_false(silent(disk) || vgic_level(GUEST1, GUEST_INTX_INTID + 3));

	/* Taken away while it asks: silent, and the wire is its neighbour's alone. */
	ask(disk, true);
	fake_intx_fire(WIRE);
	assert_int_equal(lend_detach(nvme), 0);
	assert_true(silent(disk));
	assert_false(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	assert_false(silent(disk));
}

static void both_may_silence_a_function(void **state)
{
	struct model_function *disk, *card;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
	guest_write(3, 0x04, 2, PCI_COMMAND_INTX_OFF);
	assert_true(silent(disk));
	ask(disk, true);
	fake_intx_fire(WIRE);
	assert_false(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	guest_write(3, 0x04, 2, 0);
	assert_false(silent(disk));
	fake_intx_fire(WIRE);
	assert_true(silent(disk));
	/* The guest cannot undo what the hypervisor did. */
	guest_write(3, 0x04, 4, PCI_COMMAND_INTX_OFF);
	guest_write(3, 0x04, 2, 0);
	assert_true(silent(disk));
	/* And what it did itself outlasts its EOI. */
	guest_write(3, 0x04, 2, PCI_COMMAND_INTX_OFF);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_true(silent(disk));
	assert_false(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	guest_write(3, 0x05, 1, 0);
	assert_false(silent(disk));
}

static void a_wire_alone_is_forwarded_to_a_guest(void **state)
{
	struct model_function *disk, *card;
	uint32_t vintid;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	quarantine(nic);
	assert_null(fake_intx_forwarded(WIRE, &vintid));
	assert_false(fake_intx_has_handler(WIRE));
	lend_to(GUEST1, nvme, 2);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), GUEST1);
	assert_int_equal(vintid, GUEST_INTX_INTID + 2);
	/* At another place of the same guest: shared inside it. */
	lend_to(GUEST1, nic, 3);
	assert_null(fake_intx_forwarded(WIRE, &vintid));
	assert_true(fake_intx_has_handler(WIRE));
	assert_int_equal(lend_detach(nic), 0);
	world_run_resets();
	/* Slot 6 turns the pin as slot 2 does. */
	lend_to(GUEST1, nic, 6);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), GUEST1);
	fake_intx_run_pending();
	assert_false(silent(disk) || silent(card));
}

/* Another wire leads to its place as well. */
static void two_wires_lead_to_one_place(void **state)
{
	struct domain *owner = &lend_world.domains[WORLD_CONTROL];
	struct model_function *disk, *card;
	uint32_t vintid;

	(void)state;
	start_on_two_wires(&disk, &card);
	assert_true(fake_intx_has_handler(WIRE) && fake_intx_has_handler(OTHER_WIRE));
	assert_false(silent(disk) || silent(card));
	ask(disk, true);
	fake_intx_fire(WIRE);
	ask(card, true);
	fake_intx_fire(OTHER_WIRE);
	assert_true(silent(disk) && silent(card));
	/* The end of one handling is both's. */
	ask(disk, false);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	assert_int_equal(fake_intx_run_pending(), 1);
	assert_true(silent(card) && vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_false(silent(disk));
	ask(card, false);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_false(silent(disk) || silent(card));
	/* Also when the wire that is told of it is gone before it could look. */
	ask(disk, true);
	fake_intx_fire(WIRE);
	ask(card, true);
	fake_intx_fire(OTHER_WIRE);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	assert_int_equal(lend_detach(nic), 0);
	assert_true(silent(disk));
	fake_intx_run_pending();
	assert_true(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	ask(disk, false);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_false(silent(disk) || vgic_level(GUEST1, GUEST_INTX_INTID + 3));

	/* Each by itself: each is forwarded. */
	world_run_resets();
	lend_to(GUEST1, nic, 6);
	assert_ptr_equal(fake_intx_forwarded(OTHER_WIRE, &vintid), GUEST1);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), owner);
	assert_ptr_equal(fake_intx_meter(WIRE), &world_function(0, 3, 0, 0)->meter);
}

static void what_cannot_be_silenced_is_not_shared(void **state)
{
	struct model_function *disk, *card;
	uint32_t vintid;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	/* PCI 2.2: no INTx disable. */
	model_set16(disk, PCI_COMMAND, 0, 0x0147);
	lend_to(GUEST1, nvme, 3);
	assert_int_equal(guest_read(3, 0x3d, 1), 0);
	assert_ptr_equal(fake_intx_forwarded(WIRE, &vintid), &lend_world.domains[WORLD_CONTROL]);
}

static void a_wire_nobody_asserts_is_polled(void **state)
{
	struct domain *owner = &lend_world.domains[WORLD_CONTROL];
	struct model_function *disk, *card;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
	for (uint32_t round = 1; round < 20; round++) {
		fire_until_disabled();
		/* Nobody is blamed for it, and nobody told. */
		assert_false(silent(disk) || silent(card));
		assert_false(vgic_level(GUEST1, GUEST_INTX_INTID + 3) || vgic_level(owner, WIRE));
		/* Who asks is heard at the next look, again and again. */
		for (uint32_t i = 0; i < 3; i++) {
			ask(card, true);
			assert_true(world_step_job());
			assert_true(vgic_level(owner, WIRE) && silent(card));
			ask(card, false);
			fake_intx_eoi(owner, WIRE);
			assert_true(world_step_job());
			assert_false(vgic_level(owner, WIRE) || silent(card));
		}
		assert_false(fake_intx_enabled(WIRE));
		world_run_jobs();
		assert_true(fake_intx_enabled(WIRE));
	}
	assert_true(fake_log_has("INTx line 36: interrupts for none of its functions (1 times)"));
	assert_in_range(fake_log_lines, 1, 60);
	/* A change in the middle. */
	fire_until_disabled();
	assert_int_equal(lend_detach(nvme), 0);
	world_run_jobs();
	world_run_resets();
	lend_to(GUEST1, nvme, 3);
	assert_true(fake_intx_enabled(WIRE));
}

/* Interrupts for nobody between a neighbour's own: they are at most as many. */
static void useful_interrupts_do_not_hide_empty_ones(void **state)
{
	struct domain *owner = &lend_world.domains[WORLD_CONTROL];
	struct model_function *disk, *card;
	uint32_t n = 0;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
	while (fake_intx_enabled(WIRE)) {
		assert_true(n++ < 200);
		for (uint32_t i = 0; i < 3 && fake_intx_enabled(WIRE); i++) {
			fake_intx_fire(WIRE);
		}
		ask(card, true);
		if (fake_intx_enabled(WIRE)) {
			fake_intx_fire(WIRE);
		}
		ask(card, false);
		fake_intx_eoi(owner, WIRE);
		fake_intx_run_pending();
	}
	world_run_jobs();
	/* One in three is what an honest driver that polls may make. */
	for (n = 0; n < 1000; n++) {
		ask(card, true);
		fake_intx_fire(WIRE);
		ask(card, false);
		fake_intx_eoi(owner, WIRE);
		fake_intx_run_pending();
		fake_intx_fire(WIRE);
		assert_true(fake_intx_enabled(WIRE));
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, lend_rig_setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(a_wire_follows_its_users),
		T(both_may_silence_a_function),
		T(a_wire_alone_is_forwarded_to_a_guest),
		T(two_wires_lead_to_one_place),
		T(what_cannot_be_silenced_is_not_shared),
		T(a_wire_nobody_asserts_is_polled),
		T(useful_interrupts_do_not_hide_empty_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
