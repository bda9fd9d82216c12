/* SPDX-License-Identifier: BSD-2-Clause */
/* Text made harmless, in a ring, read by position; and the token bucket that limits lines. Pure. */
#ifndef CORE_LOG_RING_H
#define CORE_LOG_RING_H

#include "lib/types.h"

/* size: bytes of text, any power of two. Positions count every byte ever written, from 0. */
struct text_ring {
	char *text;
	uint32_t size;
	uint64_t head; /* bytes written so far */
};

void text_ring_put(struct text_ring *r, const char *s, size_t size);
/*
 * Copies from *pos on, at most size bytes; a *pos already overwritten moves to the oldest byte
 * kept.
 */
size_t text_ring_get(const struct text_ring *r, uint64_t *pos, char *buf, size_t size);

/*
 * Control characters become '?': those of a name or a string from outside must not drive the
 * reader's terminal.
 */
void text_sanitize(char *s, size_t size);

#define LOG_BURST      10U
#define LOG_PER_SECOND 5U

/*
 * May one more line pass? Bucket of LOG_BURST tokens, LOG_PER_SECOND new ones a second. *tokens and
 * *last are 0 at first, which means a full bucket. frequency: ticks a second.
 */
bool log_bucket_take(uint64_t *tokens, uint64_t *last, uint64_t now, uint64_t frequency);

#endif
