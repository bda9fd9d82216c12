/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries plans out: hardware config writes, stage-2 mappings, jobs. Private to vpci/. */
#ifndef VPCI_EXEC_H
#define VPCI_EXEC_H

#include "vpci/bus.h"

/* function->lock held, vf neither gone nor busy. size 1, 2, 4, aligned. */
uint32_t vpci_exec_read(struct vpci_function *vf, uint32_t offset, uint32_t size);
void vpci_exec_write(struct vpci_function *vf, uint32_t offset, uint32_t size, uint32_t value);

/*
 * An access to a port in the domain's I/O space: true when an I/O BAR of vf decodes all of it.
 * function->lock held.
 */
bool vpci_exec_port(struct vpci_function *vf, uint64_t port, uint32_t size, bool write,
		    uint32_t *value);

/* Work is under way that an access has to wait for: the caller parks on vf->busy. */
static inline bool vpci_exec_busy(const struct vpci_function *vf)
{
	return vf->busy != NULL;
}

/*
 * A reset the user asked for has ended, or does not matter any more: config space is there again,
 * in its initial state. No-op when there was none. function->lock held.
 */
void vpci_exec_reset_over(struct vpci_function *vf);

/* The multi-function bit of a guest's function, also under reset. function->lock held. */
void vpci_exec_set_multifunction(struct vpci_function *vf, bool on);

/*
 * VPCI_VIEW_VF: map the BARs where pf_bars says, or unmap them; vf is in use by its owner, not busy
 * and not under reset. function->lock held.
 */
void vpci_exec_decode(struct vpci_function *vf, bool on);

/*
 * Everything of vf out of the domain's stage 2, queued work dropped. On return no CPU reaches the
 * BARs. function->lock held.
 */
void vpci_exec_unmap_all(struct vpci_function *vf);

/* Read the host's config space into image; the function is quiet. */
void vpci_exec_image(struct pci_function *f, struct vpci_image *image);

/* In no bus yet, view and shadow empty. NULL: out of memory. */
struct vpci_function *vpci_exec_alloc(struct domain *d, struct vpci_segment *seg,
				      struct pci_function *f, struct vsbdf where);
/* vf is in no bus table. Frees it now, or when its job has ended. */
void vpci_exec_free(struct vpci_function *vf);

#endif
