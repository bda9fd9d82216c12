/* SPDX-License-Identifier: BSD-2-Clause */
/* The hash tables' one way to grow. */
#include "pci/pci_index.h"

struct pci_index pci_index;

void pci_index_add(enum pci_index_kind kind, struct pci_function *f, uint32_t number)
{
	struct pci_function **head = &pci_index.buckets[kind][hash_bucket(number, PCI_INDEX_BITS)];

	f->index_next[kind] = *head;
	__atomic_store_n(head, f, __ATOMIC_RELEASE);
}
