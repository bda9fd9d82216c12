/* SPDX-License-Identifier: BSD-2-Clause */
/* Carrying a placement out. */
#ifndef PCI_PCI_PLACE_H
#define PCI_PCI_PLACE_H

#include "pci/function.h"

struct placement;
struct placement_node;

/*
 * Which windows a bridge implements (f->window_io, window_pref, window_pref64); leaves all closed.
 * Memory and I/O decode of f are off.
 */
void pci_windows_probe(struct pci_function *f);

/*
 * Place every BAR and bridge window below b, write them, and turn bridges on (memory and I/O
 * windows, bus mastering for what is below). Endpoints stay off. -ENOMEM: nothing placed.
 */
int pci_place(struct host_bridge *b);
/*
 * The same in parts: a plan of all, of which placement_step() makes a part (NULL: no memory, or
 * nothing is there), what it says about each, in their order, and its end.
 */
struct placement *pci_place_begin(struct host_bridge *b);
void pci_place_function(struct pci_function *f, const struct placement *plan);
void pci_place_end(const struct host_bridge *b, struct placement *plan);

/* What has to be known of count endpoints, for a plan. The caller frees it. NULL: no memory. */
struct placement_node *pci_place_nodes(struct pci_function *const functions[], uint32_t count);
/*
 * Places for those, which came behind port, within its windows, which are what they were at boot:
 * in the nodes, each to be handed to pci_place_adopt().
 */
void pci_place_behind(const struct pci_function *port, struct placement_node *nodes,
		      uint32_t count);
/* f's place is that of the plan. */
void pci_place_adopt(struct pci_function *f, const struct placement_node *n);
/* What f's place is into its BARs. f is not placed any more if they do not hold it. */
void pci_place_write(struct pci_function *f);

#endif
