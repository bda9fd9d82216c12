/* SPDX-License-Identifier: BSD-2-Clause */
/* Records for the counting plugin: instructions that do nothing anywhere else. */
#ifndef BENCH_MARKER_H
#define BENCH_MARKER_H

#include <stdint.h>

struct marker {
	char name[16]; /* not always terminated */
};

/* "PREFIX:ROW", cut to 16 characters. */
struct marker marker_name(const char *prefix, const char *row);

static inline void marker_words(const struct marker *m, uint64_t words[2])
{
	__builtin_memcpy(words, m->name, sizeof(m->name));
}

#define MARKER_EMIT(hint, m, operations)                                                           \
	do {                                                                                       \
		uint64_t marker_w[2];                                                              \
		marker_words(m, marker_w);                                                         \
		register uint64_t x0 __asm__("x0") = marker_w[0];                                  \
		register uint64_t x1 __asm__("x1") = marker_w[1];                                  \
		register uint64_t x2 __asm__("x2") = (operations);                                 \
		__asm__ volatile("hint #" hint : : "r"(x0), "r"(x1), "r"(x2) : "memory");          \
	} while (0)

static inline void marker_begin(const struct marker *m)
{
	MARKER_EMIT("0x70", m, 0);
}

static inline void marker_end(const struct marker *m, uint64_t operations)
{
	MARKER_EMIT("0x71", m, operations);
}

#endif
