/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's virtual root ports: slots that functions come to and go from while it runs. */
#ifndef VPCI_PORTS_H
#define VPCI_PORTS_H

#include <viaduct/guest_map.h>

#include "vpci/bus.h"
#include "vpci/port.h"

/* Behind a port is device 0, with its functions. All under the bus lock, row to be read without. */
struct vpci_slot {
	struct vpci_port port;
	bool replaced; /* a function is where the port was: there is none */
	uint32_t bus;  /* whose row row is; 0: no bus leads here */
	struct vpci_function *row[VPCI_DEVFNS];
};

struct vpci_ports {
	struct vpci_slot slots[GUEST_PORT_COUNT];
};

/* The domain sits on an ITS. -ENOMEM. */
int vpci_ports_create(struct vpci_segment *seg);
/* No function is behind them. Their rows are not in seg->buses any more. */
void vpci_ports_destroy(struct vpci_segment *seg);

/* The slot of that port of bus 0; NULL: it is none. Lock-free, stays valid until destroy. */
struct vpci_slot *vpci_slot_at(const struct vpci_segment *seg, uint32_t device);

/* An access at bus 0, as vpci_bus_config(). No lock held. False: no port answers. */
bool vpci_ports_access(struct vpci_segment *seg, uint32_t devfn, uint32_t reg,
		       struct mmio_access *a);

/* vf, behind its port, is complete: the guest is told. Registry lock held. */
void vpci_slot_filled(struct vpci_function *vf);
/* Bus lock held: a function went from the slot. The guest is told when it was the last. */
void vpci_slot_left(struct vpci_segment *seg, struct vpci_slot *slot);
/* Registry lock held. The guest is asked to let go of what is in vf's slot. True: it has. */
bool vpci_slot_ask(struct vpci_function *vf);

#endif
