/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where everything goes: host windows and the wishes of all functions of one host bridge in, BAR
 * addresses and bridge windows out. Pure. Addresses are PCI bus addresses.
 */
#ifndef PCI_PCI_PLACEMENT_H
#define PCI_PCI_PLACEMENT_H

#include "core/machine.h"
#include "pci/function.h"

#define PLACEMENT_ROOT      (-1)
#define PLACEMENT_NONE      (-1)
#define PLACEMENT_BAR_ALIGN SZ_4K /* no two functions share a page of stage 2 */
#define PLACEMENT_WINDOW    SZ_1M /* granule of bridge memory windows (PCIe 6.0 7.5.1.3.8) */
#define PLACEMENT_IO_WINDOW SZ_4K /* granule of bridge I/O windows (7.5.1.3.6) */
#define PLACEMENT_SPARE     SZ_2M /* for an empty hot-plug port, of each memory kind */
#define PLACEMENT_BAR_MAX   (1ULL << 46) /* sums of these cannot wrap */

/* The three kinds of space below a bridge. */
enum placement_space {
	SPACE_IO,
	SPACE_MEM,  /* 32-bit, not prefetchable */
	SPACE_PREF, /* 64-bit prefetchable */
	SPACES
};

struct placement_bar {
	/* In. */
	enum bar_kind kind; /* BAR_NONE: skip */
	bool prefetchable;
	uint64_t size;  /* bytes; VF BARs: of all VFs */
	uint64_t align; /* power of two, natural alignment; the planner raises it to a page */
	/* Out. */
	bool placed;
	uint64_t address;
	/* The planner's own. */
	enum placement_space space;
	bool left_out;
};

struct placement_window {
	uint64_t base;
	uint64_t size; /* 0: closed */
	uint64_t align;
	bool placed;
};

/* One function. Parents come before their children. */
struct placement_node {
	/* In. */
	int32_t parent; /* index, or PLACEMENT_ROOT */
	bool bridge;
	bool io_window;     /* the bridge has one */
	bool pref_window64; /* the bridge has a prefetchable window of 64 bits */
	bool spare;         /* empty hot-plug port */
	struct placement_bar bars[PCI_BARS];
	struct placement_bar vf_bars[PCI_BARS];
	/* Out, bridges. */
	struct placement_window windows[SPACES];
	/* The planner's own: which of its BARs, then VF BARs, are in each space. */
	uint16_t items[SPACES];
	/* Nodes with the same parent, in order; PLACEMENT_NONE: no more. */
	int32_t first_child, last_child, next_sibling;
};

struct placement {
	struct placement_node *nodes;
	uint32_t count;
	const struct machine_window *host;
	uint32_t host_count;
	/* Out: what had to be given up. */
	bool no_spare;
	bool no_vfs;
	uint32_t left_out; /* BARs without an address */
	/* The planner's own. */
	uint32_t stage;
	uint64_t used[MACHINE_MAX_RANGES]; /* of each host window, from its base */
	int32_t first_child, last_child;   /* of PLACEMENT_ROOT */
};

/*
 * Places all it can. When not everything fits it gives up, in this order, the spare space of
 * hot-plug ports, the space for VFs, then the largest BAR of the kind that does not fit, one at a
 * time.
 */
void placement_plan(struct placement *p);
/* A part of it, with a p that begins as zeros but for what is "in". True: that was the last. */
bool placement_step(struct placement *p);

#endif
