/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of docs/vpci.md, made from what the code builds, bit by bit, and compared with the
 * document. With --print they go to standard output; scripts/vpci-doc puts them in their place.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "fake_heap.h"
#include "vpci/front_dw.h"
#include "vpci/port.h"
#include "vpci_rig.h"

#define VIEWS 3 /* guest, owner, bridge */
#define BEGIN "<!-- tables: begin -->\n"
#define END   "<!-- tables: end -->\n"

struct reg {
	uint16_t at;
	const char *name; /* of the dword: low part first */
};

static const struct reg header[] = {
	{ 0x00, "Vendor ID, Device ID" },
	{ 0x04, "Command, Status" },
	{ 0x08, "Revision, Class Code" },
	{ 0x0c, "Cache Line, Latency Timer, Header Type, BIST" },
	{ 0x10, "BAR 0: 64-bit, 16 KiB" },
	{ 0x14, "BAR 1: upper half" },
	{ 0x18, "BAR 2: 32-bit, 128 bytes; bridge: bus numbers" },
	{ 0x1c, "BAR 3: none; bridge: I/O window, Secondary Status" },
	{ 0x20, "BAR 4: I/O, 32 bytes; bridge: memory window" },
	{ 0x24, "BAR 5: none; bridge: prefetchable window" },
	{ 0x28, "CardBus CIS; bridge: prefetchable base, upper" },
	{ 0x2c, "Subsystem IDs; bridge: prefetchable limit, upper" },
	{ 0x30, "Expansion ROM; bridge: I/O window, upper" },
	{ 0x38, "reserved; bridge: Expansion ROM" },
	{ 0x3c, "Interrupt Line, Pin, grants; bridge: Bridge Control" },
};
static const struct reg pm[] = { { 0x42, "PMC" }, { 0x44, "PMCSR" } };
static const struct reg msix[] = { { 0x52, "Message Control" }, { 0x54, "Table" },
				   { 0x58, "Pending Bits" } };
static const struct reg msi[] = { { 0x62, "Message Control" }, { 0x64, "Address" },
				  { 0x68, "Upper Address" }, { 0x6c, "Data" }, { 0x70, "Mask" },
				  { 0x74, "Pending" } };
static const struct reg express[] = {
	{ 0x82, "Capabilities" },
	{ 0x84, "Device Capabilities" },
	{ 0x88, "Device Control, Status" },
	{ 0x8c, "Link Capabilities" },
	{ 0x90, "Link Control, Status" },
	{ 0x94, "Slot Capabilities" },
	{ 0x98, "Slot Control, Status" },
	{ 0x9c, "Root Control, Capabilities" },
	{ 0xa0, "Root Status" },
	{ 0xa4, "Device Capabilities 2" },
	{ 0xa8, "Device Control 2, Status 2" },
	{ 0xac, "Link Capabilities 2" },
	{ 0xb0, "Link Control 2, Status 2" },
};
/* At 0x100 + 0x80 * its place in ext_caps. */
static const struct reg sriov[] = {
	{ 0x404, "SR-IOV Capabilities" },
	{ 0x408, "SR-IOV Control, Status" },
	{ 0x40c, "InitialVFs, TotalVFs" },
	{ 0x410, "NumVFs, Function Dependency Link" },
	{ 0x414, "First VF Offset, VF Stride" },
	{ 0x418, "VF Device ID" },
	{ 0x41c, "Supported Page Sizes" },
	{ 0x420, "System Page Size" },
	{ 0x424, "VF BAR 0: 64-bit, 16 KiB" },
	{ 0x428, "VF BAR 1: upper half" },
	{ 0x42c, "VF BAR 2: none" },
	{ 0x43c, "VF Migration" },
};
static const struct reg others[] = {
	{ 0xc4, "Subsystem IDs of a bridge (0d): IDs" },
	{ 0xd4, "Vendor-specific (09) and any other: body" },
	{ 0xe2, "Advanced Features (13): length, abilities" },
	{ 0xe4, "Advanced Features (13): control, status" },
	{ 0xf2, "Vital Product Data (03): address, F" },
	{ 0xf4, "Vital Product Data (03): data" },
};

static const struct reg port_regs[] = {
	{ 0x00, "Vendor ID, Device ID" },
	{ 0x04, "Command, Status" },
	{ 0x08, "Revision, Class Code" },
	{ 0x0c, "Cache Line, Latency Timer, Header Type, BIST" },
	{ 0x18, "bus numbers" },
	{ 0x1c, "I/O window, Secondary Status" },
	{ 0x20, "memory window" },
	{ 0x24, "prefetchable window" },
	{ 0x28, "prefetchable base, upper" },
	{ 0x2c, "prefetchable limit, upper" },
	{ 0x34, "capabilities" },
	{ 0x3c, "Interrupt Line, Pin, Bridge Control" },
	{ 0x42, "Power Management: PMC" },
	{ 0x44, "PMCSR" },
	{ 0x52, "MSI: Message Control" },
	{ 0x54, "Address" },
	{ 0x58, "Upper Address" },
	{ 0x5c, "Data" },
	{ 0x62, "PCI Express: Capabilities" },
	{ 0x64, "Device Capabilities" },
	{ 0x68, "Device Control, Status" },
	{ 0x6c, "Link Capabilities; port number" },
	{ 0x70, "Link Control, Status" },
	{ 0x74, "Slot Capabilities; slot number" },
	{ 0x78, "Slot Control, Status" },
	{ 0x7c, "Root Control, Capabilities" },
	{ 0x88, "Device Control 2, Status 2" },
	{ 0x8c, "Link Capabilities 2" },
	{ 0x90, "Link Control 2, Status 2" },
};

static const struct reg caps[] = {
	{ 0x40, "Power Management (01)" },
	{ 0xf0, "Vital Product Data (03)" },
	{ 0x60, "MSI (05), behind an ITS or with vectors of a controller" },
	{ 0x80, "PCI Express (10)" },
	{ 0x50, "MSI-X (11), the same" },
	{ 0xc0, "Subsystem IDs of a bridge (0d)" },
	{ 0xe0, "Advanced Features (13)" },
	{ 0xd0, "Vendor-specific (09) and any other" },
};

static const struct {
	uint16_t id;
	const char *name;
} ext_caps[] = {
	{ 0x0001, "Advanced Error Reporting" }, { 0x0003, "Device Serial Number" },
	{ 0x000b, "Vendor-specific" },		{ 0x000d, "Access Control Services" },
	{ 0x000e, "ARI" },			{ 0x000f, "Address Translation Services" },
	{ 0x0010, "SR-IOV" },			{ 0x0012, "Multicast" },
	{ 0x0013, "Page Requests" },		{ 0x0015, "Resizable BAR" },
	{ 0x0018, "Latency Tolerance" },	{ 0x001b, "PASID" },
	{ 0x001d, "Downstream Port Containment" },
	{ 0x001e, "L1 PM Substates" },		{ 0x001f, "Precision Time Measurement" },
	{ 0x0023, "Designated vendor-specific" }, { 0x0024, "VF Resizable BAR" },
	{ 0x002f, "Device 3" },			{ 0x0017, "any other" },
};

static const enum vpci_view views[VIEWS] = { VPCI_VIEW_GUEST, VPCI_VIEW_OWNER, VPCI_VIEW_BRIDGE };

/* Each view twice, over images whose bits are all different: a value that follows is a copy. */
static struct vpci_rig rigs[VIEWS][2];

/* Bits that stay: what makes the capability list, and Express's version. */
static uint8_t structure(uint32_t at)
{
	if (at == 0x82) {
		return 0x0f;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(caps); i++) {
		if (at - caps[i].at < 2) {
			return 0xff;
		}
	}
	return at == 0x06 || at == 0x34 ? 0xff : 0;
}

static void build(uint32_t view, bool flipped, bool its)
{
	struct vpci_rig *r = &rigs[view][flipped];

	rig_init(r);
	rig_typical(r);
	rig_cap(r, 0xc0, 0x0d);
	rig_cap(r, 0xd0, 0x09);
	rig_cap(r, 0xe0, 0x13);
	r->f.cap_af = 0xe0;
	r->f.cap_sriov = 0x400;
	r->f.sriov.total = 8;
	r->f.sriov.pages = 0x553;
	r->f.sriov.ari = true;
	r->f.sriov.bars[0] = (struct pci_bar){ .kind = BAR_MEM64, .size = 0x4000 };
	rig_cap(r, 0xf0, 0x03);
	r->f.cap_vpd = 0xf0;
	for (uint32_t i = 0; i < ARRAY_SIZE(ext_caps); i++) {
		rig_ext_cap(r, (uint16_t)(0x100 + 0x80 * i), ext_caps[i].id);
	}
	for (uint32_t at = 0; flipped && at < 0x100; at++) {
		r->hw[at] ^= (uint8_t)~structure(at);
	}
	r->f.header_type = views[view] == VPCI_VIEW_BRIDGE;
	r->build.intx = true;
	r->build.msi_trapped = !its;
	r->build.msix_trapped = !its;
	assert_int_equal(rig_build(r, views[view], its), 0);
}

static const char *bit_word(uint32_t view, uint32_t at, uint32_t bit)
{
	const struct vpci_reg *a = vpci_shadow_reg(&rigs[view][0].s, at & ~3U);
	const struct vpci_reg *b = vpci_shadow_reg(&rigs[view][1].s, at & ~3U);
	uint32_t mask = 1U << bit;

	if (!(a->virt & mask)) {
		return a->w1c & a->write & mask ? "hw, 1 clears" : a->write & mask ? "hw" : "hw ro";
	}
	if (a->write & mask) {
		return "own";
	}
	if ((a->value ^ b->value) & mask) {
		return "copy";
	}
	return a->value & mask ? "1" : "0";
}

static bool same_row(uint32_t at, uint32_t bit, uint32_t other)
{
	for (uint32_t v = 0; v < VIEWS; v++) {
		if (strcmp(bit_word(v, at, bit), bit_word(v, at, other)) != 0) {
			return false;
		}
	}
	return true;
}

/* Runs of bits of which all views think the same, highest first. */
static void print_reg(FILE *f, const struct reg *reg)
{
	int high = 31, low = (reg->at & 3) * 8;

	for (int bit = high; bit >= low; bit--) {
		if (bit > low && same_row(reg->at, (uint32_t)high, (uint32_t)bit - 1)) {
			continue;
		}
		fprintf(f, "| %02x %s | %d", reg->at & ~3U, reg->name, high);
		if (high != bit) {
			fprintf(f, ":%d", bit);
		}
		for (uint32_t v = 0; v < VIEWS; v++) {
			fprintf(f, " | %s", bit_word(v, reg->at, (uint32_t)high));
		}
		fprintf(f, " |\n");
		high = bit - 1;
	}
}

static void print_regs(FILE *f, const char *title, const struct reg *regs, uint32_t count)
{
	fprintf(f, "\n### %s\n\n| Register | Bits | Guest | Owner | Bridge |\n"
		   "| --- | --- | --- | --- | --- |\n", title);
	for (uint32_t i = 0; i < count; i++) {
		print_reg(f, &regs[i]);
	}
}

static bool view_lists(uint32_t view, uint32_t cap)
{
	struct vpci_rig *r = &rigs[view][0];
	uint32_t at = rig_read(r, 0x34, 1);

	while (at != 0 && at != cap) {
		at = rig_read(r, at + 1, 1);
	}
	return at == cap;
}

static void print_lists(FILE *f)
{
	fprintf(f,
		"\n### Which capabilities are listed\n\n| Capability | Guest | Owner | Bridge |\n"
		"| --- | --- | --- | --- |\n");
	for (uint32_t i = 0; i < ARRAY_SIZE(caps); i++) {
		fprintf(f, "| %s", caps[i].name);
		for (uint32_t v = 0; v < VIEWS; v++) {
			fprintf(f, " | %s", view_lists(v, caps[i].at) ? "yes" : "no");
		}
		fprintf(f, " |\n");
	}
}

static void print_ext(FILE *f)
{
	fprintf(f, "\n### Extended capabilities\n\n| Capability | Guest | Owner | Bridge |\n"
		   "| --- | --- | --- | --- |\n");
	for (uint32_t i = 0; i < ARRAY_SIZE(ext_caps); i++) {
		uint32_t at = 0x100 + 0x80 * i;

		fprintf(f, "| %s", ext_caps[i].name);
		if (strcmp(ext_caps[i].name, "any other") != 0) {
			fprintf(f, " (%04x)", ext_caps[i].id);
		}
		for (uint32_t v = 0; v < VIEWS; v++) {
			fprintf(f, " | %s", bit_word(v, at + 4, 1));
		}
		fprintf(f, " |\n");
	}
}

static void build_all(bool its)
{
	for (uint32_t v = 0; v < VIEWS; v++) {
		build(v, false, its);
		build(v, true, its);
	}
}

static void free_all(void)
{
	for (uint32_t v = 0; v < VIEWS; v++) {
		rig_free(&rigs[v][0]);
		rig_free(&rigs[v][1]);
	}
}

/* Registers of a controller that its owner drives: reads, and what becomes of a write. */
static void print_front(FILE *f)
{
	static const char *const words[] = {
		[FRONT_DW_PORT] = "hw | bridge | bridge",
		[FRONT_DW_LINK] = "hw | hw | hw ro",
		[FRONT_DW_DIRECT] = "hw | hw | hw",
		[FRONT_DW_SHADOW] = "own | own | own",
		[FRONT_DW_HIDDEN] = "0 | 0 | 0",
	};

	fprintf(f, "\n### DesignWare controller that its owner drives\n\n"
		   "| DBI | Before functions are found | None lent | One lent |\n"
		   "| --- | --- | --- | --- |\n");
	for (uint32_t i = 0; i < front_dw_range_count; i++) {
		const struct front_dw_range *r = &front_dw_ranges[i];

		fprintf(f, "| %03x-%03x %s | %s |\n", r->from, r->to, r->name, words[r->rule]);
	}
}

/* 0 and 1 as they are at first. */
static uint32_t port_word(const struct vpci_reg *reg, int bit)
{
	return reg->write >> bit & 1 ? 2 + (reg->w1c >> bit & 1) : reg->value >> bit & 1;
}

/* A virtual root port: all bits are the guest's own or the hypervisor's, none the hardware's. */
static void print_port(FILE *f)
{
	static const char *const words[] = { "0", "1", "own", "own, 1 clears" };
	struct vpci_port port = { .filled = false };

	assert_int_equal(vpci_port_build(&port, 0), 0);
	fprintf(f, "\n### Virtual root port\n\n| Register | Bits | Guest |\n| --- | --- | --- |\n");
	for (uint32_t i = 0; i < ARRAY_SIZE(port_regs); i++) {
		const struct vpci_reg *reg = vpci_shadow_reg(&port.shadow, port_regs[i].at & ~3U);
		int high = 31, low = (port_regs[i].at & 3) * 8;

		for (int bit = high; bit >= low; bit--) {
			if (bit > low && port_word(reg, bit - 1) == port_word(reg, high)) {
				continue;
			}
			fprintf(f, "| %02x %s | %d", port_regs[i].at & ~3U, port_regs[i].name,
				high);
			if (high != bit) {
				fprintf(f, ":%d", bit);
			}
			fprintf(f, " | %s |\n", words[port_word(reg, high)]);
			high = bit - 1;
		}
	}
	vpci_shadow_free(&port.shadow);
}

static char *tables(void)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	build_all(true);
	print_regs(f, "Header", header, ARRAY_SIZE(header));
	print_lists(f);
	print_regs(f, "Power Management", pm, ARRAY_SIZE(pm));
	print_regs(f, "MSI: 64-bit, maskable, 32 vectors", msi, ARRAY_SIZE(msi));
	print_regs(f, "MSI-X", msix, ARRAY_SIZE(msix));
	print_regs(f, "PCI Express, version 2", express, ARRAY_SIZE(express));
	rigs[0][0].build.behind_port = true;
	rigs[0][1].build.behind_port = true;
	assert_int_equal(vpci_build(&rigs[0][0].s, &rigs[0][0].build), 0);
	assert_int_equal(vpci_build(&rigs[0][1].s, &rigs[0][1].build), 0);
	print_regs(f, "PCI Express of a guest's function behind a root port", express,
		   ARRAY_SIZE(express));
	print_regs(f, "Other capabilities", others, ARRAY_SIZE(others));
	print_ext(f);
	print_regs(f, "SR-IOV of a physical function; NumVFs is told the hardware too", sriov,
		   ARRAY_SIZE(sriov));
	free_all();
	build_all(false);
	print_regs(f, "MSI without an ITS, through vectors of a controller", msi, ARRAY_SIZE(msi));
	free_all();
	print_front(f);
	print_port(f);
	fprintf(f, "\n");
	fclose(f);
	return text;
}

static char *document(void)
{
	const char *source = getenv("VIADUCT_SOURCE");
	char path[4096];
	char *text = calloc(1, 1 << 20);
	FILE *f;

	assert_non_null(source); /* meson sets it */
	snprintf(path, sizeof(path), "%s/docs/vpci.md", source);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

/* "scripts/vpci-doc" makes the document fit the code again; look at the difference before. */
static void the_document_says_what_the_code_does(void **state)
{
	char *text = document(), *made = tables();
	char *begin = strstr(text, BEGIN);
	char *end = begin ? strstr(begin, END) : NULL;

	assert_non_null(end);
	*end = '\0';
	assert_string_equal(begin + strlen(BEGIN), made);
	assert_int_equal(fake_heap_live, 0);
	free(text);
	free(made);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_says_what_the_code_does),
	};

	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		char *made = tables();

		fputs(made, stdout);
		free(made);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
