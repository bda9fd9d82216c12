/* SPDX-License-Identifier: BSD-2-Clause */
/* format() against snprintf() of the C library for everything both offer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/format.h"
#include "lib/string.h"
#include "lib/types.h"

#define SAME(...)                                                                                  \
	do {                                                                                       \
		char want[128];                                                                    \
		char got[128];                                                                     \
		int want_length = snprintf(want, sizeof(want), __VA_ARGS__);                       \
		int got_length = format(got, sizeof(got), __VA_ARGS__);                            \
		assert_string_equal(got, want);                                                    \
		assert_int_equal(got_length, want_length);                                         \
	} while (0)

static void test_integers(void **state)
{
	const int values[] = { 0, 1, -1, 9, 10, -10, 123456, INT_MAX, INT_MIN };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		unsigned int u = (unsigned int)values[i];

		SAME("%d|%i|%u|%x|%X", values[i], values[i], u, u, u);
		SAME("%5d|%-5d|%05d|%12u|%-12x|%012X", values[i], values[i], values[i], u, u, u);
	}
	SAME("%ld %lu %lx %lX", LONG_MIN, ULONG_MAX, ULONG_MAX, 0xabcdefUL);
	SAME("%lld %llu %llx %016llx", LLONG_MIN, ULLONG_MAX, 1ULL << 63, 0x1234ULL);
	SAME("%zu %02x:%02x.%x", (size_t)77, 1, 255, 7);
	SAME("%02hhx %hu", (unsigned char)200, (unsigned short)65535);
}

static void test_strings(void **state)
{
	char unterminated[3] = { 'a', 'b', 'c' };

	SAME("%s|%10s|%-10s|%2s", "text", "right", "left", "longer");
	SAME("%.2s|%.9s|%6.3s|%-6.3s|", "text", "text", "text", "text");
	SAME("%.*s|%*d|%-*d|", 3, unterminated, 6, 42, 6, 42);
	SAME("%c%c|%3c|%-3c|%%", 'x', 'y', 'z', 'z');
}

static void test_pointer(void **state)
{
	char text[32];

	format(text, sizeof(text), "%p", (void *)(uintptr_t)0x40080000);
	assert_string_equal(text, "0x40080000");
}

/* Whatever the size: terminated, a prefix of the whole, nothing behind the end touched. */
static void test_truncation(void **state)
{
	const char *whole = "domain 12: value 0x00ff";

	for (size_t size = 0; size < 40; size++) {
		char buf[48];
		size_t kept = size == 0 ? 0 : MIN(size - 1, strlen(whole));

		memset(buf, '#', sizeof(buf));
		assert_int_equal(format(buf, size, "%s %d: value 0x%04x", "domain", 12, 255),
				 strlen(whole));
		assert_memory_equal(buf, whole, kept);
		if (size != 0) {
			assert_int_equal(buf[kept], '\0');
		}
		for (size_t i = size; i < sizeof(buf); i++) {
			assert_int_equal(buf[i], '#');
		}
	}
}

static void test_str_copy(void **state)
{
	char buf[4] = { '#', '#', '#', '#' };

	assert_int_equal(str_copy(buf, "abcdef", 0), 6);
	assert_int_equal(buf[0], '#');
	assert_int_equal(str_copy(buf, "abcdef", sizeof(buf)), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(str_copy(buf, "xy", sizeof(buf)), 2);
	assert_string_equal(buf, "xy");
	assert_int_equal(str_copy(buf, "abc", sizeof(buf)), 3);
	assert_string_equal(buf, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),  cmocka_unit_test(test_strings),
		cmocka_unit_test(test_pointer),   cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_str_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
