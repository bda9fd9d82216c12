/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions found by a number, however many there are: hash tables with the links in struct
 * pci_function. Entries are added under the registry lock, or at boot, and never go, so that
 * whoever looks needs no lock. What a bucket holds has to be looked at: other numbers are there,
 * too.
 */
#ifndef PCI_PCI_INDEX_H
#define PCI_PCI_INDEX_H

#include "lib/hash.h"
#include "pci/function.h"

#define PCI_INDEX_BITS    8
#define PCI_INDEX_BUCKETS (1U << PCI_INDEX_BITS)

struct pci_index {
	struct pci_function *buckets[PCI_INDEXES][PCI_INDEX_BUCKETS];
};

extern struct pci_index pci_index;

/* Under that number from now on; once for each kind. */
void pci_index_add(enum pci_index_kind kind, struct pci_function *f, uint32_t number);

/* The first of those that may have the number; NULL: nobody has it. */
static inline struct pci_function *pci_index_first(enum pci_index_kind kind, uint32_t number)
{
	return __atomic_load_n(&pci_index.buckets[kind][hash_bucket(number, PCI_INDEX_BITS)],
			       __ATOMIC_ACQUIRE);
}

static inline struct pci_function *pci_index_next(enum pci_index_kind kind,
						  const struct pci_function *f)
{
	return __atomic_load_n(&f->index_next[kind], __ATOMIC_ACQUIRE);
}

#define pci_index_for_each(f, kind, number)                                                        \
	for ((f) = pci_index_first(kind, number); (f) != NULL; (f) = pci_index_next(kind, f))

#endif
