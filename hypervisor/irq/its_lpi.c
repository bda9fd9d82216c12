/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool of LPIs: which are taken, and whom each one calls. Records come in pages when there are
 * too few, and stay: a machine has 8192 LPIs and mostly uses a few dozen.
 */
#include "irq/its_lpi.h"

#include "core/heap.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "irq/gic.h"
#include "irq/irq_meter.h"
#include "lib/bitmap.h"
#include "lib/errno.h"

#define LPIS_MAX         8192U
#define RECORDS_PER_PAGE ((uint32_t)(SZ_4K / sizeof(struct lpi)))

struct lpi {
	lpi_handler handler; /* NULL: silent */
	void *arg;
	struct irq_meter *meter;
	uint32_t event;
	uint32_t running; /* CPUs inside the handler */
};

static struct spinlock pool_lock;
static uint32_t pool_size;
static uint32_t recorded; /* of them, the first ones that have records */
static uint32_t in_use;
static uint32_t last_taken;
static uint64_t taken[BITMAP_WORDS(LPIS_MAX)];
static struct lpi *pages[LPIS_MAX / (SZ_4K / sizeof(struct lpi)) + 1];

static struct lpi *record(uint32_t index)
{
	struct lpi *page = __atomic_load_n(&pages[index / RECORDS_PER_PAGE], __ATOMIC_ACQUIRE);

	return page != NULL ? &page[index % RECORDS_PER_PAGE] : NULL;
}

/* index < pool_size; pool lock held. */
static bool record_make(uint32_t index)
{
	struct lpi *page;

	if (index < recorded) {
		return true;
	}
	page = heap_page();
	if (page == NULL) {
		return false;
	}
	__atomic_store_n(&pages[index / RECORDS_PER_PAGE], page, __ATOMIC_RELEASE);
	recorded = MIN(recorded + RECORDS_PER_PAGE, pool_size);
	return true;
}

void lpi_pool_init(uint32_t count)
{
	pool_size = MIN(count, LPIS_MAX);
}

/*
 * Round-robin, so that a number rests between two owners; among those that have records, so that
 * what domains that come and go need does not grow.
 */
static uint32_t find_free(void)
{
	uint32_t index = bitmap_find_clear(taken, recorded, last_taken + 1);

	if (index == BITMAP_NONE) {
		index = bitmap_find_clear(taken, recorded, 0);
	}
	if (index == BITMAP_NONE && recorded < pool_size) {
		index = recorded;
	}
	return index;
}

int lpi_alloc(lpi_handler handler, void *arg, uint32_t event, struct irq_meter *meter,
	      uint32_t *lpi)
{
	struct lpi *r;
	uint32_t index;
	int ret = 0;

	spin_lock(&pool_lock);
	index = find_free();
	if (index == BITMAP_NONE) {
		ret = -ENOSPC;
		goto out;
	}
	if (!record_make(index)) {
		ret = -ENOMEM;
		goto out;
	}
	bitmap_set(taken, index);
	last_taken = index;
	in_use++;
	r = record(index);
	r->arg = arg;
	r->meter = meter;
	r->event = event;
	__atomic_store_n(&r->handler, handler, __ATOMIC_RELEASE);
	*lpi = GIC_FIRST_LPI + index;
out:
	spin_unlock(&pool_lock);
	return ret;
}

void lpi_silence(uint32_t lpi)
{
	struct lpi *r = record(lpi - GIC_FIRST_LPI);

	__atomic_store_n(&r->handler, NULL, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&r->running, __ATOMIC_SEQ_CST) != 0) {
		spin_wait();
	}
}

void lpi_free(uint32_t lpi)
{
	uint32_t index = lpi - GIC_FIRST_LPI;
	bool was_taken;

	ASSERT(index < pool_size);
	spin_lock(&pool_lock);
	was_taken = bitmap_test(taken, index);
	if (was_taken) {
		bitmap_clear(taken, index);
		in_use--;
	}
	spin_unlock(&pool_lock);
	ASSERT(was_taken);
}

uint32_t its_lpi_count(void)
{
	return __atomic_load_n(&in_use, __ATOMIC_RELAXED);
}

void its_lpi_dispatch(uint32_t intid)
{
	uint32_t index = intid - GIC_FIRST_LPI;
	struct lpi *r = index < pool_size ? record(index) : NULL;
	lpi_handler handler;

	if (r == NULL) {
		return;
	}
	/* Announced before the handler is read: lpi_silence() clears it, then waits for us. */
	__atomic_fetch_add(&r->running, 1, __ATOMIC_SEQ_CST);
	handler = __atomic_load_n(&r->handler, __ATOMIC_SEQ_CST);
	if (handler != NULL) {
		handler(r->arg, r->event);
		if (irq_meter_hit(r->meter)) {
			pci_irq_storm(r->meter, r->event);
		}
	}
	__atomic_fetch_sub(&r->running, 1, __ATOMIC_SEQ_CST);
}
