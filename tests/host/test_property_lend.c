/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions on their way between three domains that write what they like, while steps fail: one
 * owner each, and in each stage 2 just the pages that BARs and COMMAND say, as a second bookkeeping
 * here has them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lend_world.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"
#include "property.h"

#define FUNCTIONS 3U
#define SLOTS     4U

/* What one BAR ought to have in the stage 2 of the function's user. */
struct expected {
	bool mapped;
	uint64_t ipa;
	uint64_t pages;
	uint64_t pa;
};

struct device {
	struct pci_function *f;
	struct model_function *model;
	uint16_t user; /* of the expectations */
	bool on;     /* decodes memory... */
	bool mapped; /* ...and is awake */
	struct expected bars[PCI_BARS];
};

static struct pci_world world;
static struct host_bridge *bridge = &world.bridge;
static struct device devices[FUNCTIONS];

/* The machine. */

static void random_bars(struct model_function *m)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		enum bar_kind kind = (enum bar_kind)property_below(BAR_MEM64_HIGH);
		uint64_t size = 0x10ULL << property_below(14);

		if (kind == BAR_MEM64 && i == PCI_BARS - 1) {
			continue;
		}
		if (kind != BAR_NONE) {
			model_bar(m, i, kind, kind == BAR_MEM64 && property_below(2),
				  kind == BAR_IO ? 0x20 : size);
		}
		i += kind == BAR_MEM64;
	}
}

static struct model_function *random_device(uint8_t port)
{
	struct model_function *m = model_endpoint(
		&world.pci,
		model_port(&world.pci, NULL, port, 0, PCI_EXP_TYPE_ROOT_PORT, false, true), 0, 0,
		0x10d38086U + ((uint32_t)port << 16), 0x020000);

	random_bars(m);
	if (property_below(4)) {
		model_pm(m);
		if (property_below(2)) {
			model_pm_resets(m);
		}
	}
	if (property_below(4)) {
		model_express(m, PCI_EXP_TYPE_ENDPOINT, property_below(4));
	}
	if (property_below(4) == 0) {
		model_af(m);
	}
	if (property_below(2)) {
		model_msi(m, 1U << property_below(6), property_below(2), property_below(2));
	}
	return m;
}

static void begin(void)
{
	fake_log_clear();
	pci_world_init(&world, 0, 0, 255);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		devices[i] = (struct device){ .model = random_device((uint8_t)(i + 1)),
					      .user = DOMAIN_ID_NONE };
	}
	pci_bring_up(&world.bridge);
	world.desc.cfg = (struct range){ 0x4010000000ULL, SZ_1M * 256 };
	pci_groups_assign(pci_function_first());
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		devices[i].f = world_function(0, (uint8_t)(i + 1), 0, 0);
	}
	lend_world_init(&bridge, 1);
}

/* What ought to be mapped. */

static bool used(const struct device *d)
{
	return d->f->state == FUNCTION_OWNED || d->f->state == FUNCTION_LENT;
}

static uint64_t config_of(const struct device *d, uint32_t reg)
{
	return d->f->user == WORLD_CONTROL ? world_owner_cfg(bridge, d->f->sbdf, reg)
					   : world_guest_cfg(SBDF_DEV(d->f->user_view), reg);
}

/* As its user reads it. */
static uint32_t config(const struct device *d, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(d->f->user, config_of(d, reg), size);
}

/* Where a PCI address is in the domain, when all of [address, +size) is in one of its windows. */
static bool resolve(uint32_t domain, uint64_t address, uint64_t size, uint64_t *ipa)
{
	const struct { uint64_t base, size, ipa; } windows[2][2] = {
		{ { WORLD_MEM32, WORLD_MEM32_SIZE, WORLD_MEM32 + WORLD_CPU_OFFSET },
		  { WORLD_MEM64, WORLD_MEM64_SIZE, WORLD_MEM64 + WORLD_CPU_OFFSET } },
		{ { GUEST_PCI_MEM32_BASE, GUEST_PCI_MEM32_SIZE, GUEST_PCI_MEM32_BASE },
		  { GUEST_PCI_MEM64_BASE, GUEST_PCI_MEM64_SIZE, GUEST_PCI_MEM64_BASE } },
	};

	for (uint32_t i = 0; i < 2; i++) {
		uint64_t base = windows[domain != WORLD_CONTROL][i].base;
		uint64_t end = base + windows[domain != WORLD_CONTROL][i].size;

		if (address >= base && address < end && end - address >= size) {
			*ipa = windows[domain != WORLD_CONTROL][i].ipa + (address - base);
			return true;
		}
	}
	return false;
}

static bool taken(uint32_t domain, uint64_t ipa, uint64_t pages)
{
	for (uint32_t i = 0; i < FUNCTIONS * PCI_BARS; i++) {
		const struct device *d = &devices[i / PCI_BARS];
		const struct expected *e = &d->bars[i % PCI_BARS];

		if (d->user == domain && e->mapped && e->ipa < ipa + pages * SZ_4K &&
		    ipa < e->ipa + e->pages * SZ_4K) {
			return true;
		}
	}
	return false;
}

static uint64_t pages_of(uint32_t domain)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < FUNCTIONS * PCI_BARS; i++) {
		const struct device *d = &devices[i / PCI_BARS];

		if (d->user == domain && d->bars[i % PCI_BARS].mapped) {
			pages += d->bars[i % PCI_BARS].pages;
		}
	}
	return pages;
}

/* Decode came on: BAR by BAR, each where it fits whole and nothing is yet. */
static void expect_mapped(struct device *d)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &d->f->bars[i];
		uint64_t size = MAX(bar->size, SZ_4K);
		uint64_t address = config(d, PCI_BAR0 + 4 * i, 4) & ~15U;
		struct expected *e = &d->bars[i];

		*e = (struct expected){ .mapped = false };
		if ((bar->kind != BAR_MEM32 && bar->kind != BAR_MEM64) || bar->address == 0) {
			continue;
		}
		if (bar->kind == BAR_MEM64) {
			address |= (uint64_t)config(d, PCI_BAR0 + 4 * i + 4, 4) << 32;
		}
		e->pages = size / SZ_4K;
		e->pa = bar->cpu.v;
		e->mapped = address != 0 && address % size == 0 &&
			    resolve(d->user, address, size, &e->ipa) &&
			    !taken(d->user, e->ipa, e->pages) &&
			    (lend_world.page_limit == 0 ||
			     pages_of(d->user) + e->pages <= lend_world.page_limit);
	}
}

static void follow(struct device *d)
{
	uint16_t user = used(d) ? d->f->user : (uint16_t)DOMAIN_ID_NONE;
	uint32_t command = user == DOMAIN_ID_NONE ? 0 : config(d, PCI_COMMAND, 2);
	/* All ones: it is being reset. */
	bool on = command != 0xffff && (command & PCI_COMMAND_MEMORY);
	bool awake = on && !(d->f->cap_pm && (config(d, d->f->cap_pm + PCI_PM_CONTROL, 2) &
					      PCI_PM_STATE) == PCI_PM_D3HOT);

	if (user != d->user || !awake) {
		memset(d->bars, 0, sizeof(d->bars));
		d->mapped = false;
	}
	d->user = user;
	if (awake && !d->mapped) {
		expect_mapped(d);
	}
	d->mapped = awake;
	d->on = on;
}

/* What must hold after every step. */

static void check_books(const struct device *d)
{
	const struct pci_function *f = d->f;
	bool u = used(d);

	assert_int_equal(u, f->user != DOMAIN_ID_NONE);
	assert_int_equal(u, f->vpci != NULL);
	if (!u) {
		assert_null(f->itt);
	}
	/* Memory is in reach of its user's only; of a broken one nobody confirmed that it is not. */
	if (f->state != FUNCTION_BROKEN) {
		assert_int_equal(world_dma(f), u ? f->user : ~0U);
	}
	if (!u) {
		assert_int_equal(model_get(d->model, PCI_COMMAND, 2) &
				 (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER), 0);
	}
}

static void check_hardware(const struct device *d)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &d->f->bars[i];
		uint32_t low = model_get(d->model, PCI_BAR0 + 4 * i, 4);

		/* Where it decodes is where it was placed, whatever its user wrote. */
		if (d->on && (bar->kind == BAR_MEM32 || bar->kind == BAR_MEM64)) {
			assert_int_equal(low & ~15U, (uint32_t)bar->address);
		}
		if (d->on && bar->kind == BAR_MEM64) {
			assert_int_equal(model_get(d->model, PCI_BAR0 + 4 * i + 4, 4),
					 bar->address >> 32);
		}
	}
	/* It decodes exactly when its user says so. */
	assert_int_equal((model_get(d->model, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) != 0, d->on);
}

static void check_pages(void)
{
	for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
		assert_int_equal(world_pages(i), pages_of(i));
	}
	for (uint32_t i = 0; i < FUNCTIONS * PCI_BARS; i++) {
		const struct device *d = &devices[i / PCI_BARS];
		const struct expected *e = &d->bars[i % PCI_BARS];
		uint64_t last = (e->pages - 1) * SZ_4K;

		if (e->mapped) {
			assert_int_equal(world_translate(d->user, e->ipa), e->pa);
			assert_int_equal(world_translate(d->user, e->ipa + last), e->pa + last);
		}
	}
}

/* The steps. */

/* Few places, so that BARs meet: in windows, over their edges, over RAM and the GIC. */
static uint64_t random_place(void)
{
	static const uint64_t places[] = {
		0, GUEST_PCI_MEM32_BASE, 0x20000000, 0x20010000, 0x20040000, 0x10100000, 0x2fff8000,
		GUEST_PCI_MEM32_BASE + GUEST_PCI_MEM32_SIZE - 0x8000, GUEST_RAM_BASE,
		GUEST_GICD_BASE, GUEST_PCI_ECAM_BASE, 0x8000000000, 0x8000040000, 0xffffffffffffc000,
	};

	return places[property_below(ARRAY_SIZE(places))] + 0x1000 * property_below(4);
}

static uint32_t random_register(const struct pci_function *f)
{
	switch (property_below(8)) {
	case 0: case 1:
		return PCI_COMMAND;
	case 2: case 3:
		return PCI_BAR0 + 4 * property_below(6);
	case 4:
		return f->cap_express ? f->cap_express + PCI_EXP_DEVCTL : PCI_COMMAND;
	case 5:
		return f->cap_pm ? f->cap_pm + PCI_PM_CONTROL : PCI_COMMAND;
	case 6:
		return f->cap_af ? (uint32_t)f->cap_af + PCI_AF_CONTROL : property_below(0x40);
	default:
		return property_below(property_below(2) ? 0x100 : 0x1000);
	}
}

static void random_access(uint32_t domain, const struct pci_function *f, uint32_t slot)
{
	struct mmio_access a = { .size = (uint8_t)(1U << property_below(4)),
				 .write = property_below(3) != 0 };
	uint32_t reg = random_register(f);
	uint64_t at;

	if (property_below(8)) {
		reg &= ~(a.size - 1U);
	}
	reg = MIN(reg, 4096U - a.size);
	at = domain == WORLD_CONTROL ? world_owner_cfg(bridge, f->sbdf, reg)
				     : world_guest_cfg(slot, reg);
	a.value = property_below(3) == 0 ? random_place() : property_random();
	if (reg == PCI_COMMAND) {
		a.value = property_below(4) ? property_random() & 0x0407 : PCI_COMMAND_MEMORY;
	} else if (reg >= PCI_BAR0 && reg < PCI_BAR0 + 24) {
		a.value = random_place() >> (property_below(4) ? 0 : 32);
	}
	property_say("domain %u slot %u: %s %u at 0x%x, 0x%llx", domain, slot,
		     a.write ? "write" : "read", a.size, reg, (unsigned long long)a.value);
	/* Given up now and then, as by a vCPU that ends: the job goes on without it. */
	while (world_access(domain, &a, at) == MMIO_RETRY && property_below(16)) {
		assert_true(world_run_jobs() > 0);
	}
	if (!a.write && a.size < 8) {
		assert_int_equal(a.value >> (8 * a.size), 0);
	}
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
	world_run_jobs();
	assert_int_equal(world_pages(domain), 0);
	vpci_destroy(d);
	memset(&d->mmio, 0, sizeof(d->mmio));
	d->state = DOMAIN_RUNNING;
	fake_heap_fail_in = 0;
	assert_int_equal(vpci_create_guest(d), 0);
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
	uint32_t slot = property_below(SLOTS);
	int r;

	switch (property_below(6)) {
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
	default:
		property_say("resets end");
		world_run_resets();
		break;
	}
}

static void step(void)
{
	struct pci_function *f = devices[property_below(FUNCTIONS)].f;
	uint32_t guest = WORLD_GUEST1 + property_below(2);
	uint32_t what = property_below(64);

	random_failures();
	if (what < 16) {
		random_transition(f, guest);
	} else if (what == 16) {
		end_domain(guest);
	} else if (what == 17) {
		random_port(property_below(WORLD_DOMAINS));
	} else if (what < 30) {
		random_access(WORLD_CONTROL, f, 0);
	} else {
		random_access(guest, f, property_below(SLOTS + 1));
	}
	no_failures();
	world_run_jobs();
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		follow(&devices[i]);
	}
	check_pages();
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		check_books(&devices[i]);
		check_hardware(&devices[i]);
	}
}

static void end(void)
{
	lend_world_end();
	pci_world_free(&world);
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
