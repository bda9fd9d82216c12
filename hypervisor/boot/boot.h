/* SPDX-License-Identifier: BSD-2-Clause */
/* From entry to the first domain. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "core/domain.h"
#include "core/machine.h"

/*
 * Read the device tree into *m, which is all zero. Pure but for libfdt; fdt_pa is left to the caller.
 * A GIC of an unknown kind is no error: version is 0 and compatible says what it is. Otherwise 0 or a
 * negative errno with *why set to one clear line that names node and property.
 */
int machine_fdt_read(const void *fdt, uint64_t max_size, struct machine *m, const char **why);

/* The hypervisor's own options, parsed from machine.cmdline. */
struct cmdline;
extern struct cmdline cmdline;

/*
 * Right after ram_init() and its reservations, before any block is given out or cleaned: the blocks
 * in which the control domain's kernel and ramdisk lie become the control domain's.
 */
void dom0_claim_modules(void);

/* Build the control domain from the modules; it is ready to run on return. Panics with one clear message otherwise. */
struct domain *boot_control_domain(void);

#endif
