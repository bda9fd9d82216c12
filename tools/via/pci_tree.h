/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's functions as a tree of root buses, bridges, functions and virtual functions. */
#ifndef VIA_PCI_TREE_H
#define VIA_PCI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <viaduct/control.h>

/* No deeper: hierarchies that are stay at this depth. */
#define PCI_TREE_DEPTH_MAX 40U

/* What a line of a drawing shows; lines are in the order of drawing, parents first. */
struct pci_tree_row {
	const struct control_function *f; /* NULL: a root bus */
	uint32_t bus;                     /* of a root bus: segment << 8 | bus */
	unsigned int depth;               /* 0: a root bus */
	bool last;                        /* of what its parent has */
};

struct pci_tree {
	struct pci_tree_row *rows;
	size_t count;
	const struct control_domain *domains; /* for their names */
	size_t domain_count;
};

/*
 * list: by ascending SBDF; it and domains stay where they are as long as the tree. 0 or -ENOMEM. A
 * virtual function is below its physical function. Whose parent is not in the list is on a root
 * bus.
 */
int pci_tree_build(struct pci_tree *t, const struct control_function *list, size_t count,
		   const struct control_domain *domains, size_t domain_count);
void pci_tree_free(struct pci_tree *t);

/* A row in words, without its place in the tree. Returns buf, of PCI_TREE_WORDS bytes. */
#define PCI_TREE_WORDS 320U
const char *pci_tree_words(const struct pci_tree *t, const struct pci_tree_row *row, char *buf);

/* On standard output. */
void pci_tree_text(const struct pci_tree *t, bool utf8);
void pci_tree_svg(const struct pci_tree *t);

#endif
