/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory as a bus master sees it that does not snoop the CPU's caches: lines as they were when last
 * cleaned. Implements the cache maintenance of arch/arm64/cpu.h, and its clock.
 */
#ifndef FAKE_DRAM_H
#define FAKE_DRAM_H

#include "lib/types.h"

void fake_dram_reset(void);
/* 8 bytes. snoops: as the CPU sees them. junk: what is there when the line was never cleaned. */
uint64_t fake_dram_read(uint64_t address, bool snoops, uint64_t junk);

#endif
