/* SPDX-License-Identifier: BSD-2-Clause */
#include "virt_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

/* Made by dtc -O asm. */
extern const char dt_blob_start[];

void *virt_tree(void)
{
	static uint64_t buffer[VIRT_TREE_SIZE / 8];

	assert_int_equal(fdt_open_into(dt_blob_start, buffer, sizeof(buffer)), 0);
	return buffer;
}

int virt_node(const void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);

	assert_true(node >= 0);
	return node;
}

void virt_set_cells(void *fdt, const char *path, const char *name, const uint32_t *cells,
		    unsigned int count)
{
	fdt32_t data[64];

	assert_true(count <= 64);
	for (unsigned int i = 0; i < count; i++) {
		data[i] = cpu_to_fdt32(cells[i]);
	}
	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, path), name, data, (int)count * 4), 0);
}

void virt_set_text(void *fdt, const char *path, const char *name, const char *text)
{
	int size = (int)strlen(text) + 1;

	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, path), name, text, size), 0);
}

void virt_delete(void *fdt, const char *path, const char *name)
{
	assert_int_equal(fdt_delprop(fdt, virt_node(fdt, path), name), 0);
}
