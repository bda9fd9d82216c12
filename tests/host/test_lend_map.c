/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a lent function's BARs a domain reaches: mappings, ports, and the jobs that make them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_log.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

static void owner_maps_its_bars(void **state)
{
	uint64_t at = nvme->bars[0].cpu.v;

	(void)state;
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_CONTROL), 4);
	assert_int_equal(world_translate(WORLD_CONTROL, at + 0x1234), at + 0x1234);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 6);
	owner_write(nvme, 0x04, 2, 0x0004);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 4);
}

/* D3: BARs over RAM, over the vGIC, over another BAR, outside: never mapped, and the rest works. */
static void d3_bars_in_forbidden_places(void **state)
{
	static const uint64_t bad[] = { GUEST_RAM_BASE, GUEST_GICD_BASE, GUEST_ITS_BASE, 0,
					GUEST_PCI_ECAM_BASE, GUEST_UART_BASE,
					GUEST_PCI_MEM32_BASE - 0x4000, 0x3eff0000,
					0xffffffffffffc000ULL };

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		guest_write(1, 0x10, 4, (uint32_t)bad[i]);
		guest_write(1, 0x14, 4, (uint32_t)(bad[i] >> 32));
		guest_write(1, 0x04, 2, 2);
		assert_int_equal(world_pages(WORLD_GUEST1), 0);
		guest_write(1, 0x04, 2, 0);
	}
	/* Two BARs on one place: the first stays, the other is not there. */
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, 0x04, 2, 2);
	guest_write(2, 0x10, 4, 0x20000000); /* 128 KiB over the first's 16 */
	guest_write(2, 0x14, 4, 0x20100000);
	guest_write(2, 0x18, 4, 0x20200000);
	guest_write(2, 0x1c, 4, 0);
	guest_write(2, 0x04, 2, 2);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20000000), nvme->bars[0].cpu.v);
	assert_true(world_translate(WORLD_GUEST1, 0x20010000) == ~0ULL);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20100000), nic->bars[1].cpu.v);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20200000), nic->bars[2].cpu.v);
	assert_true(fake_log_has("not mapped"));
	guest_write(2, 0x04, 2, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	/* From behind: the second begins before the first. */
	guest_write(2, 0x18, 4, 0x20000000);
	guest_write(2, 0x10, 4, 0x20400000);
	guest_write(2, 0x04, 2, 2);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20000000), nvme->bars[0].cpu.v);
	guest_write(1, 0x04, 2, 0);
	assert_true(world_translate(WORLD_GUEST1, 0x20000000) == ~0ULL);
}

/* Ports are trapped and forwarded, where and while the function decodes them. */
static void ports_are_forwarded(void **state)
{
	uint64_t host = nic->bars[4].address;
	uint64_t window = world.desc.windows[0].cpu;
	uint64_t at;

	(void)state;
	assert_int_not_equal(host, 0);
	lend_world.ports[host + 4] = 0x5a;
	at = window + host + 4;
	assert_int_equal(world_load(WORLD_CONTROL, at, 1), 0xff);
	owner_write(nic, 0x04, 2, 1);
	assert_int_equal(pci_read(nic, PCI_COMMAND, 2) & 1, 1);
	assert_int_equal(world_load(WORLD_CONTROL, at, 1), 0x5a);
	assert_int_equal(world_load(WORLD_CONTROL, window + host + 0x20, 1), 0xff);
	assert_int_equal(world_load(WORLD_CONTROL, window + host + 0x1e, 8), ~0ULL);

	quarantine(nic);
	assert_int_equal(world_load(WORLD_CONTROL, at, 1), 0xff);
	lend_to(GUEST1, nic, 2);
	assert_in_range(guest_read(2, 0x20, 4), 0x1001, 0xffe1);
	guest_write(2, 0x20, 4, 0x8000);
	guest_write(2, 0x04, 2, 1);
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_IO_BASE + 0x8004, 1), 0x5a);
	world_store(WORLD_GUEST1, GUEST_PCI_IO_BASE + 0x8008, 4, 0x12345678);
	assert_int_equal(lend_world.ports[host + 9], 0x56);
	world_store(WORLD_GUEST1, GUEST_PCI_IO_BASE + host + 4, 1, 0);
	assert_int_equal(lend_world.ports[host + 4], 0x5a);
	assert_int_equal(pci_read(nic, 0x20, 4) & ~3U, host);
	/* In D3hot nothing answers but config space. */
	guest_write(2, nic->cap_pm + 4U, 2, 3);
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_IO_BASE + 0x8004, 1), 0xff);
	assert_int_equal(lend_detach(nic), 0);
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_IO_BASE + 0x8004, 1), 0xff);
}

/* Random histories: what is mapped is exactly what BARs and COMMAND say, minus what overlapped. */
static void mappings_follow_bars_and_command(void **state)
{
	static const uint32_t base[] = { 0x20000000, 0x20020000, 0x20200000, 0x08000000 };
	uint32_t seed = 99;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	for (uint32_t n = 0; n < 20000; n++) {
		uint32_t slot = 1 + (seed >> 3) % 2;

		seed = seed * 1664525 + 1013904223;
		switch (seed >> 28) {
		case 0: case 1: case 2: case 3: case 4: case 5:
			guest_write(slot, 0x04, 2, seed >> 16 & 0x0406);
			break;
		default:
			guest_write(slot, 0x10 + (seed >> 20) % 4 * 4, 4,
				    base[(seed >> 8) % 4] + (seed & 0x30000));
			guest_write(slot, 0x14, 4, slot == 1 ? 0 : base[(seed >> 10) % 4]);
			guest_write(slot, 0x1c, 4, 0);
			break;
		}
		if (!(guest_read(1, 4, 2) & 2) && !(guest_read(2, 4, 2) & 2)) {
			assert_int_equal(world_pages(WORLD_GUEST1), 0);
		}
		/* Hardware decodes exactly when the domain says so. */
		assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, guest_read(1, 4, 2) & 2);
		assert_int_equal(pci_read(nic, PCI_COMMAND, 2) & 2, guest_read(2, 4, 2) & 2);
	}
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		if (vpci_bar_usable(&nic->bars[i])) {
			assert_int_equal(pci_read(nic, 0x10 + 4 * i, 4) & ~15U,
					 (uint32_t)nic->bars[i].address);
		}
	}
}

/* D16: where the guest sees its MSI-X table moves with its BAR; where it is does not. */
/*
 * One page of registers with the MSI-X table and the pending bits between them: all of it is the
 * guest's to reach, table included, at the cost of no trap, wherever it puts the BAR.
 */
static void msix_table_among_registers(void **state)
{
	static const uint32_t places[] = { 0x20000000, 0x20345000 };
	struct model_function *f;

	(void)state;
	start_over();
	f = model_endpoint(&world.pci,
			   model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true),
			   0, 0, 0x00101b36, 0x010802);
	model_bar(f, 0, BAR_MEM64, false, 0x1000);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(f, 16, 0, 0x100, 0, 0x80);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	for (uint32_t i = 0; i < ARRAY_SIZE(places); i++) {
		guest_write(1, 0x04, 2, 0);
		guest_write(1, 0x10, 4, places[i]);
		guest_write(1, 0x14, 4, 0);
		guest_write(1, 0x04, 2, 6);
		for (uint32_t at = 0; at < 0x1000; at += 0x80) {
			assert_int_equal(world_translate(WORLD_GUEST1, places[i] + at),
					 nvme->bars[0].cpu.v + at);
		}
		assert_int_equal(world_translate(WORLD_GUEST1, places[i] + 0x1000), ~0ULL);
	}
	assert_int_equal(world_translate(WORLD_GUEST1, places[0]), ~0ULL);
	guest_write(1, nvme->msix.cap + 2U, 2, 0x8000);
	assert_int_equal(pci_read(nvme, nvme->msix.cap + 2U, 2), 0x800f);
}

static void d16_msix_table_stays_in_the_host_bar(void **state)
{
	uint32_t table = nvme->msix.table_offset;

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, 0x04, 2, 2);
	assert_int_equal(guest_read(1, nvme->msix.cap + PCI_MSIX_TABLE, 4), table);
	assert_int_equal(pci_read(nvme, nvme->msix.cap + PCI_MSIX_TABLE, 4), table);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20000000 + table),
			 nvme->bars[0].cpu.v + table);
	assert_int_equal(pci_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
}

/* D14: decode switched on while the guest's BARs hold zero. */
static void d14_decode_with_zero_bars(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x10, 4, 0);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, 0x04, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, 4, 2), 6);
}

static void lost_host_bars_are_put_back(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	pci_write(nvme, 0x10, 4, 0);
	pci_write(nvme, 0x14, 4, 0);
	guest_write(1, 0x04, 2, 6);
	assert_int_equal(pci_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
}

/* By a register of its own, say. Its driver restores COMMAND and expects the rest to be there. */
static void a_function_that_reset_itself_is_set_up_again(void **state)
{
	(void)state;
	quarantine(nic);
	lend_to(GUEST1, nic, 2);
	guest_write(2, 4, 2, 7);
	for (uint32_t i = 0; i < 2; i++) {
		pci_write(nic, 4, 2, 0);
		for (uint32_t o = 0x10; o < 0x28; o += 4) {
			pci_write(nic, o, 4, 0);
		}
		/* Half a register that decodes nothing is no occasion. */
		guest_write(2, 5, 1, 0);
		assert_int_equal(pci_read(nic, 4, 2) & 7, 0);
		guest_write(2, 4, i ? 1 : 2, 7);
		assert_int_equal(pci_read(nic, 4, 2) & 7, 7);
		assert_int_equal(pci_read(nic, 4, 2) & 0x400, 0x400); /* it has no line */
		assert_int_equal(pci_read(nic, 0x10, 4), nic->bars[0].address);
		assert_int_equal(pci_read(nic, 0x1c, 4), nic->bars[2].address >> 32);
		assert_int_equal(pci_read(nic, 0x20, 4) & ~3U, nic->bars[4].address);
		assert_int_equal(world_pages(WORLD_GUEST1), 32 + 1 + 512);
	}
	fake_log_clear();
	guest_write(2, 4, 2, 7);
	assert_false(fake_log_has("reset itself"));
	/* What the guest turned off is not lost. */
	guest_write(2, 4, 2, 4);
	guest_write(2, 4, 2, 4);
	assert_false(fake_log_has("reset itself"));
	assert_int_equal(pci_read(nic, 4, 2) & 7, 4);
}

/* BARs of one guest never start on top of each other. */
static void first_places_do_not_overlap(void **state)
{
	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 0);
	lend_to(GUEST1, nic, 0);
	guest_write(1, 4, 2, 2);
	guest_write(2, 4, 2, 2);
	assert_int_equal(world_pages(WORLD_GUEST1), 4 + 32 + 1 + 512);
	assert_false(fake_log_has("not mapped"));
	/* The prefetchable one begins high. */
	assert_true(guest_read(2, 0x1c, 4) >= (uint32_t)(GUEST_PCI_MEM64_BASE >> 32));
}

/* A guest's 32-bit window has two places of 256 MiB, aligned. */
static void what_does_not_fit_is_not_lent(void **state)
{
	struct model_function *big;
	struct vsbdf where;

	(void)state;
	start_over();
	world.desc.windows[1].size = 0x60000000;
	add_nvme(&world, 1, 0x4000);
	big = model_endpoint(&world.pci, model_port(&world.pci, NULL, 2, 0, PCI_EXP_TYPE_ROOT_PORT,
						    false, true), 0, 0, 0x10d38086, 0x020000);
	model_bar(big, 0, BAR_MEM32, false, 0x10000000);
	model_bar(big, 1, BAR_MEM32, false, 0x10000000);
	model_bar(big, 2, BAR_MEM32, false, 0x10000000);
	model_express(big, PCI_EXP_TYPE_ENDPOINT, true);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	assert_true(nic->placed);
	quarantine(nic);
	assert_int_equal(attach(GUEST1, nic, 1, &where), -ENOSPC);
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
}

/* Only 64-bit prefetchable memory may gather writes; a BAR is of one type from end to end. */
static void memory_types_follow_the_bar(void **state)
{
	static const struct { uint32_t slot, bar; bool wide; enum p2m_type type; } bars[] = {
		{ 1, 0, true, P2M_MMIO }, { 2, 0, false, P2M_MMIO }, { 2, 1, false, P2M_MMIO },
		{ 2, 2, true, P2M_MMIO_NC },
	};

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	guest_write(1, 4, 2, 2);
	guest_write(2, 4, 2, 2);
	for (uint32_t i = 0; i < ARRAY_SIZE(bars); i++) {
		const struct pci_function *f = bars[i].slot == 1 ? nvme : nic;
		uint32_t reg = 0x10 + 4 * bars[i].bar;
		uint64_t at = guest_read(bars[i].slot, reg, 4) & ~15U;

		if (bars[i].wide) {
			at |= (uint64_t)guest_read(bars[i].slot, reg + 4, 4) << 32;
		}
		for (uint64_t o = 0; o < f->bars[bars[i].bar].size; o += SZ_4K) {
			assert_int_equal(world_page_type(WORLD_GUEST1, at + o), bars[i].type);
		}
	}
}

/* When the write that turns bus mastering off has returned, the function sends nothing any more. */
static void bus_mastering_is_off_at_once(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0);
	guest_write(1, 4, 2, 6);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
	guest_write(1, 4, 2, 2);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0);
	guest_write(1, 4, 1, 4);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
	guest_write(1, 4, 4, 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0);
}

static void use_big_nvme(void)
{
	start_over();
	add_nvme(&world, 1, 0x800000); /* 2048 pages of the model */
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
}

static void long_mappings_are_jobs(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = 6 };
	struct mmio_access r = { .size = 4 };

	(void)state;
	use_big_nvme();
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_RETRY);
	assert_int_equal(lend_world.parked, 1);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, 0);
	/* Another vCPU that looks at the function waits too. */
	assert_int_equal(world_access(WORLD_GUEST1, &r, world_guest_cfg(1, 0)), MMIO_RETRY);
	assert_int_equal(lend_world.parked, 2);
	/* 512 pages were mapped in the trap, as many a step follow. */
	assert_int_equal(world_pages(WORLD_GUEST1), 512);
	assert_int_equal(world_run_jobs(), 3);
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_DONE);
	assert_int_equal(world_pages(WORLD_GUEST1), 2048);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, 2);
	guest_write(1, 4, 2, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, 0);
}

/* Trap and steps end early then, and all is mapped in the end. */
static void an_interrupt_shortens_slices(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = 6 };

	(void)state;
	use_big_nvme();
	lend_world.interrupt_waits = true;
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_RETRY);
	for (uint32_t pages = 32; pages < 2048; pages += 32) {
		assert_int_equal(world_pages(WORLD_GUEST1), pages);
		assert_true(world_step_job());
	}
	assert_true(world_run_jobs() <= 1);
	lend_world.interrupt_waits = false;
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_DONE);
	assert_int_equal(world_pages(WORLD_GUEST1), 2048);
}

static void detach_cancels_the_job(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = 6 };

	(void)state;
	use_big_nvme();
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 4)), MMIO_RETRY);
	assert_true(world_step_job());
	assert_int_equal(lend_detach(nvme), 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	world_run_resets();
	lend_to(GUEST1, nvme, 1);
	world_run_jobs();
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, 4, 2), 0);
}

static void mapping_out_of_memory_is_undone(void **state)
{
	(void)state;
	use_big_nvme();
	lend_world.page_limit = 1500;
	guest_write(1, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	lend_world.page_limit = 0;
	guest_write(1, 4, 2, 0);
	guest_write(1, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 2048);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, lend_rig_setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(owner_maps_its_bars),
		T(d3_bars_in_forbidden_places),
		T(ports_are_forwarded),
		T(mappings_follow_bars_and_command),
		T(d14_decode_with_zero_bars),
		T(msix_table_among_registers),
		T(d16_msix_table_stays_in_the_host_bar),
		T(lost_host_bars_are_put_back),
		T(a_function_that_reset_itself_is_set_up_again),
		T(first_places_do_not_overlap),
		T(what_does_not_fit_is_not_lent),
		T(memory_types_follow_the_bar),
		T(bus_mastering_is_off_at_once),
		T(long_mappings_are_jobs),
		T(an_interrupt_shortens_slices),
		T(detach_cancels_the_job),
		T(mapping_out_of_memory_is_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
