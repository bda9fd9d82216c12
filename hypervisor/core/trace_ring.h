/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last records of one CPU, which alone writes them; any other may read meanwhile, without a
 * lock. The oldest give way. Pure.
 */
#ifndef CORE_TRACE_RING_H
#define CORE_TRACE_RING_H

#include "lib/types.h"

#define TRACE_RING_ORDER   6U /* of its memory in pages: 256 KiB */
#define TRACE_RING_RECORDS ((SZ_4K << TRACE_RING_ORDER) / sizeof(struct trace_record))

enum trace_kind {
	TRACE_EXIT,   /* a vCPU left for the hypervisor */
	TRACE_INJECT, /* an interrupt was put where its vCPU takes it */
	TRACE_KINDS
};

struct trace_record {
	uint64_t time;   /* ticks: when it left, or was entered with the interrupt */
	uint32_t ticks;  /* EXIT: until a vCPU was entered on this CPU, ~0 when it was longer */
	uint8_t kind;    /* enum trace_kind */
	uint8_t reason;  /* EXIT: enum exit_kind */
	uint8_t vcpu;
	uint8_t next_vcpu;
	uint16_t domain;
	uint16_t next_domain; /* EXIT: whose vCPU was entered then */
	uint32_t intid;  /* EXIT for an interrupt: the machine's; INJECT: the guest's */
	/* EXIT: address (MMIO, FAULT), function (HVC, SMC), syndrome (others), or 0 */
	uint64_t detail;
};

struct trace_ring {
	uint64_t head; /* records written since it was made */
	struct trace_record *records; /* TRACE_RING_RECORDS */
};

/* The writer's. */
void trace_ring_put(struct trace_ring *ring, const struct trace_record *record);

/*
 * Copy up to max records from *position on, in order, and move it behind them. Returns how many; 0:
 * there are no more. *lost: how many before them were overwritten unread; a reader that is so far
 * behind goes on half a ring from the end, so that it gets ahead of the writer.
 */
uint32_t trace_ring_read(const struct trace_ring *ring, uint64_t *position,
			 struct trace_record *out, uint32_t max, uint64_t *lost);

#endif
