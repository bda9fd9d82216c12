/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about functions: ROMs, what keeps one from being lent, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "lib/errno.h"

/* Counts a client makes up reach no memory; flags nobody knows are refused, not ignored. */
static void test_rom(void **state)
{
	struct control_pci_name name = { .sbdf = WORLD_DISK };
	struct control_pci_attach attach = { .domain = world_create("g", SZ_2M),
					     .sbdf = WORLD_DISK };
	struct control_pci_rom rom = { .sbdf = 0x900, .size = SZ_4K, .count = 1 };
	struct control_count where;

	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &name, sizeof(name), NULL, 0), 0);
	assert_int_equal(world_request(0, CONTROL_PCI_ROM, &rom, sizeof(rom), NULL, 0), -ENODEV);
	rom.sbdf = WORLD_DISK;
	rom.count = CONTROL_ROM_CHUNK + 1;
	assert_int_equal(world_request(0, CONTROL_PCI_ROM, &rom, sizeof(rom), NULL, 0), -EINVAL);
	rom.count = CONTROL_ROM_CHUNK;
	memset(rom.data, 0x42, sizeof(rom.data));
	assert_int_equal(world_request(0, CONTROL_PCI_ROM, &rom, sizeof(rom), NULL, 0), 0);
	assert_int_equal(world.rom[CONTROL_ROM_CHUNK - 1], 0x42);
	attach.flags = CONTROL_ATTACH_ROM | 1U << 31;
	assert_int_equal(world_request(0, CONTROL_PCI_ATTACH, &attach, sizeof(attach), &where,
				       sizeof(where)), -EINVAL);
	assert_int_equal(world.attach_count, 0);
	attach.flags = CONTROL_ATTACH_ROM;
	assert_int_equal(world_request(0, CONTROL_PCI_ATTACH, &attach, sizeof(attach), &where,
				       sizeof(where)), 0);
	assert_int_equal(world_domain_op(CONTROL_DOMAIN_DESTROY, attach.domain), 0);
}

static void test_examine(void **state)
{
	struct control_pci_examine in = { .sbdf = WORLD_NIC };
	struct control_pci_report r;
	struct pci_function *nic = world_pci(WORLD_NIC);

	nic->its = (struct its *)nic; /* not NULL is all that is asked */
	nic->device_id = (device_id_t){ 0x777 };
	nic->msix = (struct pci_msix){ .cap = 0x40, .entries = 9 };
	nic->msi = (struct pci_msi){ .vectors = 4 }; /* no capability: left-over geometry */
	nic->bars[1] = (struct pci_bar){ .kind = BAR_MEM32, .prefetchable = true, .size = 0x1000,
					 .address = 0x8000, .cpu = { 0x10008000 } };
	nic->bars[2] = (struct pci_bar){ .kind = BAR_IO, .size = 0x20, .address = 0x1000 };
	nic->bars[3] = (struct pci_bar){ .kind = BAR_MEM32, .size = 0x10, .address = 0x9010,
					 .cpu = { 0x10009010 } };
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, sizeof(in), &r, sizeof(r)), 0);
	assert_int_equal(r.sbdf, WORLD_NIC);
	assert_int_equal(r.obstacles, 0);
	assert_int_equal(r.only, CONTROL_NO_DOMAIN);
	assert_int_equal(r.flags, CONTROL_REPORT_IOMMU | CONTROL_REPORT_IOMMU_USABLE |
					  CONTROL_REPORT_ITS);
	assert_int_equal(r.stream, 0x10000 | WORLD_NIC);
	assert_int_equal(r.device_id, 0x777);
	assert_int_equal(r.msix_entries, 9);
	assert_int_equal(r.msi_vectors, 0);
	assert_int_equal(r.bars[0].kind, CONTROL_BAR_NONE);
	assert_int_equal(r.bars[1].flags, CONTROL_BAR_PREFETCHABLE | CONTROL_BAR_OWN_PAGES);
	assert_int_equal(r.bars[1].size, 0x1000);
	assert_int_equal(r.bars[2].kind, CONTROL_BAR_IO);
	assert_int_equal(r.bars[2].flags, 0);
	assert_int_equal(r.bars[3].flags, 0);
	in.sbdf = WORLD_PORT;
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, sizeof(in), &r, sizeof(r)), 0);
	assert_int_equal(r.obstacles, CONTROL_OBSTACLE_BRIDGE);
	in.sbdf = WORLD_NIC + 1;
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, sizeof(in), NULL, 0), -ENODEV);
	assert_int_equal(world_request(0, CONTROL_PCI_EXAMINE, &in, 4, NULL, 0), -E2BIG);
}

static void test_names_of_functions(void **state)
{
	struct control_pci_name in = { .sbdf = WORLD_DISK, .name = "disk" };

	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0), 0);
	in.sbdf = WORLD_NIC;
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -EEXIST);
	memset(in.name, 'x', sizeof(in.name));
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	/* Again, under another name: no reset, the name changes; without a name it stays. */
	in = (struct control_pci_name){ .sbdf = WORLD_DISK, .name = "other" };
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0), 0);
	in.name[0] = '\0';
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0), 0);
	assert_string_equal(world_pci(WORLD_DISK)->name, "other");
	in.sbdf = 0xdead;
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -ENODEV);
	in.sbdf = WORLD_PORT;
	assert_int_equal(world_request(0, CONTROL_PCI_QUARANTINE, &in, sizeof(in), NULL, 0),
			 -EPERM);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, control_world_setup, control_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rom),
		TEST(test_examine),
		TEST(test_names_of_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
