/* SPDX-License-Identifier: BSD-2-Clause */
#include "lend_expected.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "lend_devices.h"
#include "pci/pci_config.h"

/* VF MSE and VF BARs as their owner last had them. */
static struct { bool decode; uint64_t page, bars[PCI_BARS]; } placed;

void lend_expected_begin(void)
{
	memset(&placed, 0, sizeof(placed));
}

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
	return slot ? lend_devices_behind_port(d->f->user,
					       SBDF_DEV(d->f->user_view) - GUEST_PORT_DEVICE, reg)
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

/* What must hold. */

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

void lend_expected_check(void)
{
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
