/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended capabilities without end and without a place, and what the owner writes to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lend_rig.h"
#include "pci/pci_config.h"

enum { VENDOR = 0x000b, ATS = 0x000f, MANY = 48 };

static struct model_function *device;
static struct pci_function *f; /* 0000:03:00.0, the control domain's */

static struct model_function *begin(void)
{
	struct model_function *port;

	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	port = model_port(&world.pci, NULL, 3, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	device = model_endpoint(&world.pci, port, 0, 0, 0x00011234, 0xff0000);
	return device;
}

static void end(void)
{
	bring_up(&world, 0x4010000000ULL);
	start(1);
	f = world_function(0, 3, 0, 0);
}

/* n vendor-specific ones, then one that the owner may not write. */
static uint16_t list_with_ats_last(uint32_t n)
{
	uint16_t at;

	begin();
	model_express(device, PCI_EXP_TYPE_ENDPOINT, true);
	for (uint32_t i = 0; i < n; i++) {
		at = model_ext_cap(device, VENDOR, 8);
		model_set32(device, at + 4U, 0, 0xffffffff);
	}
	at = model_ext_cap(device, ATS, 8);
	model_set32(device, at + 4U, 0, 0xffffffff);
	end();
	return at;
}

static void what_is_listed_is_closed_to_the_last_place(void **state)
{
	uint16_t at = list_with_ats_last(MANY - 1);

	(void)state;
	owner_write(f, at + 4U, 4, 0x80000000);
	assert_int_equal(model_get(device, at + 4U, 4), 0);
	owner_write(f, 0x104, 4, 0x5a5a5a5a); /* a vendor's is the owner's */
	assert_int_equal(model_get(device, 0x104, 4), 0x5a5a5a5a);
}

static void of_a_longer_list_nothing_is_written(void **state)
{
	uint16_t at = list_with_ats_last(MANY);

	(void)state;
	owner_write(f, at + 4U, 4, 0x80000000);
	assert_int_equal(model_get(device, at + 4U, 4), 0);
	owner_write(f, 0x104, 4, 0x5a5a5a5a);
	assert_int_equal(model_get(device, 0x104, 4), 0);
	assert_int_equal(owner_read(f, at, 2), ATS);
}

/* D19: a list that loops has no more than what it goes round. */
static void d19_a_loop_is_no_longer_list(void **state)
{
	uint16_t first, last;

	(void)state;
	begin();
	model_express(device, PCI_EXP_TYPE_ENDPOINT, true);
	first = model_ext_cap(device, VENDOR, 8);
	model_set32(device, first + 4U, 0, 0xffffffff);
	last = model_ext_cap(device, ATS, 8);
	model_set32(device, last, ATS | 1U << 16 | (uint32_t)first << 20, 0);
	model_set32(device, last + 4U, 0, 0xffffffff);
	end();
	owner_write(f, first + 4U, 4, 0x5a5a5a5a);
	assert_int_equal(model_get(device, first + 4U, 4), 0x5a5a5a5a);
	owner_write(f, last + 4U, 4, 0x80000000);
	assert_int_equal(model_get(device, last + 4U, 4), 0);
}

/* A conventional function has 256 bytes. Behind some bridges the header is there a second time. */
static void conventional_functions_have_none(void **state)
{
	(void)state;
	begin();
	model_set32(device, 0x110, 0, 0xffffffff);
	end();
	owner_write(f, 0x110, 4, 0x12340000);
	assert_int_equal(model_get(device, 0x110, 4), 0);
	assert_int_equal(owner_read(f, 0x110, 4), 0);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, lend_rig_setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_listed_is_closed_to_the_last_place),
		T(of_a_longer_list_nothing_is_written),
		T(d19_a_loop_is_no_longer_list),
		T(conventional_functions_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
