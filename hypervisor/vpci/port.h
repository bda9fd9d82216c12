/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual root port with a hot-plug slot (PCIe 6.0 6.7.3, 7.5.3.9-11), as data: its config space,
 * and what the slot's state asks for. No hardware is behind it. Pure.
 */
#ifndef VPCI_PORT_H
#define VPCI_PORT_H

#include "vpci/shadow.h"

struct vpci_port {
	struct vpci_shadow shadow;
	bool filled;  /* a function is in the slot */
	bool asked;   /* the guest is to let go of it */
	/* an event that interrupts has not been looked at: MSIs are sent at its edge */
	bool waiting;
};

/* What follows from a change. */
struct vpci_port_plan {
	bool interrupt; /* send the port's message */
	bool buses;     /* its bus numbers are others than before */
	/* the guest has let go, as it was asked to: take what is in the slot away */
	bool let_go;
};

/* The port's link as Link Status has it, speed and width: a function's, or this. */
#define VPCI_PORT_LINK_LEAST 0x011U

/* An empty slot; device: the port's number, which is the slot's too. -ENOMEM: nothing is kept. */
int vpci_port_build(struct vpci_port *p, uint32_t device);

/* size 1, 2 or 4, offset naturally aligned and < 4096. */
uint32_t vpci_port_read(const struct vpci_port *p, uint32_t offset, uint32_t size);
struct vpci_port_plan vpci_port_write(struct vpci_port *p, uint32_t offset, uint32_t size,
				      uint32_t value);

/* Something came into the slot, with that link; or the last of it went. No-op if it is so. */
struct vpci_port_plan vpci_port_fill(struct vpci_port *p, uint32_t link);
struct vpci_port_plan vpci_port_empty(struct vpci_port *p);
/*
 * Press the attention button, unless the guest has turned the slot off or never turned it on: it
 * does not use what is in there, and lets go at once.
 */
struct vpci_port_plan vpci_port_ask(struct vpci_port *p);

/* False: its messages are off. */
bool vpci_port_message(const struct vpci_port *p, uint64_t *address, uint32_t *data);

/*
 * Which bus each of count ports leads to: its secondary bus, if it forwards that one and no port
 * before it takes it for its own; 0: to none. NULL stands for a port that is not there.
 */
void vpci_ports_decode(const struct vpci_port *const ports[], uint32_t count, uint32_t bus[]);

#endif
