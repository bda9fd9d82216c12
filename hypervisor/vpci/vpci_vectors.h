/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vectors of an MSI controller without requester check that a function's MSIs go through: a
 * domain's own message stays virtual, hardware gets the host's doorbell and a vector that is this
 * message's alone. Private to vpci/. All with the function's lock held, or while vf is in no bus
 * yet.
 */
#ifndef VPCI_VECTORS_H
#define VPCI_VECTORS_H

#include "irq/msi.h"
#include "vpci/bus.h"

/* The messages of the MSI capability come first, then the entries of the MSI-X table. */
#define VPCI_MSI_MESSAGES   32U
#define VPCI_MSIX_VECTOR(i) (VPCI_MSI_MESSAGES + (i))

/* Vectors for vf, none of them the host's yet; vf->domain's devices reach the doorbell. -ENOMEM. */
int vpci_vectors_create(struct vpci_function *vf);
/* The host's vectors are free on return. */
void vpci_vectors_destroy(struct vpci_function *vf);

/*
 * The host's vectors for [first, +count), in a row if more than one. They are masked. False: the
 * domain has its share, or the host has no more; that is logged once.
 */
bool vpci_vectors_take(struct vpci_function *vf, uint32_t first, uint32_t count);
/* Those that have one give it back. The device does not use them any more. */
void vpci_vectors_give(struct vpci_function *vf, uint32_t first, uint32_t count);
bool vpci_vector_owned(const struct vpci_function *vf, uint32_t i);

/* Of one that has a vector: what the device is to write. */
void vpci_vector_message(const struct vpci_function *vf, uint32_t i, struct msi_message *m);
/* From now on it means this virtual SPI, and fires; 0: it is masked. */
void vpci_vector_aim(struct vpci_function *vf, uint32_t i, uint32_t vintid);

#endif
