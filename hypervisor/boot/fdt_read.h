/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the boot device tree: registers translated to CPU addresses, interrupts to INTIDs, and
 * errors that name node and property. Pure but for libfdt; the tree passed fdt_check_full() before.
 */
#ifndef BOOT_FDT_READ_H
#define BOOT_FDT_READ_H

#include "boot/fdt_index.h"
#include "core/machine.h"

#include <libfdt.h>

struct fdt_reader {
	const void *fdt;
	struct machine *m;
	char why[256];
};

/* Physical addresses this build can hold (stage 2 and EL2 tables, DDI0487 D8.1). */
#define FDT_ADDRESS_LIMIT (1ULL << 48)

/* Writes "path: property: text" to r->why. Returns -EINVAL. property may be NULL. */
int fdt_fail(struct fdt_reader *r, int node, const char *property, const char *text);

/* A u32 property; fallback when it is absent. -EINVAL: wrong size. */
int fdt_read_u32(struct fdt_reader *r, int node, const char *name, uint32_t fallback,
		 uint32_t *out);
/* A number of cells (0..2) at p. */
uint64_t fdt_read_cells(const fdt32_t *p, uint32_t cells);
/* A text property, terminated inside its length; NULL when absent or not text. */
const char *fdt_read_text(const void *fdt, int node, const char *name);
/*
 * The node that length characters at path name, an absolute path or an alias of one; below zero:
 * none. libfdt follows an alias of an alias too, and one of itself until the stack is used up.
 */
int fdt_read_path(const void *fdt, const char *path, size_t length);

bool fdt_compatible(const void *fdt, int node, const char *compatible);
/*
 * The first of node's compatibles that is among known[count]; else the node's first, NULL: none.
 * Points into the tree.
 */
const char *fdt_known_compatible(const void *fdt, int node, const char *const *known,
				 size_t count);
/* status absent, "okay" or "ok". */
bool fdt_enabled(const void *fdt, int node);
/*
 * dma-coherent on the node or, nearest first, on a node above it (dma-noncoherent ends the search).
 */
bool fdt_coherent(const void *fdt, int node);
bool fdt_is_pci_bus(const void *fdt, int node);

/* #address-cells and #size-cells that apply to children of node. -EINVAL: not 1..2 and 0..2. */
int fdt_child_cells(struct fdt_reader *r, int node, uint32_t *address, uint32_t *size);
/* Address of node's parent bus -> CPU address, through every ranges above. */
int fdt_translate(struct fdt_reader *r, int node, const char *property, uint64_t *address,
		  uint64_t size);
/* How many entries reg has; a negative errno when malformed. 0: absent. */
int fdt_reg_count(struct fdt_reader *r, int node);
/* Entry index of reg as CPU address, in [0, FDT_ADDRESS_LIMIT). -EINVAL also when it is absent. */
int fdt_read_reg(struct fdt_reader *r, int node, uint32_t index, struct range *out);

/*
 * Entry index of interrupts or interrupts-extended. *intid: 0 when there is none such or it goes to
 * another controller than the GIC. edge may be NULL.
 */
int fdt_read_interrupt(struct fdt_reader *r, int node, uint32_t index, uint32_t *intid, bool *edge);
/* Three GIC cells (type, number, flags) -> INTID; 0: not SPI or PPI, or out of range. */
uint32_t fdt_gic_intid(const fdt32_t *cells, bool *edge);
/* Interrupt cells of the controller with this phandle; 0 when there is no such node. */
uint32_t fdt_interrupt_cells(const void *fdt, uint32_t phandle);

/* The index of text in a string-list property, or -1. */
int fdt_text_index(const void *fdt, int node, const char *name, const char *text);

#endif
