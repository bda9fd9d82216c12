/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's device tree made from a host's, and read back. */
#ifndef FAKE_DOM0_TREE_H
#define FAKE_DOM0_TREE_H

#include "boot/dom0_fdt.h"
#include "virt_tree.h"

extern const struct range dom0_tree_ram[2];
extern struct control_layout control;
extern uint64_t msi_frame; /* of the control domain, where boot/dom0_msi.c puts it */

/* A host's tree into `machine`. */
void read_tree(const void *fdt);
/* The control domain's tree for it. As dom0_fdt_write(). */
int write_tree(void *buf, uint32_t size);
/* Both; the tree is there until the next call. */
const void *made_from(const void *host);
/* The tree made from virt.dts. */
const void *made(void);
/* The host's tree compiled from NAME.dts, with room for changes. */
void *tree_of_file(const char *name);
const void *made_from_file(const char *name);

/* A property's number: its cell index, or that and the next one. */
uint32_t cell(const void *fdt, const char *path, const char *name, uint32_t index);
uint64_t cell64(const void *fdt, const char *path, const char *name, uint32_t index);
const char *text(const void *fdt, const char *path, const char *name);
bool has(const void *fdt, const char *path);
bool has_compatible(const void *fdt, const char *compatible);

/* Two ranges have a byte in common. */
bool meets(uint64_t base, uint64_t size, uint64_t other, uint64_t other_size);

#endif
