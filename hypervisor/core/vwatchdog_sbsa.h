/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State machine of a virtual Generic Watchdog, version 1 (Arm BSA, DEN0094, appendix on the Generic
 * Watchdog): when it was not refreshed for an offset it raises WS0, and after one more WS1. Times
 * are ticks of the counter its user reads. Pure; the caller locks.
 */
#ifndef CORE_VWATCHDOG_SBSA_H
#define CORE_VWATCHDOG_SBSA_H

#include "lib/types.h"

struct vwatchdog_sbsa {
	bool enabled;
	bool ws0; /* the interrupt wire */
	bool ws1; /* it was not refreshed at all */
	uint64_t offset;  /* 48 bits */
	uint64_t compare; /* when the offset is over */
};

/* Frames of 4 KiB. offset: a multiple of size; size: 4 or 8. */
uint64_t vwatchdog_sbsa_read(const struct vwatchdog_sbsa *w, uint32_t offset, uint8_t size);
void vwatchdog_sbsa_write(struct vwatchdog_sbsa *w, uint32_t offset, uint8_t size, uint64_t value,
			  uint64_t now);
uint64_t vwatchdog_sbsa_refresh_read(uint32_t offset, uint8_t size);
void vwatchdog_sbsa_refresh_write(struct vwatchdog_sbsa *w, uint32_t offset, uint64_t now);

/* It is now. At most one of its signals is raised. */
void vwatchdog_sbsa_tick(struct vwatchdog_sbsa *w, uint64_t now);
/* Its user does not run: the time until the next signal begins anew. */
void vwatchdog_sbsa_hold(struct vwatchdog_sbsa *w, uint64_t now);

#endif
