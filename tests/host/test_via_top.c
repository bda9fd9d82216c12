/* SPDX-License-Identifier: BSD-2-Clause */
/* top: what its lines say, and its keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "fake_top_screen.h"
#include "via/top_text.h"
#include "via_run.h"

#define MS 1000000ULL

static struct top_domain before_domains[2], now_domains[2];
static struct control_function before_function, now_function;
static struct top_look before, now;
static char text[4096];

/* Two looks, two seconds apart. The second domain is new. */
static void begin(void)
{
	memset(before_domains, 0, sizeof(before_domains));
	memset(now_domains, 0, sizeof(now_domains));
	before = (struct top_look){ .domains = before_domains, .domain_count = 1,
				    .functions = &before_function, .function_count = 1 };
	now = (struct top_look){ .domains = now_domains, .domain_count = 2,
				 .functions = &now_function, .function_count = 1 };
	before.info.uptime_ns = 10000 * MS;
	now.info = (struct control_info){ .uptime_ns = 12000 * MS, .cpu_count = 2,
					  .ram_bytes = 4096ULL << 20, .free_bytes = 100ULL << 20 };
	before_domains[0] = (struct top_domain){
		.domain = { .name = "Domain-0", .state = CONTROL_DOMAIN_STATE_RUNNING,
			    .vcpu_count = 1, .cpu_ns = 5000 * MS },
		.vcpus = { { .state = CONTROL_VCPU_RUNNING, .cpu_ns = 5000 * MS } },
		.vcpu_count = 1,
	};
	before_domains[0].stats.exits[CONTROL_EXIT_HVC] = 10;
	now_domains[0] = before_domains[0];
	now_domains[0].domain.cpu_ns += 500 * MS;
	now_domains[0].vcpus[0].cpu_ns += 500 * MS;
	now_domains[0].stats.exits[CONTROL_EXIT_HVC] += 20;
	now_domains[0].stats.exits[CONTROL_EXIT_SMC] += 4;
	now_domains[0].stats.exits[CONTROL_EXIT_FAULT] += 2;
	now_domains[1] = (struct top_domain){
		.domain = { .name = "guest", .id = 7, .state = CONTROL_DOMAIN_STATE_RUNNING,
			    .vcpu_count = 2, .cpu_ns = 3000 * MS },
		.stats = { .interrupts = 400 },
		.vcpus = { { .state = CONTROL_VCPU_READY, .cpu_ns = 1000 * MS },
			   { .index = 1, .state = CONTROL_VCPU_RUNNING, .cpu = 1,
			     .cpu_ns = 2000 * MS } },
		.vcpu_count = 2,
	};
	before_function = (struct control_function){
		.name = "disk", .sbdf = 0x10203, .vendor = 0x1b36, .device = 0x10,
		.state = CONTROL_FUNCTION_LENT, .user = 7, .interrupts = 100, .faults = 3
	};
	now_function = before_function;
	now_function.interrupts = 300;
}

static const char *print(unsigned int flags)
{
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	top_print(f, &before, &now, flags);
	fclose(f);
	return text;
}

static const char heading[] =
	"up 12 s, 2 domains, 2 CPUs, memory 4096 MiB, free 100 MiB\n"
	"Name                    ID State      CPU% VCPUs  PCI intr/s    irq    wfi   call sysreg    "
	"gic    its    pci   uart  other\n";
static const char control[] =
	"Domain-0                 0 running    25.0     1    0      0      0      0     12      0      "
	"0      0      0      0      1\n";
static const char guest[] =
	"guest                    7 running   150.0     2    1    200      0      0      0      0      "
	"0      0      0      0      0\n";

static void test_lines(void **state)
{
	char expected[2048];

	begin();
	snprintf(expected, sizeof(expected), "%s%s%s", heading, control, guest);
	assert_string_equal(print(0), expected);
	snprintf(expected, sizeof(expected), "%s%s%s", heading, guest, control);
	assert_string_equal(print(TOP_BY_CPU), expected);
	snprintf(expected, sizeof(expected), "%s%s%s%s%s%s%s", heading, control,
		 "  vCPU 0  on CPU 0        running    25.0\n", guest,
		 "  vCPU 0  on CPU 0        ready      50.0\n",
		 "  vCPU 1  on CPU 1        running   100.0\n",
		 "  0001:02:00.3 1b36:0010 disk                 interrupts/s 100, faults 3\n");
	assert_string_equal(print(TOP_VCPUS | TOP_FUNCTIONS), expected);
}

/* No time between two looks, and counters that fell because a domain began anew. */
static void test_no_nonsense(void **state)
{
	begin();
	now.info.uptime_ns = before.info.uptime_ns;
	assert_null(strstr(print(TOP_VCPUS | TOP_FUNCTIONS), "inf"));
	assert_null(strstr(text, "nan"));
	begin();
	now_domains[0].domain.cpu_ns = 0;
	now_domains[0].stats.exits[CONTROL_EXIT_HVC] = 0;
	assert_non_null(strstr(print(0), "Domain-0                 0 running     0.0"));
}

static void test_batch(void **state)
{
	assert_int_equal(create_with("memory = 32", "vcpus=2"), 0);
	assert_int_equal(via("top -b -d 0 -n 2 -v"), 0);
	assert_says(out, "\ncontrol                  0 running     0.0     1    0 ");
	assert_says(out, "\nguest                    1 running     0.0     2    0 ");
	assert_says(out, "\n  vCPU 1  on CPU 1        ");
	/* Twice, an empty line between. */
	assert_says(out, "\n\nup 0 s, 2 domains, 2 CPUs, memory 1024 MiB, free 480 MiB\nName ");
	assert_int_equal(via("destroy guest"), 0);
}

static void test_bad_options(void **state)
{
	assert_int_equal(via("top -b -n some"), 2);
	assert_says(err, "via top: -n: \"some\" is no number, or too big\n");
	assert_int_equal(via("top -b -d 4000"), 2);
	assert_int_equal(via("top -b -d -1"), 2);
	assert_int_equal(via("top -b -d nan"), 2);
	assert_int_equal(via("top guest"), 2);
	assert_int_equal(via("top --json"), 2);
	fake_top_screen.usable = false;
	assert_int_equal(via("top"), 1);
	assert_string_equal(err, "via top: this is no terminal that top can use; -b prints text\n");
}

static void test_keys(void **state)
{
	fake_top_screen = (struct fake_top_screen){ .usable = true, .keys = "v" };
	assert_int_equal(via("top -d 100"), 0);
	assert_false(fake_top_screen.open);
	assert_int_equal(fake_top_screen.shows, 2);
	assert_int_equal(fake_top_screen.fixed, TOP_HEADINGS);
	assert_non_null(strstr(fake_top_screen.shown, "\n  vCPU 0  on CPU 0 "));
	/* Twice is off; scrolling ends where the lines do; Ctrl-C leaves too. */
	fake_top_screen = (struct fake_top_screen){ .usable = true, .keys = "vvfDDDDU s+- \003z" };
	assert_int_equal(via("top -d 100"), 0);
	assert_null(strstr(fake_top_screen.shown, "vCPU 0"));
	assert_int_equal(fake_top_screen.skip, 0);
	assert_string_equal(fake_top_screen.keys, "z");
	assert_int_equal(via("top -d 0 -n 3"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines),
		TEST(test_no_nonsense),
		TEST(test_batch),
		TEST(test_bad_options),
		TEST(test_keys),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
