/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tree's nodes and properties, found in one pass. libfdt walks the tree anew for each question,
 * which costs millions of instructions at boot. All functions take any tree; they are quick for the
 * indexed one and libfdt's own for others. Boot only, one CPU.
 */
#ifndef BOOT_FDT_INDEX_H
#define BOOT_FDT_INDEX_H

#include "lib/types.h"

/*
 * Index fdt, which passed fdt_check_full() and neither moves nor changes from now on; the one
 * indexed before is forgotten. Without memory for it nothing is indexed.
 */
void fdt_index_build(const void *fdt);
/* Forget it, and give its memory back. */
void fdt_index_drop(void);

/* As fdt_getprop(). size may be NULL. */
const void *fdt_prop(const void *fdt, int node, const char *name, int *size);
/* As fdt_next_node(fdt, node, NULL): every node in the tree's order; after -1 comes the root. */
int fdt_next(const void *fdt, int node);
/* As fdt_first_subnode() and fdt_next_subnode(). */
int fdt_first_child(const void *fdt, int node);
int fdt_next_child(const void *fdt, int node);
/* As fdt_get_name(), without the length. */
const char *fdt_name(const void *fdt, int node);
/* As fdt_get_path(). */
int fdt_path(const void *fdt, int node, char *buffer, int size);
/* The child of this whole name, unit address included. */
int fdt_child_named(const void *fdt, int node, const char *name);
/* As fdt_parent_offset() and fdt_node_offset_by_phandle(). */
int fdt_parent(const void *fdt, int node);
int fdt_by_phandle(const void *fdt, uint32_t phandle);
/* As fdt_get_phandle(). */
uint32_t fdt_phandle(const void *fdt, int node);
/* As fdt_node_offset_by_compatible(). */
int fdt_next_compatible(const void *fdt, int node, const char *compatible);

#define fdt_for_each_child(node, fdt, parent)                                                      \
	for ((node) = fdt_first_child((fdt), (parent)); (node) >= 0;                               \
	     (node) = fdt_next_child((fdt), (node)))

#endif
