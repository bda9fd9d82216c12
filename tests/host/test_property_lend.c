/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions on their way between three domains that write what they like, while steps fail: one
 * owner each, and in each stage 2 just the pages that BARs and COMMAND say, as a second bookkeeping
 * here has them. Two may share a stream, and one has virtual functions that come and go.
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
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "property.h"
#include "vpci/ports.h"

#define FUNCTIONS 6U
#define PLAIN     3U /* behind a port each; then the physical function, then its virtual ones */
#define PF        3U
#define VF0       4U
#define VFS       2U
#define SLOTS     4U
#define VF_ENABLE 0x1U
#define VF_MSE    0x8U

/* What one BAR ought to have in the stage 2 of the function's user. */
struct expected {
	bool mapped;
	uint64_t ipa;
	uint64_t pages;
	uint64_t pa;
};

struct device {
	struct pci_function *f; /* NULL: a VF that never was */
	struct model_function *model;
	uint16_t user; /* of the expectations */
	bool on;     /* decodes memory... */
	bool mapped; /* ...and is awake */
	struct expected bars[PCI_BARS];
};

static struct pci_world world;
static struct host_bridge *bridge = &world.bridge;
static struct device devices[FUNCTIONS];
static uint32_t sriov; /* the capability's offset */
/* VF MSE and VF BARs as their owner last had them. */
static struct { bool decode; uint64_t page, bars[PCI_BARS]; } placed;
static uint8_t buses[WORLD_DOMAINS][GUEST_PORT_COUNT]; /* behind a guest's root ports */

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

/* Its table in a BAR or not, over the edge of one or not. */
static void random_msix(struct model_function *m)
{
	model_msix(m, 1 + property_below(32), (uint8_t)property_below(PCI_BARS),
		   0x400 * property_below(16), (uint8_t)property_below(PCI_BARS),
		   0x400 * property_below(16));
}

static struct model_function *random_device(uint8_t port)
{
	struct model_function *m = model_endpoint(
		&world.pci,
		model_port(&world.pci, NULL, port, 0, PCI_EXP_TYPE_ROOT_PORT, false, true), 0, 0,
		0x10d38086U + ((uint32_t)port << 16), 0x020000);

	random_bars(m);
	if (property_below(2)) {
		random_msix(m);
	}
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

static void card_with_vfs(void)
{
	struct model_function *port = model_port(&world.pci, NULL, PF + 1, 0,
						 PCI_EXP_TYPE_ROOT_PORT, false, true);
	struct model_function *m = model_endpoint(&world.pci, port, 0, 0, 0x10c98086, 0x020000);

	model_ari_port(port, true);
	model_bar(m, 0, BAR_MEM32, false, 0x8000);
	if (property_below(2)) {
		model_pm(m);
	}
	model_express(m, PCI_EXP_TYPE_ENDPOINT, property_below(4));
	model_msix(m, 4, 0, 0x2000, 0, 0x3000);
	model_ari(m);
	sriov = model_sriov(m, VFS, 0x80, 2, 0x1000ULL << property_below(4));
	devices[PF].model = m;
	for (uint16_t i = 0; i < VFS; i++) {
		devices[VF0 + i].model = model_vf(m, i);
	}
}

/* As behind a bridge to conventional PCI. */
static void share_a_stream(struct pci_function *f, struct pci_function *with)
{
	f->stream = with->stream;
	f->device_id = with->device_id;
	f->requester = with->requester = 0x0500;
}

/* Device 0 of the bus that a guest's port leads to when it has set its ports up. */
static uint64_t behind_port(uint32_t domain, uint32_t port, uint32_t reg)
{
	return GUEST_PCI_ECAM_BASE + ((uint64_t)buses[domain][port] << 20) + reg;
}

/* Bus numbers as the guest has chosen them, whatever it wrote there meanwhile. */
static void number_ports(uint32_t domain)
{
	for (uint32_t i = 0; i < 2 * GUEST_PORT_COUNT; i++) {
		/* None has a number that another one still has. */
		uint32_t bus = i < GUEST_PORT_COUNT ? 0 : buses[domain][i % GUEST_PORT_COUNT];

		world_store(domain, world_guest_cfg(GUEST_PORT_DEVICE + i % GUEST_PORT_COUNT, 0x18),
			    4, bus << 16 | bus << 8);
	}
}

/* Any that are different. */
static void choose_buses(uint32_t domain)
{
	uint32_t first = 1 + property_below(200), step = 1 + property_below(10);

	for (uint32_t i = 0; i < GUEST_PORT_COUNT; i++) {
		buses[domain][i] = (uint8_t)(first + i * step);
	}
}

/* Its devices are on its bus; or it has begun, and they come behind ports. */
static void begin_guest(uint32_t domain)
{
	lend_world.domains[domain].state = property_below(2) ? DOMAIN_RUNNING : DOMAIN_BUILDING;
	choose_buses(domain);
	number_ports(domain);
}

static void begin(void)
{
	fake_log_clear();
	pci_world_init(&world, 0, 0, 255);
	memset(devices, 0, sizeof(devices));
	memset(&placed, 0, sizeof(placed));
	for (uint32_t i = 0; i < PLAIN; i++) {
		devices[i].model = random_device((uint8_t)(i + 1));
	}
	card_with_vfs();
	pci_bring_up(&world.bridge);
	world.desc.cfg = (struct range){ 0x4010000000ULL, SZ_1M * 256 };
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		devices[i].user = DOMAIN_ID_NONE;
		devices[i].f = i < VF0 ? world_function(0, (uint8_t)(i + 1), 0, 0) : NULL;
	}
	if (property_below(2)) {
		share_a_stream(devices[1].f, devices[0].f);
	}
	pci_groups_assign(pci_function_first());
	lend_world_init(&bridge, 1);
	begin_guest(WORLD_GUEST1);
	begin_guest(WORLD_GUEST2);
}

/* What ought to be mapped. */

static bool is_vf(const struct device *d)
{
	return d >= &devices[VF0];
}

static bool used(const struct device *d)
{
	return d->f && (d->f->state == FUNCTION_OWNED || d->f->state == FUNCTION_LENT);
}

/* A VF its owner uses has no BARs and no decode of its own (PCIe 6.0 9.3.4.1). */
static bool placed_by_pf(const struct device *d)
{
	return is_vf(d) && d->f->user == WORLD_CONTROL;
}

static uint64_t align_to_page(uint64_t size)
{
	return MAX(size, placed.page);
}

static uint64_t config_of(const struct device *d, uint32_t reg)
{
	const struct vpci_slot *slot = d->f->vpci->slot;

	if (d->f->user == WORLD_CONTROL) {
		return world_owner_cfg(bridge, d->f->sbdf, reg);
	}
	return slot ? behind_port(d->f->user, SBDF_DEV(d->f->user_view) - GUEST_PORT_DEVICE, reg)
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

/* Where BAR i is, as its user has it. */
static uint64_t address_of(const struct device *d, uint32_t i)
{
	uint64_t address;

	if (placed_by_pf(d)) {
		return placed.bars[i] +
		       (uint64_t)(d - &devices[VF0]) * align_to_page(d->f->bars[i].size);
	}
	address = config(d, PCI_BAR0 + 4 * i, 4) & ~15U;
	return d->f->bars[i].kind == BAR_MEM64
		       ? address | (uint64_t)config(d, PCI_BAR0 + 4 * i + 4, 4) << 32
		       : address;
}

/* Decode came on: BAR by BAR, each where it fits whole and nothing is yet. */
static void expect_mapped(struct device *d)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &d->f->bars[i];
		uint64_t size = MAX(bar->size, SZ_4K);
		uint64_t address;
		struct expected *e = &d->bars[i];

		*e = (struct expected){ .mapped = false };
		if ((bar->kind != BAR_MEM32 && bar->kind != BAR_MEM64) || bar->address == 0) {
			continue;
		}
		address = address_of(d, i);
		e->pages = size / SZ_4K;
		e->pa = bar->cpu.v;
		e->mapped = address != 0 && address % size == 0 &&
			    resolve(d->user, address, size, &e->ipa) &&
			    !taken(d->user, e->ipa, e->pages) &&
			    (lend_world.page_limit == 0 ||
			     pages_of(d->user) + e->pages <= lend_world.page_limit);
	}
}

/* What the owner of the physical function says of where its VFs are. */
static void follow_pf(void)
{
	const struct device *d = &devices[PF];

	if (!used(d) || d->f->user != WORLD_CONTROL || config(d, PCI_COMMAND, 2) == 0xffff) {
		return;
	}
	placed.decode = config(d, sriov + PCI_SRIOV_CONTROL, 2) & VF_MSE;
	placed.page = (uint64_t)config(d, sriov + PCI_SRIOV_PAGE_SIZE, 4) << 12;
	placed.bars[0] = (config(d, sriov + PCI_SRIOV_BAR0, 4) & ~15U) |
			 (uint64_t)config(d, sriov + PCI_SRIOV_BAR0 + 4, 4) << 32;
}

static void follow(struct device *d)
{
	uint16_t user = used(d) ? d->f->user : (uint16_t)DOMAIN_ID_NONE;
	uint32_t command = user == DOMAIN_ID_NONE ? 0 : config(d, PCI_COMMAND, 2);
	/* All ones: it is being reset. */
	bool on = command != 0xffff &&
		  (user != DOMAIN_ID_NONE && placed_by_pf(d) ? placed.decode
							     : (command & PCI_COMMAND_MEMORY) != 0);
	bool awake = on && !(d->f && d->f->cap_pm && (config(d, d->f->cap_pm + PCI_PM_CONTROL, 2) &
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

/* Who uses the functions of a stream: one domain. *broken: one is that nobody uses. */
static uint32_t stream_user(const struct pci_function *f, bool *broken)
{
	uint32_t user = ~0U;

	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		const struct pci_function *other = devices[i].f;

		if (!other || other->stream.v != f->stream.v) {
			continue;
		}
		*broken |= other->state == FUNCTION_BROKEN;
		if (used(&devices[i])) {
			assert_true(user == ~0U || user == other->user);
			user = other->user;
		}
	}
	return user;
}

static void check_books(const struct device *d)
{
	const struct pci_function *f = d->f;
	bool u = used(d), broken = false;
	uint32_t user = stream_user(f, &broken);

	assert_int_equal(u, f->user != DOMAIN_ID_NONE);
	assert_int_equal(u, f->vpci != NULL);
	if (!u) {
		assert_null(f->itt);
	}
	/* Only its user's memory is in reach; of a broken one nobody confirmed that it is not. */
	if (user != ~0U || !broken) {
		assert_int_equal(world_dma(f), user);
	}
	if (!u && f->state != FUNCTION_ABSENT) {
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

/* Host VF BARs never move, and a VF that somebody has is there. */
static void check_vfs(void)
{
	const struct device *pf = &devices[PF];
	bool enabled = model_get(pf->model, sriov + PCI_SRIOV_CONTROL, 2) & VF_ENABLE;
	uint32_t lent = 0;

	for (uint32_t i = 0; i < VFS; i++) {
		const struct pci_function *f = devices[VF0 + i].f;

		assert_true(enabled || !f || f->state == FUNCTION_ABSENT);
		lent += f && f->state == FUNCTION_LENT;
	}
	assert_true(pf->f->sriov.lent >= lent);
	assert_int_equal(enabled, pf->f->sriov.state != PCI_VFS_OFF);
	if (enabled) {
		assert_int_equal(model_get(pf->model, sriov + PCI_SRIOV_BAR0, 4) & ~15U,
				 (uint32_t)pf->f->sriov.bars[0].address);
		assert_int_equal(model_get(pf->model, sriov + PCI_SRIOV_BAR0 + 4, 4),
				 pf->f->sriov.bars[0].address >> 32);
	}
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
	at = domain == WORLD_CONTROL ? world_owner_cfg(bridge, place_of(d), reg)
	     : property_below(2)     ? world_guest_cfg(slot, reg)
				     : behind_port(domain, slot % GUEST_PORT_COUNT, reg);
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
	vpci_destroy(d);
	memset(&d->mmio, 0, sizeof(d->mmio));
	fake_heap_fail_in = 0;
	assert_int_equal(vpci_create_guest(d), 0);
	begin_guest(domain);
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
		choose_buses(domain);
	}
	number_ports(domain);
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
	follow_pf();
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		follow(&devices[i]);
	}
	check_pages();
	check_vfs();
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		if (devices[i].f) {
			check_books(&devices[i]);
		}
		if (!is_vf(&devices[i])) {
			check_hardware(&devices[i]);
		}
	}
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
