/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's device tree, read back; and where the control function is placed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "boot/boot.h"
#include "dom0_tree.h"
#include "lib/errno.h"

static void test_chosen(void **state)
{
	const void *fdt = made();
	int chosen = virt_node(fdt, "/chosen");

	(void)state;
	assert_string_equal(fdt_getprop(fdt, chosen, "bootargs", NULL), "console=ttyAMA0");
	assert_string_equal(fdt_getprop(fdt, chosen, "stdout-path", NULL), "/pl011@9000000");
	assert_int_equal(cell64(fdt, "/chosen", "linux,initrd-start", 0), 0x50000000);
	assert_int_equal(cell64(fdt, "/chosen", "linux,initrd-end", 0), 0x50010000);
	assert_int_equal(cell(fdt, "/chosen", "linux,pci-probe-only", 0), 1);
	assert_int_equal(cell(fdt, "/chosen", "rng-seed", 0), 0x11223344);
	assert_string_equal(fdt_getprop(fdt, virt_node(fdt, "/aliases"), "serial0", NULL),
			    "/pl011@9000000");
	assert_null(fdt_getprop(fdt, virt_node(fdt, "/aliases"), "smmu0", NULL));
}

static void test_alias_of_itself(void **state)
{
	void *host = virt_tree();
	const void *fdt;

	(void)state;
	virt_set_text(host, "/aliases", "serial1", "serial1");
	fdt = made_from(host);
	assert_null(fdt_getprop(fdt, virt_node(fdt, "/aliases"), "serial1", NULL));
}

static void test_memory_cpus_psci(void **state)
{
	const void *fdt = made();

	(void)state;
	assert_int_equal(cell64(fdt, "/memory@40600000", "reg", 0), 0x40600000);
	assert_int_equal(cell64(fdt, "/memory@40600000", "reg", 2), 0x3fa00000);
	assert_int_equal(cell64(fdt, "/memory@90000000", "reg", 2), 0x200000);
	assert_int_equal(cell(fdt, "/cpus/cpu@1", "reg", 0), 1);
	assert_false(has(fdt, "/cpus/cpu@2"));
	assert_string_equal(fdt_getprop(fdt, virt_node(fdt, "/psci"), "method", NULL), "hvc");
	assert_int_equal(cell(fdt, "/timer", "interrupts", 7), 11); /* virtual: INTID 27 */
}

static void test_interrupt_controller(void **state)
{
	const void *fdt = made();
	uint32_t gic = cell(fdt, "/intc@8000000", "phandle", 0);

	(void)state;
	assert_int_equal(cell(fdt, "/", "interrupt-parent", 0), gic);
	assert_int_equal(cell64(fdt, "/intc@8000000", "reg", 0), 0x8000000);
	assert_int_equal(cell64(fdt, "/intc@8000000", "reg", 4), 0x80a0000);
	assert_int_equal(cell64(fdt, "/intc@8000000", "reg", 6), 2 * 0x20000);
	assert_int_equal(cell64(fdt, "/intc@8000000/its@8080000", "reg", 0), 0x8080000);
}

/* The same reader the host's tree goes through understands what was made. */
static void test_reads_back(void **state)
{
	static struct machine again;
	const char *why = NULL;
	static uint64_t copy[8192];

	(void)state;
	assert_int_equal(fdt_open_into(made(), copy, sizeof(copy)), 0);
	/* A virtual GIC has no maintenance interrupt; a machine's must. */
	assert_int_equal(machine_fdt_read(copy, sizeof(copy), &again, &why), -EINVAL);
	assert_non_null(strstr(why, "maintenance"));
	VIRT_CELLS(copy, "/intc@8000000", "interrupts", 1, 9, 4);
	memset(&again, 0, sizeof(again));
	assert_int_equal(machine_fdt_read(copy, sizeof(copy), &again, &why), 0);
	assert_int_equal(again.cpu_count, 2);
	assert_false(again.psci_smc);
	assert_int_equal(again.ram_count, 2);
	assert_int_equal(again.gic.version, 3);
	assert_int_equal(again.smmu_count, 0);
	assert_int_equal(again.bridge_count, 2);
	assert_memory_equal(again.bridges[0].intx, machine.bridges[0].intx,
			    sizeof(machine.bridges[0].intx));
	assert_int_equal(again.bridges[1].segment, 1); /* the control function's */
	assert_int_equal(again.bridges[1].bus_end, 0);
	assert_int_equal(again.bridges[1].cfg.base, control.ecam.v);
	assert_int_equal(again.bridges[1].windows[1].kind, WINDOW_MEM64);
	assert_true(again.bridges[1].windows[1].prefetchable);
	assert_string_equal(again.uart.path, "/pl011@9000000");
}

/* Where the host has a GICv2: its own distributor's and CPU interface's addresses. */
static void test_gicv2(void **state)
{
	static const char gic[] = "/intc@8000000";
	void *host = virt_tree();
	const void *fdt;
	int size;

	(void)state;
	virt_set_text(host, gic, "compatible", "arm,cortex-a15-gic");
	VIRT_CELLS(host, gic, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x20000, 0,
		   0x8030000, 0, 0x10000, 0, 0x8050000, 0, 0x20000);
	fdt = made_from(host);
	assert_true(has_compatible(fdt, "arm,gic-400"));
	assert_false(has_compatible(fdt, "arm,gic-v3-its"));
	assert_int_equal(cell64(fdt, gic, "reg", 0), 0x8000000);
	assert_int_equal(cell64(fdt, gic, "reg", 2), 0x1000);
	assert_int_equal(cell64(fdt, gic, "reg", 4), 0x8010000);
	assert_int_equal(cell64(fdt, gic, "reg", 6), 0x2000);
	assert_non_null(fdt_getprop(fdt, virt_node(fdt, gic), "reg", &size));
	assert_int_equal(size, 8 * 4);
	assert_null(fdt_getprop(fdt, virt_node(fdt, "/pcie@4010000000"), "msi-map", NULL));
	/* With a GICv2m frame, one where it is, for every function of the bridge. */
	virt_set_text(host, "/intc@8000000/its@8080000", "compatible", "arm,gic-v2m-frame");
	VIRT_CELLS(host, "/intc@8000000/its@8080000", "reg", 0, 0x8020000, 0, 0x1000);
	msi_frame = 0x8020000;
	fdt = made_from(host);
	msi_frame = 0;
	assert_int_equal(cell64(fdt, "/intc@8000000/v2m@8020000", "reg", 0), 0x8020000);
	assert_int_equal(cell64(fdt, "/intc@8000000/v2m@8020000", "reg", 2), 0x1000);
	assert_int_equal(cell(fdt, "/pcie@4010000000", "msi-map", 1),
			 fdt_get_phandle(fdt, virt_node(fdt, "/intc@8000000/v2m@8020000")));
	assert_int_equal(cell(fdt, "/pcie@4010000000", "msi-map", 3), 0x10000);
}

static void test_too_small_buffer(void **state)
{
	static uint64_t small[16], buffer[8192];

	(void)state;
	made();
	assert_int_equal(write_tree(small, sizeof(small)), -ENOSPC);
	for (uint32_t size = 64; size < 6000; size += 52) {
		int r = write_tree(buffer, size);

		assert_true(r == -ENOSPC || (r > 0 && (uint32_t)r <= size));
	}
}

static void test_control_layout_is_free_space(void **state)
{
	static const struct range taken[] = {
		{ 0x8000000, 0x10000 },	   { 0x80a0000, 0xf60000 }, { 0x8080000, 0x20000 },
		{ 0x9000000, 0x1000 },	   { 0x9050000, 0x20000 },  { 0xa000000, 0x400 },
		{ 0x10000000, 0x2eff0000 }, { 0x3eff0000, 0x10000 }, { 0x40000000, 0x100000000 },
		{ 0x4010000000, 0x10000000 }, { 0x8000000000, 0x8000000000 }, { 0, 0x8000000 },
	};

	(void)state;
	made();
	assert_int_equal(control.segment, 1);
	assert_true(control.mmio32_base.v != 0);
	assert_true(control.mmio32_base.v + control.mmio32_size <= 1ULL << 32);
	assert_int_equal(control.mmio32_base.v % 0x200000, 0);
	assert_int_equal(control.aperture_base.v % (1ULL << 30), 0);
	assert_true(control.aperture_base.v + control.aperture_size <= 1ULL << 40);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		assert_false(meets(control.mmio32_base.v, control.mmio32_size, taken[i].base,
				   taken[i].size));
		assert_false(meets(control.aperture_base.v, control.aperture_size, taken[i].base,
				   taken[i].size));
		assert_false(meets(control.ecam.v, 0x100000, taken[i].base, taken[i].size));
	}
	assert_false(meets(control.ecam.v, 0x100000, control.aperture_base.v,
			   control.aperture_size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_alias_of_itself),
		cmocka_unit_test(test_memory_cpus_psci),
		cmocka_unit_test(test_interrupt_controller),
		cmocka_unit_test(test_reads_back),
		cmocka_unit_test(test_gicv2),
		cmocka_unit_test(test_too_small_buffer),
		cmocka_unit_test(test_control_layout_is_free_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
