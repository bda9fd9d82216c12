/* SPDX-License-Identifier: BSD-2-Clause */
/* Device-tree basics: properties, cells, addresses (Devicetree Specification v0.4 ch. 2). */
#include "boot/fdt_read.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

int fdt_fail(struct fdt_reader *r, int node, const char *property, const char *text)
{
	char path[MACHINE_PATH_MAX];

	if (fdt_path(r->fdt, node, path, sizeof(path)) != 0) {
		str_copy(path, "(node)", sizeof(path));
	}
	format(r->why, sizeof(r->why), "%s: %s%s%s", path, property == NULL ? "" : property,
	       property == NULL ? "" : ": ", text);
	return -EINVAL;
}

int fdt_read_u32(struct fdt_reader *r, int node, const char *name, uint32_t fallback, uint32_t *out)
{
	int size;
	const fdt32_t *p = fdt_prop(r->fdt, node, name, &size);

	*out = fallback;
	if (p == NULL) {
		return 0;
	}
	if (size != 4) {
		return fdt_fail(r, node, name, "must be one cell");
	}
	*out = fdt32_ld(p);
	return 0;
}

uint64_t fdt_read_cells(const fdt32_t *p, uint32_t cells)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < cells; i++) {
		v = v << 32 | fdt32_ld(p + i);
	}
	return v;
}

const char *fdt_read_text(const void *fdt, int node, const char *name)
{
	int size;
	const char *p = fdt_prop(fdt, node, name, &size);

	if (p == NULL || size <= 0 || p[size - 1] != '\0') {
		return NULL;
	}
	return p;
}

int fdt_read_path(const void *fdt, const char *path, size_t length)
{
	const char *target;
	int size;

	if (length > 0 && path[0] == '/') {
		return fdt_path_offset_namelen(fdt, path, (int)length);
	}
	target = fdt_getprop_namelen(fdt, fdt_child_named(fdt, 0, "aliases"), path, (int)length,
				     &size);
	if (target == NULL || size < 2 || target[0] != '/' || target[size - 1] != '\0') {
		return -FDT_ERR_NOTFOUND;
	}
	return fdt_path_offset(fdt, target);
}

bool fdt_compatible(const void *fdt, int node, const char *compatible)
{
	int size;
	const char *list = fdt_prop(fdt, node, "compatible", &size);

	return list != NULL && fdt_stringlist_contains(list, size, compatible);
}

const char *fdt_known_compatible(const void *fdt, int node, const char *const *known, size_t count)
{
	int texts = fdt_stringlist_count(fdt, node, "compatible");

	for (int i = 0; i < texts; i++) {
		const char *text = fdt_stringlist_get(fdt, node, "compatible", i, NULL);

		for (size_t k = 0; text != NULL && k < count; k++) {
			if (strcmp(text, known[k]) == 0) {
				return text;
			}
		}
	}
	return fdt_read_text(fdt, node, "compatible");
}

bool fdt_enabled(const void *fdt, int node)
{
	const char *status;
	int size;

	status = fdt_prop(fdt, node, "status", &size);
	if (status == NULL) {
		return true;
	}
	return (size == 5 && memcmp(status, "okay", 5) == 0) ||
	       (size == 3 && memcmp(status, "ok", 3) == 0);
}

bool fdt_coherent(const void *fdt, int node)
{
	for (; node >= 0; node = fdt_parent(fdt, node)) {
		if (fdt_prop(fdt, node, "dma-coherent", NULL) != NULL) {
			return true;
		}
		if (fdt_prop(fdt, node, "dma-noncoherent", NULL) != NULL) {
			return false;
		}
	}
	return false;
}

bool fdt_is_pci_bus(const void *fdt, int node)
{
	const char *type = fdt_read_text(fdt, node, "device_type");

	return type != NULL && strcmp(type, "pci") == 0;
}

int fdt_text_index(const void *fdt, int node, const char *name, const char *text)
{
	int index = fdt_stringlist_search(fdt, node, name, text);

	return index < 0 ? -1 : index;
}

int fdt_child_cells(struct fdt_reader *r, int node, uint32_t *address, uint32_t *size)
{
	int err;

	/* The defaults of the specification, 2.3.5. */
	err = fdt_read_u32(r, node, "#address-cells", 2, address);
	if (err == 0) {
		err = fdt_read_u32(r, node, "#size-cells", 1, size);
	}
	if (err != 0) {
		return err;
	}
	if (*address < 1 || *address > 2) {
		return fdt_fail(r, node, "#address-cells", "must be 1 or 2");
	}
	if (*size > 2) {
		return fdt_fail(r, node, "#size-cells", "must be 0, 1 or 2");
	}
	return 0;
}

/* One step up: an address on bus's children's bus -> on the bus above it. */
static int translate_step(struct fdt_reader *r, int bus, int above, uint64_t *address,
			  uint64_t size)
{
	uint32_t child_cells, size_cells, parent_cells, unused, entry;
	const fdt32_t *p;
	int length;
	int err;

	p = fdt_prop(r->fdt, bus, "ranges", &length);
	if (p == NULL) {
		return fdt_fail(r, bus, "ranges", "absent, so its children cannot be reached");
	}
	if (length == 0) {
		return 0;
	}
	err = fdt_child_cells(r, bus, &child_cells, &size_cells);
	if (err == 0) {
		err = fdt_child_cells(r, above, &parent_cells, &unused);
	}
	if (err != 0) {
		return err;
	}
	entry = child_cells + parent_cells + size_cells;
	if ((uint32_t)length % (entry * 4) != 0) {
		return fdt_fail(r, bus, "ranges", "is not a whole number of entries");
	}
	for (uint32_t n = (uint32_t)length / (entry * 4); n != 0; n--, p += entry) {
		uint64_t child = fdt_read_cells(p, child_cells);
		uint64_t parent = fdt_read_cells(p + child_cells, parent_cells);
		uint64_t span = fdt_read_cells(p + child_cells + parent_cells, size_cells);

		if (*address >= child && *address - child < span &&
		    size <= span - (*address - child)) {
			*address = parent + (*address - child);
			return 0;
		}
	}
	return fdt_fail(r, bus, "ranges", "does not cover the registers of a child");
}

int fdt_translate(struct fdt_reader *r, int node, const char *property, uint64_t *address,
		  uint64_t size)
{
	int bus = fdt_parent(r->fdt, node);

	while (bus > 0) {
		int above = fdt_parent(r->fdt, bus);
		int err = translate_step(r, bus, above, address, size);

		if (err != 0) {
			return err;
		}
		bus = above;
	}
	if (!range_ok(*address, size, FDT_ADDRESS_LIMIT)) {
		return fdt_fail(r, node, property, "is empty or beyond 48 bits");
	}
	return 0;
}

/* Cells of one reg entry of node. */
static int reg_cells(struct fdt_reader *r, int node, uint32_t *address, uint32_t *size)
{
	int parent = fdt_parent(r->fdt, node);

	return parent < 0 ? fdt_fail(r, node, "reg", "has no bus above it") :
			    fdt_child_cells(r, parent, address, size);
}

int fdt_reg_count(struct fdt_reader *r, int node)
{
	uint32_t address_cells, size_cells, entry;
	int length;
	int err;

	if (fdt_prop(r->fdt, node, "reg", &length) == NULL) {
		return 0;
	}
	err = reg_cells(r, node, &address_cells, &size_cells);
	if (err != 0) {
		return err;
	}
	entry = (address_cells + size_cells) * 4;
	if ((uint32_t)length % entry != 0) {
		return fdt_fail(r, node, "reg", "is not a whole number of entries");
	}
	return (int)((uint32_t)length / entry);
}

int fdt_read_reg(struct fdt_reader *r, int node, uint32_t index, struct range *out)
{
	uint32_t address_cells, size_cells;
	const fdt32_t *p;
	int count = fdt_reg_count(r, node);
	int err;

	if (count < 0) {
		return count;
	}
	if (index >= (uint32_t)count) {
		return fdt_fail(r, node, "reg", "absent or too short");
	}
	err = reg_cells(r, node, &address_cells, &size_cells);
	if (err != 0) {
		return err;
	}
	p = fdt_prop(r->fdt, node, "reg", NULL);
	p += index * (address_cells + size_cells);
	out->base = fdt_read_cells(p, address_cells);
	out->size = fdt_read_cells(p + address_cells, size_cells);
	return fdt_translate(r, node, "reg", &out->base, out->size);
}
