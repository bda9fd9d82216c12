/* SPDX-License-Identifier: BSD-2-Clause */
/* From entry to the first domain. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "core/domain.h"
#include "core/machine.h"

/*
 * Read the device tree into *m, which is all zero. Pure but for libfdt; fdt_pa is left to the
 * caller. A GIC of an unknown kind is no error: version is 0 and compatible says what it is.
 * Otherwise 0 or a negative errno with *why set to one clear line that names node and property.
 */
int machine_fdt_read(const void *fdt, uint64_t max_size, struct machine *m, const char **why);

/* The hypervisor's own options, parsed from machine.cmdline. */
struct cmdline;
extern struct cmdline cmdline;

/*
 * Right after ram_init() and its reservations, before other CPUs start to clean blocks: the control
 * domain's RAM becomes its own. The modules' blocks, then blocks from the bottom of the memory they
 * lie in upwards, then other memory, until wanted bytes (0: half of what is free, at least 512 MiB)
 * are there. Panics with one clear message when they are not.
 */
void dom0_claim_ram(uint64_t wanted);

/* Neither a control domain nor its kernel: the domains of the device tree run alone. Pure. */
bool boot_without_control(const struct machine *m);

/*
 * Domains of the device tree ("xen,domain"), after the control domain, if there is one: each is
 * made now and fills and starts itself by a job. One that cannot be is named in the log with the
 * reason; the rest goes on. Panics when nothing at all can run.
 */
void domain_boot_all(void);

/*
 * Build the control domain from the modules; it is ready to run on return. Panics with one clear
 * message otherwise.
 */
struct domain *boot_control_domain(void);

#endif
