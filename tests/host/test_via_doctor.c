/* SPDX-License-Identifier: BSD-2-Clause */
/* pci-doctor over a model of the machine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "iommu/iommu.h"
#include "irq/msi.h"
#include "via_run.h"

static void test_doctor(void **state)
{
	struct pci_function *disk = world_pci(WORLD_DISK), *nic = world_pci(WORLD_NIC);

	disk->bars[0] = (struct pci_bar){ .kind = BAR_MEM64, .size = 0x4000, .address = 0x8000000,
					  .cpu = { 0x10000000 } };
	assert_int_equal(via("pci-doctor 02:00.0"), 0);
	assert_string_equal(out,
			    "0000:02:00.0 1b36:0010 class 010802: can be lent after via "
			    "pci-assignable-add\n"
			    "  state      used by control, driver nvme\n"
			    "  IOMMU      StreamID 0x10200\n"
			    "  interrupts MSI-X 0, MSI 0, no ITS: neither reaches a guest\n"
			    "  reset      FLR\n"
			    "  group      2, alone\n"
			    "  BAR 0      64-bit, 16 KiB at 0x8000000, alone in its pages\n");
	/* Everything at once, bridges too: no verdict on anyone. */
	assert_int_equal(via("pci-doctor"), 0);
	assert_says(out, "0000:00:01.0 1b36:0010 class 010802: cannot be lent\n"
			 "  because    it is a bridge\n"
			 "0000:02:00.0");
	assert_int_equal(via("pci-doctor 02:00.0 00:01.0"), 1);
	assert_int_equal(via("pci-doctor 04:00.0"), 1);
	assert_says(out, "  because    it is broken: identity changed over reset\n");
	mounted = true;
	assert_int_equal(via("pci-doctor 02:00.0"), 1);
	assert_says(out, "  because    /dev/nvme1n1 is mounted on /mnt\n");
	mounted = false;
	nic->stream = disk->stream;
	world_join(nic, disk);
	assert_int_equal(via("pci-doctor 03:00.0"), 1);
	assert_says(out, "because    0000:02:00.0 of its isolation group is used by control, "
			 "driver nvme\n");
	assert_says(out, "StreamID 0x10200, also of 0000:02:00.0\n");
	assert_says(out, "  group      2, with 0000:02:00.0 (used by control, driver nvme)\n");
	assert_int_equal(via("pci-doctor 09:00.0"), 1);
	assert_says(err, "09:00.0: no such PCI function");
	assert_int_equal(via("pci-doctor x"), 2);
}

static void test_doctor_on_nature(void **state)
{
	static struct msi_controller controller;
	static struct host_bridge narrow;
	static struct machine_bridge desc;
	struct pci_function *disk = world_pci(WORLD_DISK);
	struct iommu *iommu = disk->iommu;
	struct host_bridge *bridge;

	iommu->usable = false;
	iommu->why = "no stage 2";
	assert_int_equal(via("pci-doctor 02:00.0"), 1);
	assert_says(out, "because    its IOMMU cannot confine its DMA: no stage 2\n");
	disk->iommu = NULL;
	assert_int_equal(via("pci-doctor 02:00.0"), 1);
	assert_says(out, "because    no IOMMU stands between it and memory\n");
	disk->bars[2] = (struct pci_bar){ .kind = BAR_MEM32, .size = 0x100000 };
	disk->placed = false;
	disk->reset_methods = 0;
	disk->lent_once = true;
	assert_int_equal(via("pci-doctor --json 02:00.0"), 1);
	assert_says(out, "\"lendable\": false");
	assert_says(out, "{\"code\": \"iommu\"");
	assert_says(out, "{\"code\": \"address\", \"text\": \"BAR 2 has no address: no bridge "
			 "window holds it\"}");
	assert_says(out, "{\"code\": \"reset\"");
	assert_says(out, "\"reset\": [], \"lent_before\": true");
	assert_says(out, "\"unsafe_msi\": false");
	/* Its bridge reaches the first 256 MiB of a guest's memory, then none. */
	bridge = disk->bridge;
	desc = *bridge->desc;
	desc.dma[0] = (struct machine_window){ .pci = 0, .cpu = 0, .size = 0x50000000 };
	desc.dma_count = 1;
	narrow.desc = &desc;
	disk->bridge = &narrow;
	disk->iommu = iommu;
	iommu->usable = true;
	via("pci-doctor 02:00.0");
	assert_says(out, "  DMA        reaches a guest's first 256 MiB, by its host bridge's "
			 "dma-ranges\n");
	via("pci-doctor --json 02:00.0");
	assert_says(out, "\"dma_reach_mib\": 256, ");
	desc.dma[0].size = 0x40000000;
	assert_int_equal(via("pci-doctor 02:00.0"), 1);
	assert_says(out,
		    "because    its host bridge's dma-ranges reach none of a guest's memory\n");
	disk->bridge = bridge;
	disk->iommu = NULL;
	/* Without an ITS, but with a controller that has vectors. */
	disk->msi_controller = &controller;
	via("pci-doctor --json 02:00.0");
	assert_says(out, "\"unsafe_msi\": true");
	via("pci-doctor 02:00.0");
	assert_says(out, "no ITS: they reach only a guest with unprotected_dma = 1\n");
	disk->iommu = iommu;
	iommu->usable = true;
	via("pci-doctor 02:00.0");
	assert_says(out, "no ITS: they reach only a guest with unsafe_interrupts = 1\n");
}

/* A virtual function is as well as its physical one is, and that is the one to name. */
static void test_doctor_on_virtual_functions(void **state)
{
	struct pci_function *vf = world_pci(WORLD_NIC);

	assert_int_equal(via("pci-assignable-add 03:00.0"), 0);
	vf->pf = world_pci(WORLD_DISK);
	assert_int_equal(via("pci-doctor 03:00.0"), 0);
	vf->pf = world_pci(WORLD_BROKEN);
	assert_int_equal(via("pci-doctor 03:00.0"), 1);
	assert_says(out,
		    "because    its physical function 0000:04:00.0 is broken or being reset\n");
	world.fail_attach = ENOLINK;
	assert_int_not_equal(create("memory = 64; pci = [ '03:00.0' ]"), 0);
	assert_says(err, "its physical function is broken or being reset");
}

/* Of a group, one domain has some; it may have the rest, others may not. */
static void test_doctor_on_users(void **state)
{
	world_join(world_pci(WORLD_NIC), world_pci(WORLD_DISK));
	assert_int_equal(via("pci-assignable-add 03:00.0"), 0);
	assert_int_equal(via("pci-assignable-add 02:00.0"), 0);
	assert_int_equal(via("pci-doctor --json 02:00.0 03:00.0"), 0);
	assert_int_equal(create("memory = 64; pci = [ '02:00.0' ]"), 0);
	assert_int_equal(via("pci-doctor 02:00.0"), 1);
	assert_says(out, "because    it is lent to guest\n");
	assert_int_equal(via("pci-doctor 03:00.0"), 0);
	assert_says(out, "can be lent to guest only, which uses its isolation group\n");
	assert_int_equal(via("pci-doctor --json 03:00.0"), 0);
	assert_says(out, "\"only_to\": \"guest\"");
	assert_says(out, "\"members\": [{\"bdf\": \"0000:02:00.0\", \"bridge\": false, "
			 "\"state\": \"lent\", \"user\": \"guest\"}]");
	assert_int_equal(via("destroy guest"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_doctor),
		TEST(test_doctor_on_nature),
		TEST(test_doctor_on_users),
		TEST(test_doctor_on_virtual_functions),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
