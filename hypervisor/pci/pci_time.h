/* SPDX-License-Identifier: BSD-2-Clause */
/* Milliseconds since power-on, for limits and time-outs. Not for the build host. */
#ifndef PCI_PCI_TIME_H
#define PCI_PCI_TIME_H

#include "arch/arm64/cpu.h"

static inline uint64_t pci_now_ms(void)
{
	uint64_t t = ticks_now(), frequency = ticks_per_second();

	return t / frequency * 1000 + t % frequency * 1000 / frequency;
}

#endif
