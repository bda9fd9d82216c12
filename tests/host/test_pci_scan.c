/* SPDX-License-Identifier: BSD-2-Clause */
/* Enumeration: topology, bus numbers, capability lists, IDs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/pci_scan.h"
#include "pci/registry.h"
#include "pci_world.h"

static struct pci_world world;
static struct pci_world second;

static int setup(void **state)
{
	fake_log_clear();
	pci_world_init(&world, 0, 0, 255);
	return 0;
}

static int teardown(void **state)
{
	pci_world_free(&world);
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static void bring_up(void)
{
	pci_bring_up(&world.bridge);
	pci_groups_assign(pci_function_first());
}

static struct model_function *root_port(uint8_t dev)
{
	return model_port(&world.pci, NULL, dev, 0, PCI_EXP_TYPE_ROOT_PORT, true, true);
}

static struct model_function *nvme(struct model_function *parent, uint8_t dev)
{
	struct model_function *f = model_endpoint(&world.pci, parent, dev, 0, 0x00101b36, 0x010802);

	model_bar(f, 0, BAR_MEM64, false, 0x4000);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(f, 65, 0, 0x2000, 0, 0x3000);
	return f;
}

static void test_functions_behind_root_ports(void **state)
{
	struct pci_function *f;

	nvme(root_port(1), 0);
	nvme(root_port(2), 0);
	model_endpoint(&world.pci, NULL, 0, 0, 0x00081b36, 0x060000);
	bring_up();

	f = world_function(0, 1, 0, 0);
	assert_int_equal(f->vendor, 0x1b36);
	assert_int_equal(f->device, 0x0010);
	assert_int_equal(f->class_code, 0x010802);
	assert_int_equal(f->bars[0].kind, BAR_MEM64);
	assert_int_equal(f->bars[0].size, 0x4000);
	assert_int_equal(f->bars[1].kind, BAR_MEM64_HIGH);
	assert_int_equal(f->msix.entries, 65);
	assert_true(f->reset_methods & RESET_BIT(RESET_FLR));
	assert_true(f->reset_methods & RESET_BIT(RESET_BUS));
	assert_ptr_equal(f->iommu, &world_iommu);
	assert_int_equal(f->stream.v, 0x100);
	assert_int_equal(f->device_id.v, 0x100);
	assert_int_equal(f->state, FUNCTION_OWNED);
	assert_ptr_equal(f->parent, world_function(0, 0, 1, 0));

	f = world_function(0, 0, 2, 0);
	assert_int_equal(f->bus_primary, 0);
	assert_int_equal(f->bus_secondary, 2);
	assert_int_equal(f->bus_subordinate, 2);
	assert_true(f->hotplug);
	assert_null(pci_function_find(sbdf_make(0, 3, 0, 0)));
}

static void test_switch_is_numbered_depth_first(void **state)
{
	struct model_function *port = root_port(1);
	struct model_function *up =
		model_port(&world.pci, port, 0, 0, PCI_EXP_TYPE_UPSTREAM, false, false);
	struct model_function *down0 =
		model_port(&world.pci, up, 0, 0, PCI_EXP_TYPE_DOWNSTREAM, false, false);
	struct model_function *down1 =
		model_port(&world.pci, up, 1, 0, PCI_EXP_TYPE_DOWNSTREAM, false, false);

	nvme(down0, 0);
	nvme(down1, 0);
	nvme(root_port(2), 0);
	bring_up();

	assert_int_equal(world_function(0, 0, 1, 0)->bus_secondary, 1);
	assert_int_equal(world_function(0, 0, 1, 0)->bus_subordinate, 4);
	assert_int_equal(world_function(0, 1, 0, 0)->bus_secondary, 2);
	assert_int_equal(world_function(0, 1, 0, 0)->bus_subordinate, 4);
	assert_int_equal(world_function(0, 2, 0, 0)->bus_secondary, 3);
	assert_int_equal(world_function(0, 2, 1, 0)->bus_secondary, 4);
	assert_int_equal(world_function(0, 3, 0, 0)->depth, 3);
	assert_int_equal(world_function(0, 4, 0, 0)->class_code, 0x010802);
	assert_int_equal(world_function(0, 0, 2, 0)->bus_secondary, 5);
}

static void test_empty_hotplug_port_gets_a_spare_bus(void **state)
{
	root_port(1);
	nvme(root_port(2), 0);
	model_port(&world.pci, NULL, 3, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	bring_up();

	assert_int_equal(world_function(0, 0, 1, 0)->bus_secondary, 1);
	assert_int_equal(world_function(0, 0, 1, 0)->bus_subordinate, 2);
	assert_int_equal(world_function(0, 0, 2, 0)->bus_secondary, 3);
	assert_int_equal(world_function(0, 0, 2, 0)->bus_subordinate, 3);
	assert_int_equal(world_function(0, 0, 3, 0)->bus_subordinate, 4);
}

/* The model aborts when two bridges answer for one bus. */
static void test_stale_bus_numbers_do_no_harm(void **state)
{
	uint8_t dev;

	for (dev = 1; dev <= 4; dev++) {
		struct model_function *p = root_port(dev);

		p->config[PCI_SECONDARY_BUS] = (uint8_t)(5 - dev);
		p->config[PCI_SUBORDINATE_BUS] = 9;
		nvme(p, 0);
	}
	bring_up();
	for (dev = 1; dev <= 4; dev++) {
		assert_int_equal(world_function(0, dev, 0, 0)->vendor, 0x1b36);
	}
}

static void test_only_device_0_below_a_link(void **state)
{
	struct model_function *port = root_port(1);

	nvme(port, 0);
	nvme(port, 7);
	bring_up();
	assert_non_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
	assert_null(pci_function_find(sbdf_make(0, 1, 7, 0)));
}

static void test_functions_above_0_need_the_multifunction_bit(void **state)
{
	struct model_function *port = root_port(1);
	struct model_function *f0 = nvme(port, 0);

	model_endpoint(&world.pci, port, 0, 3, 0x11118086, 0x020000);
	bring_up();
	assert_non_null(pci_function_find(sbdf_make(0, 1, 0, 3)));
	/* Two functions on the link: a bus reset hits both, when neither has a user. */
	assert_true(world_function(0, 1, 0, 0)->reset_methods & RESET_BIT(RESET_BUS));

	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	port = root_port(1);
	f0 = nvme(port, 0);
	model_endpoint(&world.pci, port, 0, 3, 0x11118086, 0x020000);
	model_set8(f0, PCI_HEADER_TYPE, 0, 0);
	bring_up();
	assert_null(pci_function_find(sbdf_make(0, 1, 0, 3)));
}

static void test_out_of_bus_numbers(void **state)
{
	uint8_t dev;

	pci_world_free(&world);
	pci_world_init(&world, 0, 0x10, 0x13);
	for (dev = 1; dev <= 5; dev++) {
		nvme(root_port(dev), 0);
	}
	bring_up();
	assert_int_equal(world_function(0, 0x10, 1, 0)->bus_secondary, 0x11);
	assert_non_null(pci_function_find(sbdf_make(0, 0x13, 0, 0)));
	assert_int_equal(world_function(0, 0x10, 4, 0)->bus_secondary, 0);
	assert_true(fake_log_has("0000:10:04.0: out of bus numbers"));
	assert_true(fake_log_has("0000:10:05.0: out of bus numbers"));
}

static void test_spare_bus_stays_in_range(void **state)
{
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 1);
	root_port(1);
	bring_up();
	assert_int_equal(world_function(0, 0, 1, 0)->bus_subordinate, 1);
}

static void test_too_many_bridges_in_a_row(void **state)
{
	struct model_function *b = NULL;
	int i;

	for (i = 0; i < PCI_DEPTH_MAX + 4; i++) {
		b = model_bridge(&world.pci, b, 1, 0, 0x00011b36);
	}
	bring_up();
	assert_true(fake_log_has("too many bridges in a row"));
	assert_int_equal(world_function(0, PCI_DEPTH_MAX, 1, 0)->bus_secondary, 0);
}

/* D2 of the peers' defects: the same bus, device and function in two segments are two functions. */
static void test_two_segments(void **state)
{
	struct model_function *port;
	struct pci_function *a, *b;

	nvme(root_port(1), 0);
	pci_world_init(&second, 1, 0, 255);
	port = model_port(&second.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true);
	model_endpoint(&second.pci, port, 0, 0, 0x10d38086, 0x020000);
	second.bridge.owner = 7;
	pci_bring_up(&second.bridge);
	bring_up();

	a = world_function(0, 1, 0, 0);
	b = world_function(1, 1, 0, 0);
	assert_ptr_not_equal(a, b);
	assert_int_equal(a->device, 0x0010);
	assert_int_equal(b->device, 0x10d3);
	assert_int_equal(a->user, 0);
	assert_int_equal(b->user, 7);
	assert_int_not_equal(a->group, b->group);
	assert_int_equal(b->device_id.v, 0x10100);
	assert_true(a->reset_methods & RESET_BIT(RESET_BUS));
	model_pci_free(&second.pci);
}

static void test_registry_is_sorted(void **state)
{
	struct pci_function *f;
	uint32_t last = 0;
	uint8_t dev;

	for (dev = 1; dev < 20; dev++) {
		nvme(root_port(dev), 0);
	}
	bring_up();
	for (f = pci_function_first(); f != NULL; f = f->next) {
		assert_true(f->sbdf.v > last);
		last = f->sbdf.v;
	}
}

static void test_everything_is_quiet(void **state)
{
	struct model_function *f = nvme(root_port(1), 0);
	struct model_function *port = f->parent;

	f->config[PCI_COMMAND] = 7;
	bring_up();
	assert_int_equal(model_get(f, PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
	assert_int_equal(f->decode_on_sizing, 0);
	/* The port passes memory and DMA on. */
	assert_int_equal(model_get(port, PCI_COMMAND, 2) & 6, 6);
	assert_int_equal(model_get(port, port->express + PCI_EXP_ROOTCTL, 2) & PCI_EXP_ROOTCTL_CRS,
			 PCI_EXP_ROOTCTL_CRS);
}

static void test_id_maps(void **state)
{
	nvme(root_port(1), 0);
	nvme(root_port(2), 0);
	world.desc.iommu_map[0] = (struct machine_id_map){ 0x100, 1, 0x5000, 0x100 };
	world.desc.msi_map[0] = (struct machine_id_map){ 0x100, 9, 0, 0x1000 };
	bring_up();
	assert_ptr_equal(world_function(0, 1, 0, 0)->iommu, &world_iommu);
	assert_int_equal(world_function(0, 1, 0, 0)->stream.v, 0x5000);
	/* Bus 2 is in no entry; phandle 9 is nobody's. */
	assert_null(world_function(0, 2, 0, 0)->iommu);
	assert_null(world_function(0, 1, 0, 0)->its);
}

/* Behind a PCI Express to PCI bridge everything sends as secondary bus, device 0. */
static void test_requester_behind_conventional_bridge(void **state)
{
	struct model_function *bridge = model_bridge(&world.pci, root_port(1), 0, 0, 0x000e1b36);

	model_express(bridge, PCI_EXP_TYPE_PCI_BRIDGE, false);
	model_endpoint(&world.pci, bridge, 4, 0, 0x100e8086, 0x020000);
	model_endpoint(&world.pci, bridge, 5, 0, 0x100e8086, 0x020000);
	bring_up();
	assert_int_equal(world_function(0, 2, 4, 0)->stream.v, 0x200);
	assert_int_equal(world_function(0, 2, 5, 0)->stream.v, 0x200);
	assert_int_equal(world_function(0, 2, 4, 0)->group, world_function(0, 2, 5, 0)->group);
	assert_int_equal(world_function(0, 2, 4, 0)->reset_methods, RESET_BIT(RESET_BUS));
}

/* D19: lists that loop, point into the header, or hang over the edge. */
static void d19_capability_lists_end(void **state)
{
	struct model_function *f = nvme(NULL, 3);
	struct model_function *g = nvme(NULL, 4);
	struct model_function *h = nvme(NULL, 5);
	struct model_function *i = nvme(NULL, 6);
	uint16_t last = model_ext_cap(g, PCI_EXT_CAP_DSN, 12);

	model_set8(f, f->last_cap + 1, (uint8_t)f->express, 0);
	model_set32(g, last, PCI_EXT_CAP_DSN | 1U << 16 | (uint32_t)last << 20, 0);
	model_set8(h, PCI_CAP_POINTER, 0x0c, 0);
	model_set8(i, i->last_cap + 1, 0xfc, 0);
	model_set16(i, 0xfc, PCI_CAP_AF, 0);
	bring_up();
	assert_true(fake_log_has("0000:00:03.0: capability list loops"));
	assert_int_equal(world_function(0, 0, 3, 0)->msix.entries, 65);
	assert_true(fake_log_has("0000:00:04.0: extended capability list loops"));
	assert_int_equal(world_function(0, 0, 4, 0)->cap_dsn, last);
	assert_int_equal(world_function(0, 0, 5, 0)->cap_express, 0);
	/* AF needs 6 bytes and has 4. */
	assert_int_equal(world_function(0, 0, 6, 0)->cap_af, 0);
	assert_int_equal(world_function(0, 0, 6, 0)->msix.entries, 65);
}

static uint16_t books_have(const struct pci_function *f, uint16_t id, bool extended)
{
	switch (extended ? id + 0x100 : id) {
	case 0x01:
		return f->cap_pm;
	case 0x03:
		return f->cap_vpd;
	case 0x05:
		return f->msi.cap;
	case 0x10:
		return f->cap_express;
	case 0x11:
		return f->msix.cap;
	case 0x13:
		return f->cap_af;
	case 0x101:
		return f->cap_aer;
	case 0x103:
		return f->cap_dsn;
	case 0x10d:
		return f->cap_acs;
	case 0x10e:
		return f->cap_ari;
	case 0x110:
		return f->cap_sriov;
	case 0x11d:
		return f->cap_dpc;
	default:
		return 0xffff;
	}
}

/* The one capability of a function, at a place. Extended ones come with PCI Express. */
static uint16_t found_at(uint16_t id, bool extended, uint16_t at)
{
	struct model_function *f;

	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	f = model_endpoint(&world.pci, root_port(1), 0, 0, 0x00101b36, 0x010802);
	model_bar(f, 0, BAR_MEM32, false, 0x1000);
	model_set16(f, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	if (extended) {
		model_express(f, PCI_EXP_TYPE_ENDPOINT, false);
		f->next_ext_cap_at = 0x100;
		model_set32(f, 0x100, 0x000b | (uint32_t)at << 20, 0);
		model_set32(f, at, id | 1U << 16, 0);
	} else {
		model_set8(f, PCI_CAP_POINTER, (uint8_t)at, 0);
		model_set16(f, at, id, 0);
		/* Of MSI-X: pending bits behind a table of one entry, good even behind the end. */
		model_set32(f, at + 8U, id == 0x11 ? 0x800 : 0, 0);
	}
	bring_up();
	return books_have(world_function(0, 1, 0, 0), id, extended);
}

/*
 * PCIe 6.0 7.5.2, 7.9.18, 7.7.1, 7.5.3, 7.7.2, AF ECN; 7.8.4, 7.9.3, 7.7.11, 7.8.8, 9.3.3,
 * 7.9.14.
 */
static void test_capabilities_by_identifier_and_room(void **state)
{
	static const struct { uint16_t id, length; bool extended; } caps[] = {
		{ 0x01, 8, false }, { 0x03, 8, false }, { 0x05, 10, false }, { 0x10, 20, false },
		{ 0x11, 12, false }, { 0x13, 6, false },
		{ 0x01, 44, true }, { 0x03, 12, true }, { 0x0d, 8, true }, { 0x0e, 8, true },
		{ 0x10, 64, true }, { 0x1d, 12, true },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(caps); i++) {
		uint32_t space = caps[i].extended ? 0x1000 : 0x100;
		uint16_t last = (uint16_t)((space - caps[i].length) & ~3U);

		assert_int_equal(found_at(caps[i].id, caps[i].extended, last), last);
		assert_int_equal(found_at(caps[i].id, caps[i].extended, (uint16_t)(last + 4)), 0);
	}
}

static void test_random_config_space(void **state)
{
	uint32_t seed = 1, round, i;

	for (round = 0; round < 200; round++) {
		struct model_function *f;

		pci_world_free(&world);
		pci_world_init(&world, 0, 0, 255);
		f = nvme(root_port(1), 0);
		for (i = 0x10; i < 4096; i++) {
			seed = seed * 1103515245 + 12345;
			f->config[i] = (uint8_t)(seed >> 16);
			f->writable[i] = (uint8_t)(seed >> 24);
		}
		model_set16(f, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
		bring_up();
		assert_non_null(pci_function_find(sbdf_make(0, 1, 0, 0)));
	}
}

static void test_msi_geometry(void **state)
{
	struct model_function *f = model_endpoint(&world.pci, NULL, 3, 0, 0x11e81234, 0xff0000);
	struct model_function *g = model_endpoint(&world.pci, NULL, 4, 0, 0x11e81234, 0xff0000);
	uint16_t cap = model_msi(f, 16, true, false);

	model_msi(g, 32, true, true);
	model_set16(g, g->last_cap + PCI_MSI_CONTROL, 0x000e, 0); /* 128 vectors: reserved */
	bring_up();
	assert_int_equal(world_function(0, 0, 3, 0)->msi.cap, cap);
	assert_int_equal(world_function(0, 0, 3, 0)->msi.vectors, 16);
	assert_true(world_function(0, 0, 3, 0)->msi.is_64bit);
	assert_false(world_function(0, 0, 3, 0)->msi.maskable);
	assert_int_equal(world_function(0, 0, 4, 0)->msi.cap, 0);
}

static void test_sriov_reserves_numbers(void **state)
{
	struct model_function *port = root_port(1);
	struct model_function *f = nvme(port, 0);

	model_ari_port(port, true);
	model_ari(f);
	model_sriov(f, 64, 0x80, 4, 0x4000);
	nvme(root_port(2), 0);
	bring_up();
	assert_int_equal(world_function(0, 1, 0, 0)->sriov.total, 64);
	assert_int_equal(world_function(0, 1, 0, 0)->sriov.bars[0].size, 0x4000);
	/* 0x100 + 0x80 + 63 * 4 = 0x27c: bus 2 belongs to the VFs. */
	assert_int_equal(world_function(0, 0, 1, 0)->bus_subordinate, 2);
	assert_int_equal(world_function(0, 0, 2, 0)->bus_secondary, 3);
}

static uint32_t ari_of(const struct model_function *port)
{
	return model_get(port, port->express + PCI_EXP_DEVCTL2, 2) & PCI_EXP_DEVCTL2_ARI;
}

/* Only where both ends can: else a device would answer 32 times. */
static void test_ari_needs_port_and_device(void **state)
{
	struct model_function *both = root_port(1), *only_port = root_port(2);
	struct model_function *stuck = root_port(3);

	model_ari(nvme(both, 0));
	model_ari_port(both, true);
	nvme(only_port, 0);
	model_ari_port(only_port, true);
	model_ari(nvme(root_port(4), 0));
	model_ari(nvme(stuck, 0));
	model_ari_port(stuck, false);
	bring_up();
	assert_int_not_equal(ari_of(both), 0);
	assert_int_equal(ari_of(only_port), 0);
	assert_true(world_function(0, 0, 1, 0)->ari_forwarding);
	assert_false(world_function(0, 0, 2, 0)->ari_forwarding);
	assert_false(world_function(0, 0, 3, 0)->ari_forwarding);
	assert_false(world_function(0, 0, 4, 0)->ari_forwarding);
	assert_true(fake_log_has("0000:00:03.0: ARI forwarding did not take"));
}

/* VFs that no config access would reach are as good as none. */
static void test_vfs_out_of_reach_are_not_used(void **state)
{
	struct model_function *f = nvme(root_port(1), 0);

	model_ari(f); /* the port has no forwarding */
	model_sriov(f, 8, 0x80, 2, 0x4000);
	f = nvme(root_port(2), 0);
	model_sriov(f, 4, 1, 1, 0x4000); /* functions 1 to 4 of device 0 */
	f = nvme(root_port(3), 0);
	model_sriov(f, 4, 0, 1, 0x4000);
	f = nvme(NULL, 9);
	model_sriov(f, 8, 0xc0, 2, 0x4000); /* from 00:09.0 on to bus 1 */
	bring_up();
	assert_int_equal(world_function(0, 1, 0, 0)->sriov.total, 0);
	assert_true(fake_log_has("0000:01:00.0: its 8 virtual functions are not used: no ARI"));
	assert_int_equal(world_function(0, 2, 0, 0)->sriov.total, 4);
	assert_int_equal(world_function(0, 3, 0, 0)->sriov.total, 0);
	assert_int_equal(world_function(0, 0, 9, 0)->sriov.total, 0);
}

/* What offset and stride are depends on both; NumVFs is 0 again afterwards. */
static void test_sriov_is_asked_with_all_vfs(void **state)
{
	struct model_function *port = root_port(1);
	struct model_function *f = nvme(port, 0);
	uint16_t cap;
	uint32_t i, seen = 0;

	model_ari_port(port, true);
	model_ari(f);
	cap = model_sriov(f, 8, 0x80, 2, 0x4000);
	bring_up();
	for (i = 0; i < world.pci.write_count; i++) {
		const struct model_write *w = &world.pci.writes[i];

		if (w->f == f && w->offset == cap + PCI_SRIOV_CONTROL) {
			assert_int_equal(w->value & PCI_SRIOV_CONTROL_VFE, 0);
			seen |= w->value == PCI_SRIOV_CONTROL_ARI ? 1 : 0;
		}
		if (w->f == f && w->offset == cap + PCI_SRIOV_NUM && w->value == 8) {
			seen |= seen & 1 ? 2 : 0;
		}
	}
	assert_int_equal(seen, 3);
	assert_int_equal(model_get(f, cap + PCI_SRIOV_NUM, 2), 0);
	assert_true(world_function(0, 1, 0, 0)->sriov.ari);
}

static void test_no_memory(void **state)
{
	int64_t n;

	for (n = 1; n < 8; n++) {
		pci_world_free(&world);
		pci_world_init(&world, 0, 0, 255);
		nvme(root_port(1), 0);
		nvme(root_port(2), 0);
		fake_heap_fail_in = n;
		pci_bring_up(&world.bridge);
		fake_heap_fail_in = 0;
	}
	assert_true(fake_log_has("out of memory"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_functions_behind_root_ports),
		T(test_switch_is_numbered_depth_first),
		T(test_empty_hotplug_port_gets_a_spare_bus),
		T(test_stale_bus_numbers_do_no_harm),
		T(test_only_device_0_below_a_link),
		T(test_functions_above_0_need_the_multifunction_bit),
		T(test_out_of_bus_numbers),
		T(test_spare_bus_stays_in_range),
		T(test_too_many_bridges_in_a_row),
		T(test_two_segments),
		T(test_registry_is_sorted),
		T(test_everything_is_quiet),
		T(test_id_maps),
		T(test_requester_behind_conventional_bridge),
		T(d19_capability_lists_end),
		T(test_capabilities_by_identifier_and_room),
		T(test_random_config_space),
		T(test_msi_geometry),
		T(test_sriov_reserves_numbers),
		T(test_ari_needs_port_and_device),
		T(test_vfs_out_of_reach_are_not_used),
		T(test_sriov_is_asked_with_all_vfs),
		T(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
