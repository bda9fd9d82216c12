/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions on their way between three domains that write what they like, while steps fail: one
 * owner each, and in each stage 2 just the pages that BARs and COMMAND say, as a second bookkeeping
 * has them (lend_expected.h). Two may share a stream, and one has virtual functions that come and
 * go.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "lend_expected.h"
#include "lend_devices.h"
#include "pci/pci_config.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "property.h"
#include "vpci/ports.h"

#define SLOTS 4U

static void begin(void)
{
	lend_devices_begin();
	lend_expected_begin();
}

/* Jobs to their end. A VF goes when its reset is over: for that they wait. */
static uint32_t settle(void)
{
	uint32_t steps = 0;

	while (world_step_job()) {
		if (++steps % 4096 == 0) {
			world_run_resets();
		}
		assert_true(steps < 100000);
	}
	return steps;
}

/* Few places, so that BARs meet: in windows, over their edges, over RAM and the GIC. */
static uint64_t random_place(void)
{
	static const uint64_t places[] = {
		0, GUEST_PCI_MEM32_BASE, 0x20000000, 0x20010000, 0x20040000, 0x10100000, 0x2fff8000,
		GUEST_PCI_MEM32_BASE + GUEST_PCI_MEM32_SIZE - 0x8000, GUEST_RAM_BASE,
		GUEST_GICD_BASE, GUEST_PCI_ECAM_BASE, 0x8000000000, 0x8000040000,
		0xffffffffffffc000,
	};

	return places[property_below(ARRAY_SIZE(places))] + 0x1000 * property_below(4);
}

static uint32_t random_sriov(void)
{
	static const uint8_t registers[] = { PCI_SRIOV_CONTROL, PCI_SRIOV_CONTROL, PCI_SRIOV_NUM,
					     PCI_SRIOV_PAGE_SIZE, PCI_SRIOV_BAR0,
					     PCI_SRIOV_BAR0 + 4 };

	return sriov + registers[property_below(ARRAY_SIZE(registers))];
}

static uint32_t random_register(const struct pci_function *f)
{
	if (f && f->sriov.total != 0 && property_below(2)) {
		return random_sriov();
	}
	switch (f ? property_below(9) : 9) {
	case 0: case 1:
		return PCI_COMMAND;
	case 2: case 3:
		return PCI_BAR0 + 4 * property_below(6);
	case 4:
		return f->cap_express ? f->cap_express + PCI_EXP_DEVCTL : PCI_COMMAND;
	case 5:
		return f->cap_pm ? f->cap_pm + PCI_PM_CONTROL : PCI_COMMAND;
	case 7:
		return f->msix.cap ? f->msix.cap + 2U : PCI_COMMAND;
	case 6:
		return f->cap_af ? (uint32_t)f->cap_af + PCI_AF_CONTROL : property_below(0x40);
	default:
		return property_below(property_below(2) ? 0x100 : 0x1000);
	}
}

static uint64_t random_value(uint32_t domain, uint32_t reg)
{
	if (reg == PCI_COMMAND) {
		return property_below(4) ? property_random() & 0x0407 : PCI_COMMAND_MEMORY;
	}
	if (reg >= PCI_BAR0 && reg < PCI_BAR0 + 24) {
		return random_place() >> (property_below(4) ? 0 : 32);
	}
	if (domain == WORLD_CONTROL && reg == sriov + PCI_SRIOV_CONTROL) {
		return property_below(4) ? VF_ENABLE | VF_MSE
					 : property_random() & (VF_ENABLE | VF_MSE);
	}
	if (domain == WORLD_CONTROL && reg == sriov + PCI_SRIOV_NUM) {
		return property_below(VFS + 2);
	}
	if (domain == WORLD_CONTROL && reg == sriov + PCI_SRIOV_PAGE_SIZE) {
		return 1U << property_below(6);
	}
	if (domain == WORLD_CONTROL && reg == sriov + PCI_SRIOV_BAR0) {
		return random_place();
	}
	if (domain == WORLD_CONTROL && reg == sriov + PCI_SRIOV_BAR0 + 4) {
		return random_place() >> 32;
	}
	return property_below(3) == 0 ? random_place() : property_random();
}

static struct sbdf place_of(const struct device *d)
{
	return d->f ? d->f->sbdf : pci_vf_sbdf(devices[PF].f, (uint32_t)(d - &devices[VF0]));
}

static void random_access(uint32_t domain, const struct device *d, uint32_t slot)
{
	struct mmio_access a = { .size = (uint8_t)(1U << property_below(4)),
				 .write = property_below(3) != 0 };
	uint32_t reg = random_register(d->f);
	uint64_t at;

	if (property_below(8)) {
		reg &= ~(a.size - 1U);
	}
	reg = MIN(reg, 4096U - a.size);
	if (domain == WORLD_CONTROL) {
		at = world_owner_cfg(bridge, place_of(d), reg);
	} else if (property_below(2)) {
		at = world_guest_cfg(slot, reg);
	} else {
		at = lend_devices_behind_port(domain, slot % GUEST_PORT_COUNT, reg);
	}
	a.value = random_value(domain, reg);
	property_say("domain %u slot %u: %s %u at 0x%x, 0x%llx", domain, slot,
		     a.write ? "write" : "read", a.size, reg, (unsigned long long)a.value);
	/* Given up now and then, as by a vCPU that ends: the job goes on without it. */
	while (world_access(domain, &a, at) == MMIO_RETRY && property_below(16)) {
		assert_true(settle() > 0);
	}
	if (!a.write && a.size < 8) {
		assert_int_equal(a.value >> (8 * a.size), 0);
	}
}

/* As a driver does it, most of the time. */
static void random_vfs(void)
{
	uint64_t cfg = world_owner_cfg(bridge, devices[PF].f->sbdf, sriov);
	uint16_t count = (uint16_t)(1 + property_below(VFS));
	uint32_t control = property_below(4) ? VF_ENABLE | VF_MSE : property_below(2) * VF_ENABLE;

	property_say("%u VFs, control 0x%x", count, control);
	world_store(WORLD_CONTROL, cfg + PCI_SRIOV_NUM, 2, count);
	settle();
	world_store(WORLD_CONTROL, cfg + PCI_SRIOV_CONTROL, 2, control);
}

static void random_port(uint32_t domain)
{
	uint64_t at = domain == WORLD_CONTROL ? WORLD_CPU_OFFSET : GUEST_PCI_IO_BASE;

	(void)world_load(domain, at + (property_below(0x4000) & ~3U), 4);
}

static void end_domain(uint32_t domain)
{
	struct domain *d = &lend_world.domains[domain];

	property_say("domain %u ends", domain);
	d->state = DOMAIN_DYING;
	reclaim_all(d);
	settle();
	assert_int_equal(world_pages(domain), 0);
	while (!vpci_destroy(d)) {
	}
	memset(&d->mmio, 0, sizeof(d->mmio));
	fake_heap_fail_in = 0;
	assert_int_equal(world_create_guest(d), 0);
	lend_devices_begin_guest(domain);
}

static void random_failures(void)
{
	for (uint32_t i = 0; i < STEPS; i++) {
		lend_world.fail[i] = property_below(24) == 0;
	}
	lend_world.page_limit = property_below(16) == 0 ? 1 + property_below(64) : 0;
	fake_heap_fail_in = property_below(16) == 0 ? 1 + property_below(6) : 0;
}

static void no_failures(void)
{
	memset(lend_world.fail, 0, sizeof(lend_world.fail));
	fake_heap_fail_in = 0;
}

static void random_transition(struct pci_function *f, uint32_t guest)
{
	struct vsbdf where;
	uint32_t slot = property_below(8) ? property_below(SLOTS)
					  : GUEST_PORT_DEVICE + property_below(GUEST_PORT_COUNT);
	int r;

	switch (property_below(7)) {
	case 0:
		r = lend_quarantine(f, "x");
		property_say("quarantine " SBDF_FMT ": %d", SBDF_ARG(f->sbdf), r);
		break;
	case 1:
		r = lend_return_to_owner(f);
		property_say("return " SBDF_FMT ": %d", SBDF_ARG(f->sbdf), r);
		break;
	case 2: case 3:
		r = lend_attach(&lend_world.domains[guest], f,
				&(struct lend_options){ .vslot = slot }, &where);
		property_say("attach " SBDF_FMT " to %u: %d", SBDF_ARG(f->sbdf), guest, r);
		break;
	case 4:
		r = lend_detach(f);
		property_say("detach " SBDF_FMT ": %d", SBDF_ARG(f->sbdf), r);
		break;
	case 5:
		r = lend_eject(f);
		property_say("eject " SBDF_FMT ": %d", SBDF_ARG(f->sbdf), r);
		break;
	default:
		property_say("resets end");
		world_run_resets();
		break;
	}
}

/* What a driver of slots does and what it ought not to; then its functions are where they were. */
static void random_slot(uint32_t domain)
{
	static const uint32_t control[] = { 0x1121, 0x1221, 0x1321, 0x11f0000 };
	uint32_t port = property_below(GUEST_PORT_COUNT);
	uint64_t at = world_guest_cfg(GUEST_PORT_DEVICE + port, 0);
	uint32_t reg = property_below(0x100) & ~3U;

	property_say("domain %u port %u: 0x%x", domain, port, reg);
	world_store(domain, at + (property_below(2) ? reg : 0x18), 4, property_random());
	world_store(domain, at + 0x78, 4, control[property_below(ARRAY_SIZE(control))]);
	if (property_below(4) == 0) {
		lend_devices_choose_buses(domain);
	}
	lend_devices_number_ports(domain);
}

static void step(void)
{
	struct device *d = &devices[property_below(FUNCTIONS)];
	uint32_t guest = WORLD_GUEST1 + property_below(2);
	uint32_t what = property_below(64);

	random_failures();
	if (what < 16 && d->f) {
		random_transition(d->f, guest);
	} else if (what == 16) {
		end_domain(guest);
	} else if (what == 17) {
		random_port(property_below(WORLD_DOMAINS));
	} else if (what == 18) {
		random_vfs();
	} else if (what < 22) {
		random_slot(guest);
	} else if (what < 32) {
		random_access(WORLD_CONTROL, d, 0);
	} else {
		random_access(guest, d, property_below(SLOTS + 1));
	}
	no_failures();
	settle();
	for (uint32_t i = 0; i < VFS; i++) {
		devices[VF0 + i].f = pci_vf_find(devices[PF].f, i);
	}
	lend_expected_check();
}

/* The owner's world does not end before its VFs. */
static void end_vfs(void)
{
	struct pci_function *pf = devices[PF].f;

	for (uint32_t i = 0; i < VFS; i++) {
		if (devices[VF0 + i].f) {
			(void)lend_detach(devices[VF0 + i].f);
		}
	}
	settle();
	world_run_resets();
	if (pf->state == FUNCTION_OWNED) {
		world_store(WORLD_CONTROL,
			    world_owner_cfg(bridge, pf->sbdf, sriov + PCI_SRIOV_CONTROL), 2, 0);
	}
	settle();
	world_run_resets();
}

static void end(void)
{
	end_vfs();
	lend_devices_end();
	assert_int_equal(fake_heap_live, 0);
}

static void functions_are_one_domains(void **state)
{
	static const struct property p = {
		.name = "lend", .cases = 500, .steps = 800,
		.begin = begin, .step = step, .end = end,
	};

	(void)state;
	property_check(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_one_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
