/* SPDX-License-Identifier: BSD-2-Clause */
/* EL2's own string functions, under other names, against those of the C library. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RENAMED(name) el2_##name
#define memcpy  RENAMED(memcpy)
#define memmove RENAMED(memmove)
#define memset  RENAMED(memset)
#define memcmp  RENAMED(memcmp)
#define memchr  RENAMED(memchr)
#define strlen  RENAMED(strlen)
#define strnlen RENAMED(strnlen)
#define strcmp  RENAMED(strcmp)
#define strncmp RENAMED(strncmp)
#define strchr  RENAMED(strchr)
#define strrchr RENAMED(strrchr)
#define strtoul RENAMED(strtoul)
#include "../../hypervisor/lib/string.c"
#include "../../hypervisor/lib/strtoul.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strtoul

#define SIZE 96

static void fill(uint8_t *p)
{
	for (int i = 0; i < SIZE; i++) {
		p[i] = (uint8_t)(rand() % 255 + 1);
	}
}

/* All alignments of both sides, all lengths, both directions of overlap. */
static void test_copies(void **state)
{
	_Alignas(16) uint8_t source[SIZE];
	_Alignas(16) uint8_t want[SIZE];
	_Alignas(16) uint8_t got[SIZE];

	srand(5);
	fill(source);
	for (uint32_t i = 0; i < 24 * 24 * 72; i++) {
		uint32_t to = i % 24;
		uint32_t from = i / 24 % 24;
		uint32_t n = i / 24 / 24;

		fill(want);
		memcpy(got, want, SIZE);
		memmove(want + to, want + from, n);
		assert_ptr_equal(el2_memmove(got + to, got + from, n), got + to);
		assert_memory_equal(got, want, SIZE);
		memcpy(want + to, source + from, n);
		assert_ptr_equal(el2_memcpy(got + to, source + from, n), got + to);
		assert_memory_equal(got, want, SIZE);
	}
}

/* Nothing beyond the source is read: the sanitizer looks. */
static void test_copy_stays_inside(void **state)
{
	uint8_t got[SIZE];

	for (uint32_t from = 0; from < 16; from++) {
		for (uint32_t n = 0; n < 72; n++) {
			uint8_t *source = malloc(from + n);

			memset(source, (int)n, from + n);
			el2_memcpy(got + n % 8, source + from, n);
			assert_memory_equal(got + n % 8, source + from, n);
			free(source);
		}
	}
}

static void test_memset(void **state)
{
	_Alignas(16) uint8_t want[SIZE];
	_Alignas(16) uint8_t got[SIZE];

	for (uint32_t at = 0; at < 20; at++) {
		for (uint32_t n = 0; n < 70; n++) {
			fill(want);
			memcpy(got, want, SIZE);
			memset(want + at, 0xa5, n);
			assert_ptr_equal(el2_memset(got + at, 0x7a5, n), got + at);
			assert_memory_equal(got, want, SIZE);
		}
	}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_comparisons(void **state)
{
	static const char *const texts[] = { "",  "a",    "ab",    "abc", "abd",
					     "b", "\xff", "a\x80", "aB" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			const char *a = texts[i];
			const char *b = texts[k];

			assert_int_equal(sign(el2_strcmp(a, b)), sign(strcmp(a, b)));
			for (size_t n = 0; n < 5; n++) {
				assert_int_equal(sign(el2_strncmp(a, b, n)),
						 sign(strncmp(a, b, n)));
			}
		}
	}
	assert_int_equal(sign(el2_memcmp("a\0b", "a\0c", 3)), -1);
	assert_int_equal(sign(el2_memcmp("\xff", "\x01", 1)), 1);
	assert_int_equal(el2_memcmp("a\0b", "a\0c", 2), 0);
}

static void test_searches(void **state)
{
	const char *text = "pci@4010000000,bus@1";

	for (int c = 0; c < 256; c++) {
		assert_ptr_equal(el2_strchr(text, c), strchr(text, c));
		assert_ptr_equal(el2_strrchr(text, c), strrchr(text, c));
		assert_ptr_equal(el2_memchr(text, c, 7), memchr(text, c, 7));
	}
	for (size_t max = 0; max < 30; max++) {
		assert_int_equal(el2_strnlen(text, max), strnlen(text, max));
	}
	assert_int_equal(el2_strlen(text), 20);
}

static void test_numbers(void **state)
{
	static const char *const texts[] = {
		"0", "42", " \t7", "+5", "-5", "0x1f", "0X1F", "0x", "0xg", "017", "08", "ff", "zz",
		"18446744073709551615", "18446744073709551616", "99999999999999999999999x",
		"0xffffffffffffffff", "0x10000000000000000", "", "-", "+x", "12abc", "0512M",
	};
	const int bases[] = { 0, 2, 8, 10, 16, 36 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t b = 0; b < ARRAY_SIZE(bases); b++) {
			char *want_end;
			char *got_end;
			unsigned long want = strtoul(texts[i], &want_end, bases[b]);

			assert_true(el2_strtoul(texts[i], &got_end, bases[b]) == want);
			assert_ptr_equal(got_end, want_end);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_copy_stays_inside),
		cmocka_unit_test(test_memset),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_searches),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
