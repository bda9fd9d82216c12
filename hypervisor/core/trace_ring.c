/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/trace_ring.h"

#define WORDS (sizeof(struct trace_record) / sizeof(uint64_t))

_Static_assert(sizeof(struct trace_record) == 32, "no padding");
_Static_assert((TRACE_RING_RECORDS & (TRACE_RING_RECORDS - 1)) == 0, "places are by mask");

/* Word by word: whoever reads one that is just written gets either value, and finds out by head. */
typedef uint64_t __attribute__((may_alias)) word;

static word *place(const struct trace_ring *ring, uint64_t n)
{
	return (word *)&ring->records[n & (TRACE_RING_RECORDS - 1)];
}

void trace_ring_put(struct trace_ring *ring, const struct trace_record *record)
{
	const word *from = (const word *)record;
	uint64_t head = ring->head;
	word *to = place(ring, head);

	/* Who sees a word of this record sees that head was here: the one before is complete. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
#pragma GCC unroll 4 /* an exit waits for it */
	for (uint32_t i = 0; i < WORDS; i++) {
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
	}
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
}

/* The first that nobody is about to overwrite: its place is not the writer's next. */
static uint64_t oldest(uint64_t head)
{
	return head < TRACE_RING_RECORDS ? 0 : head - TRACE_RING_RECORDS + 1;
}

uint32_t trace_ring_read(const struct trace_ring *ring, uint64_t *position,
			 struct trace_record *out, uint32_t max, uint64_t *lost)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	uint64_t from = MIN(*position, head);
	uint32_t count = 0;

	*lost = 0;
	if (from < oldest(head)) {
		*lost = head - TRACE_RING_RECORDS / 2 - from;
		from += *lost;
	}
	for (; count < max && from + count < head; count++) {
		const word *at = place(ring, from + count);
		word *to = (word *)&out[count];

#pragma GCC unroll 4
		for (uint32_t i = 0; i < WORDS; i++) {
			to[i] = __atomic_load_n(&at[i], __ATOMIC_RELAXED);
		}
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	if (from < oldest(head)) {
		/* Overwritten while they were copied: as if they had been before. */
		*lost += count;
		from += count;
		count = 0;
	}
	*position = from + count;
	return count;
}
