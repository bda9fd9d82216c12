/* SPDX-License-Identifier: BSD-2-Clause */
/* The limit on one function's DMA faults: a second at a time. */
#include "pci/pci_fault.h"

struct pci_fault_verdict pci_fault_account(struct pci_fault_window *w, uint64_t now_ms)
{
	struct pci_fault_verdict v = { .log = false };

	if (now_ms - w->start_ms >= 1000) {
		w->start_ms = now_ms;
		w->count = 0;
	}
	w->count++;
	if (w->count >= PCI_FAULT_CUTOFF && !w->cut) {
		w->cut = true;
		v.cut = true;
	}
	if (w->count <= PCI_FAULT_LINES || v.cut) {
		v.log = true;
		v.dropped = w->dropped;
		w->dropped = 0;
	} else {
		w->dropped++;
	}
	return v;
}
