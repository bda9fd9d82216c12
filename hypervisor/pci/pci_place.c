/* SPDX-License-Identifier: BSD-2-Clause */
/* From the registry to the planner's plain structs, and from its plan into registers. */
#include "pci/pci_place.h"

#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"
#include "pci/pci_bar.h"
#include "pci/pci_config.h"
#include "pci/pci_placement.h"
#include "pci/registry.h"

/*
 * The owner's idea of a system page decides how far apart it sees VF BARs (PCIe 6.0 9.3.3.13), up
 * to Linux's largest. The hardware's stays at 4 KiB.
 */
#define VF_PAGE (64 * 1024ULL)

static void write_io_window(struct pci_function *f)
{
	if (f->window_io) {
		pci_write(f, PCI_IO_BASE, 1, (f->window_io_base >> 8) & 0xf0);
		pci_write(f, PCI_IO_LIMIT, 1, (f->window_io_limit >> 8) & 0xf0);
		pci_write(f, PCI_IO_BASE_UPPER, 2, f->window_io_base >> 16);
		pci_write(f, PCI_IO_LIMIT_UPPER, 2, f->window_io_limit >> 16);
	}
}

static void write_memory_windows(struct pci_function *f)
{
	pci_write(f, PCI_MEM_BASE, 2, (f->window_mem_base >> 16) & 0xfff0);
	pci_write(f, PCI_MEM_LIMIT, 2, (f->window_mem_limit >> 16) & 0xfff0);
	if (f->window_pref) {
		pci_write(f, PCI_PREF_BASE, 2, (uint32_t)(f->window_pref_base >> 16) & 0xfff0);
		pci_write(f, PCI_PREF_LIMIT, 2, (uint32_t)(f->window_pref_limit >> 16) & 0xfff0);
	}
	if (f->window_pref64) {
		pci_write(f, PCI_PREF_BASE_UPPER, 4, (uint32_t)(f->window_pref_base >> 32));
		pci_write(f, PCI_PREF_LIMIT_UPPER, 4, (uint32_t)(f->window_pref_limit >> 32));
	}
}

/* A window whose base lies above its limit forwards nothing. */
static void close_windows(struct pci_function *f)
{
	f->window_io_base = 0xf000;
	f->window_io_limit = 0x0fff;
	f->window_mem_base = 0xfff00000U;
	f->window_mem_limit = 0x000fffffU;
	f->window_pref_base = f->window_pref64 ? 0xfffffffffff00000ULL : 0xfff00000ULL;
	f->window_pref_limit = 0x000fffffULL;
}

void pci_windows_probe(struct pci_function *f)
{
	uint32_t base;

	pci_write(f, PCI_IO_BASE, 1, 0xf0);
	f->window_io = (pci_read(f, PCI_IO_BASE, 1) & 0xf0) != 0;
	pci_write(f, PCI_PREF_BASE, 2, 0xfff0);
	base = pci_read(f, PCI_PREF_BASE, 2);
	f->window_pref = (base & 0xfff0) != 0;
	f->window_pref64 = f->window_pref && (base & PCI_PREF_TYPE) == PCI_PREF_TYPE_64;
	close_windows(f);
	write_io_window(f);
	write_memory_windows(f);
}

/* Numbered as nodes will be: in registry order, so that parents come first. */
static uint32_t number_functions(const struct host_bridge *b)
{
	struct pci_function *f;
	uint32_t n = 0;

	for (f = b->functions; f != NULL; f = pci_function_next_below(f)) {
		f->node = (int32_t)n++;
	}
	return n;
}

static void fill_node(struct placement_node *n, const struct pci_function *f)
{
	uint32_t i;

	n->parent = f->parent != NULL ? f->parent->node : PLACEMENT_ROOT;
	n->bridge = f->header_type == 1;
	n->io_window = f->window_io;
	n->pref_window64 = f->window_pref64;
	n->spare = f->hotplug && f->bus_secondary != 0 && f->children == NULL;
	for (i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *b = &f->bars[i];
		const struct pci_bar *vf = &f->sriov.bars[i];

		n->bars[i].kind = b->kind;
		n->bars[i].prefetchable = b->prefetchable;
		n->bars[i].size = b->size;
		n->bars[i].align = b->size;
		if (f->sriov.total != 0 && pci_bar_is_memory(vf) &&
		    vf->size <= PLACEMENT_BAR_MAX / f->sriov.total) {
			n->vf_bars[i].kind = vf->kind;
			n->vf_bars[i].prefetchable = vf->prefetchable;
			n->vf_bars[i].align = MAX(vf->size, VF_PAGE);
			n->vf_bars[i].size = n->vf_bars[i].align * f->sriov.total;
		}
	}
}

/* Take the address over if the host bridge really forwards it. */
static bool adopt(const struct host_bridge *b, struct pci_bar *bar,
		  const struct placement_bar *plan)
{
	if (!plan->placed || !host_bridge_to_cpu(b, bar->kind == BAR_IO, plan->address, plan->size,
						 &bar->cpu)) {
		return false;
	}
	bar->address = plan->address;
	return true;
}

/* In one line, whatever there is no room for. */
static void say_left_out(const struct pci_function *f, uint32_t left_out)
{
	struct log_text l;

	log_begin(&l, "pci");
	log_add(&l, SBDF_FMT ": no room for", SBDF_ARG(f->sbdf));
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		if (left_out & BIT(i)) {
			log_add(&l, " BAR%u (%s, %llu KiB)", i,
				f->bars[i].kind == BAR_IO ? "I/O" : "memory",
				(unsigned long long)(f->bars[i].size / 1024));
		}
	}
	log_end(&l, LOG_WARN);
}

void pci_place_adopt(struct pci_function *f, const struct placement_node *n)
{
	uint32_t i, left_out = 0;

	f->placed = true;
	for (i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &f->bars[i];

		if (n->vf_bars[i].kind != BAR_NONE) {
			adopt(f->bridge, &f->sriov.bars[i], &n->vf_bars[i]);
		}
		if (bar->kind == BAR_NONE || bar->kind == BAR_MEM64_HIGH) {
			continue;
		}
		/* A function that lacks only I/O space works on: drivers of today use memory. */
		if (!adopt(f->bridge, bar, &n->bars[i])) {
			left_out |= (uint32_t)BIT(i);
			f->placed = f->placed && bar->kind == BAR_IO;
		}
	}
	if (left_out != 0) {
		say_left_out(f, left_out);
	}
}

static void adopt_windows(struct pci_function *f, const struct placement_node *n)
{
	const struct placement_window *w = n->windows;

	if (w[SPACE_IO].placed) {
		f->window_io_base = (uint32_t)w[SPACE_IO].base;
		f->window_io_limit = (uint32_t)(w[SPACE_IO].base + w[SPACE_IO].size - 1);
	}
	if (w[SPACE_MEM].placed) {
		f->window_mem_base = (uint32_t)w[SPACE_MEM].base;
		f->window_mem_limit = (uint32_t)(w[SPACE_MEM].base + w[SPACE_MEM].size - 1);
	}
	if (w[SPACE_PREF].placed) {
		f->window_pref_base = w[SPACE_PREF].base;
		f->window_pref_limit = w[SPACE_PREF].base + w[SPACE_PREF].size - 1;
	}
	write_io_window(f);
	write_memory_windows(f);
}

static void turn_bridge_on(struct pci_function *f)
{
	uint32_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF;

	if (f->window_io_base <= f->window_io_limit) {
		command |= PCI_COMMAND_IO;
	}
	if (!f->placed) {
		/* With decode on its own registers would answer at address 0. */
		log_warn("pci", SBDF_FMT ": no place for the bridge's registers, none below works",
			 SBDF_ARG(f->sbdf));
		command = PCI_COMMAND_INTX_OFF;
	}
	pci_write(f, PCI_COMMAND, 2, command);
}

void pci_place_write(struct pci_function *f)
{
	pci_bars_write(f);
	if (!pci_bars_verify(f)) {
		log_warn("pci", SBDF_FMT ": BARs do not hold their addresses", SBDF_ARG(f->sbdf));
		f->placed = false;
	}
}

void pci_place_function(struct pci_function *f, const struct placement *plan)
{
	const struct placement_node *n = &plan->nodes[f->node];

	pci_place_adopt(f, n);
	pci_place_write(f);
	if (f->header_type == 1) {
		adopt_windows(f, n);
		turn_bridge_on(f);
	}
}

struct placement *pci_place_begin(struct host_bridge *b)
{
	uint32_t count = number_functions(b);
	struct placement *p = count != 0 ? heap_alloc(sizeof(*p)) : NULL;
	struct pci_function *f;

	if (p == NULL) {
		return NULL;
	}
	p->count = count;
	p->host = b->desc->windows;
	p->host_count = b->desc->window_count;
	p->nodes = heap_alloc(count * sizeof(*p->nodes));
	if (p->nodes == NULL) {
		heap_free(p);
		return NULL;
	}
	for (f = b->functions; f != NULL; f = pci_function_next_below(f)) {
		fill_node(&p->nodes[f->node], f);
	}
	return p;
}

void pci_place_end(const struct host_bridge *b, struct placement *plan)
{
	if (plan->no_spare || plan->no_vfs) {
		log_warn("pci", "%s: windows too small for %s", b->desc->path,
			 plan->no_vfs ? "hot-plug and virtual functions" : "hot-plug");
	}
	heap_free(plan->nodes);
	heap_free(plan);
}

int pci_place(struct host_bridge *b)
{
	struct placement *plan = pci_place_begin(b);
	struct pci_function *f;

	if (plan == NULL) {
		return b->functions != NULL ? -ENOMEM : 0;
	}
	while (!placement_step(plan)) {
	}
	for (f = b->functions; f != NULL; f = pci_function_next_below(f)) {
		pci_place_function(f, plan);
	}
	pci_place_end(b, plan);
	return 0;
}

/* What a port forwards, as if it were a host bridge. */
static uint32_t port_windows(const struct pci_function *port, struct machine_window out[3])
{
	uint32_t count = 0;

	if (port->window_io && port->window_io_base <= port->window_io_limit) {
		out[count++] = (struct machine_window){
			.kind = WINDOW_IO, .pci = port->window_io_base,
			.size = port->window_io_limit - port->window_io_base + 1ULL };
	}
	if (port->window_mem_base <= port->window_mem_limit) {
		out[count++] = (struct machine_window){
			.kind = WINDOW_MEM32, .pci = port->window_mem_base,
			.size = port->window_mem_limit - port->window_mem_base + 1ULL };
	}
	if (port->window_pref64 && port->window_pref_base <= port->window_pref_limit) {
		out[count++] = (struct machine_window){
			.kind = WINDOW_MEM64, .prefetchable = true, .pci = port->window_pref_base,
			.size = port->window_pref_limit - port->window_pref_base + 1 };
	}
	return count;
}

struct placement_node *pci_place_nodes(struct pci_function *const functions[], uint32_t count)
{
	struct placement_node *nodes = heap_alloc(count * sizeof(*nodes));

	for (uint32_t i = 0; nodes != NULL && i < count; i++) {
		fill_node(&nodes[i], functions[i]);
		nodes[i].parent = PLACEMENT_ROOT;
	}
	return nodes;
}

void pci_place_behind(const struct pci_function *port, struct placement_node *nodes,
		      uint32_t count)
{
	struct machine_window windows[3];
	struct placement p = {
		.nodes = nodes,
		.count = count,
		.host = windows,
		.host_count = port_windows(port, windows),
	};

	placement_plan(&p);
}
