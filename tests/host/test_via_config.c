/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration files: the grammar, the keys, and what is said about bad ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "via/guest_config.h"

static const char minimal[] = "name = 'g'\nmemory = 64\nkernel = \"/boot/Image\"\n";

static int read_text(struct guest_config *g, const char *text, struct config_error *e)
{
	const struct guest_config_text t = { .file = text, .size = strlen(text) };

	return guest_config_read(g, &t, e);
}

static int read_with(struct guest_config *g, char *const *arguments, size_t count,
		     struct config_error *e)
{
	const struct guest_config_text t = { minimal, sizeof(minimal) - 1, arguments, count };

	return guest_config_read(g, &t, e);
}

static void test_everything(void **state)
{
	static const char text[] =
		"# a guest\n"
		"name = \"disk-user\"; memory=256 ;;\r\n"
		"shadow_memory = 130\n"
		"unsafe_interrupts = 1; watchdog = 1\n"
		"vcpus = '2'   # quoted numbers are numbers\n"
		"cpus = [ 1, '0-3,^1' ]; cpu_weight = 512; cap = 150\n"
		"unprotected_dma = 1\n"
		"on_poweroff = 'restart'; on_reboot = 'preserve'; on_watchdog = 'restart'\n"
		"kernel='/boot/Image'\n"
		"ramdisk = \"/boot/init\\\"ramfs\"\n"
		"extra = 'a=\"b\" # not a comment'\n"
		"pci = [ '0000:02:00.0', # first\n"
		"        \"03:00.1@1f,seize=1\",\n"
		"]";
	struct guest_config g;
	struct config_error e;

	assert_int_equal(read_text(&g, text, &e), 0);
	assert_string_equal(g.name, "disk-user");
	assert_int_equal(g.memory, 256);
	assert_int_equal(g.shadow_memory, 130);
	assert_int_equal(g.unprotected_dma, 1);
	assert_int_equal(g.unsafe_interrupts, 1);
	assert_int_equal(g.watchdog, 1);
	assert_int_equal(g.vcpus, 2);
	assert_string_equal(g.kernel, "/boot/Image");
	assert_string_equal(g.ramdisk, "/boot/init\"ramfs");
	assert_string_equal(g.extra, "a=\"b\" # not a comment");
	assert_int_equal(g.cpus[0], 1U << 1);
	assert_int_equal(g.cpus[1], 0xdU);
	assert_int_equal(g.cpus[2], 0);
	assert_int_equal(g.cpu_weight, 512);
	assert_int_equal(g.cap, 150);
	assert_true(g.watched);
	assert_int_equal(g.policies[CONTROL_POWEROFF], GUEST_RESTART);
	assert_int_equal(g.policies[CONTROL_REBOOT], GUEST_PRESERVE);
	assert_int_equal(g.policies[CONTROL_WATCHDOG], GUEST_RESTART);
	assert_int_equal(g.policies[CONTROL_CRASH], GUEST_DESTROY);
	assert_int_equal(g.pci_count, 2);
	assert_int_equal(g.pci[0].spec.sbdf, 0x200);
	assert_int_equal(g.pci[1].spec.sbdf, 0x301);
	assert_int_equal(g.pci[1].spec.vslot, 0x1f);
	assert_true(g.pci[1].spec.seize);
	guest_config_free(&g);
}

static void test_defaults(void **state)
{
	struct guest_config g;
	struct config_error e;

	assert_int_equal(read_text(&g, minimal, &e), 0);
	assert_int_equal(g.vcpus, 1);
	assert_null(g.ramdisk);
	assert_null(g.extra);
	assert_false(g.watched);
	assert_int_equal(g.policies[CONTROL_POWEROFF], GUEST_DESTROY);
	assert_int_equal(g.policies[CONTROL_REBOOT], GUEST_RESTART);
	assert_int_equal(g.policies[CONTROL_WATCHDOG], GUEST_DESTROY);
	assert_int_equal(g.watchdog, 0);
	assert_int_equal(g.policies[CONTROL_CRASH], GUEST_DESTROY);
	assert_int_equal(g.pci_count, 0);
	guest_config_free(&g);
}

static void test_firmware(void **state)
{
	struct guest_config g;
	struct config_error e;

	assert_int_equal(read_text(&g, "name = 'g'\nmemory = 64\nfirmware = 'u-boot.bin'", &e), 0);
	assert_string_equal(g.firmware, "u-boot.bin");
	assert_null(g.kernel);
	guest_config_free(&g);
	assert_int_equal(read_text(&g, minimal, &e), 0);
	assert_null(g.firmware);
	guest_config_free(&g);
}

struct bad {
	const char *text;
	unsigned int line;
	const char *says; /* part of the message */
};

static void test_bad_files(void **state)
{
	static const struct bad cases[] = {
		{ "name = 'g'\nmemroy = 64\n", 2, "unknown key \"memroy\"" },
		{ "name = 'g'\nname = 'h'\n", 2, "line 1" },
		{ "name = 'g\n'", 1, "without closing '" },
		{ "name = \"g", 1, "without closing \"" },
		{ "name = g\n", 1, "quoted string" },
		{ "name 'g'\n", 1, "'='" },
		{ "\n\nname = \n", 3, "end of the line" },
		{ "name =", 1, "end of the file" },
		{ "name = 'g' memory = 1\n", 1, "end of line" },
		{ "name = 5\n", 1, "string in quotes" },
		{ "name = 'g'\non_crash = 'explode'\n", 2,
		  "on_crash: \"explode\" is none of destroy, restart, preserve" },
		{ "on_crash = 'coredump-destroy'\n", 1, "\"coredump-destroy\" is not served" },
		{ "on_reboot = 'rename-restart'\n", 1, "\"rename-restart\" is not served" },
		{ "on_poweroff = 0\n", 1, "on_poweroff must be a string in quotes" },
		{ "name = ''\n", 1, "empty" },
		{ "memory = [ 1 ]\n", 1, "must be a number" },
		{ "memory = 12x\n", 1, "must be a number" },
		{ "memory = 'lots'\n", 1, "must be a number" },
		{ "memory = -64\n", 1, "between" },
		{ "memory = 99999999999999999999\n", 1, "must be a number" },
		{ "memory = 0\n", 1, "between" },
		{ "shadow_memory = 0\n", 1, "between 1 and 4096" },
		{ "shadow_memory = 4097\n", 1, "between 1 and 4096" },
		{ "watchdog = 2\n", 1, "between 0 and 1" },
		{ "unsafe_interrupts = 2\n", 1, "between 0 and 1" },
		{ "vcpus = 17\n", 1, "between 1 and 16" },
		{ "vcpus = 0\n", 1, "between 1 and 16" },
		{ "cpus = '0-'\n", 1, "cpus: \"0-\": \"all\" or numbers" },
		{ "\ncpus = [ '0', '1', '17' ]\n", 2, "cpus: \"17\": CPUs have numbers up to 15" },
		{ "cpus = '1,^1'\n", 1, "no CPU is left" },
		{ "cpu_weight = 0\n", 1, "between 1 and 65535" },
		{ "cap = -1\n", 1, "between 0 and 1600" },
		{ "disk = [ 'x' ]\n", 1, "no virtual disks" },
		{ "vif = [ '' ]\n", 1, "no virtual network" },
		{ "pci = '02:00.0'\n", 1, "must be a list" },
		{ "pci = [\n'02:00.0',\n'02:00.9' ]\n", 1, "malformed BDF" },
		{ "vcpus = 1\npci = [ '02:00.0,quirk=fast' ]\n", 2, "no such quirk: quirk=fast" },
		{ "pci = [ ['x'] ]\n", 1, "hold a list" },
		{ "pci = [ '02:00.0' '03:00.0' ]\n", 1, "',' or ']'" },
		{ "pci = [ , ]\n", 1, "expected" },
		{ "pci = [ '02:00.0'", 1, "end of the file" },
		{ "name = 'a\\q'\n", 1, "after a backslash" },
		{ "1name = 'g'\n", 1, "a key" },
		{ "memory = 64\nkernel = 'k'\n", 0, "name is missing" },
		{ "name = 'g'\nkernel = 'k'\n", 0, "memory is missing" },
		{ "name = 'g'\nmemory = 64\n", 0, "kernel or firmware is missing" },
		{ "name = 'g'\nmemory = 64\nkernel = ''\n", 3, "kernel is empty" },
		{ "name = 'g'\nmemory = 64\nfirmware = ''\n", 3, "firmware is empty" },
		{ "name = 'g'\nmemory = 64\nfirmware = 1\n", 3, "string in quotes" },
		{ "name = 'g'\nmemory = 64\nkernel = 'k'\nfirmware = 'f'\n", 3,
		  "kernel does not go with firmware (line 4)" },
		{ "name = 'g'\nmemory = 64\nfirmware = 'f'\nramdisk = 'r'\n", 4,
		  "ramdisk does not go with firmware (line 3)" },
		{ "name = 'g'\nmemory = 64\nfirmware = 'f'\nunprotected_dma = 1\n", 4,
		  "unprotected_dma does not go with firmware (line 3)" },
		{ "name = 'g'\nmemory = 64\nkernel = 'k'\nunprotected_dma = 2\n", 4,
		  "unprotected_dma must be between 0 and 1" },
		{ "name = 'g'\nmemory = 64\nfirmware = 'f'\n\nextra = ''\n", 5,
		  "extra does not go with firmware (line 3)" },
		{ "memory = 64\nkernel='k'\nname = 'a b'", 3, "printable" },
		{ "memory = 64\nkernel='k'\nname = '17'", 3, "must not be a number" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct guest_config g;
		struct config_error e = { 0 };

		assert_true(read_text(&g, cases[i].text, &e) < 0);
		if (e.at.line != cases[i].line || strstr(e.text, cases[i].says) == NULL) {
			fail_msg("%s: line %u: %s", cases[i].text, e.at.line, e.text);
		}
		assert_int_equal(g.parsed.count, 0);
	}
}

/* Every beginning of a good file is read without harm, and never half of it kept. */
static void test_truncated(void **state)
{
	static const char text[] = "name = 'g'\nmemory = 64\nkernel = \"k\\n\"\n"
				   "pci = [ '02:00.0', \"03:00.0\" ]\n";

	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		struct guest_config g;
		struct config_error e;

		const struct guest_config_text t = { .file = text, .size = size };

		if (guest_config_read(&g, &t, &e) == 0) {
			assert_string_equal(g.kernel, "k\n");
			guest_config_free(&g);
		} else {
			assert_true(strlen(e.text) > 0);
		}
	}
}

static void test_binary(void **state)
{
	static const char nul[] = "name = 'a\0b'\n";
	const struct guest_config_text t = { .file = nul, .size = sizeof(nul) - 1 };
	struct guest_config g;
	struct config_error e;

	assert_true(guest_config_read(&g, &t, &e) < 0);
	assert_non_null(strstr(e.text, "0x00"));
	assert_true(read_text(&g, "\xff\xfe", &e) < 0);
	assert_int_equal(e.at.line, 1);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		long long value;
	} cases[] = { { "memory = 0x40", 64 }, { "memory = 0100", 64 }, { "memory = '64'", 64 } };

	for (size_t i = 0; i < 3; i++) {
		struct config c;
		struct config_error e;
		long long value = 0;

		assert_int_equal(config_parse(&c, cases[i].text, strlen(cases[i].text), &e), 0);
		assert_int_equal(config_number(&config_find(&c, "memory")->value, &value), 0);
		assert_int_equal(value, cases[i].value);
		config_free(&c);
	}
}

/* What the command line says counts, and the last word of it. */
static void test_arguments(void **state)
{
	char *arguments[] = { "memory=128;vcpus = 2", "extra='a b'", "pci=['02:00.0', \"03:00.0\"]",
			      "memory=256", "" };
	struct guest_config g;
	struct config_error e;

	assert_int_equal(read_with(&g, arguments, 5, &e), 0);
	assert_string_equal(g.name, "g");
	assert_int_equal(g.memory, 256);
	assert_int_equal(g.vcpus, 2);
	assert_string_equal(g.extra, "a b");
	assert_int_equal(g.pci_count, 2);
	assert_int_equal(g.pci[1].spec.sbdf, 0x300);
	guest_config_free(&g);
}

static void test_bad_arguments(void **state)
{
	static const struct {
		char *argument;
		const char *says;
	} cases[] = {
		{ "memory", "'=' expected at the end of the argument" },
		{ "memory=", "expected at the end of the argument" },
		{ "name=h", "quoted string" },
		{ "memory=0", "between" },
		{ "memory=1;memory=2", "memory was set in line 1 already" },
		{ "memroy=64", "unknown key \"memroy\"" },
		{ "name='17'", "must not be a number" },
		{ "name='g", "without closing '" },
		{ "kernel=[ 'a', 'b'", "end of the argument" },
		{ "kernel=''", "kernel is empty" },
		{ "pci=[ '02:00.9' ]", "malformed BDF" },
	};
	char *firmware[] = { "vcpus=1", "firmware='f'" };
	struct guest_config g;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *arguments[] = { "vcpus=2", cases[i].argument };
		struct config_error e = { 0 };

		assert_true(read_with(&g, arguments, 2, &e) < 0);
		assert_ptr_equal(e.at.argument, cases[i].argument);
		if (strstr(e.text, cases[i].says) == NULL) {
			fail_msg("%s: %s", cases[i].argument, e.text);
		}
		assert_int_equal(g.parsed.count, 0);
	}
	/* The file's line is the bad one where an argument speaks against it. */
	for (size_t count = 1; count <= 2; count++) {
		struct config_error e = { 0 };

		assert_int_equal(read_with(&g, firmware, count, &e), count == 1 ? 0 : -EINVAL);
		if (count == 1) {
			guest_config_free(&g);
			continue;
		}
		assert_null(e.at.argument);
		assert_int_equal(e.at.line, 3);
		assert_string_equal(e.text, "kernel does not go with firmware (in an argument)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything), cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_firmware),   cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_binary),
		cmocka_unit_test(test_numbers),	   cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
