/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a device tree from start to end. The first error sticks and makes the rest no-ops, so
 * that a writer checks once, at fdt_write_finish().
 */
#ifndef BOOT_FDT_WRITE_H
#define BOOT_FDT_WRITE_H

#include "lib/types.h"

#define FDT_CELLS_MAX 160

struct fdt_writer {
	void *buf;
	int err; /* libfdt's */
	/* A property of cells under construction. */
	uint32_t cells[FDT_CELLS_MAX];
	uint32_t cell_count;
};

void fdt_write_start(struct fdt_writer *w, void *buf, uint32_t size);
/* Size of the tree, or a negative errno: -ENOSPC or -EINVAL. */
int fdt_write_finish(struct fdt_writer *w);

void fdt_write_begin(struct fdt_writer *w, const char *name);
/* name@address, address in hexadecimal */
void fdt_write_begin_at(struct fdt_writer *w, const char *name, uint64_t address);
void fdt_write_end(struct fdt_writer *w);

void fdt_write_raw(struct fdt_writer *w, const char *name, const void *data, uint32_t size);
void fdt_write_flag(struct fdt_writer *w, const char *name);
void fdt_write_text(struct fdt_writer *w, const char *name, const char *text);
void fdt_write_u32(struct fdt_writer *w, const char *name, uint32_t value);
void fdt_write_u64(struct fdt_writer *w, const char *name, uint64_t value);

/* Collect cells, then write them as one property. */
void fdt_write_cell(struct fdt_writer *w, uint32_t value);
void fdt_write_cell64(struct fdt_writer *w, uint64_t value);
void fdt_write_cells(struct fdt_writer *w, const char *name);

/* The node and all below it, unchanged. */
void fdt_write_copy(struct fdt_writer *w, const void *fdt, int node);

#endif
