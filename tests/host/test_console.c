/* SPDX-License-Identifier: BSD-2-Clause */
/* Pure parts of log and console: the text ring, the rate limit, the focus escape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/console_focus.h"
#include "core/log_ring.h"

static void test_ring_gives_back_what_was_put(void **state)
{
	char text[64];
	struct text_ring r = { .text = text, .size = sizeof(text) };
	char buf[64];
	uint64_t pos = 0;

	(void)state;
	assert_int_equal(text_ring_get(&r, &pos, buf, sizeof(buf)), 0);
	text_ring_put(&r, "one ", 4);
	text_ring_put(&r, "two", 3);
	assert_int_equal(text_ring_get(&r, &pos, buf, 5), 5);
	assert_memory_equal(buf, "one t", 5);
	assert_int_equal(text_ring_get(&r, &pos, buf, sizeof(buf)), 2);
	assert_memory_equal(buf, "wo", 2);
	assert_int_equal(text_ring_get(&r, &pos, buf, sizeof(buf)), 0);
	assert_int_equal(pos, 7);
}

static void test_ring_skips_lost_text(void **state)
{
	char text[16];
	struct text_ring r = { .text = text, .size = sizeof(text) };
	char buf[64];
	uint64_t pos = 0;

	(void)state;
	text_ring_put(&r, "0123456789abcdefghij", 20);
	assert_int_equal(text_ring_get(&r, &pos, buf, sizeof(buf)), 16);
	assert_memory_equal(buf, "456789abcdefghij", 16);
	assert_int_equal(pos, 20);
	pos = 1000; /* a position nobody gave out */
	assert_int_equal(text_ring_get(&r, &pos, buf, sizeof(buf)), 0);
	assert_int_equal(pos, 20);
}

static uint32_t passed(uint64_t *tokens, uint64_t *last, uint64_t now, uint32_t tries)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < tries; i++) {
		n += log_bucket_take(tokens, last, now, 1000);
	}
	return n;
}

static void test_rate_limit(void **state)
{
	uint64_t tokens = 0;
	uint64_t last = 0;

	(void)state;
	/* A burst of 10, then 5 a second; a pause refills no more than the burst. */
	assert_int_equal(passed(&tokens, &last, 5000, 100), 10);
	assert_int_equal(passed(&tokens, &last, 5100, 100), 0);
	assert_int_equal(passed(&tokens, &last, 5200, 100), 1);
	assert_int_equal(passed(&tokens, &last, 6200, 100), 5);
	assert_int_equal(passed(&tokens, &last, 1000000, 100), 10);
	assert_int_equal(passed(&tokens, &last, 10, 100), 0); /* time does not run backwards */
}

static void test_rate_over_a_minute(void **state)
{
	uint64_t tokens = 0;
	uint64_t last = 0;
	uint32_t n = 0;

	(void)state;
	for (uint64_t now = 1; now <= 60000; now++) {
		n += passed(&tokens, &last, now, 3);
	}
	assert_in_range(n, 10 + 5 * 59, 10 + 5 * 60);
}

/* What reaches the focus when text is typed; '^' stands for a rotation. */
static void type(struct console_escape *e, const char *text, char *out)
{
	for (; *text != '\0'; text++) {
		struct console_plan plan = console_escape_step(e, *text);

		if (plan.rotate) {
			*out++ = '^';
		}
		for (uint32_t i = 0; i < plan.escapes; i++) {
			*out++ = 0x0f;
		}
		if (plan.deliver) {
			*out++ = *text;
		}
	}
	*out = '\0';
}

static void test_escape(void **state)
{
	static const struct {
		const char *typed;
		const char *wanted;
	} rows[] = {
		{ "ls\r", "ls\r" },
		{ "\x0f\x0f\x0f", "^" },
		{ "a\x0f\x0f\x0f" "b", "a^b" },
		{ "\x0f" "a", "\x0f" "a" },
		{ "\x0f\x0f" "a\x0f\x0f\x0f", "\x0f\x0f" "a^" },
		{ "\x0f\x0f\x0f\x0f\x0f\x0f", "^^" },
		{ "\x0f\x0f\x0f\x0f" "a", "^\x0f" "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct console_escape e = { 0 };
		char out[32];

		type(&e, rows[i].typed, out);
		assert_string_equal(out, rows[i].wanted);
	}
}

/* Every byte at every place of a line: wherever it begins, none of its neighbours changes. */
static void test_control_characters_become_question_marks(void **state)
{
	_Alignas(8) char buffer[40];

	(void)state;
	for (uint32_t byte = 0; byte < 256; byte++) {
		for (size_t begin = 1; begin < 9; begin++) {
			for (size_t at = begin; at < begin + 20; at++) {
				bool control = byte < 0x20 || byte == 0x7f;

				memset(buffer, 1, sizeof(buffer));
				memset(buffer + begin, at % 2 != 0 ? ' ' : '~', 20);
				buffer[at] = (char)byte;
				text_sanitize(buffer + begin, 20);
				for (size_t i = 0; i < sizeof(buffer); i++) {
					char expected = i < begin || i >= begin + 20 ? 1
							: at % 2 != 0		     ? ' '
										     : '~';

					expected = i == at ? control ? '?' : (char)byte : expected;
					assert_int_equal(buffer[i], expected);
				}
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_characters_become_question_marks),
		cmocka_unit_test(test_ring_gives_back_what_was_put),
		cmocka_unit_test(test_ring_skips_lost_text),
		cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_rate_over_a_minute),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
