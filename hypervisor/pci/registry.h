/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books: every function found, who owns its bridge, who uses it, in which state. The state
 * machine itself is pure (registry_state.c); this is the list with its lock.
 */
#ifndef PCI_REGISTRY_H
#define PCI_REGISTRY_H

#include "pci/function.h"

/* Boot: probe every host bridge, enumerate, number, place, read capabilities, log one line a function. */
void pci_init(void);

extern struct spinlock pci_registry_lock;

struct pci_function *pci_function_find(struct sbdf s);
struct pci_function *pci_function_by_name(const char *name);
/* First function in SBDF order; follow ->next. Functions are never freed. */
struct pci_function *pci_function_first(void);

/*
 * State transitions, pure verdicts (registry_state.c). Each returns 0 or the errno that says why
 * not: -EPERM (bridge, hypervisor's own), -EBUSY (lent), -EBADF (broken), -EINVAL (state).
 */
int pci_state_can_quarantine(const struct pci_function *f); /* OWNED -> RESETTING */
int pci_state_can_return(const struct pci_function *f);     /* QUARANTINED -> OWNED */
int pci_state_can_lend(const struct pci_function *f, bool unprotected);

/*
 * Carry a reset out: best method first, as a job. on_done(arg, error) runs when the function is
 * ready again (config restored, BARs verified, identity checked) or given up.
 */
int pci_reset_start(struct pci_function *f, void (*on_done)(struct pci_function *f, int error, void *arg),
		    void *arg);

/* Bus master, memory and I/O decode off, INTx disabled, MSI/MSI-X off. Config writes only. */
void pci_quiesce(struct pci_function *f);

uint32_t pci_read(struct pci_function *f, uint32_t offset, uint32_t size);
void pci_write(struct pci_function *f, uint32_t offset, uint32_t size, uint32_t value);

#endif
