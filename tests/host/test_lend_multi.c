/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of one device, lent to one guest: they stay one device, whichever come and go. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_intx.h"
#include "irq/vgic.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"

#define FUNCTIONS 4
#define MULTI 0x80U

static struct pci_function *quad[FUNCTIONS]; /* 0000:01:00.0 to .3 */
static struct model_function *models[FUNCTIONS];

/* One card with four functions, pins A to D, behind root port 1; the network card behind port 2. */
static int setup_quad(void **state)
{
	struct model_function *port;

	lend_rig_setup(state);
	start_over_with_wires();
	port = model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	for (uint8_t fn = 0; fn < FUNCTIONS; fn++) {
		struct model_function *f =
			model_endpoint(&world.pci, port, 0, fn, 0x15218086, 0x020000);

		model_bar(f, 0, BAR_MEM32, false, 0x4000);
		model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
		model_msix(f, 4, 0, 0x2000, 0, 0x3000);
		model_set8(f, PCI_INTERRUPT_PIN, (uint8_t)(fn + 1), 0);
		models[fn] = f;
	}
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	for (uint8_t fn = 0; fn < FUNCTIONS; fn++) {
		quad[fn] = world_function(0, 1, 0, fn);
		quarantine(quad[fn]);
	}
	quarantine(nic);
	return 0;
}

/* Lend it to the first guest; where the guest sees it, as device << 4 | function. */
static uint32_t lend_fn(struct pci_function *f, uint32_t vslot)
{
	struct vsbdf where;

	assert_int_equal(attach(GUEST1, f, vslot, &where), 0);
	assert_int_equal(where.v, f->user_view.v);
	return (uint32_t)SBDF_DEV(where) << 4 | SBDF_FN(where);
}

static void take_back(struct pci_function *f)
{
	assert_int_equal(lend_detach(f), 0);
	world_run_resets();
	assert_int_equal(f->state, FUNCTION_QUARANTINED);
}

static uint32_t read_fn(uint32_t slot, uint32_t fn, uint32_t reg, uint8_t size)
{
	return guest_read(slot, fn << 12 | reg, size);
}

static bool is_multi(uint32_t slot, uint32_t fn)
{
	return (read_fn(slot, fn, PCI_HEADER_TYPE, 1) & MULTI) != 0;
}

static void functions_stay_one_device(void **state)
{
	(void)state;
	assert_int_equal(lend_fn(nic, 0), 0x10);
	assert_int_equal(lend_fn(quad[0], 0), 0x20);
	assert_false(is_multi(2, 0));
	assert_int_equal(lend_fn(quad[2], 0), 0x22);
	assert_int_equal(lend_fn(quad[1], 0), 0x21);
	assert_true(is_multi(2, 0) && is_multi(2, 1) && is_multi(2, 2));
	assert_int_equal(read_fn(2, 3, 0, 4), 0xffffffff);
	assert_false(is_multi(1, 0));
	for (uint32_t fn = 0; fn < 3; fn++) {
		assert_int_equal(read_fn(2, fn, 0, 4), 0x15218086);
		assert_ptr_equal(vpci_host_device(GUEST1, 2 << 3 | fn), quad[fn]->itt);
		assert_int_equal(world_dma(quad[fn]), WORLD_GUEST1);
	}
	/* Each answers for itself: places differ, and only the one told decodes. */
	assert_int_not_equal(read_fn(2, 0, 0x10, 4), read_fn(2, 1, 0x10, 4));
	guest_write(2, 1 << 12 | PCI_COMMAND, 2, 2);
	assert_int_equal(world_translate(WORLD_GUEST1, read_fn(2, 1, 0x10, 4)),
			 quad[1]->bars[0].cpu.v);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
}

static void first_places_of_all_functions_differ(void **state)
{
	(void)state;
	for (uint32_t fn = 0; fn < FUNCTIONS; fn++) {
		lend_fn(quad[fn], 0);
	}
	for (uint32_t fn = 0; fn < FUNCTIONS; fn++) {
		guest_write(1, fn << 12 | PCI_COMMAND, 2, 2);
	}
	assert_int_equal(world_pages(WORLD_GUEST1), 4 * FUNCTIONS);
}

static void without_function_0_each_is_a_device(void **state)
{
	(void)state;
	assert_int_equal(lend_fn(quad[2], 0), 0x10);
	assert_int_equal(lend_fn(quad[3], 0), 0x20);
	assert_false(is_multi(1, 0) || is_multi(2, 0));
	/* Function 0 does not move them, and who comes after it joins it. */
	assert_int_equal(lend_fn(quad[0], 0), 0x30);
	assert_int_equal(lend_fn(quad[1], 0), 0x31);
	assert_true(is_multi(3, 0));
	assert_false(is_multi(1, 0) || is_multi(2, 0));
}

static void vslot_says_where(void **state)
{
	struct vsbdf where;

	(void)state;
	assert_int_equal(lend_fn(quad[0], 5), 0x50);
	assert_int_equal(lend_fn(quad[3], 5), 0x53);
	/* A place of its own, asked for. */
	assert_int_equal(lend_fn(quad[1], 7), 0x70);
	assert_false(is_multi(7, 0));
	/* A slot with any function in it is another device's. */
	assert_int_equal(attach(GUEST1, nic, 5, &where), -EBUSY);
	take_back(quad[0]);
	assert_int_equal(attach(GUEST1, nic, 5, &where), -EBUSY);
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	take_back(quad[3]);
	assert_int_equal(lend_fn(nic, 5), 0x50);
}

static void function_0_leaves_and_comes_back(void **state)
{
	(void)state;
	lend_fn(quad[0], 0);
	lend_fn(quad[1], 0);
	lend_fn(quad[2], 0);
	guest_write(1, 1 << 12 | PCI_COMMAND, 2, 6);
	take_back(quad[0]);
	/* The others are where they were, and work. */
	assert_int_equal(read_fn(1, 0, 0, 4), 0xffffffff);
	assert_int_equal(read_fn(1, 1, PCI_COMMAND, 2) & 6, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(world_dma(quad[1]), WORLD_GUEST1);
	assert_int_equal(lend_fn(nic, 0), 0x20);
	assert_int_equal(lend_fn(quad[0], 0), 0x10);
	assert_true(is_multi(1, 0));
	take_back(quad[1]);
	assert_true(is_multi(1, 0));
	take_back(quad[2]);
	assert_false(is_multi(1, 0));
}

static void the_bit_outlasts_a_reset(void **state)
{
	(void)state;
	lend_fn(quad[0], 0);
	reset_by_guest(1, quad[0]);
	assert_int_equal(read_fn(1, 0, 0, 4), 0xffffffff);
	/* A function joins one that is just being reset. */
	lend_fn(quad[1], 0);
	assert_int_equal(read_fn(1, 0, PCI_HEADER_TYPE, 1), 0xff);
	world_run_resets();
	assert_true(is_multi(1, 0));
	reset_by_guest(1, quad[0]);
	take_back(quad[1]);
	assert_int_equal(read_fn(1, 0, 0, 4), 0x15218086);
	assert_false(is_multi(1, 0));
}

static void two_guests_never_share_a_device_number(void **state)
{
	struct vsbdf where;

	(void)state;
	lend_fn(quad[0], 0);
	/* Peers without ACS: one isolation group, and so one guest's. */
	assert_int_equal(attach(GUEST2, quad[1], 0, &where), -EEXIST);
	assert_int_equal(attach(GUEST2, nic, 0, &where), 0);
	assert_int_equal(where.v, 1 << 3);
	assert_false(is_multi(1, 0));
}

/* Every function interrupts by its own pin, turned by the device number as the guest turns it. */
static void pins_a_to_d(void **state)
{
	struct domain *d;
	uint32_t vintid;

	(void)state;
	for (uint32_t fn = 0; fn < FUNCTIONS; fn++) {
		lend_fn(quad[fn], 6);
		assert_int_equal(read_fn(6, fn, PCI_INTERRUPT_PIN, 1), fn + 1);
	}
	for (uint32_t fn = 0; fn < FUNCTIONS; fn++) {
		/* Root port 1 turns by its own number; the wire is this function's alone. */
		d = fake_intx_forwarded(35 + (1 + fn) % 4, &vintid);
		assert_ptr_equal(d, GUEST1);
		assert_int_equal(vintid, GUEST_INTX_INTID + (6 + fn) % 4);
	}
	assert_int_equal(models[3]->config[PCI_INTERRUPT_PIN], 4);
}

/* Any order of lending and taking back: places are unique, bits are right, nothing is lost. */
static void random_comings_and_goings(void **state)
{
	struct pci_function *all[FUNCTIONS + 1] = { quad[0], quad[1], quad[2], quad[3], nic };
	uint32_t seed = 77;

	(void)state;
	for (uint32_t n = 0; n < 2000; n++) {
		uint32_t count[32] = { 0 };
		struct pci_function *f;
		struct vsbdf where;

		seed = seed * 1664525 + 1013904223;
		f = all[(seed >> 24) % (FUNCTIONS + 1)];
		if (f->state == FUNCTION_LENT) {
			take_back(f);
		} else {
			attach(GUEST1, f, (seed >> 16) % 4, &where);
		}
		for (uint32_t i = 0; i <= FUNCTIONS; i++) {
			for (uint32_t k = 0; k < i; k++) {
				assert_false(all[i]->state == FUNCTION_LENT &&
					     all[k]->state == FUNCTION_LENT &&
					     all[i]->user_view.v == all[k]->user_view.v);
			}
			count[SBDF_DEV(all[i]->user_view)] += all[i]->state == FUNCTION_LENT;
		}
		for (uint32_t i = 0; i <= FUNCTIONS; i++) {
			uint32_t slot = SBDF_DEV(all[i]->user_view);
			uint32_t fn = SBDF_FN(all[i]->user_view);

			if (all[i]->state != FUNCTION_LENT) {
				continue;
			}
			assert_int_equal(is_multi(slot, fn), count[slot] > 1);
			assert_true(fn == 0 || fn == SBDF_FN(all[i]->sbdf));
			assert_true(all[i] != nic || count[slot] == 1);
		}
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_quad, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(functions_stay_one_device),
		T(first_places_of_all_functions_differ),
		T(without_function_0_each_is_a_device),
		T(vslot_says_where),
		T(function_0_leaves_and_comes_back),
		T(the_bit_outlasts_a_reset),
		T(two_guests_never_share_a_device_number),
		T(pins_a_to_d),
		T(random_comings_and_goings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
