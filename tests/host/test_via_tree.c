/* SPDX-License-Identifier: BSD-2-Clause */
/* pci-tree: who is below whom, in letters, in lines and as a drawing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via/pci_tree.h"
#include "via_run.h"

/* A port with a disk that has a virtual function, and a network card. */
static int setup(void **state)
{
	struct pci_function *port, *disk;

	via_setup(state);
	world_add_disk_1();
	port = world_pci(WORLD_PORT);
	port->bus_secondary = 2;
	port->bus_subordinate = 3;
	disk = world_pci(WORLD_DISK);
	disk->parent = port;
	disk->sriov.total = 4;
	disk->sriov.count = 1;
	world_pci(WORLD_DISK_1)->parent = port;
	world_pci(WORLD_DISK_1)->pf = disk;
	world_pci(WORLD_NIC)->parent = port;
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	unsetenv("LANG");
	return 0;
}

#define ID " 1b36:0010 class 010802"

static void test_text(void **state)
{
	assert_int_equal(via("pci-tree"), 0);
	assert_string_equal(out,
			    "0000:00 root bus\n"
			    "`-- 0000:00:01.0" ID ", bridge to buses 02-03, owned by control\n"
			    "    |-- 0000:02:00.0" ID ", PF with 1 of 4 VFs, owned by control\n"
			    "    |   `-- 0000:02:00.1" ID ", VF, owned by control\n"
			    "    `-- 0000:03:00.0" ID ", owned by control\n"
			    "0000:04 root bus\n"
			    "`-- 0000:04:00.0" ID ", broken (identity changed over reset)\n");
	assert_int_equal(via("pci-tree all"), 2);
}

static void test_states(void **state)
{
	assert_int_equal(via("pci-assignable-add -n net 03:00.0"), 0);
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, "0000:03:00.0" ID " net, assignable\n");
	assert_int_equal(create("memory = 32; pci = [ 'name=net,vslot=1f' ]"), 0);
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, "0000:03:00.0" ID " net, lent to guest as 1f.0\n");
	assert_int_equal(via("destroy guest"), 0);
	world_pci(WORLD_NIC)->state = FUNCTION_RESETTING;
	world_pci(WORLD_PORT)->bus_subordinate = 2;
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, "0000:03:00.0" ID " net, resetting\n");
	assert_says(out, "bridge to bus 02, owned");
	world_pci(WORLD_NIC)->iommu = NULL;
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, " net, resetting (not isolated)\n");
}

/* The first variable that is set decides (POSIX 8.2). */
static void test_locale(void **state)
{
	static const char lines[] = "    ├── 0000:02:00.0";
	static const char letters[] = "    |-- 0000:02:00.0";

	setenv("LANG", "de_DE.UTF-8", 1);
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, lines);
	assert_says(out, "    │   └── 0000:02:00.1");
	setenv("LC_CTYPE", "C", 1);
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, letters);
	setenv("LC_ALL", "C.utf8", 1);
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, lines);
	setenv("LC_ALL", "", 1);
	assert_int_equal(via("pci-tree"), 0);
	assert_says(out, letters);
}

/* Another program's XML parser reads it, and finds what was drawn. */
static void test_svg(void **state)
{
	static const char script[] =
		"import sys, xml.etree.ElementTree as tree\n"
		"svg = '{http://www.w3.org/2000/svg}'\n"
		"root = tree.parse(sys.argv[1]).getroot()\n"
		"assert root.tag == svg + 'svg', root.tag\n"
		"groups = root.findall(svg + 'g')\n"
		"words = [g.find(svg + 'text').text for g in groups]\n"
		"states = [g.get('class') for g in groups]\n"
		"assert states == ['bus', 'owned', 'owned', 'owned', 'assignable', 'bus', "
		"'broken'], states\n"
		"assert '<&\\\"\\'>]]>' in words[4] and words[4].endswith('assignable'), words[4]\n"
		"assert len(root.findall(svg + 'path')) == 5\n"
		"assert 'faults 5,' in groups[2].find(svg + 'title').text\n"
		"width, height = int(root.get('width')), int(root.get('height'))\n"
		"for circle in root.iter(svg + 'circle'):\n"
		"    assert 5 < int(circle.get('cx')) < width and 5 < int(circle.get('cy')) < "
		"height - 5\n"
		"for e in root.iter():\n"
		"    assert not any('href' in name for name in e.keys())\n";
	char line[256];

	world_pci(WORLD_DISK)->fault_count = 5;
	assert_int_equal(via("pci-assignable-add -n <&\"'>]]> 03:00.0"), 0);
	assert_int_equal(via("pci-tree --svg"), 0);
	write_file("tree.svg", out, strlen(out));
	write_file("read.py", script, strlen(script));
	snprintf(line, sizeof(line), "python3 %s", path_of("read.py"));
	snprintf(line + strlen(line), sizeof(line) - strlen(line), " %s", path_of("tree.svg"));
	assert_int_equal(system(line), 0);
	unlink(path_of("tree.svg"));
	unlink(path_of("read.py"));
}

/* A list that makes no sense, and hierarchies deeper than a drawing: every function once. */
static void test_odd_lists(void **state)
{
	static struct control_function list[100];
	struct pci_tree tree;

	for (uint32_t i = 0; i < 100; i++) {
		list[i] = (struct control_function){ .sbdf = i << 8, .pf = CONTROL_NO_SLOT };
		list[i].parent = (i + 1) % 100 << 8; /* each below the next: a circle */
	}
	assert_int_equal(pci_tree_build(&tree, list, 100, NULL, 0), 0);
	assert_int_equal(tree.count, 199);
	pci_tree_free(&tree);
	for (uint32_t i = 0; i < 100; i++) {
		list[i].parent = i == 0 ? CONTROL_NO_SLOT : (i - 1) << 8;
	}
	assert_int_equal(pci_tree_build(&tree, list, 100, NULL, 0), 0);
	assert_int_equal(tree.count, 101);
	for (uint32_t i = 0; i < 100; i++) {
		assert_ptr_equal(tree.rows[i + 1].f, &list[i]);
		assert_int_equal(tree.rows[i + 1].depth,
				 i + 1 < PCI_TREE_DEPTH_MAX ? i + 1 : PCI_TREE_DEPTH_MAX);
	}
	pci_tree_free(&tree);
	assert_int_equal(pci_tree_build(&tree, list, 0, NULL, 0), 0);
	assert_int_equal(tree.count, 0);
	pci_tree_free(&tree);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text), TEST(test_states),    TEST(test_locale),
		TEST(test_svg),  TEST(test_odd_lists),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
