/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The string functions of EL2. Word accesses are used only where both sides are aligned: early code
 * runs with the MMU off, where an unaligned access faults.
 */
#include "lib/string.h"

#include "lib/types.h"

/* Inside a loop: keeps the compiler from turning the loop into a call of the function it is in. */
#define KEEP_LOOP() __asm__ volatile("")

#define WORD sizeof(uint64_t)

/* Copied at once: most of what a loop costs is the loop. */
struct four_words {
	uint64_t words[4];
};

static bool both_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

static size_t copy_bytes(uint8_t *d, const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		d[i] = s[i];
		KEEP_LOOP();
	}
	return n;
}

/*
 * Where only d is aligned, and a word's bytes before s are the source's too: each word is made of
 * two, and none reaches beyond the source. Returns how much is done.
 */
static size_t copy_shifted(uint8_t *d, const uint8_t *s, size_t n)
{
	size_t odd = (uintptr_t)s & (WORD - 1);
	const uint64_t *from = (const void *)(s - odd);
	uint64_t *to = (void *)d;
	uint64_t low = *from++;
	size_t left = n;

	for (; left >= 2 * WORD; left -= WORD) {
		uint64_t high = *from++;

		*to++ = low >> 8 * odd | high << (64 - 8 * odd);
		low = high;
		KEEP_LOOP();
	}
	return n - left;
}

/* So few that the loop below would not pay. */
#define FEW 32U

static void *copy_up(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (n >= FEW && !both_aligned(d, s)) {
		size_t done = copy_bytes(d, s, WORD + (-(uintptr_t)d & (WORD - 1)));

		if (((uintptr_t)(s + done) & (WORD - 1)) != 0) {
			done += copy_shifted(d + done, s + done, n - done);
		}
		d += done;
		s += done;
		n -= done;
	}
	if (both_aligned(d, s)) {
		for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD, s += 4 * WORD) {
			*(struct four_words *)(void *)d =
				*(const struct four_words *)(const void *)s;
			KEEP_LOOP();
		}
		for (; n >= WORD; n -= WORD, d += WORD, s += WORD) {
			*(uint64_t *)(void *)d = *(const uint64_t *)(const void *)s;
			KEEP_LOOP();
		}
	}
	for (; n >= 4; n -= 4, d += 4, s += 4) {
		uint8_t first = s[0], second = s[1], third = s[2], fourth = s[3];

		d[0] = first;
		d[1] = second;
		d[2] = third;
		d[3] = fourth;
		KEEP_LOOP();
	}
	while (n-- != 0) {
		*d++ = *s++;
		KEEP_LOOP();
	}
	return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	return copy_up(dst, src, n);
}

void *memmove(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= n) { /* also true when d is below s: it wraps */
		return copy_up(dst, src, n);
	}
	while (n-- != 0) {
		d[n] = s[n];
		KEEP_LOOP();
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	uint8_t *d = dst;
	uint64_t word = (uint8_t)c * 0x0101010101010101ULL;

	for (; n != 0 && !IS_ALIGNED((uintptr_t)d, WORD); n--) {
		*d++ = (uint8_t)c;
		KEEP_LOOP();
	}
	for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD) {
		*(struct four_words *)(void *)d = (struct four_words){ { word, word, word, word } };
		KEEP_LOOP();
	}
	for (; n >= WORD; n -= WORD, d += WORD) {
		*(uint64_t *)(void *)d = word;
		KEEP_LOOP();
	}
	while (n-- != 0) {
		*d++ = (uint8_t)c;
		KEEP_LOOP();
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i]) {
			return x[i] - y[i];
		}
		KEEP_LOOP();
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == (uint8_t)c) {
			return (void *)((uintptr_t)p + i);
		}
		KEEP_LOOP();
	}
	return NULL;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0') {
		n++;
		KEEP_LOOP();
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i] || a[i] == '\0') {
			return (uint8_t)a[i] - (uint8_t)b[i];
		}
		KEEP_LOOP();
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c) {
			return (char *)(uintptr_t)s;
		}
		if (*s == '\0') {
			return NULL;
		}
		KEEP_LOOP();
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c) {
			last = s;
		}
		if (*s == '\0') {
			return (char *)(uintptr_t)last;
		}
		KEEP_LOOP();
	}
}
