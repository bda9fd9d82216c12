/* SPDX-License-Identifier: BSD-2-Clause */
/* The index answers every question about a tree as libfdt does, indexed or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "boot/fdt_index.h"
#include "fake_heap.h"
#include "virt_tree.h"

static const char *const names[] = { "compatible", "reg", "phandle", "status", "#size-cells",
				     "no-such-property" };
static const char *const kinds[] = { "arm,pl011", "virtio,mmio", "arm,armv8", "nobody,nothing" };

static void same_properties(const void *fdt, int node)
{
	int property;

	fdt_for_each_property_offset(property, fdt, node) {
		const char *name;
		int size, ours;
		const void *data = fdt_getprop_by_offset(fdt, property, &name, &size);

		assert_ptr_equal(fdt_prop(fdt, node, name, &ours), data);
		assert_int_equal(ours, size);
		assert_ptr_equal(fdt_prop(fdt, node, name, NULL), data);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int size = 0, ours = 0;

		assert_ptr_equal(fdt_prop(fdt, node, names[i], &ours),
				 fdt_getprop(fdt, node, names[i], &size));
		assert_int_equal(ours, size);
	}
}

static void same_path(const void *fdt, int node)
{
	char theirs[128], ours[128];

	assert_int_equal(fdt_get_path(fdt, node, theirs, sizeof(theirs)), 0);
	assert_int_equal(fdt_path(fdt, node, ours, sizeof(ours)), 0);
	assert_string_equal(ours, theirs);
	assert_int_equal(fdt_path(fdt, node, ours, (int)strlen(theirs) + 1), 0);
	assert_string_equal(ours, theirs);
	assert_int_equal(fdt_path(fdt, node, ours, (int)strlen(theirs)), -FDT_ERR_NOSPACE);
}

static void same_relatives(const void *fdt, int node)
{
	uint32_t phandle = fdt_get_phandle(fdt, node);
	int child = fdt_first_subnode(fdt, node);

	assert_int_equal(fdt_parent(fdt, node), fdt_parent_offset(fdt, node));
	assert_int_equal(fdt_phandle(fdt, node), phandle);
	assert_ptr_equal(fdt_name(fdt, node), fdt_get_name(fdt, node, NULL));
	if (phandle != 0) {
		assert_int_equal(fdt_by_phandle(fdt, phandle), node);
	}
	assert_int_equal(fdt_first_child(fdt, node), child);
	for (; child >= 0; child = fdt_next_subnode(fdt, child)) {
		assert_int_equal(fdt_child_named(fdt, node, fdt_get_name(fdt, child, NULL)), child);
		assert_int_equal(fdt_next_child(fdt, child), fdt_next_subnode(fdt, child));
	}
	assert_int_equal(fdt_child_named(fdt, node, "nobody"), -FDT_ERR_NOTFOUND);
}

/* Returns how many nodes there are. */
static int same_answers(const void *fdt)
{
	int count = 0;
	int node = -1;

	do {
		int next = fdt_next_node(fdt, node, NULL);

		assert_int_equal(fdt_next(fdt, node), next);
		node = next;
		if (node >= 0) {
			same_properties(fdt, node);
			same_relatives(fdt, node);
			same_path(fdt, node);
			count++;
		}
	} while (node >= 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		node = -1;
		do {
			int next = fdt_node_offset_by_compatible(fdt, node, kinds[i]);

			assert_int_equal(fdt_next_compatible(fdt, node, kinds[i]), next);
			node = next;
		} while (node >= 0);
	}
	assert_int_equal(fdt_by_phandle(fdt, 0), -FDT_ERR_BADPHANDLE);
	assert_int_equal(fdt_by_phandle(fdt, 0x7ffffffe), -FDT_ERR_NOTFOUND);
	return count;
}

static void test_indexed(void **state)
{
	const void *fdt = virt_tree();

	fdt_index_build(fdt);
	assert_int_equal(fake_heap_live, 2);
	assert_true(same_answers(fdt) > 20);
	fdt_index_drop();
	assert_int_equal(fake_heap_live, 0);
}

/* The tree of every question, not the one of the index, gives the answer. */
static void test_another_tree(void **state)
{
	void *other = malloc(VIRT_TREE_SIZE);

	assert_non_null(other);
	memcpy(other, virt_tree(), VIRT_TREE_SIZE);
	assert_int_equal(fdt_del_node(other, fdt_path_offset(other, "/cpus")), 0);
	fdt_index_build(virt_tree());
	(void)same_answers(other);
	fdt_index_drop();
	free(other);
}

static void test_no_memory(void **state)
{
	for (int64_t n = 1; n <= 2; n++) {
		fake_heap_fail_in = n;
		fdt_index_build(virt_tree());
		fake_heap_fail_in = 0;
		assert_int_equal(fake_heap_live, 0);
		assert_true(same_answers(virt_tree()) > 20);
	}
}

/* Deeper than any board's: not indexed, answered all the same. */
static void test_deep(void **state)
{
	static uint64_t buffer[1024];
	int node = 0;

	assert_int_equal(fdt_create_empty_tree(buffer, sizeof(buffer)), 0);
	for (int i = 0; i < 40; i++) {
		node = fdt_add_subnode(buffer, node, "n");
		assert_true(node > 0);
	}
	fdt_index_build(buffer);
	assert_int_equal(fake_heap_live, 0);
	assert_int_equal(same_answers(buffer), 41);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_indexed),
		cmocka_unit_test(test_another_tree),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
