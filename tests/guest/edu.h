/* SPDX-License-Identifier: BSD-2-Clause */
/* edu's registers (QEMU docs/specs/edu): a sum, an interrupt, and transfers that take 100 ms. */
#ifndef TESTS_GUEST_EDU_H
#define TESTS_GUEST_EDU_H

#include "guest.h"

#define EDU_ID        0x00U
#define EDU_ALIVE     0x04U
#define EDU_FACTORIAL 0x08U
#define EDU_STATUS    0x20U
#define EDU_PENDING   0x24U
#define EDU_RAISE     0x60U
#define EDU_ACK       0x64U
#define EDU_SOURCE    0x80U
#define EDU_TARGET    0x88U
#define EDU_COUNT     0x90U
#define EDU_COMMAND   0x98U
#define EDU_BUFFER    0x40000U /* in the device's own address space */
#define EDU_BUFFER_SIZE 4096U

#define EDU_IDENTITY         0x010000edU
#define EDU_STATUS_BUSY      0x01U
#define EDU_STATUS_INTERRUPT 0x80U
#define EDU_DMA_START        1U /* while it lasts */
#define EDU_DMA_TO_MEMORY    2U
#define EDU_DMA_INTERRUPT    4U
#define EDU_PENDING_DMA      0x100U

/* Between its buffer's start and memory. edu: its BAR. flags: EDU_DMA_*. */
static inline void edu_start(uint64_t edu, uint64_t memory, uint64_t size, uint64_t flags)
{
	bool out = (flags & EDU_DMA_TO_MEMORY) != 0;

	write64(edu + EDU_SOURCE, out ? EDU_BUFFER : memory);
	write64(edu + EDU_TARGET, out ? memory : EDU_BUFFER);
	write64(edu + EDU_COUNT, size);
	write64(edu + EDU_COMMAND, EDU_DMA_START | flags);
}

/* For five seconds, or until the device is gone and all ones; false: it did not end well. */
static inline bool edu_wait(uint64_t edu)
{
	for (int i = 0; i < 5000; i++) {
		uint64_t command = read64(edu + EDU_COMMAND);

		if (command == ~0ULL) {
			return false;
		}
		if ((command & EDU_DMA_START) == 0) {
			return true;
		}
		delay_us(1000);
	}
	return false;
}

#endif
