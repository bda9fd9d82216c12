/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and specifications of PCI functions, good and bad. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include <viaduct/control.h>

#include "via/pci_spec.h"

static void test_bdf(void **state)
{
	static const struct {
		const char *text;
		uint32_t sbdf;
	} good[] = {
		{ "0000:02:00.0", 0x200 },
		{ "2:0.0", 0x200 },
		{ "ffff:ff:1f.7", 0xffffffff },
		{ "1:FF:1F.7", 0x1ffff },
		{ "00:00.0", 0 },
	};
	static const char *const bad[] = {
		"", "02:00", "02:00.", "02:00.8", "02:20.0", "100:00.0", "10000:00:00.0",
		"02:00.0 ",
		" 02:00.0", "0000:02:00.0x", "02-00.0", "0000:02:00.*", ":02:00.0",
		"0:0:0:0.0",
		"gg:00.0", "02:00.00", "02:000.0",
	};
	uint32_t sbdf;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(pci_bdf_parse(good[i].text, &sbdf));
		assert_int_equal(sbdf, good[i].sbdf);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pci_bdf_parse(bad[i], &sbdf)) {
			fail_msg("accepted: %s", bad[i]);
		}
	}
}

/* Three ways to write one thing. */
static void test_equivalents(void **state)
{
	static const char *const same[] = {
		"36:00.0@1a,seize=1", "36:00.0,vslot=1a,seize=1", "bdf=36:00.0,vslot=1a,seize=1",
		"seize=1,vslot=1A,bdf=0000:36:00.0,",
	};
	struct pci_spec spec;
	char why[96];

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(pci_spec_parse(same[i], &spec, why, sizeof(why)), 0);
		assert_true(spec.has_bdf);
		assert_int_equal(spec.sbdf, 0x3600);
		assert_int_equal(spec.vslot, 0x1a);
		assert_true(spec.seize);
		assert_false(spec.permissive);
		assert_false(spec.foreign);
	}
}

static void test_name_and_star(void **state)
{
	struct pci_spec spec;
	char why[96];

	assert_int_equal(pci_spec_parse("name=disk,vslot=2", &spec, why, sizeof(why)), 0);
	assert_false(spec.has_bdf);
	assert_string_equal(spec.name, "disk");
	assert_int_equal(pci_spec_parse("02:00.*,vslot=2,msitranslate=1", &spec, why, sizeof(why)),
			 0);
	assert_true(spec.all_functions);
	assert_true(spec.foreign);
}

static void test_quirks(void **state)
{
	struct pci_spec spec;
	char why[96];

	assert_int_equal(pci_spec_parse("02:00.0", &spec, why, sizeof(why)), 0);
	assert_int_equal(spec.quirks, 0);
	assert_int_equal(pci_spec_parse("02:00.0,quirk=no-reset", &spec, why, sizeof(why)), 0);
	assert_int_equal(spec.quirks, CONTROL_QUIRK_NO_RESET);
	assert_int_equal(pci_spec_parse("quirk=allow-gap,02:00.0", &spec, why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(pci_spec_parse("bdf=02:00.0,quirk=allow-gap,vslot=3,quirk=no-reset", &spec,
					why, sizeof(why)), 0);
	assert_int_equal(spec.quirks, CONTROL_QUIRK_NO_RESET | CONTROL_QUIRK_ALLOW_GAP);
	assert_string_equal(pci_quirk_name(1), "allow-gap");
	assert_string_equal(pci_quirk_name(0), "no-reset");
	assert_null(pci_quirk_name(31));
}

static void test_rom(void **state)
{
	struct pci_spec spec;
	char why[96];

	assert_int_equal(pci_spec_parse("02:00.0,rom=/boot/a b=c.rom,vslot=2", &spec, why,
					sizeof(why)), 0);
	assert_string_equal(spec.rom, "/boot/a b=c.rom");
	assert_int_equal(spec.vslot, 2);
	assert_int_equal(pci_spec_parse("02:00.0", &spec, why, sizeof(why)), 0);
	assert_string_equal(spec.rom, "");
}

static void test_bad_specs(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{ "", "malformed BDF" },
		{ "02:00.8", "malformed BDF" },
		{ "02:00.0@20", "malformed BDF" },
		{ "02:00.0@", "malformed BDF" },
		{ "02:00.0,vslot=20", "vslot" },
		{ "02:00.0,vslot=", "vslot" },
		{ "02:00.0,seize=yes", "seize" },
		{ "02:00.0,slot=1", "Unknown PCI_SPEC_STRING option: slot" },
		{ "02:00.0,rom=", "bad value for rom" },
		{ "02:00.*,rom=/boot/rom", "rom is for one function" },
		{ "02:00.0,quirk=fast", "no such quirk: quirk=fast" },
		{ "02:00.0,quirk=", "no such quirk" },
		{ "02:00.0,quirk=no-reset2", "no such quirk" },
		{ "02:00.0,,seize=1", "KEY=VALUE" },
		{ "02:00.0,seize", "KEY=VALUE" },
		{ "02:00.0,bdf=03:00.0", "bdf" },
		{ "02:00.0,name=disk", "exactly one" },
		{ "vslot=1", "exactly one" },
		{ "name=", "name" },
		{ "name=a b", "name" },
		{ "rdm_policy=maybe,bdf=02:00.0", "rdm_policy" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pci_spec spec;
		char why[96] = "";

		if (pci_spec_parse(cases[i].text, &spec, why, sizeof(why)) == 0 ||
		    strstr(why, cases[i].says) == NULL) {
			fail_msg("%s: %s", cases[i].text, why);
		}
	}
}

static void test_long(void **state)
{
	char text[2000], why[96];
	struct pci_spec spec;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(pci_spec_parse(text, &spec, why, sizeof(why)) < 0);
	text[400] = '\0';
	assert_true(pci_spec_parse(text, &spec, why, sizeof(why)) < 0);
	memcpy(text, "name=", 5);
	assert_true(pci_spec_parse(text, &spec, why, sizeof(why)) < 0);
	text[5 + 63] = '\0';
	assert_int_equal(pci_spec_parse(text, &spec, why, sizeof(why)), 0);
	assert_int_equal(strlen(spec.name), 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bdf),       cmocka_unit_test(test_equivalents),
		cmocka_unit_test(test_name_and_star), cmocka_unit_test(test_bad_specs),
		cmocka_unit_test(test_quirks),    cmocka_unit_test(test_long),
		cmocka_unit_test(test_rom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
