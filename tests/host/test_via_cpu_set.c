/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of CPUs as people write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <viaduct/control.h>

#include "via/cpu_set.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void test_good(void **state)
{
	static const struct {
		const char *text;
		uint32_t set;
		const char *again;
	} cases[] = {
		{ "all", CONTROL_ANY_CPU, "all" },
		{ "0", 0x1, "0" },
		{ "15", 0x8000, "15" },
		{ "0-15", 0xffff, "0-15" },
		{ "2-2", 0x4, "2" },
		{ "3,1", 0xa, "1,3" },
		{ "0-3,^1", 0xd, "0,2-3" },
		{ " 0-3 , ^1 ", 0xd, "0,2-3" },
		{ "all,^0-13", 0xc000, "14-15" },
		{ "^0,all", CONTROL_ANY_CPU, "all" },
		{ "0-3,^1-2,1", 0xb, "0-1,3" },
		{ "0,2,4,6,8,10,12,14", 0x5555, "0,2,4,6,8,10,12,14" },
	};
	char why[96], text[CPU_SET_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t set;

		assert_int_equal(cpu_set_parse(cases[i].text, &set, why, sizeof(why)), 0);
		assert_int_equal(set, cases[i].set);
		assert_string_equal(cpu_set_text(set, text), cases[i].again);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "expected" },
		{ ",", "expected" },
		{ "1,", "expected" },
		{ "1 2", "expected" },
		{ "0 - 3", "expected" },
		{ "^ 1", "expected" },
		{ "3-1", "expected" },
		{ "1-", "expected" },
		{ "-1", "expected" },
		{ "nodes:0", "expected" },
		{ "alle", "expected" },
		{ "0x1", "expected" },
		{ "16", "up to 15" },
		{ "0-16", "up to 15" },
		{ "99999999999999999999", "up to 15" },
		{ "4294967296", "up to 15" },
		{ "^1", "no CPU is left" },
		{ "0-3,^all", "no CPU is left" },
	};
	char why[96];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t set;

		assert_true(cpu_set_parse(cases[i].text, &set, why, sizeof(why)) < 0);
		assert_non_null(strstr(why, cases[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
