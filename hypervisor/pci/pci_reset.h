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
#define PCI_RESET_LINK_MS   1000  /* for the link to come back */
#define PCI_RESET_SLOW_MS   1000  /* a function may take that long without being remarked upon */
#define PCI_RESET_TRY_MS    10000 /* then the next method is tried, while there is one */
#define PCI_RESET_BUDGET_MS 60000 /* for all methods together */

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
	enum pci_reset_stage stage; /* written by pci_reset_enter() */
	const struct pci_reset_method *method; /* NULL: only woken, restored and verified */
	uint32_t tried;                        /* RESET_BIT()s */
	uint32_t budget_ms;                    /* since begun_ms, then it is given up; atomic */
	uint64_t begun_ms;
	uint64_t since_ms; /* start of this stage */
	bool slow;
	int error;
	/* In the order of the table in pci_reset_config.c. */
	uint32_t saved[PCI_RESET_SAVED_MAX];   /* what this reset gives back */
	uint32_t at_first[PCI_RESET_SAVED_MAX]; /* what each new user begins with */
	bool remembered;
	struct pci_function *neighbour_of;   /* whose bus reset holds this one; registry lock */
	struct job job;

	/* The function's lock. */
	bool users_own; /* its user asked for it and keeps the function */
	bool again;     /* the user lost the function meanwhile: one more from the beginning */
	void (*on_done)(struct pci_function *f, int error, void *arg);
	void *arg;
};

/*
 * Reset methods the function has, as RESET_BIT()s. Depends on its neighbours: after the whole scan.
 */
uint32_t pci_reset_probe(const struct pci_function *f);
const char *pci_reset_method_name(const struct pci_function *f);

static inline bool pci_reset_active(const struct pci_reset *r)
{
	return __atomic_load_n(&r->stage, __ATOMIC_RELAXED) != PCI_RESET_IDLE;
}

/* By the reset's own job; others ask at any time. */
static inline void pci_reset_enter(struct pci_reset *r, enum pci_reset_stage stage)
{
	__atomic_store_n(&r->stage, stage, __ATOMIC_RELAXED);
}

/*
 * Quiesce the function, save what must survive and choose the method. wake: only bring it from
 * D3hot to D0 and give back what it lost on the way; given up after a second, for a vCPU waits.
 */
void pci_reset_begin(struct pci_function *f, bool wake, uint64_t now_ms);
/* One bounded step; true when the reset has ended, with f->reset.error set. No lock held. */
bool pci_reset_step(struct pci_function *f, uint64_t now_ms);

/* pci_reset_config.c. How it was found, before anyone used it; the function answers. */
void pci_reset_remember(struct pci_function *f);
/*
 * What a reset is to give back: what its user has set when it keeps the function, otherwise how it
 * was found, so that nothing of one user's settings comes to the next. The function answers.
 */
void pci_reset_save(struct pci_function *f, bool keeps);
/* Quiet, restored and verified; or -ENODEV, -EIO with a sentence in *why. */
int pci_reset_restore(struct pci_function *f, const char **why);

#endif
