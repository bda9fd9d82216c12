/* SPDX-License-Identifier: BSD-2-Clause */
/* A function as one domain sees it, as an object. Private to vpci/. */
#ifndef VPCI_FUNCTION_H
#define VPCI_FUNCTION_H

#include "vpci/bus.h"

/* In no bus yet, view and shadow empty. NULL: out of memory. */
struct vpci_function *vpci_function_alloc(struct domain *d, struct vpci_segment *seg,
					  struct pci_function *f, struct vsbdf where);
/* vf is in no bus table. Frees it now, or when its job has ended. */
void vpci_function_free(struct vpci_function *vf);
/* For its job, when it has ended and vf is gone. */
void vpci_function_release(struct vpci_function *vf);

/* Read the host's config space into image, in two parts; the function is quiet. */
void vpci_function_image(struct pci_function *f, struct vpci_image *image);
void vpci_function_image_rest(struct pci_function *f, struct vpci_image *image);

/* The multi-function bit of a guest's function, also under reset. function->lock held. */
void vpci_function_set_multifunction(struct vpci_function *vf, bool on);

#endif
