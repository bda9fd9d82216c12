/* SPDX-License-Identifier: BSD-2-Clause */
/* device_tree: an overlay laid over what a guest is told of its machine. */
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include <viaduct/guest_map.h>

#include "control_world.h"
#include "via_run.h"

static uint8_t overlay[4096];

/* One fragment: node "added" with a property below target, which gets a property too. */
static size_t make_overlay(const char *target, const char *fragment_child)
{
	fdt_create(overlay, sizeof(overlay));
	fdt_finish_reservemap(overlay);
	fdt_begin_node(overlay, "");
	fdt_begin_node(overlay, "fragment@0");
	fdt_property(overlay, "target-path", target, (int)strlen(target) + 1);
	fdt_begin_node(overlay, fragment_child);
	fdt_property_string(overlay, "note", "hello");
	fdt_property_string(overlay, "bootargs", "quiet");
	fdt_begin_node(overlay, "added");
	fdt_property_u32(overlay, "number", 42);
	fdt_end_node(overlay);
	fdt_end_node(overlay);
	fdt_end_node(overlay);
	fdt_end_node(overlay);
	assert_int_equal(fdt_finish(overlay), 0);
	return fdt_totalsize(overlay);
}

static int create_with_overlay(size_t size)
{
	char more[256];
	int status;

	write_file("more.dtbo", overlay, size);
	snprintf(more, sizeof(more), "memory = 32; extra = 'loud'; device_tree = '%s'",
		 path_of("more.dtbo"));
	status = create(more);
	unlink(path_of("more.dtbo"));
	return status;
}

static void test_laid_over(void **state)
{
	const void *fdt;
	int node;

	assert_int_equal(create_with_overlay(make_overlay("/chosen", "__overlay__")), 0);
	fdt = world.started_ram + (world.started_arg - GUEST_RAM_BASE);
	assert_int_equal(fdt_check_full(fdt, 0x10000), 0);
	node = fdt_path_offset(fdt, "/chosen");
	assert_string_equal(fdt_getprop(fdt, node, "note", NULL), "hello");
	assert_string_equal(fdt_getprop(fdt, node, "bootargs", NULL), "quiet");
	assert_non_null(fdt_getprop(fdt, node, "stdout-path", NULL));
	node = fdt_path_offset(fdt, "/chosen/added");
	assert_int_equal(fdt32_ld(fdt_getprop(fdt, node, "number", NULL)), 42);
	assert_true(fdt_path_offset(fdt, "/memory@40000000") > 0);
	assert_int_equal(via("destroy guest"), 0);
}

/* One message with the file's name, and nothing made. */
static void refused(const char *words)
{
	assert_says(err, "via create: ");
	assert_says(err, "more.dtbo: ");
	assert_says(err, words);
	assert_int_equal(world_domains(), 1);
	assert_int_equal(world.slots_opened, 0);
}

static void test_bad_files(void **state)
{
	size_t size = make_overlay("/chosen", "__overlay__");

	assert_int_equal(create_with_overlay(size - 1), 1);
	refused("the compiled device tree is damaged");
	assert_int_equal(create_with_overlay(sizeof(struct fdt_header) - 1), 1);
	refused("not a compiled device tree");
	overlay[0] = '/';
	assert_int_equal(create_with_overlay(size), 1);
	refused("not a compiled device tree");
	/* A tree of its own, as xl takes it. */
	assert_int_equal(create_with_overlay(make_overlay("/chosen", "passthrough")), 1);
	refused("no overlay: its source has to begin with /dts-v1/; /plugin/;");
	assert_int_equal(create_with_overlay(make_overlay("/nowhere", "__overlay__")), 1);
	refused("what it names is not in the domain's device tree");
	assert_int_equal(create("memory = 32; device_tree = '/nonexistent'"), 1);
	assert_says(err, "via create: /nonexistent: No such file");
	assert_int_equal(create("memory = 32; device_tree = ''"), 1);
	assert_says(err, "device_tree is empty");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_laid_over),
		TEST(test_bad_files),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
