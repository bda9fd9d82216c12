/* SPDX-License-Identifier: BSD-2-Clause */
/* Index of the boot device tree. Boot only, one CPU. */
#include "boot/fdt_index.h"

#include <libfdt.h>

#define NODES_MAX 1024
#define DEPTH_MAX 16

struct entry {
	int node;
	int parent; /* -1: the root's */
	uint32_t phandle;
};

static struct {
	const void *fdt;
	uint32_t count;
	struct entry entries[NODES_MAX]; /* ascending by node */
} tree;

void fdt_index_build(const void *fdt)
{
	int above[DEPTH_MAX] = { 0 };
	int depth = 0;
	int node;

	tree.fdt = NULL;
	tree.count = 0;
	for (node = fdt_next_node(fdt, -1, &depth); node >= 0 && depth >= 0;
	     node = fdt_next_node(fdt, node, &depth)) {
		/* fdt_next_node() counts the root as depth 1 when it starts from -1. */
		if (tree.count == NODES_MAX || depth > DEPTH_MAX) {
			return;
		}
		tree.entries[tree.count++] = (struct entry){
			.node = node,
			.parent = depth > 1 ? above[depth - 2] : -1,
			.phandle = fdt_get_phandle(fdt, node),
		};
		above[depth - 1] = node;
	}
	tree.fdt = fdt;
}

int fdt_index_parent(const void *fdt, int node)
{
	uint32_t low = 0;
	uint32_t high = tree.count;

	if (fdt != tree.fdt) {
		return fdt_parent_offset(fdt, node);
	}
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (tree.entries[middle].node == node) {
			int parent = tree.entries[middle].parent;

			return parent < 0 ? -FDT_ERR_NOTFOUND : parent;
		}
		if (tree.entries[middle].node < node) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return -FDT_ERR_BADOFFSET;
}

int fdt_index_phandle(const void *fdt, uint32_t phandle)
{
	if (fdt != tree.fdt) {
		return fdt_node_offset_by_phandle(fdt, phandle);
	}
	if (phandle == 0 || phandle == UINT32_MAX) {
		return -FDT_ERR_BADPHANDLE;
	}
	for (uint32_t i = 0; i < tree.count; i++) {
		if (tree.entries[i].phandle == phandle) {
			return tree.entries[i].node;
		}
	}
	return -FDT_ERR_NOTFOUND;
}
