/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of machine_fdt_read(). Each fills its part of r->m; 0 or -EINVAL with r->why set. */
#ifndef BOOT_MACHINE_FDT_H
#define BOOT_MACHINE_FDT_H

#include "boot/fdt_read.h"

int machine_fdt_gic(struct fdt_reader *r);
int machine_fdt_memory(struct fdt_reader *r);
int machine_fdt_cpus(struct fdt_reader *r);
int machine_fdt_timer(struct fdt_reader *r);
int machine_fdt_smmus(struct fdt_reader *r); /* after machine_fdt_bridges() */
int machine_fdt_bridges(struct fdt_reader *r);
int machine_fdt_intx(struct fdt_reader *r, int node, struct machine_bridge *b);
int machine_fdt_uart(struct fdt_reader *r);
int machine_fdt_uart_interrupt(struct fdt_reader *r); /* after the GIC and the UART */
int machine_fdt_chosen(struct fdt_reader *r); /* after machine_fdt_memory() */
/* After machine_fdt_chosen(). A domain with a flaw is no error. */
int machine_fdt_domains(struct fdt_reader *r);

/* The one entry of a module's reg, inside RAM; cells of parent, or the root's when it has none. */
int machine_fdt_module(struct fdt_reader *r, int parent, int node, struct range *out);
/* A text property of less than MACHINE_TEXT_MAX bytes; empty when absent. */
int machine_fdt_text(struct fdt_reader *r, int node, const char *name, char *out);

#endif
