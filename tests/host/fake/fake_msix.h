/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages of a BAR with an MSI-X table, of the one function that signals without an ITS. */
#ifndef FAKE_MSIX_H
#define FAKE_MSIX_H

#include <stdint.h>

struct domain;

/* What the BAR's registers hold, by offset. */
extern uint8_t fake_msix_bar[0x4000];
/* Virtual SPI that was pulsed last, how often any was, and whose it was. */
extern uint32_t fake_msix_pulsed, fake_msix_pulses;
extern const struct domain *fake_msix_pulsed_in;

uint32_t fake_msix_word(uint32_t offset);

#endif
