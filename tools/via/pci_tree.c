/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "pci_function.h"

#define NONE SIZE_MAX

/* Functions have the nodes of their place in the list, root buses those behind. */
struct node {
	size_t parent, child, sibling; /* NONE: none */
};

struct builder {
	const struct control_function *list;
	size_t count;
	struct node *nodes;
	uint32_t *buses; /* of root buses */
	size_t bus_count;
};

static size_t index_of(const struct builder *b, uint32_t sbdf)
{
	size_t low = 0, high = b->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b->list[middle].sbdf < sbdf) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < b->count && b->list[low].sbdf == sbdf ? low : NONE;
}

static size_t root_bus(struct builder *b, uint32_t bus)
{
	size_t i = 0;

	while (i < b->bus_count && b->buses[i] != bus) {
		i++;
	}
	if (i == b->bus_count) {
		b->buses[b->bus_count++] = bus;
		b->nodes[b->count + i] = (struct node){ NONE, NONE, NONE };
	}
	return b->count + i;
}

/* Parents come before their children, whatever the list says: there are no circles. */
static size_t parent_of(struct builder *b, size_t i)
{
	const struct control_function *f = &b->list[i];
	size_t parent = index_of(b, f->pf);

	if (parent == NONE) {
		parent = index_of(b, f->parent);
	}
	return parent < i ? parent : root_bus(b, f->sbdf >> 8);
}

static void link_nodes(struct builder *b)
{
	for (size_t i = 0; i < b->count; i++) {
		b->nodes[i] = (struct node){ parent_of(b, i), NONE, NONE };
	}
	/* From behind, so that children are in the list's order. */
	for (size_t i = b->count; i-- > 0;) {
		struct node *parent = &b->nodes[b->nodes[i].parent];

		b->nodes[i].sibling = parent->child;
		parent->child = i;
	}
}

static void add_row(struct pci_tree *t, const struct builder *b, size_t i, unsigned int depth)
{
	struct pci_tree_row *row = &t->rows[t->count++];

	*row = (struct pci_tree_row){
		.depth = depth < PCI_TREE_DEPTH_MAX ? depth : PCI_TREE_DEPTH_MAX,
		.last = b->nodes[i].sibling == NONE,
	};
	if (i < b->count) {
		row->f = &b->list[i];
	} else {
		row->bus = b->buses[i - b->count];
	}
}

/* A node, and all below it. */
static void add_rows(struct pci_tree *t, const struct builder *b, size_t top)
{
	unsigned int depth = 0;
	size_t i = top;

	for (;;) {
		add_row(t, b, i, depth);
		if (b->nodes[i].child != NONE) {
			i = b->nodes[i].child;
			depth++;
			continue;
		}
		while (i != top && b->nodes[i].sibling == NONE) {
			i = b->nodes[i].parent;
			depth--;
		}
		if (i == top) {
			return;
		}
		i = b->nodes[i].sibling;
	}
}

int pci_tree_build(struct pci_tree *t, const struct control_function *list, size_t count,
		   const struct control_domain *domains, size_t domain_count)
{
	struct builder b = { .list = list, .count = count };
	int err = -ENOMEM;

	*t = (struct pci_tree){ .domains = domains, .domain_count = domain_count };
	/* At worst every function is on a root bus of its own. */
	b.nodes = calloc(2 * count + 1, sizeof(*b.nodes));
	b.buses = calloc(count + 1, sizeof(*b.buses));
	t->rows = calloc(2 * count + 1, sizeof(*t->rows));
	if (b.nodes != NULL && b.buses != NULL && t->rows != NULL) {
		link_nodes(&b);
		for (size_t i = 0; i < b.bus_count; i++) {
			add_rows(t, &b, count + i);
		}
		err = 0;
	}
	free(b.nodes);
	free(b.buses);
	if (err != 0) {
		pci_tree_free(t);
	}
	return err;
}

void pci_tree_free(struct pci_tree *t)
{
	free(t->rows);
	*t = (struct pci_tree){ 0 };
}

/* Add to the words in buf. */
static void say(char *buf, size_t *length, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(char *buf, size_t *length, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf + *length, PCI_TREE_WORDS - *length, fmt, ap);
	va_end(ap);
	*length += n > 0 ? (size_t)n : 0;
	if (*length >= PCI_TREE_WORDS) {
		*length = PCI_TREE_WORDS - 1;
	}
}

static void say_domain(const struct pci_tree *t, uint32_t id, char *buf, size_t *length)
{
	for (size_t i = 0; i < t->domain_count; i++) {
		if (t->domains[i].id == id) {
			say(buf, length, "%s", t->domains[i].name);
			return;
		}
	}
	if (id == CONTROL_NO_DOMAIN) {
		say(buf, length, "nobody");
	} else {
		say(buf, length, "domain %u", id);
	}
}

static void say_state(const struct pci_tree *t, const struct control_function *f, char *buf,
		      size_t *length)
{
	say(buf, length, ", %s", function_state_name(f->state));
	switch (f->state) {
	case CONTROL_FUNCTION_OWNED:
		say(buf, length, " by ");
		say_domain(t, f->owner, buf, length);
		return;
	case CONTROL_FUNCTION_LENT:
		say(buf, length, " to ");
		say_domain(t, f->user, buf, length);
		say(buf, length, " as %02x.%x", (f->vsbdf >> 3) & 31, f->vsbdf & 7);
		return;
	case CONTROL_FUNCTION_BROKEN:
		say(buf, length, " (%s)", f->broken_why);
		return;
	default:
		return;
	}
}

const char *pci_tree_words(const struct pci_tree *t, const struct pci_tree_row *row, char *buf)
{
	const struct control_function *f = row->f;
	size_t length = 0;

	if (f == NULL) {
		say(buf, &length, "%04x:%02x root bus", row->bus >> 8, row->bus & 0xff);
		return buf;
	}
	say(buf, &length, BDF_FMT " %04x:%04x class %06x", BDF_ARGS(f->sbdf), f->vendor, f->device,
	    f->class_code);
	if (f->name[0] != '\0') {
		say(buf, &length, " %s", f->name);
	}
	if ((f->flags & CONTROL_FUNCTION_IS_BRIDGE) != 0 && f->bus_first == f->bus_last) {
		say(buf, &length, ", bridge to bus %02x", f->bus_first);
	} else if ((f->flags & CONTROL_FUNCTION_IS_BRIDGE) != 0) {
		say(buf, &length, ", bridge to buses %02x-%02x", f->bus_first, f->bus_last);
	}
	if (f->pf != CONTROL_NO_SLOT) {
		say(buf, &length, ", VF");
	} else if (f->vf_total != 0) {
		say(buf, &length, ", PF with %u of %u VFs", f->vf_count, f->vf_total);
	}
	say_state(t, f, buf, &length);
	say(buf, &length, "%s", function_isolation(f));
	return buf;
}

void pci_tree_text(const struct pci_tree *t, bool utf8)
{
	static const char *const ascii[] = { "|   ", "|-- ", "`-- " };
	static const char *const lines[] = { "│   ", "├── ", "└── " };
	const char *const *parts = utf8 ? lines : ascii;
	bool goes_on[PCI_TREE_DEPTH_MAX + 1] = { false };
	char words[PCI_TREE_WORDS];

	for (size_t i = 0; i < t->count; i++) {
		const struct pci_tree_row *row = &t->rows[i];

		for (unsigned int level = 1; level < row->depth; level++) {
			fputs(goes_on[level] ? parts[0] : "    ", stdout);
		}
		goes_on[row->depth] = !row->last;
		if (row->depth != 0) {
			fputs(parts[row->last ? 2 : 1], stdout);
		}
		printf("%s\n", pci_tree_words(t, row, words));
	}
}
