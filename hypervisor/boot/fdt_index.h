/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parents and phandles of a tree's nodes, found in one pass. libfdt walks the whole tree for each
 * such question, which on a board's tree costs millions of instructions at boot.
 */
#ifndef BOOT_FDT_INDEX_H
#define BOOT_FDT_INDEX_H

#include "lib/types.h"

/* Index fdt; it does not change from now on. A tree with too many nodes is not indexed. */
void fdt_index_build(const void *fdt);

/*
 * As fdt_parent_offset() and fdt_node_offset_by_phandle(), for any tree; quick for the indexed one.
 */
int fdt_index_parent(const void *fdt, int node);
int fdt_index_phandle(const void *fdt, uint32_t phandle);

#endif
