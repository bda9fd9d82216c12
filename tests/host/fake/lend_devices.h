/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices of random shapes behind root ports, one with virtual functions, and two guests whose
 * functions come behind ports or do not: what a property of lending works on.
 */
#ifndef FAKE_LEND_DEVICES_H
#define FAKE_LEND_DEVICES_H

#include "lend_world.h"
#include "pci/function.h"

#define FUNCTIONS 6U
#define PF        3U /* those before it are plain, behind a port each; then its virtual ones */
#define VF0       4U
#define VFS       2U
#define VF_ENABLE 0x1U
#define VF_MSE    0x8U

/* What one BAR ought to have in the stage 2 of the function's user. */
struct expected {
	bool mapped;
	uint64_t ipa;
	uint64_t pages;
	uint64_t pa;
};

struct device {
	struct pci_function *f; /* NULL: a VF that never was */
	struct model_function *model;
	uint16_t user; /* of the expectations */
	bool on;     /* decodes memory... */
	bool mapped; /* ...and is awake */
	struct expected bars[PCI_BARS];
};

extern struct device devices[FUNCTIONS];
extern struct host_bridge *bridge;
extern uint32_t sriov; /* the capability's offset */

/* Of a case: everything is the owner's. */
void lend_devices_begin(void);
/* Nobody has a virtual function any more. */
void lend_devices_end(void);
/* A guest without functions has begun, or not yet. */
void lend_devices_begin_guest(uint32_t domain);
/* Device 0 of the bus that a guest's port leads to when it has set its ports up. */
uint64_t lend_devices_behind_port(uint32_t domain, uint32_t port, uint32_t reg);
/* Bus numbers of its ports: any that are different... */
void lend_devices_choose_buses(uint32_t domain);
/* ...and written, whatever the guest wrote there meanwhile. */
void lend_devices_number_ports(uint32_t domain);

#endif
