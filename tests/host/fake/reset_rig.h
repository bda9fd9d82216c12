/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function with two BARs, MSI, MSI-X and PCI Express behind a root port, and the reset state
 * machine, driven by a clock of the test.
 */
#ifndef FAKE_RESET_RIG_H
#define FAKE_RESET_RIG_H

#include "pci_world.h"

extern struct pci_world world;
extern struct model_function *model;
extern struct pci_function *function; /* model, as the registry has it */
extern uint64_t now;
extern bool wake_only;
extern bool keeps; /* its user asked for the reset */

/* The function with FLR or not, behind a port of its own; in between it may be given more. */
void begin_build(bool flr);
void end_build(void);
/* Both. */
void build(bool flr);
/* What a driver leaves behind. */
void use_it(void);
/* Steps a millisecond at a time; how long it took. */
uint64_t run(void);
void check_restored(void);

/* cmocka's. */
int reset_rig_setup(void **state);
int reset_rig_teardown(void **state);

#endif
