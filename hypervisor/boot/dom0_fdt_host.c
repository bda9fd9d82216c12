/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes of the host's tree in the control domain's, and the console in place of the host's UART. */
#include "boot/dom0_fdt_host.h"

#include "boot/dom0_fdt_pci.h"
#include "boot/dom0_rules.h"
#include "boot/fdt_read.h"
#include "lib/format.h"
#include "lib/string.h"

#define CONSOLE_CLOCK_HZ 24000000
#define GIC_TYPE_SPI     0
#define GIC_SPI_FIRST    32
#define GIC_LEVEL_HIGH   4
#define ROOT_CELLS       2 /* of addresses and of sizes, in the tree that is made */
#define DEPTH_MAX        32

bool dom0_fdt_has_console(const struct machine *m)
{
	return m->uart.compatible != NULL && m->uart.intid != 0;
}

void dom0_fdt_console_path(const struct machine *m, char *out, size_t size)
{
	format(out, size, "/pl011@%llx", (unsigned long long)m->uart.regs.base);
}

/* arm,pl011 is an AMBA device: it is found only with its bus clock. */
void dom0_fdt_console(struct fdt_writer *w, const struct machine *m, uint32_t clock_phandle)
{
	static const char compatible[] = "arm,pl011\0arm,primecell";
	static const char clock_names[] = "uartclk\0apb_pclk";
	uint32_t phandle;

	if (!dom0_fdt_has_console(m)) {
		return;
	}
	fdt_write_begin(w, "console-clock");
	fdt_write_text(w, "compatible", "fixed-clock");
	fdt_write_u32(w, "#clock-cells", 0);
	fdt_write_u32(w, "clock-frequency", CONSOLE_CLOCK_HZ);
	fdt_write_u32(w, "phandle", clock_phandle);
	fdt_write_end(w);

	fdt_write_begin_at(w, "pl011", m->uart.regs.base);
	fdt_write_raw(w, "compatible", compatible, sizeof(compatible));
	fdt_write_cell64(w, m->uart.regs.base);
	fdt_write_cell64(w, SZ_4K);
	fdt_write_cells(w, "reg");
	fdt_write_cell(w, GIC_TYPE_SPI);
	fdt_write_cell(w, m->uart.intid - GIC_SPI_FIRST);
	fdt_write_cell(w, GIC_LEVEL_HIGH);
	fdt_write_cells(w, "interrupts");
	fdt_write_cell(w, clock_phandle);
	fdt_write_cell(w, clock_phandle);
	fdt_write_cells(w, "clocks");
	fdt_write_raw(w, "clock-names", clock_names, sizeof(clock_names));
	phandle = fdt_phandle(m->fdt, fdt_path_offset(m->fdt, m->uart.path));
	if (phandle != 0) {
		fdt_write_u32(w, "phandle", phandle);
	}
	fdt_write_end(w);
}

/* Aliases of nodes that are still there. */
void dom0_fdt_aliases(struct fdt_writer *w, const struct machine *m)
{
	int aliases = fdt_child_named(m->fdt, 0, "aliases");
	char console[MACHINE_PATH_MAX];
	int property;

	if (aliases < 0) {
		return;
	}
	dom0_fdt_console_path(m, console, sizeof(console));
	fdt_write_begin(w, "aliases");
	fdt_for_each_property_offset(property, m->fdt, aliases) {
		const char *name;
		int size;
		const char *path = fdt_getprop_by_offset(m->fdt, property, &name, &size);
		enum dom0_action action = DOM0_KEEP_AWAY;
		int node = -1;

		if (path != NULL && size > 0 && path[size - 1] == '\0') {
			node = fdt_read_path(m->fdt, path, (size_t)size - 1);
		}
		if (node > 0 && dom0_reaches(m, node)) {
			action = dom0_rule_of(m, node).action;
		}
		if (action == DOM0_CONSOLE && dom0_fdt_has_console(m)) {
			fdt_write_text(w, name, console);
		} else if (action == DOM0_PASS || action == DOM0_COPY || action == DOM0_BUS) {
			fdt_write_text(w, name, path);
		}
	}
	fdt_write_end(w);
}

/* Entries of lead + address + tail cells, of which address and, when wide_tail, tail become two. */
struct entries {
	uint32_t lead;
	uint32_t address;
	uint32_t tail;
	bool wide_tail;
};

/* False: not a whole number of such entries. */
static bool write_widened(struct fdt_writer *w, const char *name, const fdt32_t *p, int size,
			  const struct entries *e)
{
	uint32_t cells = e->lead + e->address + e->tail;

	if (cells == 0 || size == 0 || (uint32_t)size % (cells * 4) != 0) {
		return false;
	}
	for (uint32_t n = (uint32_t)size / (cells * 4); n != 0; n--) {
		for (uint32_t i = 0; i < e->lead; i++) {
			fdt_write_cell(w, fdt32_ld(p++));
		}
		fdt_write_cell64(w, fdt_read_cells(p, e->address));
		p += e->address;
		if (e->wide_tail) {
			fdt_write_cell64(w, fdt_read_cells(p, e->tail));
			p += e->tail;
		}
		for (uint32_t i = 0; !e->wide_tail && i < e->tail; i++) {
			fdt_write_cell(w, fdt32_ld(p++));
		}
	}
	fdt_write_cells(w, name);
	return true;
}

/* A property of a child of the root: what is in the root's cells is written in two each. */
static void write_top_property(struct fdt_writer *w, const struct machine *m, int node,
			       const char *name, const void *data, int size)
{
	static struct fdt_reader r; /* boot only */
	struct entries e = { .wide_tail = true };
	uint32_t child_cells, child_sizes;
	bool done = false;

	r.fdt = m->fdt;
	if (fdt_child_cells(&r, 0, &e.address, &e.tail) == 0 &&
	    (e.address != ROOT_CELLS || e.tail != ROOT_CELLS)) {
		if (strcmp(name, "reg") == 0) {
			done = write_widened(w, name, data, size, &e);
		} else if ((strcmp(name, "ranges") == 0 || strcmp(name, "dma-ranges") == 0) &&
			   fdt_child_cells(&r, node, &child_cells, &child_sizes) == 0) {
			e = (struct entries){ child_cells, e.address, child_sizes, false };
			done = write_widened(w, name, data, size, &e);
		}
	}
	if (!done) {
		fdt_write_raw(w, name, data, (uint32_t)size);
	}
}

/* The pins' way to the GIC is written anew: the GIC's own cells are not the host's. */
static bool is_own_property(const char *name)
{
	static const char *const names[] = {
		"#interrupt-cells", "interrupt-map", "interrupt-map-mask", "linux,pci-domain",
		"viaduct,owner-driven",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void write_properties(struct fdt_writer *w, const struct machine *m, int node, bool bridge)
{
	bool top = fdt_parent(m->fdt, node) == 0;
	int property;

	fdt_for_each_property_offset(property, m->fdt, node) {
		const char *name;
		int size;
		const void *data = fdt_getprop_by_offset(m->fdt, property, &name, &size);

		if (data == NULL || (bridge && is_own_property(name))) {
			continue;
		}
		if (top) {
			write_top_property(w, m, node, name, data, size);
		} else {
			fdt_write_raw(w, name, data, (uint32_t)size);
		}
	}
}

static void write_device(struct fdt_writer *w, const struct machine *m, int node)
{
	int child;

	fdt_write_begin(w, fdt_name(m->fdt, node));
	write_properties(w, m, node, false);
	fdt_for_each_child(child, m->fdt, node) {
		fdt_write_copy(w, m->fdt, child);
	}
	fdt_write_end(w);
}

static void write_bridge(struct fdt_writer *w, const struct machine *m, int node,
			 uint32_t gic_phandle)
{
	char path[MACHINE_PATH_MAX];

	if (fdt_path(m->fdt, node, path, sizeof(path)) != 0) {
		return;
	}
	fdt_write_begin(w, fdt_name(m->fdt, node));
	write_properties(w, m, node, true);
	for (uint32_t i = 0; i < m->bridge_count; i++) {
		if (strcmp(path, m->bridges[i].path) == 0) {
			dom0_fdt_own_bridge(w, &m->bridges[i], gic_phandle);
		}
	}
	fdt_write_end(w);
}

void dom0_fdt_host_nodes(struct fdt_writer *w, const struct machine *m, uint32_t gic_phandle)
{
	int buses[DEPTH_MAX]; /* those begun and not ended */
	uint32_t depth = 0;

	for (int node = dom0_next(m, 0); node >= 0; node = dom0_next(m, node)) {
		enum dom0_action action = dom0_rule_of(m, node).action;
		int parent = fdt_parent(m->fdt, node);

		for (; depth != 0 && buses[depth - 1] != parent; depth--) {
			fdt_write_end(w);
		}
		if (action == DOM0_COPY || action == DOM0_PASS) {
			write_device(w, m, node);
		} else if (action == DOM0_BRIDGE) {
			write_bridge(w, m, node, gic_phandle);
		} else if (action == DOM0_BUS && depth == DEPTH_MAX) {
			w->err = -FDT_ERR_BADSTRUCTURE;
		} else if (action == DOM0_BUS) {
			fdt_write_begin(w, fdt_name(m->fdt, node));
			write_properties(w, m, node, false);
			buses[depth++] = node;
		}
	}
	for (; depth != 0; depth--) {
		fdt_write_end(w);
	}
}
