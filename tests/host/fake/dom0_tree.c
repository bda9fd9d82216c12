/* SPDX-License-Identifier: BSD-2-Clause */
#include "dom0_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "boot/boot.h"
#include "boot/dom0_layout.h"
#include "tree_file.h"

struct machine machine;
const struct range dom0_tree_ram[2] = { { 0x40600000, 0x3fa00000 }, { 0x90000000, 0x200000 } };
struct control_layout control;
uint64_t msi_frame;

static uint64_t buffer[8192];

void read_tree(const void *fdt)
{
	const char *why;

	memset(&machine, 0, sizeof(machine));
	assert_int_equal(machine_fdt_read(fdt, VIRT_TREE_SIZE, &machine, &why), 0);
}

int write_tree(void *buf, uint32_t size)
{
	struct dom0_bridge bridges[MACHINE_MAX_BRIDGES];
	struct dom0_fdt_spec spec = {
		.machine = &machine,
		.bridges = bridges,
		.bridge_count = machine.bridge_count,
		.bootargs = "console=ttyAMA0",
		.vcpu_count = 2,
		.ram = dom0_tree_ram,
		.ram_count = 2,
		.ramdisk = { 0x50000000, 0x10000 },
		.control = &control,
		.msi_frame = msi_frame,
	};

	for (uint32_t i = 0; i < machine.bridge_count; i++) {
		bridges[i] = (struct dom0_bridge){ .host = &machine.bridges[i],
						      .ecam = machine.bridges[i].cfg };
	}
	return dom0_fdt_write(&spec, buf, size);
}

const void *made_from(const void *host)
{
	read_tree(host);
	assert_int_equal(dom0_control_layout(&machine, &control), 0);
	assert_true(write_tree(buffer, sizeof(buffer)) > 0);
	assert_int_equal(fdt_check_full(buffer, sizeof(buffer)), 0);
	return buffer;
}

const void *made(void)
{
	return made_from(virt_tree());
}

void *tree_of_file(const char *name)
{
	static uint64_t host[VIRT_TREE_SIZE / 8];

	tree_file(name, host, sizeof(host));
	assert_int_equal(fdt_open_into(host, host, sizeof(host)), 0);
	return host;
}

const void *made_from_file(const char *name)
{
	return made_from(tree_of_file(name));
}

uint32_t cell(const void *fdt, const char *path, const char *name, uint32_t index)
{
	int size;
	const fdt32_t *p = fdt_getprop(fdt, virt_node(fdt, path), name, &size);

	assert_non_null(p);
	assert_true((int)index * 4 + 4 <= size);
	return fdt32_ld(p + index);
}

uint64_t cell64(const void *fdt, const char *path, const char *name, uint32_t index)
{
	return (uint64_t)cell(fdt, path, name, index) << 32 | cell(fdt, path, name, index + 1);
}

bool has(const void *fdt, const char *path)
{
	return fdt_path_offset(fdt, path) >= 0;
}

bool has_compatible(const void *fdt, const char *compatible)
{
	return fdt_node_offset_by_compatible(fdt, -1, compatible) >= 0;
}

const char *text(const void *fdt, const char *path, const char *name)
{
	const char *p = fdt_getprop(fdt, virt_node(fdt, path), name, NULL);

	assert_non_null(p);
	return p;
}

bool meets(uint64_t base, uint64_t size, uint64_t other, uint64_t other_size)
{
	return base < other + other_size && other < base + size;
}
