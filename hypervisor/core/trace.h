/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recording why each CPU left its guests, for how long, and what it injected. Off, it is free: a
 * CPU that records has exception vectors of its own (arch/arm64/trace_exit.c).
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "core/trace_ring.h"

/* Without anybody who reads, recording ends after so long. */
#define TRACE_IDLE_MS 5000U

/* On all CPUs. -EBUSY: it is on. -EAGAIN: the last one is still ending. -ENOMEM. */
int trace_start(void);
/* Soon; its memory goes with it. No-op when it is off. */
void trace_stop(void);
/*
 * As trace_ring_read(), of a CPU's ring. The count; -ENOENT: nothing is recorded, -EINVAL: there is
 * no such CPU.
 */
int trace_read(uint32_t cpu, uint64_t *position, struct trace_record *out, uint32_t max,
	       uint64_t *lost);

/* From SGI_LOOK: this CPU begins or ends as is wanted. */
void trace_follow(void);
/* From this CPU's recording vectors. Dropped when it has ended meanwhile. */
void trace_put(const struct trace_record *record);

/* arch: this CPU's vectors from now on, those that record or the ordinary ones. */
void trace_vectors(bool recording);

#endif
