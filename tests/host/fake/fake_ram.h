/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of RAM as books: which are out, and that nobody shows a block before it is clean. */
#ifndef FAKE_FAKE_RAM_H
#define FAKE_FAKE_RAM_H

#include <stdbool.h>
#include <stdint.h>

extern uint32_t fake_ram_free;  /* blocks; 64 at first */
extern uint32_t fake_ram_dirty; /* of the next ones taken so many are dirty */
/* Is this address in a block that was taken, cleaned, and not given back? */
bool fake_ram_is_clean(uint64_t address);

#endif
