/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequential device-tree writer over libfdt's. */
#include "boot/fdt_write.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#include <libfdt.h>

#define NAME_MAX_BYTES 64

void fdt_write_start(struct fdt_writer *w, void *buf, uint32_t size)
{
	w->buf = buf;
	w->cell_count = 0;
	w->err = fdt_create(buf, (int)size);
	if (w->err == 0) {
		w->err = fdt_finish_reservemap(buf);
	}
}

int fdt_write_finish(struct fdt_writer *w)
{
	if (w->err == 0) {
		w->err = fdt_finish(w->buf);
	}
	if (w->err != 0) {
		return w->err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	}
	return (int)fdt_totalsize(w->buf);
}

void fdt_write_begin(struct fdt_writer *w, const char *name)
{
	if (w->err == 0) {
		w->err = fdt_begin_node(w->buf, name);
	}
}

void fdt_write_begin_at(struct fdt_writer *w, const char *name, uint64_t address)
{
	char full[NAME_MAX_BYTES];

	format(full, sizeof(full), "%s@%llx", name, (unsigned long long)address);
	fdt_write_begin(w, full);
}

void fdt_write_end(struct fdt_writer *w)
{
	if (w->err == 0) {
		w->err = fdt_end_node(w->buf);
	}
}

void fdt_write_raw(struct fdt_writer *w, const char *name, const void *data, uint32_t size)
{
	if (w->err == 0) {
		w->err = fdt_property(w->buf, name, data, (int)size);
	}
}

void fdt_write_flag(struct fdt_writer *w, const char *name)
{
	fdt_write_raw(w, name, "", 0);
}

void fdt_write_text(struct fdt_writer *w, const char *name, const char *text)
{
	fdt_write_raw(w, name, text, (uint32_t)strlen(text) + 1);
}

void fdt_write_u32(struct fdt_writer *w, const char *name, uint32_t value)
{
	fdt_write_cell(w, value);
	fdt_write_cells(w, name);
}

void fdt_write_u64(struct fdt_writer *w, const char *name, uint64_t value)
{
	fdt_write_cell64(w, value);
	fdt_write_cells(w, name);
}

void fdt_write_cell(struct fdt_writer *w, uint32_t value)
{
	if (w->cell_count == FDT_CELLS_MAX) {
		w->err = -FDT_ERR_NOSPACE;
		return;
	}
	w->cells[w->cell_count++] = cpu_to_fdt32(value);
}

void fdt_write_cell64(struct fdt_writer *w, uint64_t value)
{
	fdt_write_cell(w, (uint32_t)(value >> 32));
	fdt_write_cell(w, (uint32_t)value);
}

void fdt_write_cells(struct fdt_writer *w, const char *name)
{
	fdt_write_raw(w, name, w->cells, w->cell_count * 4);
	w->cell_count = 0;
}

static void copy_properties(struct fdt_writer *w, const void *fdt, int node)
{
	int property;

	fdt_for_each_property_offset(property, fdt, node) {
		const char *name;
		int size;
		const void *data = fdt_getprop_by_offset(fdt, property, &name, &size);

		if (data != NULL) {
			fdt_write_raw(w, name, data, (uint32_t)size);
		}
	}
}

void fdt_write_copy(struct fdt_writer *w, const void *fdt, int node)
{
	int open = 0; /* nodes begun and not ended */
	int depth = 0;

	do {
		for (; open > depth; open--) {
			fdt_write_end(w);
		}
		fdt_write_begin(w, fdt_get_name(fdt, node, NULL));
		open++;
		copy_properties(w, fdt, node);
		node = fdt_next_node(fdt, node, &depth);
	} while (node >= 0 && depth > 0);
	for (; open > 0; open--) {
		fdt_write_end(w);
	}
}
