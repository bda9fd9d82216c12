/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool of LPIs: who owns which. Dispatch and the count are in its.h. */
#ifndef IRQ_ITS_LPI_H
#define IRQ_ITS_LPI_H

#include "irq/its.h"

/* INTIDs 8192 .. 8191 + count (at most 8192). Once, before anything else. */
void lpi_pool_init(uint32_t count);
/* A free LPI with its handler and what counts it in place. -ENOSPC, -ENOMEM. */
int lpi_alloc(lpi_handler handler, void *arg, uint32_t event, struct irq_meter *meter,
	      uint32_t *lpi);
/* The handler is not called any more, and not running when this returns. */
void lpi_silence(uint32_t lpi);
/* Once, silent, and when hardware cannot signal it any more. */
void lpi_free(uint32_t lpi);

#endif
