/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages of a BAR with an MSI-X table, of the one function that signals without an ITS. */
#ifndef FAKE_MSIX_H
#define FAKE_MSIX_H

#include <stdint.h>

/* What the BAR's registers hold, by offset. */
extern uint8_t fake_msix_bar[0x4000];
/* Virtual SPI that was pulsed last, and how often any was. */
extern uint32_t fake_msix_pulsed, fake_msix_pulses;

uint32_t fake_msix_word(uint32_t offset);

#endif
