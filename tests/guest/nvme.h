/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NVMe controller of PCI, polled: one admin queue, one pair for I/O, one command at a time (NVM
 * Express Base Specification 2.0, NVM Command Set 1.0). Blocks have 512 bytes.
 */
#ifndef TESTS_GUEST_NVME_H
#define TESTS_GUEST_NVME_H

#include "guest.h"

#define NVME_BLOCK 512U

/* The controller whose BAR 0 is at bar; it decodes and masters. False: it does not get ready. */
bool nvme_start(uint64_t bar);
/* Identify controller: 4096 bytes, which stay until the next call. NULL: an error. */
const uint8_t *nvme_identify(void);
/* The queues for I/O, after nvme_start(). */
bool nvme_create_queues(void);
/* One block of namespace 1, at data, which is aligned to 4. */
bool nvme_transfer(uint64_t block, const void *data, bool write);

#endif
