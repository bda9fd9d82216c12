/* SPDX-License-Identifier: BSD-2-Clause */
/* INTx of lent functions: which wire of which domain rises, and who is silenced. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_intx.h"
#include "irq/vgic.h"
#include "lend_rig.h"
#include "pci/pci_config.h"

#define WIRE 36U /* of devices 1 and 5 on the root bus */

static struct model_function *with_pin(uint32_t n)
{
	struct model_function *f = world.pci.functions[n];

	model_set8(f, PCI_INTERRUPT_PIN, 1, 0);
	return f;
}

/* Disk and card behind root ports 1 and 5: one line. */
static void start_on_one_wire(struct model_function **disk, struct model_function **card)
{
	start_over();
	for (uint32_t i = 0; i < 16; i++) {
		world.desc.intx[i / 4][i % 4] = 35 + (i / 4 + i % 4) % 4;
	}
	add_nvme(&world, 1, 0x4000);
	*disk = with_pin(world.pci.count - 1);
	add_nic(&world, 5);
	*card = with_pin(world.pci.count - 1);
	bring_up(&world, 0x4010000000ULL);
	start(1);
}

static void ask(struct model_function *f, bool on)
{
	f->config[PCI_STATUS] = (uint8_t)(on ? f->config[PCI_STATUS] | PCI_STATUS_INTERRUPT
					     : f->config[PCI_STATUS] & ~PCI_STATUS_INTERRUPT);
}

static bool silent(const struct model_function *f)
{
	return model_get(f, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF;
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
	assert_int_equal(guest_read(3, 0x06, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
	assert_int_equal(guest_read(3, 0x04, 2) & PCI_COMMAND_INTX_OFF, 0);
	/* The other one is not held up, and the first not asked again meanwhile. */
	ask(card, true);
	fake_intx_fire(WIRE);
	assert_true(vgic_level(owner, WIRE));
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

static void a_wire_nobody_asserts_is_given_up(void **state)
{
	struct model_function *disk, *card;
	uint32_t n = 0;

	(void)state;
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
	for (; fake_intx_enabled(WIRE); n++) {
		assert_true(n < 1000);
		fake_intx_fire(WIRE);
	}
	/* Before that, everyone on it was silenced and told. */
	assert_true(silent(disk) && silent(card));
	assert_true(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_true(vgic_level(&lend_world.domains[WORLD_CONTROL], WIRE));
	/* A change gives it another chance. */
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	lend_to(GUEST1, nvme, 3);
	assert_true(fake_intx_enabled(WIRE));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, lend_rig_setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(a_wire_follows_its_users),
		T(both_may_silence_a_function),
		T(a_wire_alone_is_forwarded_to_a_guest),
		T(what_cannot_be_silenced_is_not_shared),
		T(a_wire_nobody_asserts_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
