/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA faults of one function: how many lines they may cause, and when the function is cut off.
 * Pure; time comes in as milliseconds.
 */
#ifndef PCI_PCI_FAULT_H
#define PCI_PCI_FAULT_H

#include "lib/types.h"

#define PCI_FAULT_LINES  5   /* log lines a function may cause in one second */
#define PCI_FAULT_CUTOFF 100 /* faults in one second after which it is cut off */

struct pci_fault_window {
	uint64_t start_ms;
	uint32_t count;   /* faults in this second */
	uint32_t dropped; /* lines not written since the last one that was */
	bool cut;
};

struct pci_fault_verdict {
	bool log;
	uint32_t dropped; /* to be said in that line */
	bool cut;         /* cut it off now; true once */
};

struct pci_fault_verdict pci_fault_account(struct pci_fault_window *w, uint64_t now_ms);

#endif
