/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "boot/cmdline.h"

static struct cmdline parse(const char *text)
{
	/* On the heap and not longer than the text, so that a read beyond it is seen. */
	char *copy = strdup(text);
	struct cmdline c;

	cmdline_parse(copy, &c);
	free(copy);
	return c;
}

static void test_defaults(void **state)
{
	struct cmdline c = parse("");

	(void)state;
	assert_int_equal(c.dom0_mem, 0);
	assert_int_equal(c.dom0_max_vcpus, 0);
	assert_int_equal(c.log_level, LOG_INFO);
	assert_int_equal(c.irq_limit, 200000);
	assert_int_equal(c.warning_count, 0);
}

static void test_irq_limit(void **state)
{
	(void)state;
	assert_int_equal(parse("irq_limit=1").irq_limit, 1);
	assert_int_equal(parse("irq_limit=0").irq_limit, 0);
	assert_int_equal(parse("irq_limit=4294967295").irq_limit, 0xffffffff);
	assert_int_equal(parse("irq_limit=4294967296").warning_count, 1);
	assert_int_equal(parse("irq_limit=").irq_limit, 200000);
}

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(parse("dom0_mem=1G").dom0_mem, 1ULL << 30);
	assert_int_equal(parse("dom0_mem=768M").dom0_mem, 768ULL << 20);
	assert_int_equal(parse("dom0_mem=524288K").dom0_mem, 512ULL << 20);
	assert_int_equal(parse("dom0_mem=524288").dom0_mem, 512ULL << 20);
	assert_int_equal(parse("dom0_mem=17179869183G").dom0_mem, 0xffffffffc0000000);
}

static void test_several_options(void **state)
{
	struct cmdline c = parse("  quiet   dom0_max_vcpus=3 dom0_mem=2g ");

	(void)state;
	assert_int_equal(c.log_level, LOG_WARN);
	assert_int_equal(c.dom0_max_vcpus, 3);
	assert_int_equal(c.dom0_mem, 2ULL << 30);
	assert_false(c.small_pages);
	assert_true(parse("quiet small-pages").small_pages);
	assert_false(parse("small-pages=").small_pages);
	assert_false(c.unwired_virq);
	assert_true(parse("unwired-virq quiet").unwired_virq);
	assert_int_equal(c.warning_count, 0);
	assert_int_equal(parse("quiet loglevel=debug").log_level, LOG_DEBUG);
	assert_int_equal(parse("loglevel=error").log_level, LOG_ERROR);
}

static void test_bad_values_change_nothing(void **state)
{
	static const char *const bad[] = {
		"dom0_mem=", "dom0_mem=G", "dom0_mem=0", "dom0_mem=1T", "dom0_mem=-1G",
		"dom0_mem=1G1", "dom0_mem=17179869184G", "dom0_mem=99999999999999999999",
		"dom0_max_vcpus=0", "dom0_max_vcpus=17", "dom0_max_vcpus=x", "loglevel=",
		"loglevel=loud", "loglevel=debugger",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cmdline c = parse(bad[i]);

		assert_int_equal(c.dom0_mem, 0);
		assert_int_equal(c.dom0_max_vcpus, 0);
		assert_int_equal(c.log_level, LOG_INFO);
		assert_int_equal(c.warning_count, 1);
		assert_non_null(strstr(c.warnings[0], "malformed"));
		assert_non_null(strstr(c.warnings[0], bad[i]));
	}
}

static void test_unknown_options_are_named(void **state)
{
	struct cmdline c = parse("console=dtuart quietly dom0_mem");

	(void)state;
	assert_int_equal(c.warning_count, 3);
	assert_non_null(strstr(c.warnings[0], "unknown option: console=dtuart"));
	assert_non_null(strstr(c.warnings[1], "quietly"));
	assert_int_equal(c.log_level, LOG_INFO);
}

static void test_many_and_long_unknown_options(void **state)
{
	char text[900];
	struct cmdline c;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 199; i < sizeof(text); i += 100) {
		text[i] = ' ';
	}
	text[sizeof(text) - 1] = '\0';
	c = parse(text);
	assert_int_equal(c.warning_count, CMDLINE_WARNINGS_MAX);
	for (uint32_t i = 0; i < CMDLINE_WARNINGS_MAX; i++) {
		assert_true(strlen(c.warnings[i]) < CMDLINE_WARNING_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_irq_limit),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_several_options),
		cmocka_unit_test(test_bad_values_change_nothing),
		cmocka_unit_test(test_unknown_options_are_named),
		cmocka_unit_test(test_many_and_long_unknown_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
