/* SPDX-License-Identifier: BSD-2-Clause */
/* The R-Car Gen3 host bridge driver against a model of the controller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "boot/dom0_msi.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "fake_irq.h"
#include "fake_log.h"
#include "irq/msi.h"
#include "lib/errno.h"
#include "model_rcar.h"
#include "pci/bridges/bridges.h"
#include "pci/registry.h"
#include "vpci/front.h"

#define NVME  0x00101b36U
#define E1000 0x10d38086U

struct machine machine;
const struct host_bridge_ops *const host_bridge_table[] = { &rcar_gen3_ops, NULL };

static struct machine_bridge *const desc = &machine.bridges[0];
static struct sbdf failed_at;
static uint32_t failed_count;

void pci_access_failed(struct sbdf where)
{
	failed_at = where;
	failed_count++;
}

static uint32_t blocks;

int msi_register(struct msi_controller *c)
{
	blocks++;
	return 0;
}

void msi_fired(struct msi_controller *c, uint32_t vector)
{
}

/* What boot/dom0_msi.c asks besides: no frame of a GIC, no front end. */
struct msi_controller *msi_by_phandle(uint32_t phandle)
{
	fail();
	return NULL;
}

void msi_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	fail();
}

const struct vpci_front_ops *vpci_front_of(const struct host_bridge *b)
{
	return NULL;
}

/* The board of H3, with RAM below and above 4 GiB. */
static int setup(void **state)
{
	static const struct machine_window windows[] = {
		{ WINDOW_IO, false, 0, 0xfe100000, 0x100000 },
		{ WINDOW_MEM32, false, 0xfe200000, 0xfe200000, 0x200000 },
		{ WINDOW_MEM32, false, 0x30000000, 0x30000000, 0x8000000 },
		{ WINDOW_MEM32, true, 0x38000000, 0x38000000, 0x8000000 },
	};

	memset(&machine, 0, sizeof(machine));
	machine.bridge_count = 1;
	desc->compatible = "renesas,pcie-rcar-gen3";
	strcpy(desc->path, "/soc/pcie@fe000000");
	desc->bus_end = 255;
	desc->cfg = (struct range){ MODEL_RCAR_BASE, MODEL_RCAR_SIZE };
	memcpy(desc->windows, windows, sizeof(windows));
	desc->window_count = 4;
	machine.ram[0] = (struct range){ 0x48000000, 0x78000000 };
	machine.ram[1] = (struct range){ 0x500000000, 0x40000000 };
	machine.ram_count = 2;
	desc->intids[0] = 148;
	desc->intids[1] = 149;
	blocks = 0;
	fake_irq_reset();
	fake_log_clear();
	model_rcar_init();
	model_rcar.link_comes = true;
	model_rcar.link_polls = 3;
	host_bridge_count = 0;
	failed_count = 0;
	return 0;
}

static int teardown(void **state)
{
	if (host_bridge_count == 1) {
		assert_true(model_rcar_idle());
		heap_free(host_bridges[0].priv);
	}
	model_rcar_free();
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static void start(void)
{
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 1);
}

static uint32_t read_at(uint8_t bus, uint8_t dev, uint8_t fn, uint32_t offset, uint32_t size)
{
	uint32_t value =
		host_bridge_read(&host_bridges[0], sbdf_make(0, bus, dev, fn), offset, size);

	assert_true(model_rcar_idle());
	return value;
}

static void write_at(uint8_t bus, uint8_t dev, uint8_t fn, uint32_t offset, uint32_t size,
		     uint32_t value)
{
	host_bridge_write(&host_bridges[0], sbdf_make(0, bus, dev, fn), offset, size, value, 0);
	assert_true(model_rcar_idle());
}

static void bus_numbers(uint8_t bus, uint8_t dev, uint8_t secondary, uint8_t subordinate)
{
	write_at(bus, dev, 0, 0x18, 4,
		 bus | (uint32_t)secondary << 8 | (uint32_t)subordinate << 16);
}

static void test_cold_start(void **state)
{
	start();
	assert_true(model_rcar.link);
	/* A root port now: bridge layout, Express capability of type 4, no slot number, no VC. */
	assert_int_equal(read_at(0, 0, 0, 0x0e, 1) & 0x7f, 1);
	assert_int_equal(read_at(0, 0, 0, 0x70, 4) & 0x00f000ff, 0x00400010);
	assert_int_equal(read_at(0, 0, 0, 0x7c, 4), 1 << 20);
	assert_int_equal(read_at(0, 0, 0, 0x84, 4), 0);
	assert_int_equal(read_at(0, 0, 0, 0x102, 2) & 0xfff0, 0);
}

/* It comes with its MSI block, or without where its interrupts are not to be had. */
static void test_msi_block(void **state)
{
	struct dom0_msi_frame frame;

	start();
	assert_int_equal(blocks, 1);
	assert_non_null(host_bridges[0].msi);
	assert_true(model_rcar_msi(MODEL_RCAR_BASE, 1));
	/* The control domain's frame lies there; this board's GIC has none. */
	frame = dom0_msi_frame(&machine.gic, 512);
	assert_int_equal(frame.base, MODEL_RCAR_BASE);
	assert_int_equal(frame.first, 512);
	assert_int_equal(frame.count, 32);
	heap_free(host_bridges[0].priv);
	host_bridge_count = 0;
	model_rcar.link = false;
	start();
	assert_int_equal(blocks, 1);
	assert_null(host_bridges[0].msi);
	assert_int_equal(dom0_msi_frame(&machine.gic, 512).count, 0);
}

static void dma_range(uint32_t n, uint64_t base, uint64_t size)
{
	desc->dma[n] = (struct machine_window){ WINDOW_MEM32, true, base, base, size };
	desc->dma_count = n + 1;
}

/* What the tree says, no more; what RAM is left out is said. */
static void test_dma_ranges(void **state)
{
	uint64_t at;

	dma_range(0, 0, 0x100000000);
	start();
	assert_true(model_rcar_inbound(0xfffffff0, &at));
	assert_int_equal(at, 0xfffffff0);
	assert_false(model_rcar_inbound(0x500000000, &at));
	assert_true(fake_log_has("bus masters do not reach 1024 MiB of RAM"));
}

/* 2 GiB from 1 GiB on are two chunks, RAM below it and above them is out of reach. */
static void test_dma_ranges_in_pieces(void **state)
{
	uint64_t at;

	dma_range(0, 0x40000000, 0x80000000);
	dma_range(1, 0x500000000, 0x40000000);
	start();
	assert_false(model_rcar_inbound(0x3fffffff, &at));
	assert_true(model_rcar_inbound(0x40000000, &at));
	assert_true(model_rcar_inbound(0x80000000, &at));
	assert_true(model_rcar_inbound(0xbffffff0, &at));
	assert_false(model_rcar_inbound(0xc0000000, &at));
	assert_true(model_rcar_inbound(0x53ffffff0, &at));
	assert_false(fake_log_has("do not reach"));
}

static void test_dma_ranges_refused(void **state)
{
	/* Four chunks. */
	dma_range(0, 0x40000000, 0x80000000);
	dma_range(1, 0x140000000, 0x80000000);
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	assert_true(fake_log_has("dma-ranges"));
	/* Somewhere else, and too fine. */
	dma_range(0, 0x40000000, 0x40000000);
	desc->dma[0].pci = 0;
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	dma_range(0, 0x40000000, 0x40000008);
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	assert_false(model_rcar.link);
}

static void test_windows(void **state)
{
	bool io;
	uint64_t at;

	start();
	for (uint32_t n = 0; n < 4; n++) {
		const struct machine_window *w = &desc->windows[n];

		assert_true(model_rcar_outbound(n, w->size - 4, &io, &at));
		assert_int_equal(io, n == 0);
		assert_int_equal(at, w->pci + w->size - 4);
	}
	assert_true(model_rcar_inbound(0x48000000, &at));
	assert_int_equal(at, 0x48000000);
	assert_true(model_rcar_inbound(0x53ffffff0, &at));
	assert_int_equal(at, 0x53ffffff0);
	assert_false(model_rcar_inbound(0x540000000, &at));
	assert_false(model_rcar_inbound(0x4ffffffff, &at));
}

/* 3 GiB from 5 GiB on are three chunks, for which two pairs are left. */
static void test_ram_out_of_reach(void **state)
{
	uint64_t at;

	machine.ram[1] = (struct range){ 0x140000000, 0x140000000 };
	start();
	assert_true(model_rcar_inbound(0x140000000, &at));
	assert_true(model_rcar_inbound(0x1c0000000, &at));
	assert_false(model_rcar_inbound(0x240000000, &at));
	assert_true(fake_log_has("bus masters do not reach 2048 MiB of RAM"));
}

static void test_taken_over(void **state)
{
	model_rcar.link = true;
	model_rcar_open(0, 0, 0x100000, true);
	model_rcar_open(1, 0xfe200000, 0x200000, false);
	model_rcar_open(2, 0x30000000, 0x8000000, false);
	model_rcar_open(3, 0x38000000, 0x8000000, false);
	model_rcar_open_inbound(0, 0x40000000, 0x40000000, 0x40000000, false);
	model_rcar_open_inbound(1, 0x80000000, 0x80000000, 0x40000000, false);
	model_rcar_open_inbound(2, 0x500000000, 0x500000000, 0x20000000, true);
	start();
	assert_int_equal(model_rcar.writes, 0);
	assert_true(fake_log_has("bus masters do not reach 512 MiB of RAM"));
}

/* Firmware's windows that move addresses: an IOMMU's guest would reach something else. */
static void test_taken_over_moved(void **state)
{
	model_rcar.link = true;
	desc->window_count = 0;
	model_rcar_open_inbound(4, 0x1000000000, 0x2000000000, 0x40000000, true);
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	assert_true(fake_log_has("not one to one"));
}

static void test_taken_over_wrong(void **state)
{
	for (uint32_t n = 0; n < 4; n++) {
		model_rcar.link = true;
		model_rcar_open(0, 0, 0x100000, n != 0);
		model_rcar_open(1, n == 1 ? 0xfe400000 : 0xfe200000, 0x200000, false);
		model_rcar_open(2, 0x30000000, n == 2 ? 0x4000000 : 0x8000000, false);
		model_rcar_open(3, n == 3 ? 0x138000000 : 0x38000000, 0x8000000, false);
		host_bridge_probe_all();
		assert_int_equal(host_bridge_count, 0);
		assert_int_equal(model_rcar.writes, 0);
	}
}

static void test_refused(void **state)
{
	model_rcar.no_phy = true;
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	model_rcar.no_phy = false;
	desc->cfg.size = 0x1000;
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	desc->cfg.size = MODEL_RCAR_SIZE;
	desc->windows[2].pci += 0x1000000;
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	desc->windows[2].pci -= 0x1000000;
	desc->windows[4] = desc->windows[3];
	desc->window_count = 5;
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 0);
	desc->window_count = 4;
	fake_heap_fail_in = 1;
	host_bridge_probe_all();
	fake_heap_fail_in = 0;
	assert_int_equal(host_bridge_count, 0);
}

static void test_empty_slot(void **state)
{
	model_rcar.link_comes = false;
	start();
	bus_numbers(0, 0, 1, 255);
	assert_int_equal(read_at(1, 0, 0, 0, 4), 0xffffffff);
	write_at(1, 0, 0, 4, 2, 7);
	assert_int_equal(model_rcar.cycles, 0);
	assert_int_equal(read_at(0, 0, 0, 0, 4), 0x00191912);
}

static void test_root_bus_has_one_function(void **state)
{
	start();
	bus_numbers(0, 0, 1, 255);
	for (uint8_t dev = 0; dev < 32; dev++) {
		for (uint8_t fn = dev == 0; fn < 8; fn++) {
			assert_int_equal(read_at(0, dev, fn, 0, 4), 0xffffffff);
			write_at(0, dev, fn, 0x18, 4, 0);
		}
	}
	assert_int_equal(model_rcar.cycles, 0);
	assert_int_equal(read_at(0, 0, 0, 0x19, 1), 1);
}

/* The partner answers for all 32 device numbers; it is to be found once. */
static void test_partner_is_one_device(void **state)
{
	model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);
	model_endpoint(&model_rcar.pci, model_rcar.port, 0, 3, E1000, 0x020000);
	start();
	bus_numbers(0, 0, 1, 255);
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
	assert_int_equal(read_at(1, 0, 3, 0, 4), E1000);
	assert_int_equal(read_at(1, 0, 1, 0, 4), 0xffffffff);
	for (uint8_t dev = 1; dev < 32; dev++) {
		assert_int_equal(read_at(1, dev, 0, 0, 4), 0xffffffff);
	}
}

static void test_behind_a_switch(void **state)
{
	struct model_pci *m = &model_rcar.pci;
	struct model_function *up = model_bridge(m, model_rcar.port, 0, 0, 0x8232104c);
	struct model_function *left = model_bridge(m, up, 0, 0, 0x8233104c);
	struct model_function *right = model_bridge(m, up, 1, 0, 0x8233104c);

	model_endpoint(m, left, 0, 0, NVME, 0x010802);
	model_endpoint(m, right, 0, 0, E1000, 0x020000);
	start();
	bus_numbers(0, 0, 1, 255);
	bus_numbers(1, 0, 2, 255);
	bus_numbers(2, 0, 3, 3);
	bus_numbers(2, 1, 4, 4);
	assert_int_equal(read_at(2, 1, 0, 2, 2), 0x8233);
	assert_int_equal(read_at(3, 0, 0, 0, 4), NVME);
	assert_int_equal(read_at(4, 0, 0, 0, 2), 0x8086);
	assert_int_equal(read_at(2, 2, 0, 0, 4), 0xffffffff);
	assert_int_equal(read_at(5, 0, 0, 0, 4), 0xffffffff);
}

/* What an absent function leaves behind must not hide the next one. */
static void test_absent_then_present(void **state)
{
	model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);
	start();
	bus_numbers(0, 0, 1, 255);
	assert_int_equal(read_at(1, 0, 5, 0, 4), 0xffffffff);
	assert_int_equal(read_at(1, 0, 5, 1, 1), 0xff);
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
	write_at(1, 0, 5, 4, 4, 7);
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
	assert_int_equal(read_at(1, 0, 0, 0, 1), 0x36);
	assert_int_equal(read_at(1, 0, 0, 3, 1), 0x00);
}

/* The port's own status bits other than the two aborts are for whoever reads them. */
static void test_other_status_stays(void **state)
{
	start();
	bus_numbers(0, 0, 1, 255);
	model_rcar.port->config[7] |= 0xc0; /* Detected Parity Error, Signaled System Error */
	assert_int_equal(read_at(1, 0, 0, 0, 4), 0xffffffff);
	assert_int_equal(read_at(1, 0, 0, 0, 4), 0xffffffff);
	assert_int_equal(read_at(0, 0, 0, 7, 1) & 0xc0, 0xc0);
}

static void test_link_goes_down(void **state)
{
	model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);
	start();
	bus_numbers(0, 0, 1, 255);
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
	model_rcar.link = false;
	model_rcar.link_comes = false;
	assert_int_equal(read_at(1, 0, 0, 0, 4), 0xffffffff);
	write_at(1, 0, 0, 4, 2, 6);
	model_rcar.link = true;
	assert_int_equal(read_at(1, 0, 0, 4, 2), 0);
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
}

static void test_l1(void **state)
{
	model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);
	start();
	bus_numbers(0, 0, 1, 255);
	for (uint32_t polls = 1; polls < 50; polls += 7) {
		model_rcar.l1_asked = true;
		model_rcar.l1_polls = polls;
		assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
		assert_false(model_rcar.l1_asked);
	}
}

/* The partner asks for L1 after the link was looked at: the cycle aborts and is done again. */
static void test_l1_at_the_wrong_moment(void **state)
{
	struct model_function *d =
		model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);

	start();
	bus_numbers(0, 0, 1, 255);
	model_rcar.l1_polls = 5;
	model_rcar.l1_asks_at = 1;
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
	model_rcar.l1_asks_at = 1;
	write_at(1, 0, 0, 0x3c, 4, 0x5a);
	assert_int_equal(d->config[0x3c], 0x5a);
	assert_int_equal(failed_count, 0);
	/* Every time: that is no coincidence any more. */
	model_rcar.l1_asks_at = 1;
	model_rcar.l1_asks_for = 1;
	assert_int_equal(read_at(1, 0, 0, 0, 4), 0xffffffff);
	assert_int_equal(failed_count, 1);
	assert_int_equal(failed_at.v, sbdf_make(0, 1, 0, 0).v);
	model_rcar.l1_asked = false;
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
}

static void test_aborts_are_the_functions(void **state)
{
	struct model_function *d =
		model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);

	start();
	bus_numbers(0, 0, 1, 255);
	model_rcar.abort_at = 1;
	assert_int_equal(read_at(1, 0, 0, 0, 2), 0xffff);
	assert_int_equal(failed_count, 1);
	model_rcar.abort_at = 1;
	write_at(1, 0, 0, 0x3c, 4, 0x5a);
	assert_int_equal(failed_count, 2);
	assert_int_equal(d->config[0x3c], 0);
	assert_int_equal(read_at(1, 0, 0, 0, 4), NVME);
	assert_int_equal(failed_count, 2);
	/* Pulled out in the middle: it is not there, and did nothing wrong. */
	model_rcar.link_lost_at = 1;
	assert_int_equal(read_at(1, 0, 0, 0, 4), 0xffffffff);
	assert_int_equal(failed_count, 2);
}

/* A narrow write reaches its own bytes only, and no status bit beside them. */
static void test_narrow_writes(void **state)
{
	struct model_function *d =
		model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);
	struct pci_function f = { .bridge = &host_bridges[0], .sbdf = sbdf_make(0, 1, 0, 0) };

	f.cap_pm = model_pm(d);
	f.cap_express = model_express(d, 0, true);
	d->clear[7] = 0xf9;
	d->clear[f.cap_pm + 5] = 0x80;
	d->clear[f.cap_express + 10] = 0x0f;
	start();
	bus_numbers(0, 0, 1, 255);
	d->config[7] = 0x80;
	d->config[f.cap_pm + 5] = 0x80;
	d->config[f.cap_express + 10] = 0x0f;
	pci_write(&f, 4, 2, 6);
	pci_write(&f, 0x3c, 1, 0x5a);
	pci_write(&f, f.cap_pm + 4U, 1, 0);
	pci_write(&f, f.cap_express + 8U, 2, 0x20);
	assert_int_equal(pci_read(&f, 4, 2), 6);
	assert_int_equal(d->config[7], 0x80);
	assert_int_equal(d->config[f.cap_pm + 5], 0x80);
	assert_int_equal(d->config[f.cap_express + 10], 0x0f);
	/* Written as such, they clear. */
	pci_write(&f, 6, 2, 0x8000);
	pci_write(&f, f.cap_express + 10U, 2, 3);
	assert_int_equal(d->config[7], 0);
	assert_int_equal(d->config[f.cap_express + 10], 0x0c);
	assert_int_equal(pci_read(&f, 4, 2), 6);
}

static void *reader(void *arg)
{
	uint8_t fn = *(const uint8_t *)arg;

	for (int i = 0; i < 5000; i++) {
		uint32_t value = host_bridge_read(&host_bridges[0], sbdf_make(0, 1, 0, fn), 0, 4);

		if (value != (fn == 0 ? NVME : E1000)) {
			return arg;
		}
	}
	return NULL;
}

/* One engine, two CPUs: nobody gets the other's answer. */
static void test_two_at_once(void **state)
{
	uint8_t fns[] = { 0, 1 };
	pthread_t other;
	void *failed;

	model_endpoint(&model_rcar.pci, model_rcar.port, 0, 0, NVME, 0x010802);
	model_endpoint(&model_rcar.pci, model_rcar.port, 0, 1, E1000, 0x020000);
	start();
	bus_numbers(0, 0, 1, 255);
	assert_int_equal(pthread_create(&other, NULL, reader, &fns[1]), 0);
	assert_null(reader(&fns[0]));
	assert_int_equal(pthread_join(other, &failed), 0);
	assert_null(failed);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_cold_start),
		T(test_msi_block),
		T(test_windows),
		T(test_dma_ranges),
		T(test_dma_ranges_in_pieces),
		T(test_dma_ranges_refused),
		T(test_ram_out_of_reach),
		T(test_taken_over),
		T(test_taken_over_wrong),
		T(test_taken_over_moved),
		T(test_refused),
		T(test_empty_slot),
		T(test_root_bus_has_one_function),
		T(test_partner_is_one_device),
		T(test_behind_a_switch),
		T(test_absent_then_present),
		T(test_other_status_stays),
		T(test_link_goes_down),
		T(test_l1),
		T(test_l1_at_the_wrong_moment),
		T(test_aborts_are_the_functions),
		T(test_narrow_writes),
		T(test_two_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
