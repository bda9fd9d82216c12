/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of a configuration and of pci-attach, and why they are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via_run.h"

#define MIB (1024ULL * 1024)

static void test_create_with_device(void **state)
{
	assert_int_equal(via("pci-assignable-add -n disk 0000:02:00.0"), 0);
	assert_int_equal(create("memory = 64; pci = [ 'name=disk,vslot=1f', '03:00.0@2,seize=1' ]"),
			 0);
	assert_int_equal(via("pci-list guest"), 0);
	assert_string_equal(out, "Vdev Device\n1f.0 0000:02:00.0\n02.0 0000:03:00.0\n");
	assert_int_equal(via("pci-assignable-list"), 0);
	assert_string_equal(out, "");
	assert_int_equal(via("pci-assignable-remove disk"), 1);
	assert_says(err, "lent to domain");
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 1);
	assert_says(err, "lent to domain");
	assert_int_equal(via("pci-detach control 0000:02:00.0"), 1);
	assert_int_equal(via("pci-detach -f guest 0000:02:00.0"), 0);
	assert_int_equal(via("pci-list --json guest"), 0);
	assert_says(out, "[{\"bdf\": \"0000:03:00.0\"");
	assert_int_equal(via("pci-attach guest 0000:02:00.0,vslot=20"), 2);
	assert_says(err, "malformed PCI_SPEC_STRING \"0000:02:00.0,vslot=20\"");
	assert_int_equal(via("pci-attach guest 0000:02:00.0,vslot=5"), 0);
	assert_int_equal(via("pci-list guest"), 0);
	assert_says(out, "05.0 0000:02:00.0");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(via("pci-assignable-list -n"), 0);
	assert_string_equal(out, "0000:02:00.0 disk\n0000:03:00.0 \n");
}

/* Without an IOMMU: only to a domain that says so, and never without a word. */
static void test_unprotected_dma(void **state)
{
	struct pci_function *disk = world_pci(WORLD_DISK);

	disk->iommu = NULL;
	assert_int_equal(create("memory = 64; pci = [ '02:00.0,seize=1' ]"), 1);
	assert_says(err, "0000:02:00.0: no usable IOMMU stands between it and memory, and the "
			 "domain has no unprotected_dma\n");
	assert_true(bound);
	assert_int_equal(world.slots_opened, 0);
	assert_int_equal(create("memory = 64; unprotected_dma = 0; pci = [ '02:00.0,seize=1' ]"),
			 1);
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 0);
	assert_int_equal(via("pci-assignable-list"), 0);
	assert_string_equal(out, "0000:02:00.0  (not isolated)\n");
	assert_int_equal(via("pci-assignable-list --json"), 0);
	assert_says(out, "\"isolated\": false");

	assert_int_equal(create("memory = 64; unprotected_dma = 1; pci = [ '02:00.0' ]"), 0);
	assert_int_equal(world.started_pc, 0x8c0200000);
	assert_in_range(world.started_arg, 0x8c0200000, 0x8c0200000 + 64 * MIB);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "  not isolated\n");
	assert_int_equal(via("list --json guest"), 0);
	assert_says(out, "\"isolated\": false");
	assert_int_equal(via("pci-list guest"), 0);
	assert_string_equal(out, "Vdev Device\n01.0 0000:02:00.0 (not isolated)\n");
	assert_int_equal(via("pci-list --json guest"), 0);
	assert_says(out, "\"isolated\": false");
	assert_int_equal(via("pci-list -a"), 0);
	assert_says(out, "(not isolated)\n");
	assert_int_equal(via("destroy guest"), 0);
	via("pci-doctor 02:00.0");
	assert_says(out, ": can be lent only to a domain with unprotected_dma\n");
	assert_says(out, "  isolation  not isolated\n");
	via("pci-doctor --json 02:00.0");
	assert_says(out, "\"isolated\": false");
}

/* However it is written: function 0 goes first, and a device number asked for before a free one. */
static void test_create_with_device_of_two_functions(void **state)
{
	static const struct {
		const char *pci;
		uint32_t order[3];
	} cases[] = {
		{ "'02:00.1', '03:00.0', '02:00.0'", { 0x300, 0x200, 0x201 } },
		{ "'03:00.0', '02:00.*'", { 0x300, 0x200, 0x201 } },
		{ "'03:00.0', '02:00.1@5', '02:00.0@5'", { 0x200, 0x201, 0x300 } },
		{ "'03:00.0', '02:00.*,vslot=1'", { 0x200, 0x201, 0x300 } },
	};
	char line[128];

	world_add_disk_1();
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 0);
	assert_int_equal(via("pci-assignable-add 0000:02:00.1"), 0);
	assert_int_equal(via("pci-assignable-add 0000:03:00.0"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world.attach_count = 0;
		snprintf(line, sizeof(line), "memory = 64; pci = [ %s ]", cases[i].pci);
		assert_int_equal(create(line), 0);
		assert_int_equal(world.attach_count, 3);
		assert_memory_equal(world.attached, cases[i].order, sizeof(cases[i].order));
		assert_int_equal(via("destroy guest"), 0);
	}
	assert_int_equal(create("memory = 64; pci = [ '02:00.*', '02:00.1' ]"), 1);
	assert_says(err, "0000:02:00.1: listed twice");
	assert_int_equal(create("memory = 64; pci = [ '09:00.*' ]"), 1);
	assert_says(err, "0000:09:00.*: no such PCI device");
}

/* "Another member" is no help to who has to find it. */
static void test_refusals_name_who_is_in_the_way(void **state)
{
	struct pci_function *disk, *disk_1, *nic = world_pci(WORLD_NIC);

	world_add_disk_1();
	disk = world_pci(WORLD_DISK);
	disk_1 = world_pci(WORLD_DISK_1);
	world_join(nic, disk);
	assert_int_equal(create("memory = 64"), 0);
	assert_int_equal(via("pci-assignable-add 02:00.0"), 0);
	world.fail_attach = EEXIST;
	assert_int_equal(via("pci-attach guest 02:00.0"), 1);
	assert_says(err, "0000:02:00.0: another member of its isolation group is used elsewhere or "
			 "broken: 0000:02:00.1 is used by control, 0000:03:00.0 is used by "
			 "control\n");
	disk_1->state = FUNCTION_BROKEN;
	disk_1->broken_why = "dma-faults";
	disk_1->user = DOMAIN_ID_NONE;
	nic->state = FUNCTION_LENT;
	nic->user = 1;
	assert_int_equal(via("pci-attach guest 02:00.0"), 1);
	assert_says(err, "or broken: 0000:02:00.1 is broken: dma-faults\n");
	/* Given back it would be the control domain's, who is not the guest. */
	world.fail_return = EEXIST;
	assert_int_equal(via("pci-assignable-remove 02:00.0"), 1);
	assert_says(err, "0000:02:00.1 is broken: dma-faults, 0000:03:00.0 is lent to guest\n");
	/* Other refusals are nobody else's doing. */
	world.fail_attach = ENOSPC;
	assert_int_equal(via("pci-attach guest 02:00.0"), 1);
	assert_null(strstr(err, "02:00.1"));
	/* A bus that somebody uses is not reset. */
	world.reset_fails = true;
	disk->state = FUNCTION_OWNED;
	disk->user = 0;
	disk_1->reset_methods = 1U << 4;
	assert_int_equal(via("pci-assignable-add 02:00.1"), 1);
	assert_says(err, "0000:02:00.1: broken: no answer after reset; its bus has other users: "
			 "0000:02:00.0 is used by control\n");
	disk_1->reset_methods |= 1U << 1;
	assert_int_equal(via("pci-assignable-add 02:00.1"), 1);
	assert_says(err, "0000:02:00.1: broken: no answer after reset\n");
	assert_int_equal(via("destroy guest"), 0);
}

/* A device is attached whole or not at all. */
static void test_attach_device(void **state)
{
	struct pci_function *disk, *disk_1;

	world_add_disk_1();
	disk = world_pci(WORLD_DISK);
	disk_1 = world_pci(WORLD_DISK_1);
	assert_int_equal(create("memory = 64"), 0);
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 0);
	assert_int_equal(via("pci-attach guest 02:00.*"), 1);
	assert_says(err, "0000:02:00.1: not assignable");
	assert_int_equal(disk->state, FUNCTION_QUARANTINED);
	world.fail_attach = ENOSPC;
	world.attach_spare = 1;
	assert_int_equal(via("pci-attach guest 02:00.*,seize=1"), 1);
	assert_says(err, "0000:02:00.1: ");
	assert_int_equal(disk->state, FUNCTION_QUARANTINED);
	assert_int_equal(disk_1->state, FUNCTION_QUARANTINED);
	world.fail_attach = 0;
	assert_int_equal(via("pci-attach guest 02:00.*,vslot=3"), 0);
	assert_int_equal(via("pci-list guest"), 0);
	assert_string_equal(out, "Vdev Device\n03.0 0000:02:00.0\n03.1 0000:02:00.1\n");
	/* Those of its functions that are the domain's. */
	assert_int_equal(via("pci-detach guest 02:00.1"), 0);
	assert_int_equal(via("pci-detach guest 02:00.*"), 0);
	assert_int_equal(disk->state, FUNCTION_QUARANTINED);
	assert_int_equal(via("pci-detach guest 02:00.*"), 1);
	assert_says(err, "0000:02:00.0: not lent to guest");
	assert_int_equal(via("destroy guest"), 0);
}

/* What is in the file is what the hypervisor gets; a bad file is found before anything is done. */
static void test_rom(void **state)
{
	uint8_t *rom = calloc(1, CONTROL_ROM_MAX + 1);
	char line[256];

	rom[0] = 0x55;
	rom[1] = 0xaa;
	for (size_t i = 2; i < CONTROL_ROM_MAX; i++) {
		rom[i] = (uint8_t)(i * 7 + i / 251);
	}
	write_file("rom", rom, 70000);
	assert_int_equal(via("pci-assignable-add 02:00.0"), 0);
	snprintf(line, sizeof(line), "memory = 64; pci = [ '02:00.0,rom=%s' ]", path_of("rom"));
	assert_int_equal(create(line), 0);
	assert_int_equal(world_pci(WORLD_DISK)->lent_rom.size, 0x20000);
	assert_memory_equal(world.rom, rom, 70000);
	assert_int_equal(world.rom[70000], 0xff);
	assert_int_equal(via("pci-list --json guest"), 0);
	assert_says(out, "\"rom\": true");
	assert_int_equal(via("pci-list -v guest"), 0);
	assert_says(out, "\n  expansion ROM from a file\n");
	assert_int_equal(via("destroy guest"), 0);

	write_file("rom", rom, CONTROL_ROM_MAX + 1);
	assert_int_equal(create(line), 1);
	assert_says(err, "/rom: bigger than 1024 KiB");
	write_file("rom", "MZ", 2);
	assert_int_equal(create(line), 1);
	assert_says(err, "/rom: not an expansion ROM");
	write_file("rom", rom, 1);
	assert_int_equal(create(line), 1);
	assert_says(err, "/rom: not an expansion ROM");
	unlink(path_of("rom"));
	assert_int_equal(create(line), 1);
	assert_says(err, "/rom: No such file or directory");
	assert_int_equal(world_domains(), 1);
	write_file("rom", rom, CONTROL_ROM_MAX);
	assert_int_equal(create(line), 0);
	assert_memory_equal(world.rom, rom, CONTROL_ROM_MAX);
	assert_int_equal(via("destroy guest"), 0);
	unlink(path_of("rom"));
	free(rom);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create_with_device),
		TEST(test_create_with_device_of_two_functions),
		TEST(test_unprotected_dma),
		TEST(test_refusals_name_who_is_in_the_way),
		TEST(test_attach_device),
		TEST(test_rom),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
