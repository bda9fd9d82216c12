/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BAR and bridge window placement. Every container (a root bus or a bridge) is packed by falling
 * alignment: bottom-up to learn the sizes of bridge windows, then top-down to give addresses.
 */
#include "pci/pci_placement.h"

#include "lib/string.h"

/* One thing to be packed into a container: a BAR or the window of a bridge. */
struct item {
	uint64_t size;
	uint64_t align;
	uint64_t *address;
	bool *placed;
	bool wide; /* may lie above 4 GiB */
	bool prefetchable;
};

typedef bool (*item_visitor)(struct placement *p, struct item *item, enum placement_space space,
			     void *arg);

static bool in_use(const struct placement_bar *b)
{
	return b->kind != BAR_NONE && b->kind != BAR_MEM64_HIGH && !b->left_out;
}

static struct placement_bar *bar_of(struct placement_node *n, uint32_t i)
{
	return i < PCI_BARS ? &n->bars[i] : &n->vf_bars[i - PCI_BARS];
}

/* Is there a 64-bit prefetchable way from node n's bus up to the root bus? */
static bool pref_path(const struct placement *p, int32_t parent)
{
	while (parent != PLACEMENT_ROOT) {
		if (!p->nodes[parent].pref_window64) {
			return false;
		}
		parent = p->nodes[parent].parent;
	}
	return true;
}

static bool io_path(const struct placement *p, int32_t parent)
{
	while (parent != PLACEMENT_ROOT) {
		if (!p->nodes[parent].io_window) {
			return false;
		}
		parent = p->nodes[parent].parent;
	}
	return true;
}

/*
 * Behind a bridge only prefetchable BARs may use the prefetchable window, and only there do
 * addresses above 4 GiB exist (PCIe 6.0 7.5.1.3.9); on the root bus any 64-bit BAR may use a high
 * window.
 */
static enum placement_space space_of(const struct placement *p, const struct placement_node *n,
				     const struct placement_bar *b)
{
	if (b->kind == BAR_IO) {
		return SPACE_IO;
	}
	if (b->kind == BAR_MEM64 && (b->prefetchable || n->parent == PLACEMENT_ROOT) &&
	    pref_path(p, n->parent)) {
		return SPACE_PREF;
	}
	return SPACE_MEM;
}

static uint64_t least_align(const struct placement_bar *b)
{
	return b->kind == BAR_IO ? b->align : MAX(b->align, PLACEMENT_BAR_ALIGN);
}

/* Node i behind those that have its parent, so that a container's are found without the others. */
static void link_node(struct placement *p, int32_t i)
{
	struct placement_node *n = &p->nodes[i];
	struct placement_node *parent = n->parent == PLACEMENT_ROOT ? NULL : &p->nodes[n->parent];
	int32_t *first = parent != NULL ? &parent->first_child : &p->first_child;
	int32_t *last = parent != NULL ? &parent->last_child : &p->last_child;

	n->first_child = n->last_child = n->next_sibling = PLACEMENT_NONE;
	*(*last == PLACEMENT_NONE ? first : &p->nodes[*last].next_sibling) = i;
	*last = i;
}

static void prepare(struct placement *p)
{
	uint32_t i, k;

	p->first_child = p->last_child = PLACEMENT_NONE;
	p->left_out = 0;
	for (i = 0; i < p->count; i++) {
		struct placement_node *n = &p->nodes[i];

		link_node(p, (int32_t)i);
		memset(n->items, 0, sizeof(n->items));
		for (k = 0; k < 2 * PCI_BARS; k++) {
			struct placement_bar *b = bar_of(n, k);

			b->left_out = b->placed = false;
			b->address = 0;
			if (!in_use(b)) {
				continue;
			}
			b->space = space_of(p, n, b);
			n->items[b->space] |= (uint16_t)BIT(k);
			b->left_out = (b->kind == BAR_IO && !io_path(p, n->parent)) ||
				      b->size > PLACEMENT_BAR_MAX;
			p->left_out += b->left_out && k < PCI_BARS ? 1 : 0;
		}
	}
}

/* Item i of node n in this space, seen from n's own bus: one of its BARs there, or its window. */
static bool get_item(struct placement *p, struct placement_node *n, uint32_t i,
		     enum placement_space space, struct item *item)
{
	if (i < 2 * PCI_BARS) {
		struct placement_bar *b = bar_of(n, i);

		if (b->left_out || (i >= PCI_BARS && p->no_vfs)) {
			return false;
		}
		item->size = b->size;
		item->align = least_align(b);
		item->address = &b->address;
		item->placed = &b->placed;
		item->wide = b->kind == BAR_MEM64;
		item->prefetchable = b->prefetchable;
		return true;
	}
	item->size = n->windows[space].size;
	item->align = n->windows[space].align;
	item->address = &n->windows[space].base;
	item->placed = &n->windows[space].placed;
	item->wide = space == SPACE_PREF;
	item->prefetchable = space == SPACE_PREF;
	return true;
}

#define WINDOW_ITEM BIT(2 * PCI_BARS)

static uint64_t items_of(const struct placement_node *n, enum placement_space space)
{
	return n->items[space] | (n->bridge && n->windows[space].size != 0 ? WINDOW_ITEM : 0);
}

/*
 * Visit the items of one container by falling alignment, in node order among equals, so that power
 * of two sizes pack without gaps. Stops and returns false when the visitor does.
 */
static bool for_each_item(struct placement *p, int32_t container, enum placement_space space,
			  item_visitor visit, void *arg)
{
	int32_t first = container == PLACEMENT_ROOT ? p->first_child
						    : p->nodes[container].first_child;
	uint64_t align = ~0ULL;

	for (;;) {
		uint64_t next = 0;
		struct item item;

		for (int32_t i = first; i != PLACEMENT_NONE; i = p->nodes[i].next_sibling) {
			uint64_t left = items_of(&p->nodes[i], space);

			for (; left != 0; left &= left - 1) {
				if (!get_item(p, &p->nodes[i], (uint32_t)__builtin_ctzll(left),
					      space, &item)) {
					continue;
				}
				if (item.align == align && !visit(p, &item, space, arg)) {
					return false;
				}
				if (item.align < align) {
					next = MAX(next, item.align);
				}
			}
		}
		if (next == 0) {
			return true;
		}
		align = next;
	}
}

struct extent {
	uint64_t base; /* where packing starts */
	uint64_t end;
	uint64_t align;
};

/* Learn the size: pack from 0. */
static bool measure(struct placement *p, struct item *item, enum placement_space space, void *arg)
{
	struct extent *e = arg;

	e->align = MAX(e->align, item->align);
	e->end = ALIGN_UP(e->end, item->align) + item->size;
	return true;
}

/* The same packing from the window's base, which is aligned to its largest item. */
static bool assign(struct placement *p, struct item *item, enum placement_space space, void *arg)
{
	struct extent *e = arg;

	e->end = ALIGN_UP(e->end, item->align);
	*item->address = e->end;
	*item->placed = true;
	e->end += item->size;
	return true;
}

static void measure_bridge(struct placement *p, uint32_t index)
{
	struct placement_node *n = &p->nodes[index];
	enum placement_space space;

	for (space = SPACE_IO; space < SPACES; space++) {
		uint64_t granule = space == SPACE_IO ? PLACEMENT_IO_WINDOW : PLACEMENT_WINDOW;
		struct extent e = { .align = granule };

		for_each_item(p, (int32_t)index, space, measure, &e);
		if (n->spare && !p->no_spare && space != SPACE_IO &&
		    (space == SPACE_MEM || (n->pref_window64 && pref_path(p, n->parent)))) {
			e.end = ALIGN_UP(e.end, PLACEMENT_SPARE) + PLACEMENT_SPARE;
			e.align = MAX(e.align, PLACEMENT_SPARE);
		}
		n->windows[space] = (struct placement_window){
			.size = ALIGN_UP(e.end, granule),
			.align = e.align,
		};
	}
}

static bool window_takes(const struct machine_window *w, enum placement_space space,
			 const struct item *item)
{
	if (space == SPACE_IO) {
		return w->kind == WINDOW_IO;
	}
	if (w->kind == WINDOW_IO || (w->kind == WINDOW_MEM64 && !item->wide)) {
		return false;
	}
	/* Prefetching from what is not prefetchable would lose data; the reverse is only slower. */
	return item->prefetchable || !w->prefetchable;
}

static bool place_in_host(struct placement *p, uint32_t index, enum placement_space space,
			  const struct item *item)
{
	const struct machine_window *w = &p->host[index];
	uint64_t limit = w->pci + w->size - 1; /* inclusive: a window may end at 2^64 */
	uint64_t start, at;

	if (!window_takes(w, space, item)) {
		return false;
	}
	if (!item->wide && space != SPACE_IO) {
		limit = MIN(limit, 0xffffffffULL);
	}
	/* Address 0 means "not placed", to us and to drivers. */
	start = MAX(w->pci + p->used[index], space == SPACE_IO ? PLACEMENT_IO_WINDOW : SZ_1M);
	at = ALIGN_UP(start, item->align);
	if (at < start || at > limit || item->size - 1 > limit - at) {
		return false;
	}
	*item->address = at;
	*item->placed = true;
	p->used[index] = at + item->size - w->pci;
	return true;
}

/* 64-bit windows first for what may use them: the space below 4 GiB is the scarce one. */
static bool place_at_root(struct placement *p, struct item *item, enum placement_space space,
			  void *arg)
{
	uint32_t i;

	for (i = 0; i < p->host_count; i++) {
		if (p->host[i].kind == WINDOW_MEM64 && place_in_host(p, i, space, item)) {
			return true;
		}
	}
	for (i = 0; i < p->host_count; i++) {
		if (p->host[i].kind != WINDOW_MEM64 && place_in_host(p, i, space, item)) {
			return true;
		}
	}
	return false;
}

static void reset_output(struct placement *p)
{
	uint32_t i;

	for (i = 0; i < MACHINE_MAX_RANGES; i++) {
		p->used[i] = 0;
	}
	for (i = 0; i < p->count; i++) {
		struct placement_node *n = &p->nodes[i];
		uint64_t used = n->items[SPACE_IO] | n->items[SPACE_MEM] | n->items[SPACE_PREF];

		for (; used != 0; used &= used - 1) {
			struct placement_bar *b = bar_of(n, (uint32_t)__builtin_ctzll(used));

			b->placed = false;
			b->address = 0;
		}
	}
}

static void measure_all(struct placement *p)
{
	reset_output(p);
	for (uint32_t i = p->count; i-- > 0;) {
		if (p->nodes[i].bridge) {
			measure_bridge(p, i);
		}
	}
}

/* On failure *failed is the space that does not fit. */
static bool place_all_at_root(struct placement *p, enum placement_space *failed)
{
	for (*failed = SPACE_IO; *failed < SPACES; (*failed)++) {
		if (!for_each_item(p, PLACEMENT_ROOT, *failed, place_at_root, NULL)) {
			return false;
		}
	}
	return true;
}

static void assign_all(struct placement *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		enum placement_space space = SPACE_IO;

		for (; p->nodes[i].bridge && space < SPACES; space++) {
			struct extent e = { .end = p->nodes[i].windows[space].base };

			for_each_item(p, (int32_t)i, space, assign, &e);
		}
	}
}

/*
 * Among equals the last one, so that what is added to a machine does not take from what was there.
 */
static void leave_out_largest(struct placement *p, enum placement_space space)
{
	struct placement_bar *largest = NULL;
	uint32_t i, k;

	for (i = 0; i < p->count; i++) {
		for (k = 0; k < PCI_BARS; k++) {
			struct placement_bar *b = bar_of(&p->nodes[i], k);

			if (in_use(b) && b->space == space &&
			    (largest == NULL || b->size >= largest->size)) {
				largest = b;
			}
		}
	}
	if (largest != NULL) {
		largest->left_out = true;
		p->left_out++;
	}
}

static void give_up_something(struct placement *p, enum placement_space failed)
{
	if (!p->no_spare && failed != SPACE_IO) {
		p->no_spare = true;
	} else if (!p->no_vfs && failed != SPACE_IO) {
		p->no_vfs = true;
	} else {
		leave_out_largest(p, failed);
	}
}

enum stage { STAGE_PREPARE, STAGE_MEASURE, STAGE_ROOT, STAGE_ASSIGN };

bool placement_step(struct placement *p)
{
	enum placement_space failed;

	switch ((enum stage)p->stage++) {
	case STAGE_PREPARE:
		prepare(p);
		p->no_spare = false;
		p->no_vfs = false;
		break;
	case STAGE_MEASURE:
		measure_all(p);
		break;
	case STAGE_ROOT:
		if (!place_all_at_root(p, &failed)) {
			give_up_something(p, failed);
			p->stage = STAGE_MEASURE;
		}
		break;
	case STAGE_ASSIGN:
	default:
		assign_all(p);
		return true;
	}
	return false;
}

void placement_plan(struct placement *p)
{
	p->stage = STAGE_PREPARE;
	while (!placement_step(p)) {
	}
}
