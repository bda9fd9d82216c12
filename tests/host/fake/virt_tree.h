/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/host/data/virt.dts, in a buffer a test may change before it is read. */
#ifndef FAKE_VIRT_TREE_H
#define FAKE_VIRT_TREE_H

#include <libfdt.h>
#include <stdint.h>

#define VIRT_TREE_SIZE 32768

/* A fresh copy with room to grow; the same buffer every time. */
void *virt_tree(void);

/* The node at path, which must be there. */
int virt_node(const void *fdt, const char *path);
void virt_set_cells(void *fdt, const char *path, const char *name, const uint32_t *cells,
		    unsigned int count);
void virt_set_text(void *fdt, const char *path, const char *name, const char *text);
void virt_delete(void *fdt, const char *path, const char *name);

#define VIRT_CELLS(fdt, path, name, ...)                                                           \
	do {                                                                                       \
		const uint32_t cells_[] = { __VA_ARGS__ };                                         \
		virt_set_cells(fdt, path, name, cells_, sizeof(cells_) / 4);                       \
	} while (0)

#endif
