/* SPDX-License-Identifier: BSD-2-Clause */
/* create: files and options, what is refused, and that nothing is left of what fails. */
#include <errno.h>
#include <libfdt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via/via.h"
#include "via_run.h"

#define MIB (1024ULL * 1024)

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

static void test_paused(void **state)
{
	assert_int_equal(create_with("memory = 32", "-p"), 0);
	assert_int_equal(world.started_pc, 0x40000000);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "   32     1     --p---");
	assert_int_equal(via("unpause guest"), 0);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "   32     1     -b----");
	assert_int_equal(via("destroy guest"), 0);
}

static void test_overrides(void **state)
{
	assert_int_equal(create_with("memory = 64; pci = [ '02:00.0,seize=1' ]",
				     "name='other' memory=32;vcpus=2 pci=[\"03:00.0,seize=1\"]"),
			 0);
	assert_int_equal(world.free_bytes, 480 * MIB);
	assert_int_equal(world.attach_count, 1);
	assert_int_equal(world.attached[0], WORLD_NIC);
	assert_int_equal(via("list other"), 0);
	assert_says(out, "   32     2     -b----");
	/* Twice from one file, under two names. */
	assert_int_equal(create_with("memory = 64", "-p name='third'"), 0);
	assert_int_equal(via("destroy other"), 0);
	assert_int_equal(via("destroy third"), 0);
}

/* The argument is named, and nothing is done. */
static void test_bad_overrides(void **state)
{
	assert_int_equal(create_with("memory = 32", "vcpus=1 memory=lots"), 2);
	assert_string_equal(err,
			    "via create: argument \"memory=lots\": a number, a quoted string or "
			    "a list expected, not 'l'\n");
	assert_int_equal(create_with("memory = 32", "paused"), 2);
	assert_says(err, "argument \"paused\": '=' expected at the end of the argument");
	assert_int_equal(create_with("memory = 32", "disk=['phy:/dev/sda']"), 2);
	assert_says(err, "argument \"disk=['phy:/dev/sda']\": disk: there are no virtual disks");
	/* What the file says is still the file's fault. */
	assert_int_equal(create_with("memory = 'lots'", "vcpus=1"), 1);
	assert_says(err, "guest.cfg:4: memory must be a number");
	/* Unless that is overridden. */
	assert_int_equal(create_with("memory = 'lots'", "memory=32"), 0);
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(world.slots_open, 0);
}

/* What a killed one has left is in the way, and how to end it is said. */
static void test_half_made(void **state)
{
	struct domain *d;

	assert_int_equal(create_with("memory = 32", ""), 0);
	d = domain_by_id(1);
	assert_int_equal(create_with("memory = 32", ""), 1);
	assert_string_equal(err, "via create: a domain called \"guest\" exists\n");
	d->state = DOMAIN_BUILDING;
	assert_int_equal(create_with("memory = 32", ""), 1);
	assert_string_equal(err,
			    "via create: \"guest\" is half made: another via create is at it, or "
			    "was killed; via destroy guest ends it\n");
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "--p---");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(create_with("memory = 32", ""), 0);
	assert_int_equal(via("destroy guest"), 0);
}

/* Whose virtual CPU is where, and what it does. */
static void test_vcpu_list(void **state)
{
	static const char head[] =
		"Name                                ID  VCPU   CPU State   Time(s) Affinity\n";
	struct domain *d;
	char text[1024];

	assert_int_equal(create_with("memory = 32", "vcpus=4"), 0);
	d = domain_by_id(1);
	d->vcpus[0]->state = VCPU_RUNNING;
	d->vcpus[0]->cpu_ticks = 1234; /* milliseconds in this world */
	d->vcpus[1]->state = VCPU_BLOCKED;
	d->vcpus[2]->state = VCPU_READY;
	assert_int_equal(via("vcpu-list guest"), 0);
	snprintf(text, sizeof(text), "%s%s", head,
		 "guest                                1     0     0   r--         1.2 all\n"
		 "guest                                1     1     1   -b-         0.0 all\n"
		 "guest                                1     2     0   ---         0.0 all\n"
		 "guest                                1     3     -   --p         0.0 all\n");
	assert_string_equal(out, text);
	d->vcpus[1]->state = VCPU_STOPPED;
	d->vcpus[2]->state = VCPU_PARKED;
	assert_int_equal(via("vcpu-list --json"), 0);
	assert_says(out, "[{\"name\": \"control\", \"id\": 0, \"vcpu\": 0, \"cpu\": 0, "
			 "\"affinity\": \"all\", \"state\": \"running\", "
			 "\"cpu_seconds\": 0.000}, ");
	assert_says(out, "\"vcpu\": 1, \"cpu\": 1, \"affinity\": \"all\", \"state\": \"stopped\"");
	assert_says(out, "\"vcpu\": 2, \"cpu\": 0, \"affinity\": \"all\", \"state\": \"parked\"");
	assert_says(out, "\"vcpu\": 3, \"cpu\": 1, \"affinity\": \"all\", \"state\": \"off\", "
			 "\"cpu_seconds\": 0.000}]\n");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(via("vcpu-list guest"), 1);
	assert_says(err, "guest");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_create_waits),
		TEST(test_create_bad_input),
		TEST(test_create_bad_kernel),
		TEST(test_create_firmware),
		TEST(test_create_bad_firmware),
		TEST(test_create_undone),
		TEST(test_create_interrupted),
		TEST(test_create_killed),
		TEST(test_paused),
		TEST(test_overrides),
		TEST(test_bad_overrides),
		TEST(test_half_made),
		TEST(test_vcpu_list),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
