/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to device registers that hardware may answer with an external abort, synchronous or as
 * an SError (DDI0487 D1.3.3, D8.17): for config space and ports, where a function that a domain has
 * may have gone wrong. What a guarded access does not survive is not the device's.
 */
#ifndef ARCH_ARM64_GUARDED_H
#define ARCH_ARM64_GUARDED_H

#include "lib/types.h"

/* size 1, 2 or 4, aligned, mapped by mmio_map_device(). False: aborted, and *value is all ones. */
bool guarded_read(const volatile void *p, uint32_t size, uint32_t *value);
bool guarded_write(volatile void *p, uint32_t size, uint32_t value);

/*
 * An SError that is due on this CPU: true, and it is no longer. The CPU masks them at EL2, so one
 * that a guest's store causes late waits until a guest runs, perhaps another one: asked between.
 */
bool serror_take(void);

/*
 * An exception taken at EL2 from pc: where to go on when it was a guarded access's, or 0.
 */
uint64_t guarded_fixup(uint64_t pc, uint64_t esr, bool serror);

#endif
