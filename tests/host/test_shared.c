/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions of memory that guests share: who is in one, where it is mapped, who hears whom ring. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_ram.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "vpci/ivshmem.h"
#include "vpci/shared.h"
#include "vpci/vpci.h"

#define BLOCK     0x200000ULL
#define REGISTERS 0x10100000U
#define TABLE     0x10101000U
#define MEMORY    0x8100000000ULL
#define DOORBELL  0x08090040U
#define DEVICE    27U

static struct vits *const some_vits = (struct vits *)&lend_world;

static struct shared_spec spec_of(const char *name, uint64_t size, uint32_t vectors)
{
	struct shared_spec spec = { .size = size, .vectors = vectors };

	strcpy(spec.name, name);
	return spec;
}

/* As often as it takes; the result, and where in *out. */
static int share(struct domain *d, const char *name, uint64_t size, uint32_t vectors,
		 struct vsbdf *out)
{
	struct shared_spec spec = spec_of(name, size, vectors);
	int r;

	while ((r = vpci_share(d, &spec, out)) == -EAGAIN) {
	}
	return r;
}

static void join(struct domain *d, const char *name, uint64_t size, uint32_t vectors)
{
	struct vsbdf where;

	assert_int_equal(share(d, name, size, vectors, &where), 0);
	assert_int_equal(where.v, DEVICE << 3);
}

static uint64_t cfg(uint32_t device, uint32_t reg)
{
	return GUEST_PCI_ECAM_BASE + (device << 15 | reg);
}

static uint64_t rd(uint32_t domain, uint64_t at, uint8_t size)
{
	return world_load(domain, at, size);
}

static void wr(uint32_t domain, uint64_t at, uint8_t size, uint64_t value)
{
	world_store(domain, at, size, value);
}

/* As a driver does; every vector has its own number as EventID, with messages on. */
static void turn_on(uint32_t domain, uint32_t device, uint32_t vectors)
{
	wr(domain, cfg(device, 0x10), 4, REGISTERS);
	wr(domain, cfg(device, 0x14), 4, TABLE);
	wr(domain, cfg(device, 0x18), 8, MEMORY);
	wr(domain, cfg(device, 0x04), 2, 6);
	for (uint32_t i = 0; i < vectors; i++) {
		wr(domain, TABLE + 16 * i, 8, DOORBELL);
		wr(domain, TABLE + 16 * i + 8, 8, i);
	}
	if (vectors != 0) {
		wr(domain, cfg(device, 0x42), 2, 0x8000);
	}
}

static void ring(uint32_t domain, uint32_t peer, uint32_t vector)
{
	wr(domain, REGISTERS + 12, 4, peer << 16 | vector);
}

static int setup(void **state)
{
	lend_rig_setup(state);
	GUEST1->vits = some_vits;
	GUEST2->vits = some_vits;
	fake_ram_dirty = 0;
	return 0;
}

/* Everything is given back. */
static int teardown(void **state)
{
	struct shared_look look;

	for (uint32_t i = WORLD_GUEST1; i < WORLD_DOMAINS; i++) {
		struct domain *d = &lend_world.domains[i];

		d->state = DOMAIN_DYING;
		reclaim_all(d);
		world_run_jobs();
		world_run_resets();
		while (!vpci_destroy(d)) {
		}
		d->vits = NULL;
	}
	assert_false(shared_look(0, &look));
	assert_int_equal(fake_ram_free, 64);
	return lend_rig_teardown(state);
}

/* The end of a guest, whose functions were taken from it before. */
static void end(struct domain *d)
{
	d->state = DOMAIN_DYING;
	while (!vpci_destroy(d)) {
	}
	assert_int_equal(world_pages(d->id), 0);
}

static void begin_again(struct domain *d)
{
	d->state = DOMAIN_BUILDING;
	d->mmio.count = 0;
	assert_int_equal(world_create_guest(d), 0);
}

static void test_same_memory(void **state)
{
	uint64_t at = MEMORY + 5 * BLOCK + 0x1234;

	join(GUEST1, "a", 8 * BLOCK, 2);
	join(GUEST2, "a", 8 * BLOCK, 2);
	assert_int_equal(fake_ram_free, 64 - 8);
	assert_int_equal(rd(1, cfg(DEVICE, 0), 4), 0x11101af4);
	assert_int_equal(world_pages(1), 0);
	turn_on(1, DEVICE, 2);
	turn_on(2, DEVICE, 2);
	assert_int_equal(world_pages(1), 8 * BLOCK / 4096);
	assert_true(world_translate(1, at) != ~0ULL);
	assert_true(world_translate(1, at) == world_translate(2, at));
	assert_int_equal(world_page_type(1, at), P2M_RAM_SHARED);
	assert_int_equal(rd(1, REGISTERS + 8, 4), 0);
	assert_int_equal(rd(2, REGISTERS + 8, 4), 1);
	/* Registers are trapped, and off with everything else. */
	wr(1, cfg(DEVICE, 4), 2, 4);
	assert_int_equal(world_pages(1), 0);
	assert_int_equal(rd(1, REGISTERS + 8, 4), 0xffffffff);
	assert_int_equal(world_pages(2), 8 * BLOCK / 4096);
}

static void test_small(void **state)
{
	join(GUEST1, "s", 0x1000, 0);
	assert_int_equal(fake_ram_free, 63);
	turn_on(1, DEVICE, 0);
	assert_int_equal(world_pages(1), 1);
	assert_true(fake_ram_is_clean(world_translate(1, MEMORY)));
}

/* Each has its own, whatever they are called. */
static void test_two_regions(void **state)
{
	struct vsbdf where;

	join(GUEST1, "a", BLOCK, 0);
	join(GUEST2, "b", BLOCK, 0);
	turn_on(1, DEVICE, 0);
	turn_on(2, DEVICE, 0);
	assert_true(world_translate(1, MEMORY) != world_translate(2, MEMORY));
	assert_int_equal(share(GUEST1, "b", BLOCK, 0, &where), 0);
	assert_int_equal(where.v, (DEVICE - 1) << 3);
	wr(1, cfg(DEVICE - 1, 0x18), 8, MEMORY + BLOCK);
	wr(1, cfg(DEVICE - 1, 0x04), 2, 2);
	assert_true(world_translate(1, MEMORY + BLOCK) == world_translate(2, MEMORY));
}

static void test_rings(void **state)
{
	join(GUEST1, "a", BLOCK, 3);
	join(GUEST2, "a", BLOCK, 3);
	turn_on(1, DEVICE, 3);
	turn_on(2, DEVICE, 3);
	ring(1, 1, 2);
	assert_int_equal(lend_world.messages, 1);
	assert_int_equal(lend_world.message_to, 2);
	assert_int_equal(lend_world.message_from, DEVICE << 3);
	assert_int_equal(lend_world.message, 2);
	ring(2, 0, 0);
	assert_int_equal(lend_world.messages, 2);
	assert_int_equal(lend_world.message_to, 1);
	/* Oneself, by both words of a store. */
	wr(2, REGISTERS + 8, 8, (1ULL << 16 | 1) << 32);
	assert_int_equal(lend_world.messages, 3);
	assert_int_equal(lend_world.message_to, 2);
	/* Nobody, nothing, and what never was. */
	for (uint32_t peer = 2; peer <= 0xffff; peer++) {
		ring(1, peer, 0);
	}
	ring(1, 1, 3);
	ring(1, 1, 32);
	ring(1, 1, 0xffff);
	assert_int_equal(lend_world.messages, 3);
	/* What is written elsewhere than to the ITS is lost. */
	wr(2, TABLE, 4, GUEST_RAM_BASE);
	ring(1, 1, 0);
	assert_int_equal(lend_world.messages, 3);
}

static void test_masked_ring_waits(void **state)
{
	join(GUEST1, "a", BLOCK, 1);
	join(GUEST2, "a", BLOCK, 1);
	turn_on(1, DEVICE, 1);
	turn_on(2, DEVICE, 1);
	wr(2, TABLE + 12, 4, 1);
	ring(1, 1, 0);
	assert_int_equal(lend_world.messages, 0);
	wr(2, TABLE + 12, 4, 0);
	assert_int_equal(lend_world.messages, 1);
	assert_int_equal(lend_world.message_to, 2);
}

/* What is in it stays for who is left, and a place is free for who comes. */
static void test_members_come_and_go(void **state)
{
	uint64_t there;

	join(GUEST1, "a", BLOCK, 1);
	join(GUEST2, "a", BLOCK, 1);
	turn_on(1, DEVICE, 1);
	turn_on(2, DEVICE, 1);
	there = world_translate(2, MEMORY);
	end(GUEST1);
	ring(2, 0, 0);
	assert_int_equal(lend_world.messages, 0);
	assert_int_equal(fake_ram_free, 63);
	begin_again(GUEST1);
	join(GUEST1, "a", BLOCK, 1);
	turn_on(1, DEVICE, 1);
	assert_int_equal(rd(1, REGISTERS + 8, 4), 0);
	assert_true(world_translate(1, MEMORY) == there);
	ring(2, 0, 0);
	assert_int_equal(lend_world.message_to, 1);
	end(GUEST1);
	end(GUEST2);
	assert_int_equal(fake_ram_free, 64);
}

static void test_refusals(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t vectors;
	} bad[] = { { 0, 0 },	      { 0x800, 0 },	    { 0x3000, 0 },  { 2ULL << 30, 0 },
		    { BLOCK + 0x1000, 0 }, { ~0ULL, 0 }, { BLOCK, 33 }, { BLOCK, ~0U } };
	struct vsbdf where;

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(share(GUEST1, "x", bad[i].size, bad[i].vectors, &where), -EINVAL);
	}
	assert_int_equal(share(&lend_world.domains[WORLD_CONTROL], "x", BLOCK, 0, &where), -EINVAL);
	join(GUEST1, "a", BLOCK, 1);
	assert_int_equal(share(GUEST1, "a", BLOCK, 1, &where), -EBUSY);
	assert_int_equal(share(GUEST2, "a", 2 * BLOCK, 1, &where), -EEXIST);
	assert_int_equal(share(GUEST2, "a", BLOCK, 2, &where), -EEXIST);
	GUEST2->vits = NULL;
	assert_int_equal(share(GUEST2, "a", BLOCK, 1, &where), -EOPNOTSUPP);
	assert_int_equal(share(GUEST2, "plain", BLOCK, 0, &where), 0);
	assert_int_equal(share(GUEST2, "big", 128 * BLOCK, 0, &where), -ENOMEM);
	assert_int_equal(fake_ram_free, 62);
	GUEST1->state = DOMAIN_RUNNING;
	assert_int_equal(share(GUEST1, "late", BLOCK, 0, &where), -EINVAL);
	assert_int_equal(rd(1, cfg(DEVICE - 1, 0), 4), 0xffffffff);
}

/* Of a region that was refused nothing is left, however far it came. */
static void test_no_memory(void **state)
{
	struct vsbdf where;

	for (int64_t n = 1; n < 10; n++) {
		int64_t live = fake_heap_live;
		int r;

		fake_heap_fail_in = n;
		r = share(GUEST1, "a", BLOCK, 1, &where);
		fake_heap_fail_in = 0;
		if (r == 0) {
			assert_true(n > 3);
			return;
		}
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(fake_heap_live, live);
		assert_int_equal(fake_ram_free, 64);
		assert_int_equal(rd(1, cfg(DEVICE, 0), 4), 0xffffffff);
	}
	fail();
}

/* Nobody sees it before all of it is clean. */
static void test_dirty(void **state)
{
	struct shared_spec spec = spec_of("a", 2 * BLOCK, 0);
	struct vsbdf where;
	uint32_t calls = 1;
	int r;

	fake_ram_dirty = 2;
	while ((r = vpci_share(GUEST1, &spec, &where)) == -EAGAIN) {
		calls++;
		assert_int_equal(rd(1, cfg(DEVICE, 0), 4), 0xffffffff);
	}
	assert_int_equal(r, 0);
	assert_true(calls > 4);
	turn_on(1, DEVICE, 0);
	assert_true(fake_ram_is_clean(world_translate(1, MEMORY + BLOCK)));
}

static enum job_status some_step(struct job *j)
{
	return JOB_DONE;
}

static void some_end(struct job *j, bool cancelled)
{
}

/* A guest's ITS and bus come with its memory, by a job. */
static void test_before_the_bus(void **state)
{
	static const struct job_ops ops = { .name = "bus", .step = some_step, .finish = some_end };
	struct shared_spec spec = spec_of("a", BLOCK, 1);
	struct vsbdf where;

	while (!vpci_destroy(GUEST1)) {
	}
	GUEST1->mmio.count = 0;
	GUEST1->vits = NULL;
	job_init(&GUEST1->populate, &ops);
	job_start(&GUEST1->populate);
	assert_int_equal(vpci_share(GUEST1, &spec, &where), -EAGAIN);
	world_run_jobs();
	assert_int_equal(vpci_share(GUEST1, &spec, &where), -ENOMEM);
	assert_int_equal(fake_ram_free, 64);
	GUEST1->vits = some_vits;
	begin_again(GUEST1);
	join(GUEST1, "a", BLOCK, 1);
}

/* A creation that was given up in the middle: its domain's end is enough. */
static void test_given_up(void **state)
{
	struct shared_spec spec = spec_of("a", 4 * BLOCK, 1);
	struct vsbdf where;

	fake_ram_dirty = 4;
	assert_int_equal(vpci_share(GUEST1, &spec, &where), -EAGAIN);
	assert_int_equal(vpci_share(GUEST2, &spec, &where), -EAGAIN);
	end(GUEST1);
	assert_int_equal(fake_ram_free, 63);
	join(GUEST2, "a", 4 * BLOCK, 1);
	end(GUEST2);
	fake_ram_dirty = 0;
	assert_int_equal(fake_ram_free, 64);
}

/* Where something is, or outside the windows, it is not mapped, and half of it neither. */
static void test_bad_places(void **state)
{
	static const uint64_t places[] = { 0, GUEST_RAM_BASE, GUEST_PCI_ECAM_BASE,
					   0xffff000000000000ULL,
					   GUEST_PCI_MEM64_BASE - 4 * BLOCK,
					   GUEST_PCI_MEM64_BASE + GUEST_PCI_MEM64_SIZE };
	struct vsbdf where;

	join(GUEST1, "a", 4 * BLOCK, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(places); i++) {
		wr(1, cfg(DEVICE, 0x18), 8, places[i]);
		wr(1, cfg(DEVICE, 0x04), 2, 2);
		assert_int_equal(world_pages(1), 0);
		wr(1, cfg(DEVICE, 0x04), 2, 0);
	}
	assert_int_equal(share(GUEST1, "b", BLOCK, 0, &where), 0);
	wr(1, cfg(DEVICE - 1, 0x18), 8, MEMORY + 2 * BLOCK);
	wr(1, cfg(DEVICE - 1, 0x04), 2, 2);
	assert_int_equal(world_pages(1), BLOCK / 4096);
	wr(1, cfg(DEVICE, 0x18), 8, MEMORY);
	wr(1, cfg(DEVICE, 0x04), 2, 2);
	assert_int_equal(world_pages(1), BLOCK / 4096);
	wr(1, cfg(DEVICE, 0x04), 2, 0);
	assert_int_equal(world_pages(1), BLOCK / 4096);
	lend_world.page_limit = 600;
	wr(1, cfg(DEVICE, 0x18), 8, MEMORY + 8 * BLOCK);
	wr(1, cfg(DEVICE, 0x04), 2, 2);
	assert_int_equal(world_pages(1), BLOCK / 4096);
	lend_world.page_limit = 0;
}

static enum mmio_result turn_on_once(uint32_t domain)
{
	struct mmio_access a = { .size = 2, .write = true, .value = 2 };

	return world_access(domain, &a, cfg(DEVICE, 0x04));
}

/* No trap maps all of a large one: in between interrupts come in, and whoever looks helps. */
static void test_mapped_in_slices(void **state)
{
	const uint32_t all = 32 * BLOCK / 4096;
	struct mmio_access look = { .size = 4 };
	uint32_t some;

	join(GUEST1, "a", 32 * BLOCK, 0);
	join(GUEST2, "a", 32 * BLOCK, 0);
	wr(1, cfg(DEVICE, 0x18), 8, MEMORY);
	assert_int_equal(turn_on_once(1), MMIO_RETRY);
	some = world_pages(1);
	assert_in_range(some, 1, all - 1);
	while (world_access(1, &look, cfg(DEVICE, 0)) == MMIO_RETRY) {
		assert_in_range(world_pages(1), some + 1, all - 1);
		some = world_pages(1);
	}
	assert_int_equal(look.value, 0x11101af4);
	assert_int_equal(world_pages(1), all);
	assert_int_equal(turn_on_once(1), MMIO_DONE);
	assert_int_equal(rd(1, cfg(DEVICE, 0x04), 2) & 2, 2);
	wr(1, cfg(DEVICE, 0x04), 2, 0);
	assert_int_equal(world_pages(1), 0);
	/* Turned off, or at its end, half way: nothing is left. */
	assert_int_equal(turn_on_once(1), MMIO_RETRY);
	wr(1, cfg(DEVICE, 0x04), 2, 0);
	assert_int_equal(world_pages(1), 0);
	wr(2, cfg(DEVICE, 0x18), 8, MEMORY);
	assert_int_equal(turn_on_once(2), MMIO_RETRY);
	end(GUEST2);
	assert_int_equal(fake_ram_free, 64 - 32);
	/* No memory for tables in a later slice: what was mapped goes, and config space goes on. */
	lend_world.page_limit = all - 1;
	assert_int_equal(turn_on_once(1), MMIO_RETRY);
	wr(1, cfg(DEVICE, 0x04), 2, 2);
	assert_int_equal(world_pages(1), 0);
	lend_world.page_limit = 0;
	wr(1, cfg(DEVICE, 0x04), 2, 0);
	wr(1, cfg(DEVICE, 0x04), 2, 2);
	assert_int_equal(world_pages(1), all);
}

/* The end of a large one is in parts too, and its name is free at once. */
static void test_freed_in_slices(void **state)
{
	struct shared_look look;
	uint32_t calls = 0;

	join(GUEST1, "a", 64 * BLOCK, 0);
	join(GUEST2, "a", 64 * BLOCK, 0);
	assert_int_equal(fake_ram_free, 0);
	GUEST1->state = DOMAIN_DYING;
	while (!vpci_share_end(GUEST1)) {
		assert_int_equal(fake_ram_free, 0);
	}
	assert_true(vpci_share_end(GUEST1));
	assert_true(shared_look(0, &look));
	GUEST2->state = DOMAIN_DYING;
	while (!vpci_share_end(GUEST2)) {
		assert_false(shared_look(0, &look));
		assert_in_range(fake_ram_free, 0, 32 * ++calls);
	}
	assert_in_range(calls, 3, 16);
	assert_int_equal(fake_ram_free, 64);
}

/* Lent functions and those of shared memory keep out of each other's way. */
static void test_beside_functions(void **state)
{
	struct vsbdf where;

	quarantine(nvme);
	quarantine(nic);
	assert_int_equal(lend_to(GUEST1, nvme, DEVICE), DEVICE);
	assert_int_equal(share(GUEST1, "a", BLOCK, 0, &where), 0);
	assert_int_equal(where.v, (DEVICE - 1) << 3);
	assert_int_equal(attach(GUEST1, nic, DEVICE - 1, &where), -EBUSY);
	assert_int_equal(lend_to(GUEST1, nic, 0), 1);
	/* New ones are placed clear of where it is. */
	assert_int_equal(lend_detach(nic), 0);
	world_run_resets();
	wr(1, cfg(DEVICE - 1, 0x10), 4, GUEST_PCI_MEM32_BASE);
	wr(1, cfg(DEVICE - 1, 0x18), 8, GUEST_PCI_MEM64_BASE);
	lend_to(GUEST1, nic, 5);
	for (uint32_t i = 0; i < 6; i++) {
		uint64_t bar = rd(1, cfg(5, 0x10 + 4 * i), 4) & ~15ULL;

		assert_true(bar != GUEST_PCI_MEM32_BASE);
	}
}

static void test_list(void **state)
{
	struct shared_look look;
	struct vsbdf where;
	uint32_t first;

	assert_int_equal(share(GUEST1, "a", BLOCK, 1, &where), 0);
	assert_int_equal(share(GUEST2, "b", 2 * BLOCK, 0, &where), 0);
	assert_int_equal(share(GUEST2, "a", BLOCK, 1, &where), 0);
	assert_true(shared_look(0, &look));
	assert_string_equal(look.spec.name, "a");
	assert_int_equal(look.spec.vectors, 1);
	assert_int_equal(look.members[0], 1);
	assert_int_equal(look.members[1], 2);
	assert_int_equal(look.members[2], DOMAIN_ID_NONE);
	first = look.id;
	assert_int_equal(look.next, first + 1);
	assert_true(shared_look(look.next, &look));
	assert_string_equal(look.spec.name, "b");
	assert_int_equal(look.next, 0);
	assert_false(shared_look(first + 2, &look));
	end(GUEST1);
	assert_true(shared_look(0, &look));
	assert_int_equal(look.members[0], DOMAIN_ID_NONE);
	begin_again(GUEST1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_small, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_masked_ring_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dirty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before_the_bus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mapped_in_slices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_in_slices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_beside_functions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
