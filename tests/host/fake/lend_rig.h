/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine most tests of lending start with, a disk and a network card, and words to use it. */
#ifndef FAKE_LEND_RIG_H
#define FAKE_LEND_RIG_H

#include "lend_world.h"

#define GUEST1 (&lend_world.domains[WORLD_GUEST1])
#define GUEST2 (&lend_world.domains[WORLD_GUEST2])

extern struct pci_world world;
extern struct pci_world second;   /* for a second bridge; empty unless a test fills it */
extern struct pci_function *nvme; /* 0000:01:00.0: FLR, one 64-bit BAR, MSI-X */
extern struct pci_function *nic;  /* 0000:02:00.0: PM reset, four BARs, one of them I/O, MSI */

/* cmocka's: `world` with disk and card behind root ports 1 and 2, all the control domain's. */
int lend_rig_setup(void **state);
int lend_rig_teardown(void **state);

/*
 * To build another machine: start over with an empty world, add functions, bring its bridge up with
 * the config window at `cfg`, and start lending with `count` bridges.
 */
void start_over(void);
void add_nvme(struct pci_world *w, uint8_t port, uint64_t bar_size);
void add_nic(struct pci_world *w, uint8_t port);
void bring_up(struct pci_world *w, uint64_t cfg);
void start(uint32_t count);

/* The bridge has four wires, of INTIDs 35 to 38; what was added last has pin INTA. */
void start_over_with_wires(void);
struct model_function *last_with_pin(void);
/* Another machine: disk and card behind root ports 1 and 5, whose pins are both on WIRE. */
#define WIRE 36U
void start_on_one_wire(struct model_function **disk, struct model_function **card);
/*
 * Another one: the disk is on WIRE, as one of the owner's, the card on OTHER_WIRE, and both
 * interrupt the first guest at one place.
 */
#define OTHER_WIRE 37U
void start_on_two_wires(struct model_function **disk, struct model_function **card);
/* A function's Status.Interrupt. */
void ask(struct model_function *f, bool on);
/* Its Command.INTxDisable. */
bool silent(const struct model_function *f);

/* Config accesses of the control domain, and of the first guest by slot. */
uint32_t owner_read(const struct pci_function *f, uint32_t reg, uint8_t size);
void owner_write(const struct pci_function *f, uint32_t reg, uint8_t size, uint32_t value);
uint32_t guest_read(uint32_t slot, uint32_t reg, uint8_t size);
void guest_write(uint32_t slot, uint32_t reg, uint8_t size, uint32_t value);

/* lend_attach() with nothing asked for but a slot. */
int attach(struct domain *d, struct pci_function *f, uint32_t vslot, struct vsbdf *out);
/* Both must succeed; lend_to() returns the slot. */
void quarantine(struct pci_function *f);
uint32_t lend_to(struct domain *d, struct pci_function *f, uint32_t slot);
/* It did harm: contained, all jobs run. */
void contain(struct pci_function *f, const char *why);
/* The first guest sets Initiate FLR. */
void reset_by_guest(uint32_t slot, const struct pci_function *f);

#endif
