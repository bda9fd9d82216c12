/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of lend_world.h ask of each other. */
#ifndef FAKE_LEND_BOOKS_H
#define FAKE_LEND_BOOKS_H

#include "lend_world.h"

/* lend_maps.c: is any page of f's BARs mapped for anyone? */
bool lend_maps_reachable(const struct pci_function *f);
/* It starts nothing by itself. One that is gone says nothing at all. */
bool lend_maps_quiet(struct pci_function *f);
/*
 * A device may ignore Bus Master and send until it is reset: its writes must find no RAM of d,
 * which ends.
 */
void lend_maps_check(const struct domain *d);
void lend_maps_reset(void);

/* lend_its.c */
void lend_its_reset(void);

#endif
