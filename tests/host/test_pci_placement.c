/* SPDX-License-Identifier: BSD-2-Clause */
/* The placement planner: what every plan must satisfy, and the cases that have a right answer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "pci/pci_placement.h"

#define NODES_MAX 64

static struct machine_window host[3] = {
	{ WINDOW_IO, false, 0, 0x3eff0000, 0x10000 },
	{ WINDOW_MEM32, false, 0x10000000, 0x10000000, 0x2eff0000 },
	{ WINDOW_MEM64, false, 0x8000000000, 0x8000000000, 0x8000000000 },
};

static struct placement_node nodes[NODES_MAX];
static struct placement plan;

static int setup(void **state)
{
	memset(nodes, 0, sizeof(nodes));
	plan = (struct placement){ .nodes = nodes, .host = host, .host_count = 3 };
	return 0;
}

static struct placement_node *endpoint(int32_t parent)
{
	struct placement_node *n = &nodes[plan.count++];

	n->parent = parent;
	return n;
}

static int32_t bridge(int32_t parent)
{
	struct placement_node *n = endpoint(parent);

	n->bridge = true;
	n->io_window = true;
	n->pref_window64 = true;
	return (int32_t)(n - nodes);
}

static void bar(struct placement_node *n, uint32_t i, enum bar_kind kind, bool prefetchable,
		uint64_t size)
{
	n->bars[i] = (struct placement_bar){
		.kind = kind, .prefetchable = prefetchable, .size = size, .align = size
	};
	if (kind == BAR_MEM64) {
		n->bars[i + 1] = (struct placement_bar){ .kind = BAR_MEM64_HIGH };
	}
}

struct placed {
	uint64_t first, last; /* pages or ports, inclusive */
	bool io;
};

static bool overlap(const struct placed *a, const struct placed *b)
{
	return a->io == b->io && a->first <= b->last && b->first <= a->last;
}

static bool in_host(bool io, uint64_t base, uint64_t size)
{
	uint32_t i;

	for (i = 0; i < plan.host_count; i++) {
		if ((host[i].kind == WINDOW_IO) == io && base >= host[i].pci &&
		    base - host[i].pci + size <= host[i].size) {
			return true;
		}
	}
	return false;
}

static bool in_window(const struct placement_window *w, uint64_t base, uint64_t size)
{
	return w->placed && base >= w->base && base + size <= w->base + w->size;
}

/* A bridge forwards this BAR through the right window, and so do all bridges above it. */
static void check_path(const struct placement_node *n, const struct placement_bar *b)
{
	int32_t p;

	for (p = n->parent; p != PLACEMENT_ROOT; p = nodes[p].parent) {
		const struct placement_window *w = nodes[p].windows;

		if (b->kind == BAR_IO) {
			assert_true(in_window(&w[SPACE_IO], b->address, b->size));
		} else if (b->prefetchable && b->kind == BAR_MEM64) {
			assert_true(in_window(&w[SPACE_PREF], b->address, b->size) ||
				    in_window(&w[SPACE_MEM], b->address, b->size));
		} else {
			assert_true(in_window(&w[SPACE_MEM], b->address, b->size));
		}
	}
}

static void check_bar(const struct placement_node *n, const struct placement_bar *b,
		      struct placed *all, uint32_t *count)
{
	bool io = b->kind == BAR_IO;
	uint64_t unit = io ? 1 : SZ_4K;
	uint32_t i;

	assert_true(b->address != 0);
	assert_int_equal(b->address % b->align, 0);
	assert_int_equal(b->address % unit, 0);
	assert_true(in_host(io, b->address, b->size));
	if (b->kind == BAR_MEM32) {
		assert_true(b->address + b->size <= 1ULL << 32);
	}
	check_path(n, b);
	all[*count] = (struct placed){ b->address / unit, (b->address + b->size - 1) / unit, io };
	for (i = 0; i < *count; i++) {
		assert_false(overlap(&all[i], &all[*count]));
	}
	(*count)++;
}

static void check_windows(const struct placement_node *n)
{
	uint32_t s;

	for (s = 0; s < SPACES; s++) {
		const struct placement_window *w = &n->windows[s];
		uint64_t granule = s == SPACE_IO ? SZ_4K : SZ_1M;

		if (w->size == 0) {
			continue;
		}
		assert_true(w->placed);
		assert_int_equal(w->base % granule, 0);
		assert_int_equal(w->size % granule, 0);
		assert_true(in_host(s == SPACE_IO, w->base, w->size));
		assert_true(s == SPACE_PREF || w->base + w->size <= 1ULL << 32);
	}
}

/* Windows of siblings must be disjoint, or two bridges would claim one address. */
static void check_siblings(void)
{
	uint32_t i, j, s, t;

	for (i = 0; i < plan.count; i++) {
		for (j = 0; j < plan.count; j++) {
			for (s = 0; s < SPACES; s++) {
				for (t = 0; t < SPACES; t++) {
					const struct placement_window *a = &nodes[i].windows[s];
					const struct placement_window *b = &nodes[j].windows[t];

					if ((i == j && s == t) || a->size == 0 || b->size == 0 ||
					    nodes[i].parent != nodes[j].parent ||
					    (s == SPACE_IO) != (t == SPACE_IO)) {
						continue;
					}
					assert_true(a->base + a->size <= b->base ||
						    b->base + b->size <= a->base);
				}
			}
		}
	}
}

static void check_plan(void)
{
	static struct placed all[NODES_MAX * 12];
	uint32_t count = 0, i, k, missing = 0;

	for (i = 0; i < plan.count; i++) {
		for (k = 0; k < PCI_BARS; k++) {
			const struct placement_bar *b = &nodes[i].bars[k];

			if (b->kind == BAR_NONE || b->kind == BAR_MEM64_HIGH) {
				continue;
			}
			if (b->placed) {
				check_bar(&nodes[i], b, all, &count);
			} else {
				missing++;
			}
			b = &nodes[i].vf_bars[k];
			if (b->kind != BAR_NONE && b->placed) {
				check_bar(&nodes[i], b, all, &count);
			}
		}
		check_windows(&nodes[i]);
	}
	check_siblings();
	assert_int_equal(missing, plan.left_out);
}

static void test_small_bars_get_pages_of_their_own(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT);
	struct placement_node *a = endpoint(port), *b = endpoint(port);

	bar(a, 0, BAR_MEM32, false, 16);
	bar(b, 0, BAR_MEM32, false, 256);
	bar(b, 1, BAR_MEM32, false, 0x1000);
	placement_plan(&plan);
	check_plan();
	assert_int_equal(plan.left_out, 0);
	assert_int_equal(nodes[port].windows[SPACE_MEM].size, SZ_1M);
	assert_int_equal(nodes[port].windows[SPACE_PREF].size, 0);
}

static void test_64_bit_needs_prefetchable_behind_a_bridge(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT);
	struct placement_node *n = endpoint(port), *root = endpoint(PLACEMENT_ROOT);

	bar(n, 0, BAR_MEM64, false, 0x4000);
	bar(n, 2, BAR_MEM64, true, 0x4000);
	bar(n, 4, BAR_MEM32, true, 0x4000);
	bar(root, 0, BAR_MEM64, false, 0x4000);
	placement_plan(&plan);
	check_plan();
	assert_true(n->bars[0].address < 1ULL << 32);
	assert_true(n->bars[2].address >= host[2].pci);
	assert_true(n->bars[4].address < 1ULL << 32);
	assert_true(root->bars[0].address >= host[2].pci);
}

static void test_32_bit_prefetch_window_on_the_way(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT), below = bridge(port);
	struct placement_node *n = endpoint(below);

	nodes[below].pref_window64 = false;
	bar(n, 0, BAR_MEM64, true, SZ_1M);
	placement_plan(&plan);
	check_plan();
	assert_true(n->bars[0].placed);
	assert_true(n->bars[0].address < 1ULL << 32);
}

static void test_non_prefetchable_not_in_prefetchable_host_window(void **state)
{
	struct placement_node *n = endpoint(PLACEMENT_ROOT);

	host[2].prefetchable = true;
	bar(n, 0, BAR_MEM64, false, SZ_1M);
	bar(n, 2, BAR_MEM64, true, SZ_1M);
	placement_plan(&plan);
	host[2].prefetchable = false;
	assert_true(n->bars[0].address < 1ULL << 32);
	assert_true(n->bars[2].address >= host[2].pci);
}

static void test_no_64_bit_window_at_all(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT);
	struct placement_node *n = endpoint(port);

	plan.host_count = 2;
	bar(n, 0, BAR_MEM64, true, 16 * SZ_1M);
	bar(n, 2, BAR_MEM32, false, SZ_1M);
	placement_plan(&plan);
	check_plan();
	assert_int_equal(plan.left_out, 0);
}

/* A 32-bit window that runs past 4 GiB is of use to 32-bit BARs only below. */
static void test_32_bit_window_across_4_gib(void **state)
{
	struct machine_window across = { WINDOW_MEM32, false, 0xe0000000, 0xe0000000, 0x40000000 };
	struct placement_node *n = endpoint(PLACEMENT_ROOT);

	plan.host = &across;
	plan.host_count = 1;
	bar(n, 0, BAR_MEM32, false, 256 * SZ_1M);
	bar(n, 1, BAR_MEM32, false, 256 * SZ_1M);
	bar(n, 2, BAR_MEM32, false, 256 * SZ_1M);
	placement_plan(&plan);
	assert_int_equal(n->bars[0].address, 0xe0000000);
	assert_int_equal(n->bars[1].address, 0xf0000000);
	assert_int_equal(plan.left_out, 1);
}

static void test_spare_space_of_an_empty_port(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT);

	nodes[port].spare = true;
	placement_plan(&plan);
	check_plan();
	assert_int_equal(nodes[port].windows[SPACE_MEM].size, 2 * SZ_1M);
	assert_int_equal(nodes[port].windows[SPACE_PREF].size, 2 * SZ_1M);
	assert_int_equal(nodes[port].windows[SPACE_IO].size, 0);
}

static void test_spare_space_of_the_port_of_a_switch(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT), up = bridge(port), down = bridge(up);

	nodes[down].spare = true;
	placement_plan(&plan);
	check_plan();
	assert_true(in_window(&nodes[port].windows[SPACE_MEM],
			      nodes[down].windows[SPACE_MEM].base,
			      nodes[down].windows[SPACE_MEM].size));
	assert_true(in_window(&nodes[up].windows[SPACE_PREF],
			      nodes[down].windows[SPACE_PREF].base,
			      nodes[down].windows[SPACE_PREF].size));
}

static void test_spare_space_is_given_up_first(void **state)
{
	struct placement_node *n;
	int32_t port, i;

	for (i = 0; i < 20; i++) {
		port = bridge(PLACEMENT_ROOT);
		nodes[port].spare = true;
	}
	n = endpoint(PLACEMENT_ROOT);
	bar(n, 0, BAR_MEM32, false, 256 * SZ_1M);
	bar(n, 1, BAR_MEM32, false, 256 * SZ_1M);
	placement_plan(&plan);
	check_plan();
	assert_false(plan.no_spare);

	bar(n, 2, BAR_MEM32, false, 128 * SZ_1M);
	bar(n, 3, BAR_MEM32, false, 64 * SZ_1M);
	bar(n, 4, BAR_MEM32, false, 32 * SZ_1M);
	placement_plan(&plan);
	check_plan();
	assert_true(plan.no_spare);
	assert_int_equal(plan.left_out, 0);
	assert_int_equal(nodes[0].windows[SPACE_MEM].size, 0);
}

static void test_io_shortage_costs_no_memory(void **state)
{
	int32_t i;

	for (i = 0; i < 20; i++) {
		int32_t port = bridge(PLACEMENT_ROOT);

		nodes[port].spare = i == 0;
		bar(endpoint(port), 0, BAR_IO, false, 64);
	}
	placement_plan(&plan);
	check_plan();
	/* 64 KiB less the page at 0: 15 windows of 4 KiB. */
	assert_int_equal(plan.left_out, 5);
	assert_false(plan.no_spare);
}

static void test_too_large_is_left_out_alone(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT);
	struct placement_node *big = endpoint(port), *small = endpoint(port);

	bar(big, 0, BAR_MEM32, false, 1ULL << 30);
	bar(big, 1, BAR_MEM32, false, 0x1000);
	bar(big, 2, BAR_MEM64, true, 1ULL << 62);
	bar(small, 0, BAR_MEM64, false, 0x4000);
	placement_plan(&plan);
	check_plan();
	assert_int_equal(plan.left_out, 2);
	assert_false(big->bars[0].placed);
	assert_true(big->bars[1].placed);
	assert_false(big->bars[2].placed);
	assert_true(small->bars[0].placed);
}

static void test_vf_space(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT);
	struct placement_node *n = endpoint(port);

	bar(n, 0, BAR_MEM32, false, 0x20000);
	n->vf_bars[0] = (struct placement_bar){
		.kind = BAR_MEM64, .prefetchable = true, .size = 8 * 0x4000, .align = 0x4000
	};
	placement_plan(&plan);
	check_plan();
	assert_true(n->vf_bars[0].placed);
	assert_true(in_window(&nodes[port].windows[SPACE_PREF], n->vf_bars[0].address, 8 * 0x4000));
}

static void test_bridge_without_io_window(void **state)
{
	int32_t port = bridge(PLACEMENT_ROOT);
	struct placement_node *n = endpoint(port);

	nodes[port].io_window = false;
	bar(n, 0, BAR_IO, false, 32);
	bar(n, 1, BAR_MEM32, false, 0x1000);
	placement_plan(&plan);
	check_plan();
	assert_false(n->bars[0].placed);
	assert_true(n->bars[1].placed);
}

static uint32_t next(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void random_function(uint32_t *seed, struct placement_node *n, uint32_t log_max)
{
	uint32_t k;

	for (k = 0; k < PCI_BARS; k++) {
		uint64_t size = 1ULL << (4 + next(seed, log_max));

		switch (next(seed, 5)) {
		case 0:
			bar(n, k, BAR_IO, false, 1ULL << (2 + next(seed, 7)));
			break;
		case 1:
			bar(n, k, BAR_MEM32, next(seed, 2) != 0, size);
			break;
		case 2:
			if (k + 1 < PCI_BARS) {
				bar(n, k, BAR_MEM64, next(seed, 2) != 0, size << next(seed, 8));
				k++;
			}
			break;
		default:
			break;
		}
	}
}

static void random_topology(uint32_t *seed)
{
	uint32_t want = 1 + next(seed, NODES_MAX - 1), log_max = 12 + next(seed, 16);

	while (plan.count < want) {
		int32_t parent = PLACEMENT_ROOT;
		uint32_t tries = next(seed, 4);

		while (tries-- > 0 && plan.count > 0) {
			uint32_t i = next(seed, plan.count);

			parent = nodes[i].bridge ? (int32_t)i : parent;
		}
		if (next(seed, 3) == 0) {
			int32_t b = bridge(parent);

			nodes[b].io_window = next(seed, 4) != 0;
			nodes[b].pref_window64 = next(seed, 4) != 0;
			nodes[b].spare = next(seed, 4) == 0;
		} else {
			random_function(seed, endpoint(parent), log_max);
		}
	}
}

static void test_random_topologies(void **state)
{
	uint32_t round, seed, complete = 0, partial = 0;

	for (round = 0; round < 3000; round++) {
		setup(NULL);
		seed = round;
		random_topology(&seed);
		placement_plan(&plan);
		check_plan();
		complete += plan.left_out == 0;
		partial += plan.left_out != 0;
	}
	/* The generator must make both kinds. */
	assert_true(complete > 200);
	assert_true(partial > 200);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		T(test_small_bars_get_pages_of_their_own),
		T(test_64_bit_needs_prefetchable_behind_a_bridge),
		T(test_32_bit_prefetch_window_on_the_way),
		T(test_non_prefetchable_not_in_prefetchable_host_window),
		T(test_no_64_bit_window_at_all),
		T(test_32_bit_window_across_4_gib),
		T(test_spare_space_of_an_empty_port),
		T(test_spare_space_of_the_port_of_a_switch),
		T(test_spare_space_is_given_up_first),
		T(test_io_shortage_costs_no_memory),
		T(test_too_large_is_left_out_alone),
		T(test_vf_space),
		T(test_bridge_without_io_window),
		T(test_random_topologies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
