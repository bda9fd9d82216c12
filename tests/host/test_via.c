/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole command lines, from arguments to output and exit status, over a model of the machine. */
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "iommu/iommu.h"
#include "irq/msi.h"
#include "libviaduct/transport.h"
#include "via/via.h"
#include "via_run.h"

#define MIB (1024ULL * 1024)

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
		out, "Name                                        ID   Mem VCPUs\tState\tTime(s) Reason"
		     "   Weight  Cap Lent\n"
		     "control                                      0   512     1     r-----      "
		     "12.3 -           256    0    0\n");
	assert_int_equal(create("memory = 32; cpu_weight = 99; cap = 50; pci = ['02:00.0,seize=1']"), 0);
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

static void test_create(void **state)
{
	assert_int_equal(create("memory = 31\nextra = 'quiet'"), 0);
	assert_int_equal(world_domains(), 2);
	assert_int_equal(world.slots_open, 0);
	/* 31 MiB round up to whole blocks; all of the kernel and the ramdisk arrived. */
	assert_int_equal(world.free_bytes, 480 * MIB);
	assert_int_equal(world.started_pc, 0x40000000);
	assert_memory_equal(world.started_ram, image, image_size);
	assert_memory_equal(world.started_ram + 6 * MIB, initrd, sizeof(initrd));
	assert_true(world.started_arg % (2 * MIB) == 0);
	assert_memory_equal(world.started_ram + (world.started_arg - 0x40000000),
			    "\xd0\x0d\xfe\xed", 4);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "   32     1     -b----");
	assert_int_equal(via("pause guest"), 0);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "--p---");
	assert_int_equal(via("pause guest"), 1);
	assert_int_equal(via("unpause guest"), 0);
	assert_int_equal(create("memory = 31"), 1);
	assert_says(err, "a domain called \"guest\" exists");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(via("destroy guest"), 1);
	assert_int_equal(via("destroy control"), 1);
}

/* Memory that is still being cleaned is waited for. */
static void test_create_waits(void **state)
{
	world.cleaning = 1;
	assert_int_equal(create("memory = 64"), 0);
	assert_memory_equal(world.started_ram, image, image_size);
	assert_int_equal(via("destroy guest"), 0);
}

static void test_create_bad_input(void **state)
{
	char line[128];

	assert_int_equal(via("create /nonexistent/file"), 1);
	assert_says(err, "/nonexistent/file: No such file or directory");
	snprintf(line, sizeof(line), "%s:5: unknown key \"memroy\"\n", path_of("guest.cfg"));
	assert_int_equal(create("vcpus = 1\nmemroy = 64"), 1);
	assert_string_equal(err, line);
	assert_int_equal(create("memory = 600"), 1);
	assert_says(err, "not enough memory: 600 MiB wanted, 512 MiB free");
	assert_int_equal(create("memory = 8"), 1);
	assert_says(err, "the domain has 8");
	assert_int_equal(create("memory = 64; pci = [ '0000:09:00.0' ]"), 1);
	assert_says(err, "0000:09:00.0: no such PCI function");
	assert_int_equal(create("memory = 64; pci = [ '0000:02:00.0' ]"), 1);
	assert_says(err, "0000:02:00.0: not assignable");
	assert_int_equal(create("memory = 64; pci = [ 'name=nobody' ]"), 1);
	assert_says(err, "no PCI function is called \"nobody\"");
	assert_int_equal(create("memory = 64; pci = [ '0000:04:00.0' ]"), 1);
	assert_says(err, "broken");
	assert_int_equal(create("memory = 64; pci = [ '0000:02:00.0,seize=1', '2:0.0,seize=1' ]"),
			 1);
	assert_says(err, "listed twice");
	/* Nothing was made, not even for a moment. */
	assert_int_equal(world.slots_opened, 0);
	assert_true(bound);
}

static void test_create_bad_kernel(void **state)
{
	write_file("Image",
		   "\x7f"
		   "ELF",
		   4);
	assert_int_equal(create("memory = 64"), 1);
	assert_says(err, "is not an arm64 Linux Image");
	unlink(path_of("Image"));
	assert_int_equal(create("memory = 64"), 1);
	assert_says(err, "Image: No such file or directory");
	write_file("Image", image, image_size);
}

static int create_firmware(const char *more)
{
	char text[256], line[128];
	int length = snprintf(text, sizeof(text), "name = 'fw'\nfirmware = '%s'\n%s\n",
			      path_of("firmware"), more);

	write_file("guest.cfg", text, (size_t)length);
	snprintf(line, sizeof(line), "create %s", path_of("guest.cfg"));
	return via(line);
}

/* Firmware lies behind RAM in what the hypervisor is given, with an empty block after it. */
static void test_create_firmware(void **state)
{
	static const uint8_t empty[2 * MIB];
	const uint8_t *flash;

	write_file("firmware", image, image_size);
	assert_int_equal(create_firmware("memory = 31"), 0);
	assert_int_equal(world.free_bytes, (512 - 32 - 6 - 2) * MIB);
	assert_int_equal(world.started_pc, 0);
	assert_int_equal(world.started_arg, 0x40000000);
	flash = world.started_ram + 32 * MIB;
	assert_memory_equal(flash, image, image_size);
	assert_memory_equal(flash + image_size, empty, 6 * MIB - image_size);
	assert_memory_equal(flash + 6 * MIB, empty, sizeof(empty));
	/* The device tree says nothing of a kernel. */
	assert_int_equal(fdt_check_full(world.started_ram, 0x10000), 0);
	assert_null(fdt_getprop(world.started_ram, fdt_path_offset(world.started_ram, "/chosen"),
				"linux,initrd-start", NULL));
	assert_int_equal(via("list fw"), 0);
	assert_says(out, "   32     1     -b----");
	assert_int_equal(via("destroy fw"), 0);
	unlink(path_of("firmware"));
}

static void test_create_bad_firmware(void **state)
{
	assert_int_equal(create_firmware("memory = 31"), 1);
	assert_says(err, "firmware: No such file or directory");
	write_file("firmware", "\177ELF", 4);
	assert_int_equal(create_firmware("memory = 31"), 1);
	assert_says(err, "firmware: is an ELF file");
	write_file("firmware", "", 0);
	assert_int_equal(create_firmware("memory = 31"), 1);
	assert_says(err, "firmware: the file is empty");
	write_file("firmware", image, image_size);
	assert_int_equal(truncate(path_of("firmware"), 64 * MIB + 1), 0);
	assert_int_equal(create_firmware("memory = 31"), 1);
	assert_says(err, "firmware: is larger than the flash, 64 MiB");
	assert_int_equal(truncate(path_of("firmware"), 64 * MIB), 0);
	assert_int_equal(create_firmware("memory = 448"), 1);
	assert_says(err, "not enough memory: 514 MiB wanted, 512 MiB free");
	assert_int_equal(create_firmware("memory = 446"), 0);
	assert_int_equal(via("destroy fw"), 0);
	unlink(path_of("firmware"));
}

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
	nic->group = disk->group;
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

/* What fails after the domain was made takes it away again. */
static void test_create_undone(void **state)
{
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 0);
	world.fail_attach = EACCES;
	assert_int_equal(create("memory = 64; pci = [ '02:00.0' ]"), 1);
	assert_says(err, "no usable IOMMU");
	assert_int_equal(world_domains(), 1);
	world.fail_attach = 0;
	world.fail_start = ENOMEM;
	assert_int_equal(create("memory = 64; pci = [ '02:00.0' ]"), 1);
	assert_says(err, "out of memory");
	assert_int_equal(world_domains(), 1);
	assert_int_equal(world_pci(WORLD_DISK)->state, FUNCTION_QUARANTINED);
}

static void interrupt(uint32_t op)
{
	if (op == CONTROL_APERTURE_UNMAP && world.slots_opened == 2) {
		raise(SIGINT);
	}
}

static void test_create_interrupted(void **state)
{
	assert_int_equal(via("pci-assignable-add 0000:02:00.0"), 0);
	world.on_ring = interrupt;
	assert_int_equal(create("memory = 64; pci = [ '02:00.0' ]"), 1);
	assert_says(err, "interrupted");
	assert_int_equal(world.slots_opened, 2);
	assert_int_equal(world_domains(), 1);
	assert_int_equal(world_pci(WORLD_DISK)->state, FUNCTION_QUARANTINED);
}

static jmp_buf killed;

static void die(uint32_t op)
{
	if (op == CONTROL_APERTURE_UNMAP && world.slots_opened == 2) {
		longjmp(killed, 1);
	}
}

/* Killed with a slot open: the domain can be seen and destroyed. */
static void test_create_killed(void **state)
{
	struct viaduct *v;
	struct viaduct_boot *boot;
	const struct viaduct_boot_spec spec = { .kernel = path_of("Image"),
						.vcpu_count = 1,
						.ram_bytes = 64 * MIB };
	const struct viaduct_domain_spec domain = { .name = "half",
						    .vcpu_count = 1,
						    .ram_bytes = 64 * MIB };
	static uint32_t id;
	uint64_t pc, arg;
	char why[256];

	assert_int_equal(viaduct_open(&v), 0);
	assert_int_equal(viaduct_boot_open(&spec, &boot, why, sizeof(why)), 0);
	assert_int_equal(viaduct_domain_create(v, &domain, &id), 0);
	if (setjmp(killed) == 0) {
		world.on_ring = die;
		viaduct_boot_load(v, boot, id, NULL, NULL, &pc, &arg);
		fail();
	}
	world.on_ring = NULL;
	assert_int_equal(world.slots_open, 1);
	assert_int_equal(via("list half"), 0);
	assert_says(out, "--p---");
	assert_int_equal(via("destroy half"), 0);
	assert_int_equal(world.slots_open, 0);
	viaduct_boot_close(boot);
	viaduct_close(v);
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
	nic->group = disk->group;
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
	assert_says(out, "because    its host bridge's dma-ranges reach none of a guest's memory\n");
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
	assert_says(out, "because    its physical function 0000:04:00.0 is broken or being reset\n");
	world.fail_attach = ENOLINK;
	assert_int_not_equal(create("memory = 64; pci = [ '03:00.0' ]"), 0);
	assert_says(err, "its physical function is broken or being reset");
}

/* Of a group, one domain has some; it may have the rest, others may not. */
static void test_doctor_on_users(void **state)
{
	world_pci(WORLD_NIC)->group = world_pci(WORLD_DISK)->group;
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
		TEST(test_usage),
		TEST(test_other_versions),
		TEST(test_list),
		TEST(test_looking),
		TEST(test_assignable),
		TEST(test_assignable_refused),
		TEST(test_create),
		TEST(test_create_waits),
		TEST(test_create_bad_input),
		TEST(test_create_bad_kernel),
		TEST(test_create_firmware),
		TEST(test_create_bad_firmware),
		TEST(test_create_with_device),
		TEST(test_create_with_device_of_two_functions),
		TEST(test_unprotected_dma),
		TEST(test_refusals_name_who_is_in_the_way),
		TEST(test_attach_device),
		TEST(test_create_undone),
		TEST(test_create_interrupted),
		TEST(test_create_killed),
		TEST(test_console),
		TEST(test_console_escape),
		TEST(test_list_all_functions),
		TEST(test_list_counters),
		TEST(test_list_counters),
		TEST(test_quirks),
		TEST(test_rom),
		TEST(test_doctor),
		TEST(test_doctor_on_nature),
		TEST(test_doctor_on_users),
		TEST(test_doctor_on_virtual_functions),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
