/* SPDX-License-Identifier: BSD-2-Clause */
/* The promises of the memory aperture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "lib/errno.h"

static int map(uint32_t page, uint32_t id, uint64_t offset, uint32_t *slot)
{
	struct control_aperture_map in = { .domain = id, .offset = offset };
	struct control_count out = { 0 };
	int err = world_request(page, CONTROL_APERTURE_MAP, &in, sizeof(in), &out, sizeof(out));

	*slot = out.count;
	return err;
}

static int unmap(uint32_t page, uint32_t slot)
{
	struct control_count in = { .count = slot };

	return world_request(page, CONTROL_APERTURE_UNMAP, &in, sizeof(in), NULL, 0);
}

/* Flash is memory of the domain behind its RAM. */
static void test_flash(void **state)
{
	struct control_domain_create in = {
		.name = "g", .vcpu_count = 1, .ram_bytes = SZ_2M, .flash_bytes = 2 * SZ_2M
	};
	struct control_domain_id out;
	uint32_t slot;

	assert_int_equal(
		world_request(0, CONTROL_DOMAIN_CREATE, &in, sizeof(in), &out, sizeof(out)), 0);
	assert_int_equal(domain_by_id(out.id)->ram_size, SZ_2M);
	assert_int_equal(domain_by_id(out.id)->flash_size, 2 * SZ_2M);
	assert_int_equal(map(0, out.id, 2 * SZ_2M, &slot), 0);
	assert_int_equal(map(0, out.id, 3 * SZ_2M, &slot), -EINVAL);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, out.id), 0);
}

static void test_aperture(void **state)
{
	uint32_t id = world_create("g", 4 * SZ_2M), slot, other;

	assert_int_equal(map(1, id, SZ_2M, &slot), 0);
	assert_int_equal(world.bytes_flushed, SZ_2M);
	assert_true(world.rings_again >= 15);
	assert_int_equal(world.slots_open, 1);
	/* Offsets: aligned, inside. */
	assert_int_equal(map(1, id, SZ_4K, &other), -EINVAL);
	assert_int_equal(map(1, id, 4 * SZ_2M, &other), -EINVAL);
	assert_int_equal(map(1, id, ~0ULL << 21, &other), -EINVAL);
	assert_int_equal(map(1, 7, 0, &other), -ENOENT);
	/* Another client can neither close it nor take it. */
	assert_int_equal(unmap(2, slot), -EINVAL);
	assert_int_equal(unmap(1, slot ^ 1), -EINVAL);
	assert_int_equal(unmap(1, CONTROL_SLOTS), -EINVAL);
	assert_int_equal(unmap(1, slot), 0);
	assert_int_equal(unmap(1, slot), -EINVAL);
	/* All slots, then none. */
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		assert_int_equal(map(1, id, 0, &slot), 0);
	}
	assert_int_equal(map(1, id, 0, &slot), -ENOSPC);
	assert_int_equal(world_request(2, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	assert_int_equal(world.slots_open, CONTROL_SLOTS);
	/* The page has a new client: what the old one left is closed. */
	assert_int_equal(world_request(1, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	assert_int_equal(world.slots_open, 0);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

/* A client that is killed while its slot opens leaves nothing behind, nor anything half done. */
static void test_aperture_half_open(void **state)
{
	uint32_t id = world_create("g", 4 * SZ_2M), slot;

	world.gives_up = true;
	for (uint32_t i = 0; i < 8; i++) {
		map(1, id, i % 4 * SZ_2M, &slot);
	}
	assert_int_equal(world.slots_opened, 0);
	world.gives_up = false;
	/* The next one finishes what it wants itself, from the start, beside what is there. */
	world.bytes_flushed = 0;
	assert_int_equal(map(2, id, SZ_2M, &slot), 0);
	assert_int_equal(world.bytes_flushed, SZ_2M);
	assert_int_equal(unmap(2, slot), 0);
	assert_int_equal(world_request(1, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		assert_int_equal(map(1, id, 0, &slot), 0);
	}
	assert_int_equal(world_request(1, CONTROL_CLAIM, NULL, 0, NULL, 0), 0);
	/* By its number, by its domain's end. */
	world.gives_up = true;
	map(3, id, 0, &slot);
	assert_int_equal(unmap(2, 0), -EINVAL);
	assert_int_equal(unmap(3, 0), 0);
	map(3, id, 0, &slot);
	world.gives_up = false;
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
	world_reap();
	id = world_create("h", 4 * SZ_2M);
	world.bytes_flushed = 0;
	assert_int_equal(map(3, id, 0, &slot), 0);
	assert_int_equal(world.bytes_flushed, SZ_2M);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static void test_aperture_waits(void **state)
{
	uint32_t id, slot;

	world.cleaning = 2;
	id = world_create("g", 4 * SZ_2M);
	assert_int_equal(map(1, id, SZ_2M, &slot), 0);
	assert_int_equal(map(1, id, 2 * SZ_2M, &slot), -EAGAIN);
	assert_int_equal(world.slots_open, 1);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

static void test_start_paused(void **state)
{
	uint32_t id = world_create("a", SZ_2M);
	struct control_domain_start start = { .id = id, .flags = CONTROL_START_PAUSED << 1 };

	assert_int_equal(world_request(1, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0),
			 -EINVAL);
	assert_int_equal(domain_by_id(id)->state, DOMAIN_BUILDING);
	start.flags = CONTROL_START_PAUSED;
	assert_int_equal(world_request(1, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0), 0);
	assert_int_equal(domain_by_id(id)->state, DOMAIN_PAUSED);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_UNPAUSE, id), 0);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, id), 0);
}

/* No slot outlives the domain's BUILDING state, however that ends. */
static void test_aperture_closes(void **state)
{
	uint32_t a = world_create("a", SZ_2M), b = world_create("b", SZ_2M), slot;
	struct control_domain_start start = { .id = a, .pc = 0x40000000, .arg = 5 };

	assert_int_equal(map(1, a, 0, &slot), 0);
	assert_int_equal(map(2, b, 0, &slot), 0);
	assert_int_equal(world_request(3, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0), 0);
	assert_int_equal(world.slots_open, 1);
	assert_int_equal(map(1, a, 0, &slot), -EINVAL);
	assert_int_equal(world_request(3, CONTROL_DOMAIN_START, &start, sizeof(start), NULL, 0),
			 -EINVAL);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_PAUSE, a), 0);
	assert_int_equal(map(1, a, 0, &slot), -EINVAL);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, b), 0);
	assert_int_equal(world.slots_open, 0);
	assert_int_equal(map(2, b, 0, &slot), -EINVAL);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, a), 0);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, a), -EBUSY);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, control_world_setup, control_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_flash),
		TEST(test_aperture),
		TEST(test_start_paused),
		TEST(test_aperture_closes),
		TEST(test_aperture_half_open),
		TEST(test_aperture_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
