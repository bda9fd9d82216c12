/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One reset as a state machine over config accesses (PCIe 6.0 6.6). Time comes in as milliseconds,
 * so that the machine runs on the build host too; pci_reset_job.c steps it as a job.
 */
#ifndef PCI_PCI_RESET_H
#define PCI_PCI_RESET_H

#include "core/job.h"
#include "lib/types.h"

#define PCI_RESET_SAVED_MAX 16

#define PCI_RESET_WAKE_MS   10    /* D3hot to D0 (PCIe 6.0 5.9) */
#define PCI_RESET_DRAIN_MS  100   /* transactions pending, before a function-level reset */
#define PCI_RESET_SETTLE_MS 100   /* no config access before (PCIe 6.0 6.6.1, 6.6.2) */
#define PCI_RESET_HOLD_MS   2     /* secondary bus reset asserted; T_rst is 1 ms */
#define PCI_RESET_LINK_MS   1000  /* for the link to come back */
#define PCI_RESET_SLOW_MS   1000  /* a function may take that long without being remarked upon */
#define PCI_RESET_BUDGET_MS 60000 /* after that it is given up */

struct pci_function;

enum pci_reset_stage {
	PCI_RESET_IDLE,
	PCI_RESET_WAKE,
	PCI_RESET_DRAIN,
	PCI_RESET_HOLD,
	PCI_RESET_LINK,
	PCI_RESET_SETTLE,
	PCI_RESET_POLL,
	PCI_RESET_RESTORE,
	PCI_RESET_DONE,
};

struct pci_reset {
	enum pci_reset_stage stage;
	const struct pci_reset_method *method; /* NULL: the function has none */
	uint64_t since_ms;                     /* start of this stage */
	bool slow;
	int error;
	uint32_t saved[PCI_RESET_SAVED_MAX]; /* in the order of the table in pci_reset.c */
	struct job job;
	void (*on_done)(struct pci_function *f, int error, void *arg);
	void *arg;
};

/*
 * Reset methods the function has, as RESET_BIT()s. Depends on its siblings: after the whole scan.
 */
uint32_t pci_reset_probe(const struct pci_function *f);
const char *pci_reset_method_name(const struct pci_function *f);

static inline bool pci_reset_active(const struct pci_reset *r)
{
	return r->stage != PCI_RESET_IDLE;
}

/* Quiesce the function, save what must survive and choose the method. */
void pci_reset_begin(struct pci_function *f, uint64_t now_ms);
/* One bounded step; true when the reset has ended, with f->reset.error set. */
bool pci_reset_step(struct pci_function *f, uint64_t now_ms);

#endif
