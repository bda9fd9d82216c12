/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A front end for tests, never in a release image: a generic ECAM bridge as the registers of an
 * R-Car Gen3 PCI Express controller. Of the root bus there is one root port and what is below it.
 * Not there are the MSI block's capture, address translation by the windows, whose registers only
 * keep their values, and external aborts: what silicon would abort reads all ones.
 */
#ifndef TESTS_FRONT_RCAR_FRONT_H
#define TESTS_FRONT_RCAR_FRONT_H

#include "pci/function.h"
#include "vpci/front.h"

#define RCAR_FRONT_SIZE   0x80000ULL
#define RCAR_FRONT_VALUES 51U

struct rcar_front {
	uint32_t values[RCAR_FRONT_VALUES];
	uint8_t root_bus; /* where the root port is below the bridge: a constant, as the next */
	uint8_t port;     /* devfn */
	uint32_t numbers; /* the port's bus numbers as last read, its register 0x18 */
	bool aborted;     /* Received Master Abort, in the port's status */
};

/* The two of struct vpci_front_ops, on a struct rcar_front. Pure. */
struct vpci_front_plan rcar_front_plan(void *regs, uint32_t region, const struct mmio_access *a);
uint32_t rcar_front_answer(void *regs, const struct vpci_front_plan *p, bool answered,
			   uint32_t value);

/* b's first root port; NULL: none. */
const struct pci_function *rcar_front_port(const struct host_bridge *b);

extern const struct vpci_front_ops rcar_front_ops;

#endif
