/* SPDX-License-Identifier: BSD-2-Clause */
/* pci-assignable-add, -remove and -list, and what pci-list says of functions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "iommu/iommu.h"
#include "via_run.h"

static void test_assignable(void **state)
{
	assert_int_equal(via("pci-assignable-list"), 0);
	assert_string_equal(out, "");
	assert_int_equal(via("pci-assignable-add -n disk 0000:02:00.0"), 0);
	assert_false(bound);
	assert_int_equal(via("pci-assignable-list"), 0);
	assert_string_equal(out, "0000:02:00.0 \n");
	assert_int_equal(via("pci-assignable-list -n"), 0);
	assert_string_equal(out, "0000:02:00.0 disk\n");
	assert_int_equal(via("pci-assignable-list --json --show-names"), 0);
	assert_string_equal(out, "[{\"bdf\": \"0000:02:00.0\", \"name\": \"disk\", "
				 "\"isolated\": true, \"quirks\": []}]\n");
	/* Again: success, with a word. */
	assert_int_equal(via("pci-assignable-add 2:0.0"), 0);
	assert_says(err, "already");
	/* By name, with the driver back. */
	assert_int_equal(via("pci-assignable-remove -r disk"), 0);
	assert_true(bound);
	assert_int_equal(world_pci(WORLD_DISK)->state, FUNCTION_OWNED);
	assert_int_equal(via("pci-assignable-remove 0000:02:00.0"), 0);
}

static void test_assignable_refused(void **state)
{
	assert_int_equal(via("pci-assignable-add 0000:02:00"), 2);
	assert_says(err, "pci-assignable-add: malformed BDF \"0000:02:00\"");
	assert_int_equal(via("pci-assignable-add 0000:09:00.0"), 1);
	assert_says(err, "0000:09:00.0: no such PCI function");
	assert_int_equal(via("pci-assignable-add 0000:00:01.0"), 1);
	assert_says(err, "bridge");
	/* A broken one is tried again, without the driver it was cut off from. */
	world.reset_fails = true;
	assert_int_equal(via("pci-assignable-add 0000:04:00.0"), 1);
	assert_says(err, "0000:04:00.0: broken: no answer after reset");
	assert_false(bound);
	world.reset_fails = false;
	assert_int_equal(via("pci-assignable-add 0000:04:00.0"), 0);
	assert_int_equal(via("pci-assignable-list"), 0);
	assert_says(out, "0000:04:00.0");
	bound = true;
	assert_int_equal(via("pci-assignable-remove nothing"), 2);
	mounted = true;
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 1);
	assert_says(err, "/dev/nvme1n1 is mounted on /mnt");
	assert_true(bound);
	mounted = false;
	unbind_error = -EBUSY;
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 1);
	assert_says(err, "cannot be unbound");
	assert_int_equal(world_pci(WORLD_DISK)->state, FUNCTION_OWNED);
	unbind_error = 0;
	/* The hypervisor refuses after the driver was unbound: it gets its driver back. */
	assert_int_equal(via("pci-assignable-add -n x 0000:03:00.0"), 0);
	bound = true;
	assert_int_equal(via("pci-assignable-add -n x 0000:02:00.0"), 1);
	assert_says(err, "another function has that name");
	assert_true(bound);
	world.reset_fails = true;
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 1);
	assert_says(err, "no answer after reset");
}

static void test_list_all_functions(void **state)
{
	assert_int_equal(via("pci-list -a"), 0);
	assert_says(out, "0000:00:01.0 1b36:0010 010802 owned");
	assert_says(out, "0000:04:00.0 1b36:0010 010802 broken        -");
	assert_says(out, "(identity changed over reset)");
	assert_null(strstr(out, "faults"));
	assert_int_equal(via("pci-list -a --json"), 0);
	assert_says(out, "\"broken\": \"identity changed over reset\"");
}

static void test_list_counters(void **state)
{
	struct pci_function *disk = world_pci(WORLD_DISK);
	struct iommu lossy = { .overflows = 1 };

	disk->fault_count = 7;
	disk->meter.total = 5;
	disk->storm.count = 3;
	disk->errors_corrected = 8;
	disk->errors_uncorrected = 1;
	disk->reset_count = 2;
	assert_int_equal(via("pci-list -a -v"), 0);
	assert_says(out, "\n  faults 7, interrupts 5, storms 3, errors 8+1, resets 2\n");
	assert_null(strstr(out, "direct"));
	disk->meter.direct = 4;
	disk->iommu = &lossy;
	assert_int_equal(via("pci-list -av"), 0);
	assert_says(out, "\n  4 interrupts direct: counted only while their CPU sleeps\n");
	assert_says(out, "\n  faults 7 or more, interrupts 5, storms 3, errors 8+1, resets 2\n");
	assert_int_equal(via("pci-list -a --json"), 0);
	assert_says(out, "\"faults\": 7, \"faults_lost\": true");
}

/* Asked for by name, and seen wherever the function is. */
static void test_quirks(void **state)
{
	assert_int_equal(via("pci-assignable-add -n disk 02:00.0"), 0);
	assert_int_equal(create("memory = 64; pci = [ 'name=disk,quirk=no-reset' ]"), 0);
	assert_int_equal(world_pci(WORLD_DISK)->quirks, CONTROL_QUIRK_NO_RESET);
	assert_int_equal(via("pci-list guest"), 0);
	assert_null(strstr(out, "quirk"));
	assert_int_equal(via("pci-list -v guest"), 0);
	assert_says(out, "\n  quirk no-reset\n");
	assert_int_equal(via("pci-list --json guest"), 0);
	assert_says(out, "\"quirks\": [\"no-reset\"]");
	assert_int_equal(via("pci-doctor 02:00.0"), 1);
	assert_says(out, "  quirks     lent with quirk no-reset\n");
	assert_int_equal(via("pci-detach guest 02:00.0"), 0);
	assert_int_equal(via("pci-assignable-list -n"), 0);
	assert_string_equal(out, "0000:02:00.0 disk (quirk no-reset)\n");
	assert_int_equal(via("pci-assignable-list --json"), 0);
	assert_says(out, "\"quirks\": [\"no-reset\"]");
	assert_int_equal(via("pci-doctor 02:00.0"), 0);
	assert_says(out, "  quirks     was lent with quirk no-reset\n");
	assert_int_equal(via("pci-doctor --json 02:00.0"), 0);
	assert_says(out, "\"quirks\": [\"no-reset\"]");
	assert_int_equal(via("pci-attach guest 02:00.0,quirk=fast"), 2);
	assert_says(err, "no such quirk: quirk=fast");
	/* The next lend says again, or does without. */
	assert_int_equal(via("pci-attach guest 02:00.0"), 0);
	assert_int_equal(world_pci(WORLD_DISK)->quirks, 0);
	assert_int_equal(via("pci-list --json guest"), 0);
	assert_says(out, "\"quirks\": []");
	assert_int_equal(via("destroy guest"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_assignable),
		TEST(test_assignable_refused),
		TEST(test_list_all_functions),
		TEST(test_list_counters),
		TEST(test_quirks),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
