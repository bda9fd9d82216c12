/* SPDX-License-Identifier: BSD-2-Clause */
/* From entry to the first domain. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "core/domain.h"
#include "core/machine.h"

/*
 * Read the device tree into *m. Pure but for libfdt. Returns 0 or a negative errno with *why set to
 * one clear sentence that names node and property.
 */
int machine_fdt_read(const void *fdt, uint64_t max_size, struct machine *m, const char **why);

/* Build the control domain from the modules; it is ready to run on return. Panics with one clear message otherwise. */
struct domain *boot_control_domain(void);

#endif
