/* SPDX-License-Identifier: BSD-2-Clause */
/* What operations cost on machines with many functions and bridges. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <viaduct/guest_map.h>

#include "iommu/iommu.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/pci_slots.h"
#include "pci/registry.h"

#include "work.h"

#define FEW       8U
#define MANY      256U
#define PER_PORT  8U
#define SLOT      5U
#define REGISTER  0x3cU

/* The rig's disk and card, and count more functions: network cards with eight each. */
static void add_functions(uint32_t count)
{
	struct model_function *port = NULL;

	for (uint32_t i = 0; i < count; i++) {
		struct model_function *f;
		uint8_t n = (uint8_t)(i / PER_PORT);

		if (i % PER_PORT == 0) {
			port = model_port(&world.pci, NULL, (uint8_t)(3 + n / 8), n % 8,
					  PCI_EXP_TYPE_ROOT_PORT, false, true);
		}
		f = model_endpoint(&world.pci, port, 0, i % PER_PORT, 0x15218086, 0x020000);
		model_bar(f, 0, BAR_MEM64, false, 0x4000);
		model_pm(f);
		model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
		model_msix(f, 4, 0, 0x2000, 0, 0x3000);
		(void)last_with_pin();
	}
}

/* Its work is finding, placing and grouping them. */
static uint64_t boot(uint32_t count)
{
	start_over_with_wires();
	add_nvme(&world, 1, 0x4000);
	(void)last_with_pin();
	add_nic(&world, 2);
	add_functions(count);
	return WORK({
		bring_up(&world, 0x4010000000ULL);
		pci_groups_assign(pci_function_first());
	});
}

struct figures {
	uint64_t boot;
	uint64_t owner_begins;
	uint64_t owner_reads;
	uint64_t quarantine;
	uint64_t attach;
	uint64_t reads;
	uint64_t writes;
	uint64_t maps;
	uint64_t fault;
	uint64_t unmaps;
	uint64_t detach;
	uint64_t gives_back;
	uint64_t contain;
	uint64_t by_sbdf;
	uint64_t ends;	/* a guest without functions */
	uint64_t looks; /* of a round for what is in slots, the longest step */
};

static uint64_t longest_look(void)
{
	uint64_t longest = 0;
	bool more = true;

	while (more) {
		uint32_t wait_ms;
		uint64_t look = WORK(more = pci_slots_step(1000, &wait_ms));

		longest = look > longest ? look : longest;
	}
	return longest;
}

static void measure(struct figures *w, uint32_t count)
{
	boot(count);
	w->owner_begins = WORK(start(1)) / (count + 4);
	w->owner_reads = WORK(owner_read(nvme, 0, 4));
	w->quarantine = WORK(quarantine(nvme));
	w->attach = WORK(lend_to(GUEST1, nvme, SLOT));
	w->reads = WORK(guest_read(SLOT, 0, 4));
	w->writes = WORK(guest_write(SLOT, REGISTER, 1, 5));
	w->maps = WORK(guest_write(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY));
	w->unmaps = WORK(guest_write(SLOT, PCI_COMMAND, 2, 0));
	w->detach = WORK({
		assert_int_equal(lend_detach(nvme), 0);
		world_run_resets();
	});
	w->gives_back = WORK(assert_int_equal(lend_return_to_owner(nvme), 0));
	assert_true(nvme->vpci->intx.route != NULL);
	w->by_sbdf = WORK(assert_ptr_equal(pci_function_find(nvme->sbdf), nvme));
	w->contain = WORK(contain(nic, "test"));
	w->ends = WORK(reclaim_all(GUEST2));
	w->looks = longest_look();
}

static void functions_cost_only_themselves(void **state)
{
	struct figures few = { 0 }, many = { 0 };

	(void)state;
	measure(&few, FEW);
	measure(&many, MANY);
	assert_int_equal(many.reads, few.reads);
	assert_int_equal(many.writes, few.writes);
	assert_int_equal(many.owner_reads, few.owner_reads);
	assert_int_equal(many.maps, few.maps);
	assert_int_equal(many.unmaps, few.unmaps);
	assert_flat("owner begins", few.owner_begins, many.owner_begins);
	assert_flat("quarantine", few.quarantine, many.quarantine);
	assert_flat("attach", few.attach, many.attach);
	assert_flat("detach", few.detach, many.detach);
	assert_flat("gives back", few.gives_back, many.gives_back);
	assert_flat("contain", few.contain, many.contain);
	assert_flat("by sbdf", few.by_sbdf, many.by_sbdf);
	assert_flat("ends", few.ends, many.ends);
	assert_in_range(many.looks, 1, few.looks + MANY);
}

#define BRIDGES  64U
#define BUSES    4U
#define APART    0x1000000000ULL /* from one bridge's windows to the next one's, for CPUs */

/* Segment n, with a disk behind a root port. */
static struct pci_world *add_bridge(uint32_t n)
{
	struct pci_world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	pci_world_init(w, (uint16_t)n, 0, BUSES - 1);
	for (uint32_t i = 0; i < w->desc.window_count; i++) {
		w->desc.windows[i].size = MIN(w->desc.windows[i].size, 0x10000000);
		w->desc.windows[i].cpu = APART * (n + 1) + 0x20000000 * i;
	}
	for (uint32_t i = 0; i < 16; i++) {
		w->desc.intx[i / 4][i % 4] = 32 + n;
	}
	w->desc.iommu_map[0].out_base = n * BUSES * 0x100;
	w->desc.msi_map[0].out_base = n * BUSES * 0x100;
	add_nvme(w, 1, 0x4000);
	model_set8(w->pci.functions[w->pci.count - 1], PCI_INTERRUPT_PIN, 1, 0);
	return w;
}

/* What is done with the last of so many bridges' disk; one segment each. */
static void measure_bridges(struct figures *w, uint32_t count)
{
	struct pci_world *worlds[BRIDGES];
	struct host_bridge *bridges[BRIDGES];
	uint64_t before;

	start_over();
	pci_world_free(&world);
	before = work_blocks;
	for (uint32_t i = 0; i < count; i++) {
		worlds[i] = add_bridge(i);
		bridges[i] = &worlds[i]->bridge;
		bring_up(worlds[i], 0x4010000000ULL + i * BUSES * SZ_1M);
	}
	pci_groups_assign(pci_function_first());
	w->boot = (work_blocks - before) / count;
	nvme = world_function((uint16_t)(count - 1), 1, 0, 0);
	lend_world_init(bridges, count);
	w->owner_reads = WORK(owner_read(nvme, 0, 4));
	w->quarantine = WORK(quarantine(nvme));
	w->attach = WORK(lend_to(GUEST1, nvme, SLOT));
	w->reads = WORK(guest_read(SLOT, 0, 4));
	w->writes = WORK(guest_write(SLOT, REGISTER, 1, 5));
	w->detach = WORK({
		assert_int_equal(lend_detach(nvme), 0);
		world_run_resets();
	});
	w->gives_back = WORK(assert_int_equal(lend_return_to_owner(nvme), 0));
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	lend_world_end();
	for (uint32_t i = 0; i < count; i++) {
		pci_world_free(worlds[i]);
		free(worlds[i]);
	}
	pci_world_init(&world, 0, 0, 255);
}

/* The table of trapped regions is searched by halves: a few steps more. */
static void bridges_cost_only_themselves(void **state)
{
	struct figures few = { 0 }, many = { 0 };

	(void)state;
	measure_bridges(&few, 1);
	measure_bridges(&many, BRIDGES);
	assert_int_equal(many.reads, few.reads);
	assert_int_equal(many.writes, few.writes);
	assert_in_range(many.owner_reads, few.owner_reads, few.owner_reads + 30);
	assert_flat("boot", few.boot, many.boot);
	assert_flat("quarantine", few.quarantine, many.quarantine);
	assert_flat("attach", few.attach, many.attach);
	assert_flat("detach", few.detach, many.detach);
	assert_flat("gives back", few.gives_back, many.gives_back);
	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
}

/* A straight line: the second half costs what the first one does. */
static void boot_is_linear(void **state)
{
	uint64_t none, half, all;

	(void)state;
	none = boot(0);
	half = boot(MANY / 2);
	all = boot(MANY);
	assert_true(half > none);
	assert_true((all - half) * 100 <= (half - none) * 105);
	assert_true((all - half) * 105 >= (half - none) * 100);
	start(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(functions_cost_only_themselves, lend_rig_setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(bridges_cost_only_themselves, lend_rig_setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(boot_is_linear, lend_rig_setup,
						lend_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
