/* SPDX-License-Identifier: BSD-2-Clause */
/* Index of the boot device tree: nodes in the tree's order, each with its run of properties. */
#include "boot/fdt_index.h"

#include "core/heap.h"
#include "lib/string.h"

#include <libfdt.h>

#define DEPTH_MAX 32
#define NO_NODE   UINT32_MAX

/* The least a node and a property take in the structure block (Devicetree Specification 5.4). */
#define NODE_BYTES     12
#define PROPERTY_BYTES 12

struct property {
	uint32_t name; /* both from the tree's start */
	uint32_t data;
	int size;
};

struct node {
	int offset;
	uint32_t parent; /* index, or NO_NODE: the root's */
	uint32_t first;  /* property */
	uint32_t count;
	uint32_t phandle; /* 0: none */
	const char *name;
};

static struct {
	const void *fdt;
	struct node *nodes; /* ascending by offset */
	struct property *properties;
	uint32_t node_count;
	uint32_t property_count;
} tree;

static bool add_property(const void *fdt, int offset, struct node *n)
{
	const struct fdt_property *raw;
	const char *name;
	int size;

	raw = fdt_get_property_by_offset(fdt, offset, &size);
	name = raw != NULL ? fdt_string(fdt, (int)fdt32_ld(&raw->nameoff)) : NULL;
	if (name == NULL) {
		return false;
	}
	tree.properties[tree.property_count++] = (struct property){
		.name = (uint32_t)(name - (const char *)fdt),
		.data = (uint32_t)(raw->data - (const char *)fdt),
		.size = size,
	};
	n->count++;
	return true;
}

/* One pass over the structure block. False: deeper than this holds, or not a tree. */
static bool read_all(const void *fdt)
{
	uint32_t above[DEPTH_MAX];
	uint32_t depth = 0;
	int offset = 0;

	for (;;) {
		int next;
		uint32_t tag = fdt_next_tag(fdt, offset, &next);

		switch (tag) {
		case FDT_BEGIN_NODE:
			if (depth == DEPTH_MAX) {
				return false;
			}
			tree.nodes[tree.node_count] = (struct node){
				.offset = offset,
				.parent = depth > 0 ? above[depth - 1] : NO_NODE,
				.first = tree.property_count,
				.name = fdt_get_name(fdt, offset, NULL),
			};
			above[depth++] = tree.node_count++;
			break;
		case FDT_END_NODE:
			depth--;
			break;
		case FDT_PROP:
			/* Properties come before subnodes: they are the newest node's. */
			if (!add_property(fdt, offset, &tree.nodes[tree.node_count - 1])) {
				return false;
			}
			break;
		case FDT_NOP:
			break;
		default:
			return tag == FDT_END && next >= 0 && depth == 0;
		}
		offset = next;
	}
}

static const void *property_of(const struct node *n, const char *name, int *size)
{
	const char *base = tree.fdt;

	for (uint32_t i = n->first; i < n->first + n->count; i++) {
		const struct property *p = &tree.properties[i];

		if (strcmp(base + p->name, name) == 0) {
			if (size != NULL) {
				*size = p->size;
			}
			return base + p->data;
		}
	}
	if (size != NULL) {
		*size = -FDT_ERR_NOTFOUND;
	}
	return NULL;
}

static uint32_t read_phandle(const struct node *n)
{
	int size;
	const fdt32_t *p = property_of(n, "phandle", &size);

	if (p == NULL || size != sizeof(*p)) {
		p = property_of(n, "linux,phandle", &size);
	}
	return p == NULL || size != sizeof(*p) ? 0 : fdt32_ld(p);
}

void fdt_index_drop(void)
{
	tree.fdt = NULL;
	heap_free(tree.nodes);
	heap_free(tree.properties);
	tree.nodes = NULL;
	tree.properties = NULL;
	tree.node_count = 0;
	tree.property_count = 0;
}

void fdt_index_build(const void *fdt)
{
	uint32_t bytes = fdt_size_dt_struct(fdt);

	fdt_index_drop();
	tree.nodes = heap_alloc((bytes / NODE_BYTES + 1) * sizeof(*tree.nodes));
	tree.properties = heap_alloc((bytes / PROPERTY_BYTES + 1) * sizeof(*tree.properties));
	if (tree.nodes == NULL || tree.properties == NULL || !read_all(fdt)) {
		fdt_index_drop();
		return;
	}
	tree.fdt = fdt;
	for (uint32_t i = 0; i < tree.node_count; i++) {
		tree.nodes[i].phandle = read_phandle(&tree.nodes[i]);
	}
}

/* The index of the node at this offset, or NO_NODE. */
static uint32_t find(int offset)
{
	uint32_t low = 0;
	uint32_t high = tree.node_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (tree.nodes[middle].offset == offset) {
			return middle;
		}
		if (tree.nodes[middle].offset < offset) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NO_NODE;
}

const void *fdt_prop(const void *fdt, int node, const char *name, int *size)
{
	uint32_t n = fdt == tree.fdt ? find(node) : NO_NODE;

	return n != NO_NODE ? property_of(&tree.nodes[n], name, size) :
			      fdt_getprop(fdt, node, name, size);
}

static int offset_of(uint32_t n)
{
	return n < tree.node_count ? tree.nodes[n].offset : -FDT_ERR_NOTFOUND;
}

int fdt_next(const void *fdt, int node)
{
	if (fdt != tree.fdt) {
		return fdt_next_node(fdt, node, NULL);
	}
	return offset_of(node < 0 ? 0 : find(node) + 1);
}

/* The first node from n on whose parent is parent. */
static int child_from(uint32_t n, uint32_t parent)
{
	while (n < tree.node_count && tree.nodes[n].parent != parent) {
		n++;
	}
	return offset_of(n);
}

int fdt_first_child(const void *fdt, int node)
{
	uint32_t n;

	if (fdt != tree.fdt) {
		return fdt_first_subnode(fdt, node);
	}
	n = find(node);
	return n == NO_NODE ? -FDT_ERR_BADOFFSET : child_from(n + 1, n);
}

int fdt_next_child(const void *fdt, int node)
{
	uint32_t n;

	if (fdt != tree.fdt) {
		return fdt_next_subnode(fdt, node);
	}
	n = find(node);
	return n == NO_NODE ? -FDT_ERR_BADOFFSET : child_from(n + 1, tree.nodes[n].parent);
}

const char *fdt_name(const void *fdt, int node)
{
	uint32_t n = fdt == tree.fdt ? find(node) : NO_NODE;

	return n != NO_NODE ? tree.nodes[n].name : fdt_get_name(fdt, node, NULL);
}

int fdt_path(const void *fdt, int node, char *buffer, int size)
{
	uint32_t n = fdt == tree.fdt ? find(node) : NO_NODE;
	uint32_t length = 0;
	char *end;

	if (n == NO_NODE) {
		return fdt_get_path(fdt, node, buffer, size);
	}
	for (uint32_t i = n; tree.nodes[i].parent != NO_NODE; i = tree.nodes[i].parent) {
		length += 1 + (uint32_t)strlen(tree.nodes[i].name);
	}
	length = MAX(length, 1U);
	if (size < 1 || length >= (uint32_t)size) {
		return -FDT_ERR_NOSPACE;
	}
	buffer[0] = '/';
	end = buffer + length;
	*end = '\0';
	for (; tree.nodes[n].parent != NO_NODE; n = tree.nodes[n].parent) {
		size_t part = strlen(tree.nodes[n].name);

		end -= part;
		memcpy(end, tree.nodes[n].name, part);
		*--end = '/';
	}
	return 0;
}

int fdt_child_named(const void *fdt, int node, const char *name)
{
	int child;

	fdt_for_each_child(child, fdt, node) {
		const char *other = fdt_name(fdt, child);

		if (other != NULL && strcmp(other, name) == 0) {
			return child;
		}
	}
	return -FDT_ERR_NOTFOUND;
}

int fdt_parent(const void *fdt, int node)
{
	uint32_t n;

	if (fdt != tree.fdt) {
		return fdt_parent_offset(fdt, node);
	}
	n = find(node);
	return n == NO_NODE ? -FDT_ERR_BADOFFSET : offset_of(tree.nodes[n].parent);
}

uint32_t fdt_phandle(const void *fdt, int node)
{
	uint32_t n = fdt == tree.fdt ? find(node) : NO_NODE;

	return n != NO_NODE ? tree.nodes[n].phandle : fdt_get_phandle(fdt, node);
}

int fdt_by_phandle(const void *fdt, uint32_t phandle)
{
	if (fdt != tree.fdt) {
		return fdt_node_offset_by_phandle(fdt, phandle);
	}
	if (phandle == 0 || phandle == UINT32_MAX) {
		return -FDT_ERR_BADPHANDLE;
	}
	for (uint32_t i = 0; i < tree.node_count; i++) {
		if (tree.nodes[i].phandle == phandle) {
			return tree.nodes[i].offset;
		}
	}
	return -FDT_ERR_NOTFOUND;
}

int fdt_next_compatible(const void *fdt, int node, const char *compatible)
{
	if (fdt != tree.fdt) {
		return fdt_node_offset_by_compatible(fdt, node, compatible);
	}
	for (node = fdt_next(fdt, node); node >= 0; node = fdt_next(fdt, node)) {
		int size;
		const char *list = fdt_prop(fdt, node, "compatible", &size);

		if (list != NULL && fdt_stringlist_contains(list, size, compatible)) {
			return node;
		}
	}
	return -FDT_ERR_NOTFOUND;
}
