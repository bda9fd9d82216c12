/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole command lines, from arguments to output and exit status, over a model of the machine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "libviaduct/transport.h"
#include "via_run.h"

static void test_usage(void **state)
{
	assert_int_equal(via(""), 2);
	assert_says(err, "usage: via COMMAND");
	assert_int_equal(via("--help"), 0);
	assert_says(out, "pci-assignable-add");
	assert_int_equal(via("--version"), 0);
	assert_int_equal(strncmp(out, "via ", 4), 0);
	assert_int_equal(via("frobnicate"), 2);
	assert_says(err, "frobnicate");
	assert_int_equal(via("create"), 2);
	assert_int_equal(via("list --frob"), 2);
	assert_int_equal(via("list --svg"), 2);
	assert_int_equal(via("create --json x"), 2);
	assert_int_equal(via("pci-list"), 2);
	assert_int_equal(via("pci-list -a x"), 2);
	assert_int_equal(via("destroy --help"), 0);
	assert_says(out, "usage: via destroy DOMAIN");
}

/* An older via and a newer hypervisor, or the reverse. */
static void test_other_versions(void **state)
{
	char why[256] = "";

	assert_int_equal(transport_check_abi(CONTROL_ABI_VERSION, why, sizeof(why)), 0);
	assert_string_equal(why, "");
	assert_int_equal(transport_check_abi(CONTROL_ABI_VERSION + 1, why, sizeof(why)), -EPROTO);
	assert_says(why, "the hypervisor is newer than this program: it speaks version");
	assert_says(why, "use the tools built with the hypervisor that runs");
	assert_int_equal(transport_check_abi(CONTROL_ABI_VERSION - 1, why, sizeof(why)), -EPROTO);
	assert_says(why, "the hypervisor is older than this program: it speaks version");
	/* All bits set is what a function that is gone reads. */
	assert_int_equal(transport_check_abi(~0U, why, sizeof(why)), -EPROTO);
}

static void test_list(void **state)
{
	assert_int_equal(via("list"), 0);
	assert_string_equal(
		out, "Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
		     "control                                      0   512     1     r-----      "
		     "12.3\n");
	assert_int_equal(via("list -v"), 0);
	assert_string_equal(
		out,
		"Name                                        ID   Mem VCPUs\tState\tTime(s) Reason"
		"   Weight  Cap Lent\n"
		"control                                      0   512     1     r-----      "
		"12.3 -           256    0    0\n");
	assert_int_equal(
		create("memory = 32; cpu_weight = 99; cap = 50; pci = ['02:00.0,seize=1']"), 0);
	assert_int_equal(via("list -v guest"), 0);
	assert_says(out, " -            99   50    1\n");
	assert_int_equal(via("list -v --json guest"), 0);
	assert_says(out, "[{\"name\": \"guest\", ");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(via("list --json"), 0);
	assert_string_equal(out,
			    "[{\"name\": \"control\", \"id\": 0, \"memory\": 512, \"vcpus\": 1, "
			    "\"state\": \"running\", \"control\": true, \"isolated\": true, "
			    "\"unsafe_interrupts\": false, \"watchdog\": false, "
			    "\"cpu_seconds\": 12.345}]\n");
	assert_int_equal(via("list nobody"), 1);
	assert_says(err, "no domain is called \"nobody\"");
	assert_int_equal(via("list 0 control"), 0);
	assert_says(out, "control ");
}

static void test_looking(void **state)
{
	assert_int_equal(via("info"), 0);
	assert_says(out, "viaduct_version        : 1.2.3\n");
	assert_says(out, "free_memory            : 512\n");
	assert_int_equal(via("info --json"), 0);
	assert_says(out, "\"its\": true, \"smmu\": false");
	assert_int_equal(via("dmesg"), 0);
	assert_string_equal(out, "[    0.000000] boot: hello\n");
	assert_int_equal(via("stats 0"), 0);
	assert_says(out, "exits_hvc              : 42\n");
	assert_int_equal(via("stats --json control"), 0);
	assert_says(out, "\"interrupts\": 7");
}

static int with_input(const char *text, const char *arguments)
{
	int fds[2], saved = dup(0), status;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
	close(fds[1]);
	dup2(fds[0], 0);
	close(fds[0]);
	status = via(arguments);
	dup2(saved, 0);
	close(saved);
	return status;
}

/* Not a terminal: output is copied, input sent, until the domain ends. */
static void test_console(void **state)
{
	assert_int_equal(create("memory = 64"), 0);
	world.printed = "Booting Linux\r\nlogin: ";
	assert_int_equal(with_input("root\npassword\n", "console guest"), 0);
	assert_string_equal(out, world.printed);
	/* What the domain took before it ended is what was typed, in order, without holes. */
	assert_int_equal(strncmp(world.typed, "root\npassword\n", strlen(world.typed)), 0);
	assert_true(strlen(world.typed) > 0);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "---s--");
	/* Ended already: what is kept is shown, once. */
	assert_int_equal(with_input("", "console guest"), 0);
	assert_string_equal(out, world.printed);
	assert_int_equal(via("console control"), 1);
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(via("console guest"), 1);
}

static void test_console_escape(void **state)
{
	assert_int_equal(create("memory = 64"), 0);
	world.printed = NULL; /* says nothing, never ends */
	assert_int_equal(with_input("abcdef\x1dghi", "console guest"), 0);
	assert_null(strstr(world.typed, "g"));
	assert_int_equal(via("destroy guest"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_usage),
		TEST(test_other_versions),
		TEST(test_list),
		TEST(test_looking),
		TEST(test_console),
		TEST(test_console_escape),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
