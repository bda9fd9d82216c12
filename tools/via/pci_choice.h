/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions that specifications mean, and lending them together. */
#ifndef VIA_PCI_CHOICE_H
#define VIA_PCI_CHOICE_H

#include "pci_function.h"

/* As many as a virtual bus has room for: 31 device numbers of 8 functions. */
#define PCI_CHOICES_MAX 248

struct pci_choice {
	const struct pci_spec *spec;
	struct control_function f; /* as it was when it was looked at last */
};

struct pci_choices {
	struct pci_choice at[PCI_CHOICES_MAX];
	size_t count;
};

/* All return 0, or VIA_FAILED, reported. */

/* Add what spec means: one function, or with '*' all of a device. spec stays the caller's. */
int choices_add(const struct command *c, struct viaduct *v, const struct pci_spec *spec,
		struct pci_choices *list);
/* Could each be lent, as far as that can be told before anything is done? */
int choices_check(const struct command *c, const struct pci_choices *list);
/* Does an IOMMU confine each? One that none confines is refused, by name. */
int choices_isolated(const struct command *c, const struct pci_choices *list);
/* Lend all, or none. What seize = 1 took from the control domain stays assignable. */
int choices_lend(const struct command *c, struct viaduct *v, struct pci_choices *list,
		 uint32_t domain);
/* Ask domain to let go of all, and give it so long. What it does not let go of is named. */
void choices_ask_back(struct viaduct *v, struct pci_choices *list, const char *domain,
		      unsigned int seconds);
/* Take all back, and wait until they are reset. Goes on past failures. */
int choices_take_back(const struct command *c, struct viaduct *v, struct pci_choices *list);

#endif
