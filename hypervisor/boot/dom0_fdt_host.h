/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control domain's device tree takes over from the host's. Pure but for libfdt. */
#ifndef BOOT_DOM0_FDT_HOST_H
#define BOOT_DOM0_FDT_HOST_H

#include "boot/fdt_write.h"
#include "core/machine.h"

/*
 * The nodes that dom0_rules.c lets through, below the buses they are on. A child of the root is
 * written for two cells of address and two of size.
 */
void dom0_fdt_host_nodes(struct fdt_writer *w, const struct machine *m, uint32_t gic_phandle);
void dom0_fdt_aliases(struct fdt_writer *w, const struct machine *m);

/*
 * A PL011 where the host's console is, whatever that is; clock_phandle: for its clock, unused so
 * far. Nothing when the host has no console with an interrupt.
 */
void dom0_fdt_console(struct fdt_writer *w, const struct machine *m, uint32_t clock_phandle);
bool dom0_fdt_has_console(const struct machine *m);
void dom0_fdt_console_path(const struct machine *m, char *out, size_t size);

#endif
