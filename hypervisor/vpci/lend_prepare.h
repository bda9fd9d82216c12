/* SPDX-License-Identifier: BSD-2-Clause */
/* A function made ready for its next user, in parts. Private to vpci/. */
#ifndef VPCI_LEND_PREPARE_H
#define VPCI_LEND_PREPARE_H

#include "vpci/bus.h"

struct lend_prepared {
	/* For whom: what it is built for must not have changed when it is used. */
	const struct domain *domain;
	enum vpci_view view;
	const struct vpci_slot *slot; /* a guest's, behind that port; NULL: on the bus itself */
	struct vsbdf where;
	uint32_t quirks;
	uint64_t rom_size;

	uint64_t bars[PCI_BARS]; /* first PCI bus addresses */
	struct vpci_image image;
	bool rest_read; /* image's second part */
	bool itt_done; /* f->itt is its own, if it is to have one */
	bool header_built;
	bool built;
	bool said; /* that it is lent: the log has it, the rest is about to be done */
	struct vpci_shadow shadow;
};

/*
 * Registry lock held; f is nobody's, and quiet. A part of what lend_let_in() needs. -EAGAIN: there
 * may be more; 0: all is there. Else nothing is left: -ENOMEM, -ENOSPC, -EIO.
 */
int lend_prepare(struct domain *d, struct pci_function *f, enum vpci_view view,
		 struct vpci_slot *slot, struct vsbdf where);
/* Nothing comes of what was said. */
void lend_unsay(const struct pci_function *f);
/* Registry lock held, not f's: it is not to be used, or another than before. Always allowed. */
void lend_unprepare(struct pci_function *f);
/* The same with f's lock held, or f in nobody's reach. */
void lend_unprepare_locked(struct pci_function *f);

/* Parts of it: lend_steps.c. 0 also when f gets no ITT. */
int lend_map_itt(struct domain *d, struct pci_function *f, enum vpci_view view);
/* f's messages go through vectors of a controller, which decide what is shown: built at the end. */
bool lend_takes_vectors(const struct pci_function *f, const struct domain *d);
/* One of its two parts: p->built after the second. */
int lend_build(struct lend_prepared *p, const struct pci_function *f, bool msi_trapped,
	       bool msix_trapped);

#endif
