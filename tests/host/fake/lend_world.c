/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains, their accesses and I/O space; the rest of the world is in lend_*.c. */
#include "lend_books.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_intx.h"
#include "fake_trap.h"
#include "irq/vmsi.h"
#include "lib/errno.h"
#include "pci/registry.h"
#include "vpci/vpci.h"

struct lend_world lend_world;
bool lend_world_unsafe;
struct lend_world_frame lend_world_frame;

/* I/O space. */

void host_bridge_map_io(struct host_bridge *b)
{
	(void)b;
}

bool host_bridge_io_read(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t *value)
{
	(void)b;
	assert_true(port + size <= sizeof(lend_world.ports));
	*value = lend_world.ports_abort ? (uint32_t)GENMASK(8 * size - 1, 0) : 0;
	if (!lend_world.ports_abort) {
		memcpy(value, &lend_world.ports[port], size);
	}
	return !lend_world.ports_abort;
}

bool host_bridge_io_write(struct host_bridge *b, uint64_t port, uint32_t size, uint32_t value)
{
	(void)b;
	assert_true(port + size <= sizeof(lend_world.ports));
	if (!lend_world.ports_abort) {
		memcpy(&lend_world.ports[port], &value, size);
	}
	return !lend_world.ports_abort;
}

/* Domains and their accesses. */

struct domain *domain_by_id(uint32_t id)
{
	return id < WORLD_DOMAINS ? &lend_world.domains[id] : NULL;
}

enum mmio_result world_access(uint32_t domain, struct mmio_access *a, uint64_t ipa)
{
	a->ipa.v = ipa;
	return fake_access(&lend_world.domains[domain], &lend_world.vcpu, a);
}

static uint64_t access_retried(uint32_t domain, struct mmio_access a, uint64_t ipa)
{
	/* It waits for a job, or does a part of what there is to do each time. */
	for (uint32_t i = 0; world_access(domain, &a, ipa) == MMIO_RETRY; i++) {
		assert_true(world_run_jobs() > 0 || i < 16);
	}
	return a.value;
}

uint64_t world_load(uint32_t domain, uint64_t ipa, uint8_t size)
{
	return access_retried(domain, (struct mmio_access){ .size = size }, ipa);
}

void world_store(uint32_t domain, uint64_t ipa, uint8_t size, uint64_t value)
{
	access_retried(domain, (struct mmio_access){ .size = size, .write = true, .value = value },
		       ipa);
}

uint64_t world_guest_cfg(uint32_t slot, uint32_t reg)
{
	return GUEST_PCI_ECAM_BASE + slot * 0x8000ULL + reg;
}

uint64_t world_owner_cfg(const struct host_bridge *b, struct sbdf s, uint32_t reg)
{
	return b->desc->cfg.base + ((uint64_t)(SBDF_BUS(s) - b->desc->bus_start) << 20 |
				    (uint32_t)SBDF_DEVFN(s) << 12 | reg);
}

void lend_world_init(struct host_bridge *const *bridges, uint32_t count)
{
	memset(&lend_world, 0, sizeof(lend_world));
	for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
		lend_world.domains[i].id = (uint16_t)i;
		lend_world.domains[i].control = i == WORLD_CONTROL;
		lend_world.domains[i].direct = i == WORLD_CONTROL;
		lend_world.domains[i].state = i == WORLD_CONTROL ? DOMAIN_RUNNING : DOMAIN_BUILDING;
	}
	if (lend_world_frame.count != 0) {
		assert_int_equal(vmsi_create(&lend_world.domains[WORLD_CONTROL],
					     ipa(lend_world_frame.base), lend_world_frame.first,
					     lend_world_frame.count), 0);
	}
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(
			world_create_owner(&lend_world.domains[WORLD_CONTROL], bridges[i]), 0);
	}
	host_bridges[0].its = count ? bridges[0]->its : NULL;
	host_bridges[0].msi = count ? bridges[0]->msi : NULL;
	host_bridge_count = 1;
	for (uint32_t i = WORLD_GUEST1; i < WORLD_DOMAINS; i++) {
		lend_world.domains[i].unsafe_interrupts = lend_world_unsafe;
		assert_int_equal(world_create_guest(&lend_world.domains[i]), 0);
	}
}

void reclaim_all(struct domain *d)
{
	enum job_status status;

	while ((status = lend_reclaim(d)) != JOB_DONE) {
		if (status == JOB_WAIT) {
			world_step_job();
		}
	}
	lend_maps_check(d);
}

void lend_world_end(void)
{
	memset(lend_world.fail, 0, sizeof(lend_world.fail));
	for (uint32_t i = WORLD_DOMAINS; i-- > 0;) {
		lend_world.domains[i].state = DOMAIN_DYING;
		reclaim_all(&lend_world.domains[i]);
		world_run_jobs();
		world_run_resets();
		assert_int_equal(world_pages(i), 0);
		while (!vpci_destroy(&lend_world.domains[i])) {
		}
		mmio_clear(&lend_world.domains[i].mmio);
	}
	assert_int_equal(lend_world.itts, 0);
	fake_intx_end();
	lend_maps_reset();
	lend_its_reset();
}

int world_create_guest(struct domain *d)
{
	int r;

	do {
		r = vpci_create_guest(d);
	} while (r == -EAGAIN);
	return r;
}

int world_create_owner(struct domain *d, struct host_bridge *b)
{
	int r;

	do {
		r = vpci_create_owner(d, b);
	} while (r == -EAGAIN);
	return r;
}

int lend_attach(struct domain *d, struct pci_function *f, const struct lend_options *options,
		struct vsbdf *out)
{
	int r;

	do {
		r = lend_attach_step(d, f, options, out);
	} while (r == -EAGAIN);
	return r;
}

int lend_return_to_owner(struct pci_function *f)
{
	int r;

	do {
		r = lend_return_step(f);
	} while (r == -EAGAIN);
	return r;
}
