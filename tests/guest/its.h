/* SPDX-License-Identifier: BSD-2-Clause */
/* The least of an ITS driver (IHI0069 5.3, 12.19), and its parts for those who misuse it. */
#ifndef TESTS_GUEST_ITS_H
#define TESTS_GUEST_ITS_H

#include "guest.h"

#define LPI_FIRST       8192U
#define GITS_CTLR       (GUEST_ITS_BASE + 0x0000U)
#define GITS_TYPER      (GUEST_ITS_BASE + 0x0008U)
#define GITS_CBASER     (GUEST_ITS_BASE + 0x0080U)
#define GITS_CWRITER    (GUEST_ITS_BASE + 0x0088U)
#define GITS_CREADR     (GUEST_ITS_BASE + 0x0090U)
#define GITS_BASER(n)   (GUEST_ITS_BASE + 0x0100U + 8 * (n))
#define GITS_TRANSLATER (GUEST_ITS_BASE + 0x10040U)
#define GITS_VALID      (1ULL << 63)

#define ITS_QUEUE_SIZE   0x10000U
#define ITS_COMMAND_SIZE 32U

/* Commands (5.3): the first word's low byte; a DeviceID goes into its upper half. */
#define ITS_INT    0x03ULL
#define ITS_MAPD   0x08ULL
#define ITS_MAPC   0x09ULL
#define ITS_MAPTI  0x0aULL
#define ITS_INV    0x0cULL
#define ITS_INVALL 0x0dULL
#define ITS_MOVALL 0x0eULL

/*
 * Once, after gic_init(): a device's event, of 32, becomes LPI_FIRST + event, on CPU 0. The message
 * is the event's number, written to GITS_TRANSLATER.
 */
bool its_map(uint32_t device, uint32_t event);

/* On, with tables and an empty queue, whatever was set before. */
void its_reset(void);
/* This CPU's LPIs on, all of them let through. */
void its_lpis_on(void);
/* Into the queue, which the caller does not fill; the ITS sees them with its_carry_out(). */
void its_put(uint64_t a, uint64_t b, uint64_t c);
void its_put_words(const uint64_t words[4]);
/* Carried out: within ten seconds the reader is where the writer is. */
bool its_carry_out(void);

/* Collection 0 is CPU 0; device (its DeviceID) may have 1 << bits events, up to 11 bits. */
void its_put_device(uint64_t id, uint32_t bits);
void its_put_event(uint64_t id, uint32_t event);

#endif
