/* SPDX-License-Identifier: BSD-2-Clause */
/* Isolation groups of hierarchies with and without ACS. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "pci/pci_acs.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "pci_world.h"

static struct pci_world world;

static int setup(void **state)
{
	pci_world_init(&world, 0, 0, 255);
	return 0;
}

static int teardown(void **state)
{
	pci_world_free(&world);
	return 0;
}

static void bring_up(void)
{
	pci_bring_up(&world.bridge);
	pci_groups_assign(pci_function_first());
}

static uint32_t group(uint8_t bus, uint8_t dev, uint8_t fn)
{
	return world_function(0, bus, dev, fn)->group;
}

static struct model_function *port(struct model_function *parent, uint8_t dev, uint8_t type,
				   bool acs)
{
	return model_port(&world.pci, parent, dev, 0, type, false, acs);
}

static struct model_function *endpoint(struct model_function *parent, uint8_t dev, uint8_t fn)
{
	struct model_function *f =
		model_endpoint(&world.pci, parent, dev, fn, 0x10d38086, 0x020000);

	model_express(f, PCI_EXP_TYPE_ENDPOINT, false);
	return f;
}

static void test_acs_on_root_ports_separates(void **state)
{
	endpoint(port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, true), 0, 0);
	endpoint(port(NULL, 2, PCI_EXP_TYPE_ROOT_PORT, true), 0, 0);
	bring_up();
	assert_true(world_function(0, 0, 1, 0)->isolated);
	assert_int_equal(world_function(0, 0, 1, 0)->acs_enabled, 0x1d);
	assert_int_not_equal(group(1, 0, 0), group(2, 0, 0));
	assert_int_not_equal(group(1, 0, 0), group(0, 1, 0));
}

/* A register that says yes and does not hold the bits is no isolation. */
static void test_acs_that_does_not_take(void **state)
{
	struct model_function *p = port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, false);

	model_acs(p, 0x1f, 0x11);
	endpoint(p, 0, 0);
	bring_up();
	assert_false(world_function(0, 0, 1, 0)->isolated);
	assert_int_equal(group(1, 0, 0), group(0, 1, 0));
}

static void test_multifunction_without_acs_is_one_group(void **state)
{
	struct model_function *p = port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, true);

	endpoint(p, 0, 0);
	endpoint(p, 0, 1);
	p = port(NULL, 2, PCI_EXP_TYPE_ROOT_PORT, true);
	model_acs(endpoint(p, 0, 0), 0x0c, 0x0c);
	model_acs(endpoint(p, 0, 1), 0x0c, 0x0c);
	p = port(NULL, 3, PCI_EXP_TYPE_ROOT_PORT, true);
	model_acs(endpoint(p, 0, 0), 0x0c, 0x0c);
	endpoint(p, 0, 1);
	bring_up();
	assert_int_equal(group(1, 0, 0), group(1, 0, 1));
	assert_int_not_equal(group(2, 0, 0), group(2, 0, 1));
	assert_int_equal(group(3, 0, 0), group(3, 0, 1));
}

/* A switch whose downstream ports lack ACS sends peer traffic across without asking upstream. */
static void test_switch_without_acs_is_one_group(void **state)
{
	struct model_function *root = port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, true);
	struct model_function *up = port(root, 0, PCI_EXP_TYPE_UPSTREAM, false);

	endpoint(port(up, 0, PCI_EXP_TYPE_DOWNSTREAM, false), 0, 0);
	endpoint(port(up, 1, PCI_EXP_TYPE_DOWNSTREAM, true), 0, 0);
	endpoint(port(NULL, 2, PCI_EXP_TYPE_ROOT_PORT, true), 0, 0);
	bring_up();
	assert_int_equal(group(3, 0, 0), group(4, 0, 0));
	assert_int_not_equal(group(3, 0, 0), group(5, 0, 0));
}

static void test_switch_with_acs_separates(void **state)
{
	struct model_function *root = port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, true);
	struct model_function *up = port(root, 0, PCI_EXP_TYPE_UPSTREAM, false);

	endpoint(port(up, 0, PCI_EXP_TYPE_DOWNSTREAM, true), 0, 0);
	endpoint(port(up, 1, PCI_EXP_TYPE_DOWNSTREAM, true), 0, 0);
	bring_up();
	assert_int_not_equal(group(3, 0, 0), group(4, 0, 0));
}

static void test_root_port_without_acs_holds_all_below(void **state)
{
	struct model_function *root = port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, false);
	struct model_function *up = port(root, 0, PCI_EXP_TYPE_UPSTREAM, false);

	endpoint(port(up, 0, PCI_EXP_TYPE_DOWNSTREAM, true), 0, 0);
	endpoint(port(up, 1, PCI_EXP_TYPE_DOWNSTREAM, true), 0, 0);
	bring_up();
	assert_int_equal(group(3, 0, 0), group(4, 0, 0));
}

/* iommu-map-mask and msi-map-mask may fold requester IDs together (bindings/pci/pci-iommu.txt). */
static void test_shared_identifiers_are_one_group(void **state)
{
	struct model_function *p = port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, true);
	struct model_function *q = port(NULL, 2, PCI_EXP_TYPE_ROOT_PORT, true);

	model_acs(endpoint(p, 0, 0), 0x0c, 0x0c);
	model_acs(endpoint(p, 0, 1), 0x0c, 0x0c);
	endpoint(q, 0, 0);
	world.desc.iommu_map_mask = 0xfff8;
	bring_up();
	assert_int_equal(group(1, 0, 0), group(1, 0, 1));
	assert_int_not_equal(group(1, 0, 0), group(2, 0, 0));
}

static void test_shared_device_ids_are_one_group(void **state)
{
	struct model_function *p = port(NULL, 1, PCI_EXP_TYPE_ROOT_PORT, true);

	model_acs(endpoint(p, 0, 0), 0x0c, 0x0c);
	model_acs(endpoint(p, 0, 1), 0x0c, 0x0c);
	world.desc.msi_map_mask = 0xfff8;
	bring_up();
	assert_int_equal(group(1, 0, 0), group(1, 0, 1));
}

static void test_numbers_are_dense_and_by_first_member(void **state)
{
	struct pci_function *f;
	uint32_t highest = 0;
	uint8_t dev;

	for (dev = 1; dev < 12; dev++) {
		struct model_function *p = port(NULL, dev, PCI_EXP_TYPE_ROOT_PORT, dev % 2 == 0);

		endpoint(p, 0, 0);
		endpoint(p, 0, 1);
	}
	bring_up();
	for (f = pci_function_first(); f != NULL; f = f->next) {
		assert_true(f->group <= highest);
		highest = MAX(highest, f->group + 1);
	}
	/* Odd: port and both functions; even: the port, and both functions. */
	assert_int_equal(highest, 6 + 2 * 5);
}

static void test_what_is_sufficient(void **state)
{
	assert_true(pci_acs_sufficient(true, 0x1d, 0x1d));
	assert_true(pci_acs_sufficient(true, 0x0d, 0x0d));
	assert_false(pci_acs_sufficient(true, 0x1d, 0x0d));
	assert_false(pci_acs_sufficient(true, 0x1d, 0x1c));
	assert_false(pci_acs_sufficient(true, 0x1d, 0x15));
	assert_false(pci_acs_sufficient(true, 0x11, 0x11));
	assert_true(pci_acs_sufficient(false, 0x0c, 0x0c));
	assert_false(pci_acs_sufficient(false, 0x04, 0x04));
}

/* A PF with two VFs behind a root port; the second VF may say that it is part of something. */
static void add_vfs(uint8_t dev, bool acs, bool multifunction)
{
	struct model_function *root = port(NULL, dev, PCI_EXP_TYPE_ROOT_PORT, acs);
	struct model_function *pf = endpoint(root, 0, 0);

	model_ari_port(root, true);
	model_ari(pf);
	model_sriov(pf, 2, 8, 1, 0x4000);
	model_vf(pf, 0);
	model_set8(model_vf(pf, 1), PCI_HEADER_TYPE, multifunction ? 0x80 : 0, 0);
}

static void enable_vfs(uint8_t bus)
{
	struct pci_function *pf = world_function(0, bus, 0, 0);
	uint32_t i;

	assert_null(pci_vfs_prepare(pf, 2));
	for (i = 0; i < 2; i++) {
		assert_non_null(pci_vf_entry(pf, i));
	}
	pci_vfs_turn_on(pf);
	for (i = 0; i < 2; i++) {
		assert_true(pci_vf_read(pci_vf_find(pf, i), i));
		pci_vf_find(pf, i)->state = FUNCTION_OWNED;
	}
}

static void enable_again(uint8_t bus)
{
	struct pci_function *pf = world_function(0, bus, 0, 0);
	uint32_t i;

	pci_vfs_turn_off(pf);
	for (i = 0; i < 2; i++) {
		pci_vf_find(pf, i)->state = FUNCTION_ABSENT;
	}
	enable_vfs(bus);
}

/* VFs share a device number, and nothing else; the numbers of those that were there stay. */
static void test_vfs_are_alone_behind_acs(void **state)
{
	uint32_t before, first;

	add_vfs(1, true, true);
	endpoint(port(NULL, 2, PCI_EXP_TYPE_ROOT_PORT, true), 0, 0);
	bring_up();
	before = group(2, 0, 0);
	enable_vfs(1);
	first = group(1, 1, 0);
	assert_int_not_equal(first, group(1, 0, 0));
	assert_int_not_equal(first, before);
	/* One that calls itself a part of its device, without ACS, is one with the PF. */
	assert_int_equal(group(1, 1, 1), group(1, 0, 0));
	assert_int_equal(group(2, 0, 0), before);
	/* Enabled again it has the number of before. */
	enable_again(1);
	assert_int_equal(group(1, 1, 0), first);
}

static void test_vfs_below_an_open_port_are_one(void **state)
{
	add_vfs(1, false, false);
	add_vfs(2, true, false);
	bring_up();
	enable_vfs(1);
	enable_vfs(2);
	assert_int_equal(group(1, 1, 0), group(1, 0, 0));
	assert_int_equal(group(1, 1, 1), group(1, 0, 0));
	assert_int_not_equal(group(2, 1, 0), group(2, 0, 0));
	assert_int_not_equal(group(2, 1, 0), group(2, 1, 1));
	assert_int_not_equal(group(2, 1, 0), group(1, 0, 0));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_acs_on_root_ports_separates),
		T(test_acs_that_does_not_take),
		T(test_multifunction_without_acs_is_one_group),
		T(test_switch_without_acs_is_one_group),
		T(test_switch_with_acs_separates),
		T(test_root_port_without_acs_holds_all_below),
		T(test_shared_identifiers_are_one_group),
		T(test_shared_device_ids_are_one_group),
		T(test_numbers_are_dense_and_by_first_member),
		T(test_what_is_sufficient),
		T(test_vfs_are_alone_behind_acs),
		T(test_vfs_below_an_open_port_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
