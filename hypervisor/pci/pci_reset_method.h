/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways to reset a function, best first. */
#ifndef PCI_PCI_RESET_METHOD_H
#define PCI_PCI_RESET_METHOD_H

#include "pci/function.h"

struct pci_reset_method {
	enum reset_method id;
	const char *name;
	bool (*able)(const struct pci_function *f);
	/* Are transactions of f still under way? NULL: does not matter. */
	bool (*pending)(struct pci_function *f);
	void (*assert_reset)(struct pci_function *f);
	/* For methods that hold a level, after PCI_RESET_HOLD_MS. NULL: nothing to release. */
	void (*release)(struct pci_function *f);
	/* Is the way to f up again? NULL: it never went down. */
	bool (*link_up)(struct pci_function *f);
};

/* Ends with a NULL name. */
extern const struct pci_reset_method pci_reset_methods[];

#endif
