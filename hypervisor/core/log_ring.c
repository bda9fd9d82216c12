/* SPDX-License-Identifier: BSD-2-Clause */
/* Text ring and rate limit of the log. */
#include "core/log_ring.h"

#include "lib/string.h"

void text_ring_put(struct text_ring *r, const char *s, size_t size)
{
	while (size != 0) {
		uint64_t at = r->head & (r->size - 1);
		size_t n = MIN(size, r->size - at);

		memcpy(r->text + at, s, n);
		r->head += n;
		s += n;
		size -= n;
	}
}

size_t text_ring_get(const struct text_ring *r, uint64_t *pos, char *buf, size_t size)
{
	uint64_t oldest = r->head > r->size ? r->head - r->size : 0;
	size_t left;

	if (*pos < oldest) {
		*pos = oldest;
	}
	if (*pos > r->head) {
		*pos = r->head;
	}
	size = MIN(size, r->head - *pos);
	left = size;
	while (left != 0) {
		uint64_t at = *pos & (r->size - 1);
		size_t n = MIN(left, r->size - at);

		memcpy(buf, r->text + at, n);
		*pos += n;
		buf += n;
		left -= n;
	}
	return size;
}

#define BYTES(byte) (0x0101010101010101ULL * (byte))

/* Any of eight, of which there are hardly ever any. */
static bool has_control(uint64_t eight)
{
	uint64_t not_delete = eight ^ BYTES(0x7f);
	uint64_t low = (eight - BYTES(' ')) & ~eight;
	uint64_t delete = (not_delete - BYTES(1)) & ~not_delete;

	return ((low | delete) & BYTES(0x80)) != 0;
}

void text_sanitize(char *s, size_t size)
{
	for (size_t i = 0; i < size;) {
		if (size - i >= sizeof(uint64_t) &&
		    IS_ALIGNED((uintptr_t)&s[i], sizeof(uint64_t)) &&
		    !has_control(*(const uint64_t *)(const void *)&s[i])) {
			i += sizeof(uint64_t);
			continue;
		}
		if ((uint8_t)s[i] < ' ' || s[i] == 0x7f) {
			s[i] = '?';
		}
		i++;
	}
}

bool log_bucket_take(uint64_t *tokens, uint64_t *last, uint64_t now, uint64_t frequency)
{
	uint64_t interval = frequency / LOG_PER_SECOND;
	uint64_t fresh;

	if (interval == 0) {
		interval = 1;
	}
	if (*last == 0) {
		*tokens = LOG_BURST;
		*last = now == 0 ? 1 : now;
	}
	fresh = now > *last ? (now - *last) / interval : 0;
	if (fresh != 0) {
		*tokens = MIN(*tokens + MIN(fresh, LOG_BURST), LOG_BURST);
		*last += fresh * interval;
	}
	if (*tokens == 0) {
		return false;
	}
	(*tokens)--;
	return true;
}
