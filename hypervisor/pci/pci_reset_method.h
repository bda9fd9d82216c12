/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways to reset a function, best first. */
#ifndef PCI_PCI_RESET_METHOD_H
#define PCI_PCI_RESET_METHOD_H

#include "pci/function.h"

struct pci_reset_method {
	enum reset_method id;
	const char *name;
	uint32_t hold_ms;   /* asserted that long; methods with release */
	uint32_t settle_ms; /* then no config access for that long */
	bool (*able)(const struct pci_function *f);
	/*
	 * May it be used right now? 0: until unclaim() nothing it reaches has a user. -EBUSY: no.
	 * -EAGAIN: ask again, a reset it would disturb is under way.
	 */
	int (*claim)(struct pci_function *f);
	void (*unclaim)(struct pci_function *f, bool reset);
	/* Are transactions of f still under way? NULL: does not matter. */
	bool (*pending)(struct pci_function *f);
	void (*assert_reset)(struct pci_function *f);
	/* For methods that hold a level. False: the function did not take it. NULL: no level. */
	bool (*release)(struct pci_function *f);
	/* Is the way to f up again? NULL: it never went down. */
	bool (*link_up)(struct pci_function *f);
};

/* Ends with a NULL name. */
extern const struct pci_reset_method pci_reset_methods[];

/* pci_reset_bus.c */
bool pci_reset_bus_able(const struct pci_function *f);
int pci_reset_bus_claim(struct pci_function *f);
void pci_reset_bus_unclaim(struct pci_function *f, bool reset);
void pci_reset_bus_assert(struct pci_function *f);
bool pci_reset_bus_release(struct pci_function *f);
bool pci_reset_bus_link_up(struct pci_function *f);

#endif
