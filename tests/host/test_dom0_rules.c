/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of the host's nodes the control domain gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "boot/dom0_rules.h"
#include "dom0_tree.h"

static void test_keeps_away_what_is_not_listed(void **state)
{
	static const char *const away[] = {
		"arm,smmu-v3", "qemu,fw-cfg-mmio", "virtio,mmio", "cfi-flash",
		"example,watchdog", "arm,armv8-pmuv3", "multiboot,module",
	};
	const void *fdt = made();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(away); i++) {
		assert_true(has_compatible(virt_tree(), away[i]));
		assert_false(has_compatible(fdt, away[i]));
	}
	assert_false(has(fdt, "/reserved-memory"));
	assert_false(has(fdt, "/secram@e000000"));
	assert_false(has(fdt, "/memory@40000000"));
}

static void test_every_node_kept_away_has_a_reason(void **state)
{
	const void *host = virt_tree();
	int node;

	(void)state;
	read_tree(host);
	for (node = dom0_next(&machine, 0); node >= 0; node = dom0_next(&machine, node)) {
		struct dom0_rule rule = dom0_rule_of(&machine, node);

		assert_true((rule.action == DOM0_KEEP_AWAY) == (rule.reason != NULL));
	}
}

/* A node of a kind nobody thought of, with a DMA engine in it. */
static void test_unknown_node_is_kept_away(void **state)
{
	void *host = virt_tree();
	const void *fdt;

	(void)state;
	assert_true(fdt_add_subnode(host, 0, "dma@b000000") >= 0);
	virt_set_text(host, "/dma@b000000", "compatible", "example,dma-engine");
	VIRT_CELLS(host, "/dma@b000000", "reg", 0, 0xb000000, 0, 0x1000);
	fdt = made_from(host);
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/dma@b000000")).action,
			 DOM0_KEEP_AWAY);
	assert_false(has(fdt, "/dma@b000000"));
}

/* A device that would pass, but whose registers lie in a config window, the GIC or RAM. */
static void test_overlapping_device_is_kept_away(void **state)
{
	static const uint32_t where[][2] = {
		{ 0x40, 0x10000000 }, { 0x40, 0x1ffff000 }, { 0, 0x8000000 }, { 0, 0x80a0000 },
		{ 0, 0x8080000 },     { 0, 0x9050000 },	    { 0, 0x9000000 }, { 0, 0x40000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		void *host = virt_tree();

		VIRT_CELLS(host, "/pl031@9010000", "reg", where[i][0], where[i][1], 0, 0x1000);
		read_tree(host);
		assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/pl031@9010000")).action,
				 DOM0_KEEP_AWAY);
	}
}

static void test_passes_harmless_devices(void **state)
{
	static const char *const same[] = { "/pl031@9010000", "/pl061@9030000", "/pl011@9040000",
					    "/pl011@9000000" };
	const void *host = virt_tree();
	const void *fdt = made();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(cell64(fdt, same[i], "reg", 0), cell64(host, same[i], "reg", 0));
		assert_int_equal(cell(fdt, same[i], "interrupts", 1),
				 cell(host, same[i], "interrupts", 1));
		/* What it refers to is there too. */
		assert_true(fdt_node_offset_by_phandle(fdt, cell(fdt, same[i], "clocks", 0)) >= 0);
	}
	assert_true(has(fdt, "/gpio-keys/poweroff"));
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/pl011@9000000")).action,
			 DOM0_CONSOLE);
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/pl011@9040000")).action,
			 DOM0_PASS);
}

/* Each kind of node by itself, with registers that nobody else has. */
static void test_each_kind_of_node(void **state)
{
	static const struct {
		const char *compatible;
		enum dom0_action action;
	} kinds[] = {
		{ "fixed-clock", DOM0_COPY },
		{ "fixed-factor-clock", DOM0_COPY },
		{ "gpio-keys", DOM0_COPY },
		{ "arm,pl011", DOM0_PASS },
		{ "arm,pl031", DOM0_PASS },
		{ "arm,pl061", DOM0_PASS },
		{ "arm,psci-1.0", DOM0_REPLACE },
		{ "arm,psci-0.2", DOM0_REPLACE },
		{ "arm,psci", DOM0_REPLACE },
		{ "qemu,fw-cfg-mmio", DOM0_KEEP_AWAY },
		{ "virtio,mmio", DOM0_KEEP_AWAY },
		{ "arm,armv8-pmuv3", DOM0_KEEP_AWAY },
		{ "simple-bus", DOM0_BUS },
		{ "fsl,imx6q-uart", DOM0_PASS },
		{ "acme,anything", DOM0_KEEP_AWAY },
	};
	static const struct {
		const char *name;
		enum dom0_action action;
	} names[] = {
		{ "cpus", DOM0_REPLACE }, { "chosen", DOM0_REPLACE }, { "aliases", DOM0_REPLACE },
		{ "reserved-memory", DOM0_KEEP_AWAY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		void *fdt = virt_tree();

		assert_true(fdt_add_subnode(fdt, 0, "probe@d000000") > 0);
		virt_set_text(fdt, "/probe@d000000", "compatible", kinds[i].compatible);
		virt_set_text(fdt, "/probe@d000000", "method", "hvc"); /* PSCI's */
		VIRT_CELLS(fdt, "/probe@d000000", "reg", 0, 0xd000000, 0, 0x1000);
		read_tree(fdt);
		assert_int_equal(dom0_rule_of(&machine, virt_node(fdt, "/probe@d000000")).action,
				 kinds[i].action);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		void *fdt = virt_tree();
		char path[32] = "/";

		strcat(path, names[i].name);
		if (fdt_path_offset(fdt, path) < 0) {
			assert_true(fdt_add_subnode(fdt, 0, names[i].name) > 0);
		}
		read_tree(fdt);
		assert_int_equal(dom0_rule_of(&machine, virt_node(fdt, path)).action,
				 names[i].action);
	}
}

/* The GIC, bridge, console and a UART, all of them below buses. */
static void test_devices_below_buses(void **state)
{
	static const char uart[] = "/soc@0/bus@30800000/serial@30860000";
	const void *fdt = made_from_file("imx8mp-evk");

	(void)state;
	assert_string_equal(text(fdt, uart, "compatible"), "fsl,imx8mp-uart");
	assert_int_equal(cell(fdt, uart, "reg", 0), 0x30860000);
	assert_int_equal(cell(fdt, uart, "interrupts", 1), 26);
	assert_true(fdt_node_offset_by_phandle(fdt, cell(fdt, uart, "clocks", 0)) >= 0);
	assert_int_equal(cell(fdt, "/soc@0", "#address-cells", 0), 1);
	assert_int_equal(cell(fdt, "/soc@0", "ranges", 3), 0x3e000000);

	assert_false(has(fdt, "/soc@0/bus@30800000/serial@30890000"));
	assert_false(has(fdt, "/soc@0/pcie@33800000"));
	assert_false(has(fdt, "/soc@0/interrupt-controller@38800000"));
	assert_false(has(fdt, "/soc@0/pcie-phy@32f00000"));
	assert_int_equal(cell64(fdt, "/intc@38800000", "reg", 4), 0x38880000);

	/* The console is a PL011 where the board has something else. */
	assert_string_equal(text(fdt, "/pl011@30890000", "compatible"), "arm,pl011");
	assert_int_equal(cell(fdt, "/pl011@30890000", "interrupts", 1), 27);
	assert_int_equal(cell(fdt, "/pl011@30890000", "clocks", 0),
			 cell(fdt, "/console-clock", "phandle", 0));
	assert_string_equal(text(fdt, "/chosen", "stdout-path"), "/pl011@30890000");
	assert_string_equal(text(fdt, "/aliases", "serial0"), "/pl011@30890000");
	assert_string_equal(text(fdt, "/aliases", "serial1"), uart);
}

/* What is below a node that stays away is not looked at; a bus does not hide what a bus is on. */
static void test_rules_reach_only_through_buses(void **state)
{
	const void *host;
	int reached = 0;

	(void)state;
	made_from_file("narrow");
	host = machine.fdt;
	for (int node = dom0_next(&machine, 0); node >= 0; node = dom0_next(&machine, node)) {
		reached++;
	}
	assert_int_equal(reached, 12); /* 9 of the root, 3 of the bus */
	assert_false(dom0_reaches(&machine, virt_node(host, "/cpus/cpu@0")));
	assert_false(dom0_reaches(&machine,
				  virt_node(host, "/bus@20000000/bus@100010000/rtc@0")));
	assert_true(dom0_reaches(&machine, virt_node(host, "/bus@20000000/rtc@200004000")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_away_what_is_not_listed),
		cmocka_unit_test(test_every_node_kept_away_has_a_reason),
		cmocka_unit_test(test_unknown_node_is_kept_away),
		cmocka_unit_test(test_overlapping_device_is_kept_away),
		cmocka_unit_test(test_passes_harmless_devices),
		cmocka_unit_test(test_each_kind_of_node),
		cmocka_unit_test(test_devices_below_buses),
		cmocka_unit_test(test_rules_reach_only_through_buses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
