/* SPDX-License-Identifier: BSD-2-Clause */
/* Which CPUs of this machine people mean. */
#ifndef VIA_CPU_CHOICE_H
#define VIA_CPU_CHOICE_H

#include "via.h"

/* Are all of them there? If not, a message names those that are not, and VIA_FAILED. */
int cpus_check(const struct command *c, const struct control_info *info, uint32_t set);

#endif
